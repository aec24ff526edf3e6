from __future__ import annotations

import threading
import time

import pytest

from vzvirt.server import recent
from vzvirt.server.recent import Recent

PATIENCE = 20.0


class Folder:
    """Something large; counts how often it is looked through, and by how many at one time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.looks = self.now = self.most = 0

    def look(self) -> int:
        self.looks += 1
        self.now += 1
        self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        self.now -= 1
        return self.looks


def test_what_takes_long_is_found_out_by_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "QUICK", 0.01)
    kept, folder, found = Recent[int](), Folder(0.3), list[int]()
    threads = [
        threading.Thread(target=lambda: found.append(kept.get("a", folder.look))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [1] * 8
    assert kept.get("b", folder.look) == 2
    assert folder.most == 1


def test_it_is_told_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "QUICK", 0.001)
    kept, folder = Recent[int](), Folder(0.01)
    assert kept.get("a", folder.look) == 1
    time.sleep(0.01 * recent.SHARE * 20)
    assert kept.get("a", folder.look) == 2


def test_what_is_quick_is_never_old_and_leaves_nothing() -> None:
    kept, folder = Recent[int](), Folder(0)
    assert [kept.get("a", folder.look) for _ in range(3)] == [1, 2, 3]
    assert kept._slots == {}


def test_errors_are_for_who_met_them() -> None:
    kept = Recent[int]()
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 7) == 7
