"""Project quotas of ext4 and xfs, straight from the kernel's own calls.

No state. A file belongs to the project whose number its inode has; a folder may hand its number
on to whatever is made in it. The kernel counts bytes and inodes per project and, where a file
system is mounted with ``prjquota``, keeps limits on them. What is counted never lags behind.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt.model.values import SoftHard
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.libc import libc

_QUOTACTL_FD: Final = 443
"""Of the system call, the same on every architecture; Linux 5.14."""

_PROJECT: Final = 2
"""What kind of quota is meant: neither a user's nor a group's."""

# Commands of quotactl(2).
_GET_GRACE: Final = 0x800005
_SET_GRACE: Final = 0x800006
_GET_QUOTA: Final = 0x800007
_SET_QUOTA: Final = 0x800008
_GET_STATE: Final = 0x5808

_STATE_BYTES: Final = 160
"""Of ``struct fs_quota_statv``, which begins with its version and has flags at byte 2."""
_VERSION: Final = 1
_ENFORCED: Final = 1 << 5

_QUOTA: Final = struct.Struct("=8QI4x")
"""``struct if_dqblk``: space hard, soft, used; inodes hard, soft, used; two times; what counts."""
_BLOCK: Final = 1024
"""The unit of limits on space."""
_LIMITS: Final = 1 | 4
_NO_LIMIT: Final = SoftHard(0, 0)

_GRACE: Final = struct.Struct("=2Q2I")
"""``struct if_dqinfo``: grace of space, of inodes; flags; what counts."""
_GRACES: Final = 1 | 2

_ATTRIBUTES: Final = struct.Struct("=5I8x")
"""``struct fsxattr``: flags, extent size, number of extents, project, another extent size."""
_GET_ATTRIBUTES: Final = 0x801C581F
_SET_ATTRIBUTES: Final = 0x401C5820
_INHERITED: Final = 0x200

_NOT_HERE: Final = frozenset({errno.ENOSYS, errno.ESRCH, errno.EOPNOTSUPP, errno.EPERM})
"""No quotas on that file system, none in that kernel, or a sandbox that keeps them from us."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Which project a file belongs to.

    Attributes:
        project: Its number; 0: none.
        inherited: Whether what is made in the folder belongs to it as well.
    """

    project: int
    inherited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a project uses and may use.

    Attributes:
        space: Limit in bytes; ``None``: no limit.
        inodes: Limit in files; ``None``: no limit.
        used_bytes: Bytes on disk, those not yet written included.
        used_inodes: Files, folders, links ...
    """

    space: SoftHard | None
    inodes: SoftHard | None
    used_bytes: int
    used_inodes: int


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A folder's descriptor.

    Raises:
        SystemFailure: It cannot be opened.
    """
    with mapping_os_errors(f"open '{path}'"):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _quotactl(descriptor: int, command: int, project: int, content: bytes) -> bytes:
    """Call the kernel with a buffer; what it left in there.

    Raises:
        OSError: As the kernel says.
    """
    import ctypes  # not for every command

    buffer = ctypes.create_string_buffer(content, len(content))
    words = (descriptor, command << 8 | _PROJECT, project, ctypes.addressof(buffer))
    failed, number = libc("syscall", _QUOTACTL_FD, *words)
    if failed:
        raise OSError(number, os.strerror(number))
    return buffer.raw


def is_enforced(descriptor: int) -> bool:
    """Whether the file system of an open folder keeps limits on projects.

    Raises:
        OSError: The kernel refuses to tell.
    """
    try:
        state = _quotactl(descriptor, _GET_STATE, 0, bytes([_VERSION]).ljust(_STATE_BYTES, b"\0"))
    except OSError as error:
        if error.errno in _NOT_HERE:
            return False
        raise
    flags: int = struct.unpack_from("=H", state, 2)[0]
    return bool(flags & _ENFORCED)


def quota_of(descriptor: int, project: int) -> Quota:
    """What a project of an open folder's file system uses and may use.

    Raises:
        SystemFailure: The kernel does not say.
    """
    with mapping_os_errors(f"read the quota of project {project}"):
        try:
            said = _quotactl(descriptor, _GET_QUOTA, project, bytes(_QUOTA.size))
        except OSError as error:
            if error.errno != errno.ENOENT:  # xfs has no record of what nobody uses
                raise
            said = bytes(_QUOTA.size)
    space_hard, space_soft, used, inode_hard, inode_soft, files, *_ = _QUOTA.unpack(said)
    return Quota(
        space=_limit(space_soft * _BLOCK, space_hard * _BLOCK),
        inodes=_limit(inode_soft, inode_hard),
        used_bytes=used,
        used_inodes=files,
    )


def _limit(soft: int, hard: int) -> SoftHard | None:
    """A limit as the kernel has it, where 0 is none."""
    if not hard:
        return None
    return SoftHard(min(soft, hard) or hard, hard)


def set_limits(
    descriptor: int, project: int, space: SoftHard | None, inodes: SoftHard | None
) -> None:
    """Change both limits of a project; ``None``: no limit.

    Raises:
        SystemFailure: The kernel refuses.
    """
    room, files = space or _NO_LIMIT, inodes or _NO_LIMIT
    blocks = [-(-mark // _BLOCK) for mark in (room.hard, room.soft)]
    content = _QUOTA.pack(*blocks, 0, files.hard, files.soft, 0, 0, 0, _LIMITS)
    with mapping_os_errors(f"set the quota of project {project}"):
        _quotactl(descriptor, _SET_QUOTA, project, content)


def grace(descriptor: int) -> int:
    """Seconds for which soft limits may be passed: one number for a whole file system.

    Raises:
        SystemFailure: The kernel does not say.
    """
    with mapping_os_errors("read the grace time of project quotas"):
        seconds: int = _GRACE.unpack(_quotactl(descriptor, _GET_GRACE, 0, bytes(_GRACE.size)))[0]
    return seconds


def set_grace(descriptor: int, seconds: int) -> None:
    """Change it, for space and inodes alike.

    Raises:
        SystemFailure: The kernel refuses.
    """
    with mapping_os_errors("set the grace time of project quotas"):
        _quotactl(descriptor, _SET_GRACE, 0, _GRACE.pack(seconds, seconds, 0, _GRACES))


def membership(descriptor: int) -> Membership:
    """Which project an open file or folder belongs to.

    Raises:
        OSError: As the kernel says.
    """
    flags, _, _, project, _ = _ATTRIBUTES.unpack(_attributes(descriptor))
    return Membership(project, bool(flags & _INHERITED))


def join(descriptor: int, project: int, *, inherited: bool) -> None:
    """Make an open file or folder a member of a project, if it is not yet.

    Args:
        descriptor: It.
        project: The number.
        inherited: Whether it is a folder that hands the number on.

    Raises:
        OSError: As the kernel says.
    """
    flags, size, extents, now, other = _ATTRIBUTES.unpack(_attributes(descriptor))
    wanted = flags | _INHERITED if inherited else flags & ~_INHERITED
    if (flags, now) != (wanted, project):
        content = _ATTRIBUTES.pack(wanted, size, extents, project, other)
        fcntl.ioctl(descriptor, _SET_ATTRIBUTES, content)


def _attributes(descriptor: int) -> bytes:
    return fcntl.ioctl(descriptor, _GET_ATTRIBUTES, bytes(_ATTRIBUTES.size))
