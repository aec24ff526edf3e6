"""Mounts and loop devices, straight from the kernel's own calls.

No state of ours: the kernel's mount table and ``/sys/block/loop*`` are the truth and are read
anew each time. Undoing is idempotent: what is gone already is no error.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vzvirt import errors
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.libc import libc
from vzvirt.system.mounttable import Mount, is_mounted, mounts, mounts_below, real_path

# Bits of the call mount, from the kernel's headers.
_MS_REMOUNT: Final = 0x20
_MS_BIND: Final = 0x1000
_FLAGS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "ro": 0x1,
        "nosuid": 0x2,
        "nodev": 0x4,
        "noexec": 0x8,
        "sync": 0x10,
        "remount": _MS_REMOUNT,
        "dirsync": 0x80,
        "noatime": 0x400,
        "nodiratime": 0x800,
        "bind": _MS_BIND,
        "rbind": _MS_BIND | 0x4000,
        "private": 0x40000,
        "rprivate": 0x44000,
        "slave": 0x80000,
        "rslave": 0x84000,
        "relatime": 0x200000,
        "strictatime": 0x1000000,
        "rw": 0,
    }
)
"""Options that mount(2) takes as bits; all others are the file system's own."""

# Bits of the call umount2.
_DETACH: Final = 2
_NOFOLLOW: Final = 8
_PATIENCE: Final = 0.2
"""Seconds that a busy mount gets before it is detached lazily."""

# Requests to loop devices.
_LOOP_CLR_FD: Final = 0x4C01
_LOOP_SET_CAPACITY: Final = 0x4C07
_LOOP_GET_STATUS64: Final = 0x4C05
_LOOP_CONFIGURE: Final = 0x4C0A
_LOOP_CTL_GET_FREE: Final = 0x4C82
_LOOP_INFO: Final = 232
"""Bytes of struct loop_info64."""
_LOOP_READ_ONLY: Final = 1
"""The flag of a device that takes no writes, so that no file system in it has any to lose."""

_LOOP_ATTEMPTS: Final = 64


def mount(
    source: str | Path, target: Path, fstype: str | None = None, options: Iterable[str] = ()
) -> None:
    """Mount something.

    Args:
        source: Device, folder, or a mere word for file systems without one.
        target: An existing folder (or file, for a bind mount).
        fstype: Type of the file system; ``None`` with ``bind`` or ``remount``.
        options: As ``mount -o`` takes them, one word each.

    Raises:
        OperationFailed: The kernel refuses.
    """
    flags, data = 0, []
    for option in options:
        if option in _FLAGS:
            flags |= _FLAGS[option]
        else:
            data.append(option)
    failed, number = libc(
        "mount",
        os.fsencode(source),
        os.fsencode(target),
        fstype.encode() if fstype else None,
        flags,
        ",".join(data).encode() if data else None,
    )
    if failed:
        raise errors.OperationFailed(
            f"cannot mount '{source}' on '{target}': {os.strerror(number)}",
            hint="the kernel's log (dmesg) may say more" if number == errno.EINVAL else None,
        )


def bind(source: Path, target: Path, *, readonly: bool = False) -> None:
    """Show a folder or file at a second place.

    Raises:
        OperationFailed: The kernel refuses; nothing is mounted then.
    """
    mount(source, target, options=("bind",))
    if readonly:
        make_readonly(target)


def make_readonly(target: Path) -> None:
    """Let nothing be written at one place of a file system, just mounted there.

    Raises:
        OperationFailed: The kernel refuses; nothing is mounted then.
    """
    try:
        mount("none", target, options=("bind", "remount", "ro", *_kept_options(target)))
    except errors.OperationFailed:
        unmount(target)
        raise


def _kept_options(target: Path) -> list[str]:
    """Options of a fresh mount that a remount would lose."""
    real = real_path(target)
    latest = [mount for mount in mounts() if mount.point == real][-1]
    return [word for word in latest.options if word in {"nosuid", "nodev", "noexec", "noatime"}]


def unmount(path: Path) -> None:
    """Unmount all that is mounted on a path and in it; nothing happens if nothing is.

    Something still in use is detached: gone from the tree now, for good once it is let go.

    Raises:
        OperationFailed: The kernel refuses.
    """
    for mount in mounts_below(path):
        _unmount_one(mount.point)


def _unmount_one(point: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        failed, number = libc("umount2", os.fsencode(point), _NOFOLLOW)
        if not failed or number in {errno.EINVAL, errno.ENOENT}:
            return  # done, or somebody was faster
        if number != errno.EBUSY:
            raise errors.OperationFailed(f"cannot unmount '{point}': {os.strerror(number)}")
        if time.monotonic() >= end:
            break
        time.sleep(0.02)
    failed, number = libc("umount2", os.fsencode(point), _NOFOLLOW | _DETACH)
    if failed and number not in {errno.EINVAL, errno.ENOENT}:
        raise errors.OperationFailed(f"cannot unmount '{point}': {os.strerror(number)}")


@contextlib.contextmanager
def held_loop(image: Path) -> Iterator[Path]:
    """The one block device of an image file, for as long as it takes to mount it.

    A device that is attached already is taken: a file system in it that was unmounted while
    somebody used it is still there, and would know nothing of what a second device writes.
    Afterwards the device is freed, or follows its mount.

    Raises:
        NoSupport: This kernel has no loop devices, or we may not use them.
        SystemFailure: It cannot be done.
    """
    with contextlib.ExitStack() as held:
        found = (device for device in loops_of(image) if _hold_loop(held, device, image))
        device = next(found, None) or attach_loop(image)
        try:
            yield device
        finally:
            detach_loop(device)


def _hold_loop(held: contextlib.ExitStack, device: Path, image: Path) -> bool:
    """Keep a device from being freed; ``False``: it is gone, or not that very file's, writable."""
    with mapping_os_errors(f"look at '{device}'"):
        loop = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
        held.callback(os.close, loop)
        try:
            status = fcntl.ioctl(loop, _LOOP_GET_STATUS64, bytes(_LOOP_INFO))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return False
        # struct loop_info64 begins with: device, inode, device it is, offset, length or 0, then
        # number, kind and size of a key, flags.
        _, inode, _, offset, length, _, _, _, flags = struct.unpack_from("=5Q4I", status)
        is_whole = offset == length == 0 and not flags & _LOOP_READ_ONLY
        is_it: bool = inode == image.stat().st_ino and is_whole
        return is_it


def attach_loop(image: Path) -> Path:
    """Make a block device of an image file.

    Raises:
        NoSupport: This kernel has no loop devices, or we may not use them.
        SystemFailure: It cannot be done.
    """
    try:
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise errors.NoSupport(
            f"no loop devices here: {error.strerror}", hint="load the module: modprobe loop"
        ) from error
    try:
        with mapping_os_errors(f"attach '{image}' to a loop device"):
            backing = os.open(image, os.O_RDWR | os.O_CLOEXEC)
            try:
                return _attach_any(control, backing, image)
            finally:
                os.close(backing)
    finally:
        os.close(control)


def _attach_any(control: int, backing: int, image: Path) -> Path:
    """Take the first free loop device that nobody else takes before us."""
    # struct loop_config: fd, block size (0: default), struct loop_info64, 8 reserved words;
    # within loop_info64 the file name, for losetup, is 56 bytes in.
    name = os.fsencode(image)[:63]
    config = struct.pack("=II56s64s112s64s", backing, 0, b"", name, b"", b"")
    for _ in range(_LOOP_ATTEMPTS):
        device = Path(f"/dev/loop{fcntl.ioctl(control, _LOOP_CTL_GET_FREE)}")
        loop = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(loop, _LOOP_CONFIGURE, config)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
        else:
            return device
        finally:
            os.close(loop)
    raise OSError(errno.EBUSY, "every free loop device was taken by somebody else")


def loops_of(image: Path) -> list[Path]:
    """Loop devices that an image is attached to, also if it has been deleted since."""
    real = str(real_path(image))
    found = []
    for block in Path("/sys/block").glob("loop*"):
        with contextlib.suppress(OSError):  # it is free
            backing = os.fsdecode((block / "loop/backing_file").read_bytes())
            if backing.rstrip("\n").removesuffix(" (deleted)") == real:
                found.append(Path("/dev") / block.name)
    return sorted(found)


def detach_loop(device: Path) -> None:
    """Free a loop device; one still in use is freed as soon as it is let go. Idempotent."""
    with mapping_os_errors(f"detach '{device}'"), contextlib.suppress(FileNotFoundError):
        _loop_ioctl(device, _LOOP_CLR_FD, gone=errno.ENXIO)


def refresh_loop_size(device: Path) -> None:
    """Tell a loop device that its file has another size now.

    Raises:
        SystemFailure: It is not attached.
    """
    with mapping_os_errors(f"refresh the size of '{device}'"):
        _loop_ioctl(device, _LOOP_SET_CAPACITY)


def _loop_ioctl(device: Path, request: int, gone: int | None = None) -> None:
    loop = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(loop, request)
    except OSError as error:
        if error.errno != gone:
            raise
    finally:
        os.close(loop)


__all__ = [
    "Mount",
    "mounts",
    "mounts_below",
    "is_mounted",
    "mount",
    "bind",
    "unmount",
    "make_readonly",
    "held_loop",
    "attach_loop",
    "loops_of",
    "detach_loop",
    "refresh_loop_size",
]
