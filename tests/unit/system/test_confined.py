"""What was started on fewer processors gets the others; its groups are folders here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vzvirt.system import affinity, confined
from vzvirt.system.root import Root

ALL = os.sched_getaffinity(0)

pytestmark = pytest.mark.skipif(
    len(ALL) < 2, reason="there is only one processor to leave or to use"
)


@pytest.fixture
def aside() -> Iterator[None]:
    """We leave one."""
    affinity.leave_one()
    try:
        yield
    finally:
        affinity.use_all()
        confined._ours.clear()


@pytest.fixture
def child() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process.pid
    process.communicate()


def group(folder: Path, *pids: int) -> Path:
    inner = folder / "group/inner"
    inner.mkdir(parents=True)
    (folder / "group/cgroup.procs").write_text("")
    (inner / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    return folder / "group"


@pytest.mark.usefixtures("aside")
def test_all_that_is_in_its_groups_gets_them(tmp_path: Path, child: int) -> None:
    root = Root(tmp_path)
    confined.note(root, "101", [group(tmp_path, child, 2**22), tmp_path / "gone"])
    assert os.sched_getaffinity(child) < ALL
    assert confined.noted(root, 60) == []
    (path,) = confined.noted(root, 0)
    confined.release(path)
    assert os.sched_getaffinity(child) == ALL
    assert confined.noted(root, 0) == []
    confined.release(path)


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.usefixtures("aside")
def test_what_we_started_gets_them_when_it_had_a_moment(
    tmp_path: Path, child: int, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(confined.time, "sleep", slept.append)
    confined.release_ours()
    assert slept == []
    confined.note(Root(tmp_path), "101", [group(tmp_path, child)])
    if taken:
        confined.noted(Root(tmp_path), 0)[0].unlink()
    confined.release_ours()
    assert slept == [confined.BOOTING]
    assert os.sched_getaffinity(child) == ALL
    assert confined.noted(Root(tmp_path), 0) == []


@pytest.mark.usefixtures("aside")
def test_what_has_chosen_others_itself_keeps_them(tmp_path: Path, child: int) -> None:
    os.sched_setaffinity(child, {min(ALL)})
    confined.note(Root(tmp_path), "101", [group(tmp_path, child)])
    confined.release_all(Root(tmp_path))
    assert os.sched_getaffinity(child) == {min(ALL)}


def test_nothing_is_noted_where_nothing_is_left(tmp_path: Path) -> None:
    confined.note(Root(tmp_path), "101", [tmp_path])
    assert confined.noted(Root(tmp_path), 0) == []


def test_a_note_that_was_cut_short_is_forgotten(tmp_path: Path) -> None:
    root = Root(tmp_path)
    confined.folder(root).mkdir(parents=True)
    for name, text in {"101": "", "102": '{"given": [0,'}.items():
        (confined.folder(root) / name).write_text(text)
    confined.release_all(root)
    assert confined.noted(root, 0) == []
