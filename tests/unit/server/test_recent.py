from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from vzvirt import errors
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
    kept, folder, found = Recent[int](9), Folder(0.3), list[int]()
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


class Clock:
    """Time that passes only while something is looked at, or when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.looks = 0
        monkeypatch.setattr(recent.time, "monotonic", lambda: self.now)

    def look(self, seconds: float) -> Callable[[], int]:
        def find() -> int:
            self.now += seconds
            self.looks += 1
            return self.looks

        return find


@pytest.mark.parametrize(("took", "told"), [(1, recent.SHARE), (600, recent.OLDEST)])
def test_it_is_told_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch, took: float, told: float
) -> None:
    kept, clock = Recent[int](9), Clock(monkeypatch)
    look = clock.look(took)
    assert kept.get("a", look) == 1
    clock.now += told - 0.5
    assert kept.get("a", look) == 1
    clock.now += 1
    assert kept.get("a", look) == 2


def test_it_is_forgotten_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, clock = Recent[int](9), Clock(monkeypatch)
    look = clock.look(1)
    for key in "ab":
        kept.get(key, look)
    kept.forget("a")
    assert (kept.get("a", look), kept.get("b", look)) == (3, 2)
    kept.forget_all()
    assert (kept.get("a", look), kept.get("b", look)) == (4, 5)


def test_few_are_found_out_at_one_time_and_few_wait() -> None:
    kept, begun, go_on = Recent[int](recent.AT_ONCE + 1), threading.Semaphore(0), threading.Event()
    found: list[int] = []

    def look() -> int:
        begun.release()
        assert go_on.wait(PATIENCE)
        return 7

    def ask(key: int) -> None:
        found.append(kept.get(key, look))

    threads = [threading.Thread(target=ask, args=(key,)) for key in range(recent.AT_ONCE + 1)]
    for thread in threads:
        thread.start()
    for _ in range(recent.AT_ONCE):
        assert begun.acquire(timeout=PATIENCE)
    assert not begun.acquire(timeout=0.05)
    while kept._inside <= recent.AT_ONCE:
        time.sleep(0.001)
    with pytest.raises(errors.Busy):
        kept.get("another", look)
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [7] * len(threads)
    assert kept.get("another", look) == 7


def test_what_is_known_is_told_however_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, clock = Recent[int](1), Clock(monkeypatch)
    assert kept.get("a", clock.look(1)) == 1
    assert kept.get("b", lambda: kept.get("a", clock.look(1))) == 1


def test_what_is_quick_is_never_old_and_leaves_nothing() -> None:
    kept, folder = Recent[int](9), Folder(0)
    assert [kept.get("a", folder.look) for _ in range(3)] == [1, 2, 3]
    assert kept._slots == {}


def test_errors_are_for_who_met_them() -> None:
    kept = Recent[int](9)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 7) == 7
