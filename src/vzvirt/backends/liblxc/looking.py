"""What a running container looks like from inside: its name, its files, its mounts.

No state. Its host name takes one short-lived child in its namespace; the rest is read through
``/proc``. A guest that serves file systems itself (fuse) could keep us waiting as long as it
likes, so nothing is asked of those, nor of what is mounted below them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc.runfolder import Process
from vzvirt.backends.liblxc.statistics import block_name
from vzvirt.model.guestinfo import MountUse
from vzvirt.system import process
from vzvirt.system.files import os_error
from vzvirt.system.guesttext import plain
from vzvirt.system.mounttable import Mount, read_mounts
from vzvirt.system.safepath import GuestRoot

NSENTER: Final = "/usr/bin/nsenter"
UNAME: Final = "/bin/uname"

_PATIENCE: Final = 10.0

_WITHOUT_DEVICE: Final = frozenset({"btrfs", "overlay", "tmpfs", "zfs"})
"""File systems with files of their own although they lie on no single block device."""

_MACHINERY: Final = (Path("/dev"), Path("/proc"), Path("/sys"))
"""Where what is mounted is how the kernel talks to programs."""

_SLOW: Final = ("9p", "afs", "autofs", "ceph", "cifs", "fuse", "nfs", "smb")
"""Beginnings of types that somebody else serves, at his own pace."""


def root(init: Process) -> Path:
    """Where the container's files are as it sees them itself."""
    return Path(f"/proc/{init.pid}/root")


@contextlib.contextmanager
def held_root(init: Process) -> Iterator[Path]:
    """The same, held open: its files even once it has ended and its number is another's.

    Raises:
        OperationInvalid: It has ended.
        InternalError: Its root is the host's own.
    """
    try:
        folder = os.open(root(init), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise errors.OperationInvalid("the container has ended") from error
    except OSError as error:
        raise os_error(error, "look at the container's files") from error
    try:
        if not init.alive:  # then its number may have been somebody else's already
            raise errors.OperationInvalid("the container has ended")
        if os.path.samestat(os.fstat(folder), Path("/").stat()):
            raise errors.InternalError(f"the root of process {init.pid} is the host's own")
        yield Path(f"/proc/self/fd/{folder}")
    finally:
        os.close(folder)


def hostname(init: Process) -> str:
    """What the container calls itself.

    Raises:
        OperationInvalid: It has ended.
        OperationFailed: Its namespace cannot be entered.
    """
    argv = [NSENTER, f"--uts=/proc/{init.pid}/ns/uts", UNAME, "-n"]
    done = process.run(argv, timeout=_PATIENCE, check=False)
    if not init.alive:
        raise errors.OperationInvalid("the container has ended")
    if done.status != 0:
        raise errors.OperationFailed(f"cannot ask the container for its name: {done.last_words}")
    return plain(done.stdout.removesuffix(b"\n"))


def mounts(init: Process) -> list[MountUse]:
    """The container's file systems with files of their own, in the order they were mounted.

    Raises:
        OperationInvalid: It has ended.
    """
    try:
        text = Path(f"/proc/{init.pid}/mountinfo").read_text(errors="surrogateescape")
        guest = GuestRoot(root(init))
    except FileNotFoundError as error:
        raise errors.OperationInvalid("the container has ended") from error
    except OSError as error:
        raise os_error(error, "look at the container's mounts") from error
    table = {mount.point: mount for mount in read_mounts(text)}  # the latest hides the others
    slow = [mount.point for mount in table.values() if mount.fstype.startswith(_SLOW)]
    with guest:
        if not init.alive:  # then its number may be somebody else's by now
            raise errors.OperationInvalid("the container has ended")
        return [_use(guest, item) for item in table.values() if _counts(item, slow)]


def _counts(mount: Mount, slow: list[Path]) -> bool:
    if any(mount.point.is_relative_to(place) for place in (*_MACHINERY, *slow)):
        return False
    return not mount.device.startswith("0:") or mount.fstype in _WITHOUT_DEVICE


def _use(guest: GuestRoot, mount: Mount) -> MountUse:
    total, used = _fill(guest, str(mount.point))
    device = block_name(mount.device)
    return MountUse(
        mountpoint=plain(str(mount.point)),
        name=plain(mount.source),
        fstype=plain(mount.fstype),
        devices=(device,) if device else (),
        total=total,
        used=used,
    )


def _fill(guest: GuestRoot, point: str) -> tuple[int | None, int | None]:
    """Bytes there are, and bytes in use."""
    try:
        folder = guest.open(point, os.O_PATH)
    except OSError:
        return None, None  # unmounted, or hidden by a later mount
    try:
        found = os.fstatvfs(folder)
    finally:
        os.close(folder)
    return found.f_blocks * found.f_frsize, (found.f_blocks - found.f_bfree) * found.f_frsize
