"""Mounts and loop devices of this very kernel: made, found, undone, however often."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.system import files, mounts, process
from vzvirt.system.cgroups import Hierarchies
from vzvirt.system.safepath import GuestRoot

pytestmark = pytest.mark.root


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder that is left without mounts and loop devices, whatever happens."""
    yield tmp_path
    mounts.unmount(tmp_path)
    for image in tmp_path.glob("*.img"):
        for device in mounts.loops_of(image):
            mounts.detach_loop(device)


def folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def image(place: Path, size: int = 8 << 20) -> Path:
    path = place / "root.img"
    with path.open("wb") as file:
        file.truncate(size)
    return path


def test_unmounting_takes_all_layers_and_all_below(place: Path) -> None:
    target = folder(place / "target")
    for _ in range(3):
        mounts.mount("none", target, "tmpfs", ["size=64k", "nosuid"])
    mounts.mount("none", folder(target / "inner"), "tmpfs", ["size=64k"])
    assert mounts.is_mounted(target)
    assert len(mounts.mounts_below(place)) == 4
    mounts.unmount(target)
    assert mounts.mounts_below(place) == []
    mounts.unmount(target)
    mounts.unmount(place / "gone")


def test_a_mount_in_use_is_detached(place: Path) -> None:
    target = folder(place / "target")
    mounts.mount("none", target, "tmpfs", ["size=64k"])
    with (target / "open").open("wb"):
        mounts.unmount(target)
        assert not mounts.is_mounted(target)


def test_odd_names_are_found_again(place: Path) -> None:
    target = folder(place / "with blank\\and\ttab")
    mounts.mount("none", target, "tmpfs", ["size=64k"])
    assert mounts.is_mounted(target)
    mounts.unmount(target)
    assert not mounts.is_mounted(target)


def test_mount_points_are_found_through_links(place: Path) -> None:
    target = folder(place / "target")
    (place / "link").symlink_to("target")
    mounts.mount("none", target, "tmpfs", ["size=64k"])
    assert mounts.is_mounted(place / "link")


def test_a_bind_mount_may_be_for_reading_only(place: Path) -> None:
    source, target = folder(place / "source"), folder(place / "target")
    (source / "file").write_bytes(b"here")
    mounts.bind(source, target, readonly=True)
    assert (target / "file").read_bytes() == b"here"
    with pytest.raises(OSError, match="Read-only"):
        (target / "file").write_bytes(b"there")
    (source / "file").write_bytes(b"there")
    (bound,) = [mount for mount in mounts.mounts() if mount.point == target]
    assert bound.root.endswith("/source")


def test_what_cannot_be_mounted_is_told(place: Path) -> None:
    with pytest.raises(errors.OperationFailed, match=r"cannot mount '/no/such' on .*target"):
        mounts.mount("/no/such", folder(place / "target"), "ext4")
    assert mounts.mounts_below(place) == []


def test_a_loop_device_from_file_to_mount_and_back(place: Path) -> None:
    root, target = image(place), folder(place / "target")
    device = mounts.attach_loop(root)
    assert stat.S_ISBLK(device.stat().st_mode)
    assert mounts.loops_of(root) == [device]
    process.run(["mkfs.ext4", "-q", device])
    mounts.mount(device, target, "ext4", ["noatime", "errors=remount-ro"])
    (target / "file").write_bytes(b"x")
    # Freed now, for good when it is unmounted: so nothing is left however we end.
    mounts.detach_loop(device)
    assert mounts.loops_of(root) == [device]
    mounts.unmount(target)
    assert mounts.loops_of(root) == []
    mounts.detach_loop(device)
    mounts.detach_loop(Path("/dev/loop4095"))


def test_a_file_has_one_device_and_no_other_files(place: Path) -> None:
    root = image(place)
    with mounts.held_loop(root) as first, mounts.held_loop(root) as second:
        assert first == second
    until = time.monotonic() + 5
    while mounts.loops_of(root) and time.monotonic() < until:
        time.sleep(0.01)
    assert mounts.loops_of(root) == []
    old = mounts.attach_loop(root)
    root.unlink()
    with mounts.held_loop(image(place)) as fresh:
        assert fresh != old


def test_a_device_that_takes_no_writes_is_somebody_elses(place: Path) -> None:
    root = image(place)
    process.run(["losetup", "-r", "-f", root])
    (readonly,) = mounts.loops_of(root)
    with mounts.held_loop(root) as device:
        assert device != readonly
        device.write_bytes(b"x")
    assert readonly in mounts.loops_of(root), "it is not freed either"


def test_a_loop_device_follows_its_file(place: Path) -> None:
    root = image(place)
    device = mounts.attach_loop(root)
    size = Path("/sys/block") / device.name / "size"
    assert int(size.read_text()) * 512 == 8 << 20
    os.truncate(root, 16 << 20)
    mounts.refresh_loop_size(device)
    assert int(size.read_text()) * 512 == 16 << 20
    renamed = root.rename(place / "renamed.img")
    assert mounts.loops_of(renamed) == [device]
    renamed.unlink()
    assert mounts.loops_of(renamed) == [device], "found though its file is deleted"
    mounts.detach_loop(device)
    # Where udev is looking at it just now, it goes when udev is done.
    until = time.monotonic() + 5
    while mounts.loops_of(renamed) and time.monotonic() < until:
        time.sleep(0.01)
    assert mounts.loops_of(renamed) == []
    with pytest.raises(errors.SystemFailure):
        mounts.refresh_loop_size(device)


def test_a_missing_image_is_told(place: Path) -> None:
    with pytest.raises(errors.SystemFailure, match=r"gone\.img"):
        mounts.attach_loop(place / "gone.img")


@pytest.mark.parametrize("where", ["", "inner", "inner/most"])
def test_removal_never_touches_what_is_mounted(place: Path, where: str) -> None:
    precious = folder(place / "precious")
    (precious / "file").write_bytes(b"")
    tree = folder(place / "tree")
    (tree / "own").write_bytes(b"")
    mounts.bind(precious, folder(tree / where))
    with pytest.raises(errors.OperationFailed, match="is mounted there"):
        files.remove_tree(tree)
    assert (precious / "file").exists()
    mounts.unmount(tree)
    assert (tree / "own").exists(), "nothing is removed by half"
    files.remove_tree(tree)
    assert not tree.exists()
    assert (precious / "file").exists()


def test_a_mount_that_appears_late_is_not_entered(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = folder(place / "precious")
    (precious / "file").write_bytes(b"")
    mounts.bind(precious, folder(place / "tree/a/b"))
    monkeypatch.setattr(files, "mounts_below", lambda _path: [])
    with pytest.raises(errors.OperationFailed, match="is mounted there"):
        files.remove_tree(place / "tree")
    assert (precious / "file").exists()


def test_device_nodes_of_a_guest_are_never_opened(place: Path) -> None:
    os.mknod(place / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    (place / "link").symlink_to("null")
    with GuestRoot(place) as guest:
        for path in ("/null", "/link"):
            with pytest.raises(OSError, match="not a regular file"):
                guest.open_file(path)


def test_a_guests_proc_has_no_magic(place: Path) -> None:
    """/proc/self/root would lead straight to the host."""
    mounts.mount("proc", folder(place / "proc"), "proc")
    (place / "trap").symlink_to("/proc/self/root/etc")
    with GuestRoot(place) as guest:
        assert not guest.exists("/trap/passwd")
        with pytest.raises(OSError, match="symbolic links"):
            guest.open_folder("/trap")


def test_control_groups_of_this_host_are_removed_children_first() -> None:
    found = Hierarchies.detect()
    group = f"vzvirt-test-{os.getpid()}"
    made = []
    try:
        for path in found.all_paths(group):
            (path / "inner/most").mkdir(parents=True)
            made.append(path)
        found.remove(group)
        found.remove(group)
        assert not any(path.exists() for path in made)
    finally:
        found.remove(group)


def test_a_control_group_with_processes_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vzvirt.system.cgroups._PATIENCE", 0.05)
    import subprocess

    found = Hierarchies.detect()
    group = f"vzvirt-test-{os.getpid()}"
    path = found.path_for("pids", group)
    assert path is not None
    path.mkdir()
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        (path / "cgroup.procs").write_text(str(sleeper.pid))
        with pytest.raises(errors.OperationFailed, match=f"processes {sleeper.pid}"):
            found.remove(group)
    finally:
        sleeper.kill()
        sleeper.wait()
        monkeypatch.setattr("vzvirt.system.cgroups._PATIENCE", 2.0)
        found.remove(group)
    assert not path.exists()
