"""Writes are all or nothing, and removal stays inside."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.system import files


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "config"
    files.write_atomic(target, b"a long first version")
    files.write_atomic(target, b"short", 0o600)
    assert target.read_bytes() == b"short"
    assert target.stat().st_mode & 0o7777 == 0o600
    assert names(tmp_path) == ["config"]


def test_readers_of_the_old_file_keep_it(tmp_path: Path) -> None:
    target = tmp_path / "config"
    files.write_atomic(target, b"old")
    with target.open("rb") as reader:
        files.write_atomic(target, b"new")
        assert reader.read() == b"old"


WRITER = """
import sys
from pathlib import Path
from vzvirt.system.files import write_atomic
target = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in b"ab":
        write_atomic(target, bytes([letter]) * 200_000)
"""


def test_a_killed_writer_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    """SIGKILL at some thirty different moments of a write."""
    target = tmp_path / "config"
    whole = {b"a" * 200_000, b"b" * 200_000}
    target.write_bytes(min(whole))
    for attempt in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, target], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.002 + attempt * 0.0007)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert target.read_bytes() in whole
    files.write_atomic(target, b"after")
    assert names(tmp_path) == ["config"], "what killed writers left is used up"


def test_many_writers_at_once(tmp_path: Path) -> None:
    target = tmp_path / "config"
    versions = [bytes([65 + number]) * 50_000 for number in range(8)]

    def write(version: bytes) -> None:
        for _ in range(5):
            files.write_atomic(target, version)

    writers = [threading.Thread(target=write, args=(version,)) for version in versions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert target.read_bytes() in versions
    assert names(tmp_path) == ["config"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "config"
    target.mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(errors.SystemFailure, match="config"):
        files.write_atomic(target, b"new")
    assert names(tmp_path) == ["config"]


def test_a_trap_at_the_drafts_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".config.new").symlink_to(victim)
    with pytest.raises(errors.SystemFailure):
        files.write_atomic(tmp_path / "config", b"new")
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_has_an_error_of_its_own(number: int) -> None:
    with pytest.raises(errors.NoSpace, match="cannot unpack"), files.mapping_os_errors("unpack"):
        raise OSError(number, os.strerror(number))


def test_other_errors_name_what_was_tried_and_the_file() -> None:
    with (
        pytest.raises(errors.SystemFailure, match=r"cannot read it: No such file.*/no/such"),
        files.mapping_os_errors("read it"),
    ):
        Path("/no/such").read_bytes()


def test_a_missing_file_has_no_content(tmp_path: Path) -> None:
    assert files.read_bytes(tmp_path / "gone") is None
    assert files.read_bytes(tmp_path / "gone" / "too") is None
    with pytest.raises(errors.SystemFailure):
        files.read_bytes(tmp_path)


def test_folders_are_made_with_all_above_them(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a/b/c")
    files.make_folder(tmp_path / "a/b/c")
    assert (tmp_path / "a/b/c").is_dir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(errors.SystemFailure):
        files.make_folder(tmp_path / "file")


def test_moving_aside(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "101").mkdir()
        files.move_aside(tmp_path / "101")
    assert len(files.moved_aside(tmp_path / "101")) == 2
    assert files.moved_aside(tmp_path / "10") == []
    assert files.moved_aside(tmp_path / "gone" / "101") == []
    with pytest.raises(errors.SystemFailure):
        files.move_aside(tmp_path / "101")


def test_removal_takes_everything_and_follows_nothing(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"")
    tree = tmp_path / "tree"
    (tree / "a/b/c").mkdir(parents=True)
    (tree / "a/b/file").write_bytes(b"")
    (tree / "a/link").symlink_to(outside)
    (tree / ".lifted-1").mkdir()
    (tree / ".lifted-1/file").write_bytes(b"")
    (tree / ".lifted-2").write_bytes(b"")
    os.mkfifo(tree / "a/pipe")
    files.remove_tree(tree)
    assert names(tmp_path) == ["outside"]
    assert names(outside) == ["precious"]


def test_removing_what_is_gone_is_no_error(tmp_path: Path) -> None:
    files.remove_tree(tmp_path / "gone")
    files.remove_tree(tmp_path / "gone" / "too")


def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    files.remove_tree(tmp_path / "link")
    assert names(tmp_path) == ["folder"]


def test_no_tree_is_too_deep(tmp_path: Path) -> None:
    """A guest may nest folders beyond what paths, recursion and descriptors allow."""
    tree = tmp_path / "tree"
    tree.mkdir()
    folder = os.open(tree, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("n" * 20, dir_fd=folder)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
        inner = os.open("n" * 20, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    files.remove_tree(tree)
    assert not tree.exists()


def test_an_exclusive_lock_excludes_and_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "run" / "some.lck"
    with files.exclusive(path, 0, "the thing"):
        begun = time.monotonic()
        with (
            pytest.raises(errors.Busy, match="the thing is locked"),
            files.exclusive(path, 0.05, "the thing"),
        ):
            pass
        assert time.monotonic() - begun >= 0.05
    with files.exclusive(path, 0, "the thing"):
        pass
