"""What is made belongs to whom it should, and we are ourselves again afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt.system.fileowner import making_files_as


def _standing() -> list[str]:
    lines = Path("/proc/thread-self/status").read_text().splitlines()
    return [line for line in lines if line.startswith(("Uid:", "Gid:", "Cap"))]


@pytest.mark.root
def test_files_belong_to_somebody_else_from_the_first(tmp_path: Path) -> None:
    before = _standing()
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    with pytest.raises(RuntimeError), making_files_as(100000, 2**32 - 2):
        (closed / "file").touch()
        os.chown(closed / "file", -1, 7)
        (closed / "folder").mkdir()
        raise RuntimeError
    assert _standing() == before
    facts = [(closed / name).stat() for name in ("file", "folder")]
    assert [(item.st_uid, item.st_gid) for item in facts] == [(100000, 7), (100000, 2**32 - 2)]
    with making_files_as(0, 0):
        assert _standing() == before


def test_who_is_not_root_stays_who_he_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    before = _standing()
    with making_files_as(0, 0):
        assert _standing() == before
