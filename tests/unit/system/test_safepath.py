"""No link a guest can make leads out of its root."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vzvirt.system.safepath import GuestRoot


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[GuestRoot]:
    """A root beside a secret, which every trap below tries to reach."""
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/hostname").write_bytes(b"guest\n")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_bytes(b"host\n")
    with GuestRoot(tmp_path / "root") as root:
        yield root


@pytest.mark.parametrize(
    "target",
    ["/", "..", "../..", "../../../../../../../..", "/..", "/../..", "/proc/self/root", "//"],
)
def test_links_of_folders_stay_inside(guest: GuestRoot, tmp_path: Path, target: str) -> None:
    (tmp_path / "root/trap").symlink_to(target)
    assert guest.read_bytes(f"/trap/{tmp_path}/secret") is None
    assert guest.read_bytes("/trap/../secret") is None
    for path in ("/trap/secret", "/trap/new"):
        try:
            guest.write_atomic(path, b"mine")
        except OSError:
            continue
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert names(tmp_path) == ["etc", "root", "secret"]


def test_absolute_links_begin_at_the_guests_root(guest: GuestRoot, tmp_path: Path) -> None:
    (tmp_path / "root/run").mkdir()
    (tmp_path / "root/run/hostname").symlink_to("/etc/hostname")
    (tmp_path / "root/up").symlink_to("../../../etc")
    assert guest.read_bytes("/run/hostname") == b"guest\n"
    assert guest.read_bytes("up/hostname") == b"guest\n"
    assert guest.read_bytes("/../../etc/hostname") == b"guest\n"


@pytest.mark.parametrize("target", ["{tmp}/secret", "../secret", "/../secret", "loop"])
def test_links_of_files_stay_inside(guest: GuestRoot, tmp_path: Path, target: str) -> None:
    link = tmp_path / "root/loop"
    link.symlink_to(target.format(tmp=tmp_path))
    assert not guest.exists("/loop")
    with pytest.raises(OSError, match="loop"):
        guest.open_file("/loop")
    assert guest.readlink("/loop") == str(link.readlink())
    assert stat.S_ISLNK(guest.lstat("/loop").st_mode)


def test_writing_replaces_a_link_instead_of_following_it(guest: GuestRoot, tmp_path: Path) -> None:
    (tmp_path / "root/etc/resolv.conf").symlink_to(tmp_path / "secret")
    guest.write_atomic("/etc/resolv.conf", b"nameserver", 0o640, (os.getuid(), os.getgid()))
    assert (tmp_path / "secret").read_bytes() == b"secret"
    written = tmp_path / "root/etc/resolv.conf"
    assert not written.is_symlink()
    assert written.read_bytes() == b"nameserver"
    assert written.stat().st_mode & 0o7777 == 0o640
    assert names(tmp_path / "root/etc") == ["hostname", "resolv.conf"]


def test_pipes_and_devices_are_never_opened(guest: GuestRoot, tmp_path: Path) -> None:
    """Opening a pipe would block for ever; opening a device node may do anything."""
    os.mkfifo(tmp_path / "root/pipe")
    with pytest.raises(OSError, match="not a regular file"):
        guest.read_bytes("/pipe")
    with pytest.raises(OSError, match="not a regular file"):
        guest.read_bytes("/etc")


def test_folders_are_made_inside(guest: GuestRoot, tmp_path: Path) -> None:
    (tmp_path / "root/out").symlink_to("../..")
    guest.mkdir("/out/a/b", 0o700, parents=True)
    guest.mkdir("/out/a/b", 0o700, parents=True)
    assert (tmp_path / "root/a/b").stat().st_mode & 0o7777 == 0o700
    assert not (tmp_path / "a").exists()
    with pytest.raises(FileExistsError):
        guest.mkdir("/a")
    with pytest.raises(FileExistsError):
        guest.mkdir("/etc/hostname", parents=True)


def test_the_small_calls_stay_inside(guest: GuestRoot, tmp_path: Path) -> None:
    (tmp_path / "root/out").symlink_to("..")
    (tmp_path / "root/secret").write_bytes(b"guest's own")
    guest.chmod("/out/secret", 0o600)
    guest.chown("/out/secret", os.getuid(), os.getgid())
    guest.symlink("/etc", "/out/link")
    assert guest.is_folder("/link")
    assert guest.stat("/link").st_ino == (tmp_path / "root/etc").stat().st_ino
    assert guest.listdir("/out") == ["etc", "link", "out", "secret"]
    guest.unlink("/out/secret")
    guest.unlink("/out/secret", missing_ok=True)
    with pytest.raises(FileNotFoundError):
        guest.unlink("/out/secret")
    assert (tmp_path / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("path", ["/", "", ".", "/etc/..", "/.."])
def test_the_root_itself_is_nothing_in_a_folder(guest: GuestRoot, path: str) -> None:
    with pytest.raises(OSError, match="not the path"):
        guest.write_atomic(path, b"")
    assert stat.S_ISDIR(guest.lstat("/").st_mode)


def test_renaming_meanwhile_leads_nowhere(guest: GuestRoot, tmp_path: Path) -> None:
    """A guest swaps a folder for a link to the host's files while we walk through it."""
    root = tmp_path / "root"
    (root / "real").mkdir()
    (root / "real/hostname").write_bytes(b"guest\n")
    (root / "trap").symlink_to(tmp_path / "etc")
    (root / "dots").symlink_to("../../../etc")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for name in ("trap", "real", "dots"):
                os.rename(root / name, root / "x")  # noqa: PTH104  # speed
                os.rename(root / "x", root / "swapped")  # noqa: PTH104
                os.rename(root / "swapped", root / name)  # noqa: PTH104

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(1500):
            try:
                seen.add(guest.read_bytes("/swapped/hostname"))
            except OSError:
                continue
    finally:
        stop.set()
        swapper.join()
    assert seen <= {b"guest\n", None}


def test_files_too_large_to_read_whole_are_refused(guest: GuestRoot, tmp_path: Path) -> None:
    with (tmp_path / "root/huge").open("wb") as huge:
        huge.truncate((64 << 20) + 1)
    with pytest.raises(OSError, match="too large"):
        guest.read_bytes("/huge")


def test_closing_twice_is_no_error(tmp_path: Path) -> None:
    root = GuestRoot(tmp_path)
    root.close()
    root.close()
