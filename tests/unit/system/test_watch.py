"""What the kernel tells of changes, and what has to be heard out of it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vzvirt.system.process import started_at
from vzvirt.system.watch import Ends, Folders, Notice, Several, Uevents


@pytest.fixture
def folders() -> Iterator[Folders]:
    watch = Folders()
    yield watch
    watch.close()


def _heard(folders: Folders) -> list[Notice]:
    readable = select.select([folders], [], [], 0)[0]
    notices = folders.read()
    assert bool(readable) or not notices.items, "what can be read makes the descriptor readable"
    assert not notices.lost
    return notices.items


def test_a_file_is_told_once_it_is_written(folders: Folders, tmp_path: Path) -> None:
    folders.add(tmp_path)
    with (tmp_path / "conf").open("w") as file:
        file.write("half")
        file.flush()
        assert _heard(folders) == []
    assert _heard(folders) == [Notice(tmp_path, "conf")]


def test_renaming_linking_and_removing_are_told(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    folders.add(tmp_path)
    (tmp_path / "old").rename(tmp_path / "new")
    assert _heard(folders) == [Notice(tmp_path, "old", gone=True), Notice(tmp_path, "new")]
    (tmp_path / "symlink").symlink_to("nowhere")
    os.link(tmp_path / "new", tmp_path / "twin")
    assert _heard(folders) == [Notice(tmp_path, "symlink"), Notice(tmp_path, "twin")]
    (tmp_path / "new").unlink()
    assert _heard(folders) == [Notice(tmp_path, "new", gone=True)]
    (tmp_path / "folder").mkdir()
    assert _heard(folders) == [Notice(tmp_path, "folder", is_folder=True)]


def test_many_changes_of_one_file_are_one(folders: Folders, tmp_path: Path) -> None:
    folders.add(tmp_path)
    for count in range(1000):
        (tmp_path / "mark").write_text(str(count))
    assert _heard(folders) == [Notice(tmp_path, "mark")]


def test_a_folder_that_is_not_there_yet(folders: Folders, tmp_path: Path) -> None:
    wanted = tmp_path / "var" / "lib" / "state"
    folders.add(wanted)
    (tmp_path / "etc").mkdir()
    (tmp_path / "var").mkdir()
    assert _heard(folders) == []
    (wanted.parent).mkdir()
    assert _heard(folders) == []
    wanted.mkdir()
    assert _heard(folders) == [Notice(wanted, "")]
    (wanted / "101.json").touch()
    assert _heard(folders) == [Notice(wanted, "101.json")]


def test_a_whole_tree_appears_at_once(folders: Folders, tmp_path: Path) -> None:
    """Nothing is missed between the making of a folder and the watch on it."""
    wanted = tmp_path / "a" / "b" / "c"
    folders.add(wanted)
    wanted.mkdir(parents=True)
    (wanted / "file").touch()
    assert _heard(folders) == [Notice(wanted, "")], "look at all of it"
    (wanted / "file").write_text("x")
    assert _heard(folders) == [Notice(wanted, "file")]


@pytest.mark.parametrize("how", ["remove", "rename"])
def test_a_folder_vanishes_and_comes_again(folders: Folders, tmp_path: Path, how: str) -> None:
    wanted = tmp_path / "names"
    wanted.mkdir()
    folders.add(wanted)
    if how == "remove":
        wanted.rmdir()
    else:
        wanted.rename(tmp_path / "aside")
    assert _heard(folders) == [Notice(wanted, "", gone=True)]
    wanted.mkdir()
    assert _heard(folders) == [Notice(wanted, "")]
    (wanted / "web").touch()
    assert _heard(folders) == [Notice(wanted, "web")]


def test_a_folder_replaced_between_two_looks(folders: Folders, tmp_path: Path) -> None:
    wanted = tmp_path / "names"
    wanted.mkdir()
    folders.add(wanted)
    wanted.rmdir()
    wanted.mkdir()
    assert Notice(wanted, "") in _heard(folders)
    (wanted / "web").touch()
    assert _heard(folders) == [Notice(wanted, "web")]


def test_what_is_no_longer_watched_is_not_told(folders: Folders, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    folders.add(one)
    folders.add(other)  # both wait for the same folder above them
    folders.remove(one)
    folders.remove(one)
    one.mkdir()
    other.mkdir()
    assert _heard(folders) == [Notice(other, "")]


def test_more_than_the_kernel_keeps_is_told(folders: Folders, tmp_path: Path) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    folders.add(tmp_path)
    one, other = tmp_path / "a", tmp_path / "b"
    one.touch()
    for _ in range(most // 2 + 1):
        one.rename(other)
        one, other = other, one
    assert folders.read().lost
    one.write_text("x")
    assert _heard(folders) == [Notice(tmp_path, one.name)], "and it goes on"


# -- processes ---------------------------------------------------------------------------


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def _started(pid: int) -> int:
    started = started_at(pid)
    assert started is not None
    return started


def test_the_end_of_a_process_is_told_once(child: subprocess.Popen[bytes]) -> None:
    ends = Ends()
    try:
        assert ends.add("101", child.pid, _started(child.pid))
        assert ends.read() == []
        child.kill()
        assert select.select([ends], [], [], 5)[0]
        assert ends.read() == ["101"]
        assert ends.read() == []
        assert not ends.add("101", child.pid, 1), "that is another process"
    finally:
        ends.close()


def test_a_process_that_is_gone_is_not_watched(child: subprocess.Popen[bytes]) -> None:
    ends = Ends()
    try:
        started = _started(child.pid)
        assert not ends.add("101", child.pid, started - 1), "a later one of the same pid"
        assert ends.add("101", child.pid, started)
        ends.remove("101")
        ends.remove("101")
        child.kill()
        child.wait()
        assert ends.read() == []
        assert not ends.add("101", child.pid, started)
    finally:
        ends.close()


def test_one_that_is_watched_no_more_is_not_told_of(child: subprocess.Popen[bytes]) -> None:
    """A child of ours that has not become its program yet has all of our descriptors, too."""
    ends = Ends()
    try:
        assert ends.add("101", child.pid, _started(child.pid))
        inherited = os.dup(ends._handles["101"])
        ends.remove("101")
        child.kill()
        child.wait()
        assert ends.read() == []
        os.close(inherited)
    finally:
        ends.close()


def test_several_are_waited_for_by_one_descriptor(tmp_path: Path) -> None:
    folders, ends = Folders(), Ends()
    several = Several(folders, ends)
    try:
        folders.add(tmp_path)
        assert not select.select([several], [], [], 0)[0]
        (tmp_path / "file").touch()
        assert select.select([several], [], [], 0)[0]
        folders.read()
        assert not select.select([several], [], [], 0)[0]
    finally:
        several.close()


# -- devices -----------------------------------------------------------------------------


def test_what_the_kernel_says_of_devices_is_heard() -> None:
    uevents = Uevents()
    try:
        assert uevents.read() == ([], False)
    finally:
        uevents.close()
