"""Copies in and out, and what a guest may try with them."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.guestfiles import RealGuestFiles
from vzvirt.model.progress import no_progress
from vzvirt.model.values import IdMap, IdRange

guests = RealGuestFiles()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("precious")
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def tree(folder: Path) -> Path:
    """A folder with a bit of everything that may be copied."""
    (folder / "sub/deep").mkdir(parents=True)
    (folder / "sub").chmod(0o711)
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o755)
    (folder / "sub/deep/file").write_text("content")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "empty").touch()
    return folder


def push(root: Path, owners: IdMap, local: Path, remote: str) -> None:
    guests.push(root, owners, local, remote, no_progress)


def pull(root: Path, remote: str, local: Path) -> None:
    guests.pull(root, IdMap(), remote, local, no_progress)


def test_a_file_goes_in_under_its_name_or_another(root: Path, owners: IdMap, here: Path) -> None:
    file = here / "file"
    file.write_text("content")
    file.chmod(0o751)
    os.utime(file, ns=(1, 1_234_567_891))
    for remote, made in (("/etc", "etc/file"), ("tmp/", "tmp/file"), ("/etc/new", "etc/new")):
        push(root, owners, file, remote)
        assert (root / made).read_text() == "content"
        assert stat.S_IMODE((root / made).stat().st_mode) == 0o751
        assert (root / made).stat().st_mtime_ns == 1_234_567_891


def test_a_file_replaces_another(root: Path, owners: IdMap, here: Path) -> None:
    (here / "file").write_text("new")
    (root / "etc/file").write_text("old")
    (root / "etc/other").hardlink_to(root / "etc/file")
    push(root, owners, here / "file", "/etc/file")
    assert (root / "etc/file").read_text() == "new"
    assert (root / "etc/other").read_text() == "old"
    assert sorted(path.name for path in (root / "etc").iterdir()) == [
        "file",
        "other",
        "passwd",
        "shadow",
    ]


def test_a_folder_goes_in_and_comes_out_as_it_was(root: Path, owners: IdMap, here: Path) -> None:
    push(root, owners, tree(here / "tree"), "/tmp")
    pull(root, "/tmp/tree", here / "back")
    for folder in (root / "tmp/tree", here / "back"):
        assert stat.S_IMODE((folder / "sub").stat().st_mode) == 0o711
        assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o755
        assert (folder / "sub/deep/file").read_text() == "content"
        assert (folder / "link").readlink() == Path("/etc/passwd")
        assert (folder / "empty").read_bytes() == b""


def test_a_folder_joins_one_that_is_there(root: Path, owners: IdMap, here: Path) -> None:
    (root / "tmp/tree").mkdir()
    (root / "tmp/tree").chmod(0o1755)
    (root / "tmp/tree/mine").write_text("mine")
    tree(here / "tree").chmod(0o700)
    push(root, owners, here / "tree", "/tmp")
    assert (root / "tmp/tree/mine").read_text() == "mine"
    assert (root / "tmp/tree/run").exists()
    assert stat.S_IMODE((root / "tmp/tree").stat().st_mode) == 0o1755
    assert stat.S_IMODE((root / "tmp/tree/sub").stat().st_mode) == 0o711


def test_what_a_link_on_the_host_leads_to_goes_in_under_the_links_name(
    root: Path, owners: IdMap, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "v2.conf").write_text("content")
    (here / "app.conf").symlink_to("v2.conf")
    push(root, owners, here / "app.conf", "/etc")
    assert (root / "etc/app.conf").read_text() == "content"
    assert not (root / "etc/v2.conf").exists()
    monkeypatch.chdir(here)
    push(root, owners, Path(), "/tmp")
    assert (root / "tmp/here/app.conf").is_symlink()


def test_a_link_of_the_guests_comes_out_under_its_name(root: Path, here: Path) -> None:
    (root / "etc/link").symlink_to("passwd")
    pull(root, "/etc/link", here)
    assert (here / "link").read_bytes() == (root / "etc/passwd").read_bytes()


@pytest.mark.root
def test_what_goes_in_belongs_to_the_guests_root(root: Path, here: Path) -> None:
    shift = IdMap((IdRange(0, 100000, 10),), (IdRange(0, 200000, 10),))
    tree(here / "tree")
    os.chown(here / "tree/run", 1234, 1234)
    (here / "tree/run").chmod(0o4755)
    push(root, shift, here / "tree", "/tmp")
    for path in (root / "tmp/tree", *(root / "tmp/tree").rglob("*")):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (100000, 200000)
    assert stat.S_IMODE((root / "tmp/tree/run").stat().st_mode) == 0o4755


def test_no_program_comes_out_with_rights(root: Path, here: Path) -> None:
    (root / "tmp/evil").write_text("x")
    (root / "tmp/evil").chmod(0o6755)
    pull(root, "/tmp/evil", here / "evil")
    assert stat.S_IMODE((here / "evil").stat().st_mode) == 0o755
    assert (here / "evil").stat().st_uid == os.getuid()


def test_holes_stay_holes(root: Path, owners: IdMap, here: Path) -> None:
    with (here / "sparse").open("wb") as file:
        file.seek(1 << 30)
        file.write(b"end")
        file.truncate(2 << 30)
    push(root, owners, here / "sparse", "/tmp")
    pull(root, "/tmp/sparse", here / "back")
    for path in (root / "tmp/sparse", here / "back"):
        assert path.stat().st_size == 2 << 30
        assert path.stat().st_blocks * 512 < 1 << 20
        with path.open("rb") as file:
            file.seek(1 << 30)
            assert file.read(3) == b"end"


def test_progress_counts_bytes(root: Path, owners: IdMap, here: Path) -> None:
    (here / "a").write_bytes(b"x" * 3_000_000)
    steps: list[tuple[str, int, int | None]] = []
    guests.push(root, owners, here / "a", "/tmp", lambda *step: steps.append(step))
    assert steps[0] == ("copying a", 0, 3_000_000)
    assert steps[-1] == ("copying a", 3_000_000, 3_000_000)
    assert len(steps) > 3


# -- what a guest may try ---------------------------------------------------------------


def test_a_linked_folder_leads_nowhere_else(
    root: Path, owners: IdMap, here: Path, outside: Path
) -> None:
    (here / "secret").write_text("evil")
    (root / "tmp/out").symlink_to(outside)
    with pytest.raises(errors.VzvirtError):
        push(root, owners, here / "secret", "/tmp/out/secret")
    with pytest.raises(errors.VzvirtError):
        push(root, owners, here / "secret", "/tmp/out/")
    with pytest.raises(errors.InvalidArgument, match="there is no"):
        pull(root, "/tmp/out/secret", here / "got")
    assert (outside / "secret").read_text() == "precious"
    assert not (here / "got").exists()


def test_an_absolute_link_means_the_guests_root(root: Path, owners: IdMap, here: Path) -> None:
    (here / "file").write_text("x")
    (root / "tmp/link").symlink_to("/etc")
    (root / "tmp/dots").symlink_to("../../../../../etc")
    push(root, owners, here / "file", "/tmp/link")
    push(root, owners, here / "file", "/tmp/dots/again")
    assert (root / "etc/file").read_text() == "x"
    assert (root / "etc/again").read_text() == "x"


def test_dots_stop_at_the_root(root: Path, here: Path) -> None:
    pull(root, "../../../../etc/passwd", here / "passwd")
    assert "web:x:7:8" in (here / "passwd").read_text()


def test_a_link_at_the_very_place_is_replaced(
    root: Path, owners: IdMap, here: Path, outside: Path
) -> None:
    (here / "file").write_text("new")
    (root / "tmp/file").symlink_to(outside / "secret")
    push(root, owners, here / "file", "/tmp/file")
    assert (outside / "secret").read_text() == "precious"
    assert (root / "tmp/file").read_text() == "new"
    assert not (root / "tmp/file").is_symlink()


def test_a_linked_folder_inside_a_copied_one_is_in_the_way(
    root: Path, owners: IdMap, here: Path, outside: Path
) -> None:
    (root / "tmp/tree").mkdir()
    (root / "tmp/tree/sub").symlink_to(outside)
    with pytest.raises(errors.InvalidArgument, match="'sub' stands where a folder"):
        push(root, owners, tree(here / "tree"), "/tmp")
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_link_pulled_before_is_not_written_through(
    root: Path, here: Path, outside: Path
) -> None:
    (root / "tmp/tree").mkdir()
    (root / "tmp/tree/sub").symlink_to(outside)
    pull(root, "/tmp/tree", here)
    assert (here / "tree/sub").is_symlink()
    (root / "tmp/tree/sub").unlink()
    (root / "tmp/tree/sub").mkdir()
    (root / "tmp/tree/sub/secret").write_text("evil")
    with pytest.raises(errors.InvalidArgument, match="stands where a folder"):
        pull(root, "/tmp/tree", here)
    assert (outside / "secret").read_text() == "precious"


def special(folder: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(folder / "special")
    else:
        here = Path.cwd()
        with socket.socket(socket.AF_UNIX) as server:
            os.chdir(folder)  # such an address must be short
            server.bind("special")
            os.chdir(here)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_special_files_are_refused_before_anything_is_copied(
    root: Path, owners: IdMap, here: Path, kind: str
) -> None:
    (root / "tmp/a").write_text("x")
    special(root / "tmp", kind)
    for remote in ("/tmp/special", "/tmp"):
        with pytest.raises(errors.InvalidArgument, match=r"special' is neither"):
            pull(root, remote, here / "got")
        assert not (here / "got").exists()
    special(here, kind)
    with pytest.raises(errors.InvalidArgument, match="'special' is neither"):
        push(root, owners, here, "/etc/new")
    assert not (root / "etc/new").exists()


@pytest.mark.root
def test_a_device_is_never_opened(root: Path, here: Path) -> None:
    os.mknod(root / "tmp/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    with pytest.raises(errors.InvalidArgument, match="neither a file nor a folder"):
        pull(root, "/tmp/null", here / "null")


def test_a_bottomless_folder_is_refused(root: Path, here: Path) -> None:
    deep = root / "tmp/deep"
    deep.joinpath(*["d"] * 250).mkdir(parents=True)
    with pytest.raises(errors.InvalidArgument, match="200 folders deep"):
        pull(root, "/tmp/deep", here)
    assert list(here.iterdir()) == []


# -- plain mistakes ---------------------------------------------------------------------


def test_what_is_not_there_is_named(root: Path, owners: IdMap, here: Path) -> None:
    with pytest.raises(errors.InvalidArgument, match="no '/etc/none' in the container"):
        pull(root, "/etc/none", here)
    with pytest.raises(errors.InvalidArgument, match="on the host"):
        push(root, owners, here / "none", "/etc")
    (here / "file").touch()
    for remote in ("/none/file", "/etc/none/"):
        with pytest.raises(errors.InvalidArgument, match="no folder for") as caught:
            push(root, owners, here / "file", remote)
        assert "mkdir" in (caught.value.hint or "")
    with pytest.raises(errors.InvalidArgument, match="no folder"):
        pull(root, "/etc/passwd", here / "none/passwd")


def test_a_file_does_not_replace_a_folder(root: Path, here: Path) -> None:
    (here / "passwd").mkdir()
    with pytest.raises(errors.InvalidArgument, match="'passwd' is a folder"):
        pull(root, "/etc/passwd", here)
    assert [path.name for path in here.iterdir()] == ["passwd"]


def test_a_folder_does_not_replace_a_file(root: Path, here: Path) -> None:
    (here / "etc").touch()
    with pytest.raises(errors.InvalidArgument, match="stands where a folder"):
        pull(root, "/etc", here)


def test_the_whole_root_comes_out_too(root: Path, here: Path) -> None:
    pull(root, "/", here)
    assert (here / "root/etc/passwd").exists()


def test_a_linked_source_on_the_host_is_followed(root: Path, owners: IdMap, here: Path) -> None:
    (here / "file").write_text("x")
    (here / "link").symlink_to("file")
    push(root, owners, here / "link", "/tmp/copy")
    assert not (root / "tmp/copy").is_symlink()
    assert (root / "tmp/copy").read_text() == "x"
