"""``openat2(2)``: opening paths that somebody else may have laid traps in.

No state. Python has no binding for this call, whose ``resolve``
flags make the kernel itself refuse to leave a folder; nothing checked in advance from here
could do that without a race.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import Final

from vzvirt import errors
from vzvirt.system.libc import libc

NUMBER: Final = 437
"""Of the system call, the same on every architecture."""

NO_XDEV: Final = 0x01
NO_MAGICLINKS: Final = 0x02
NO_SYMLINKS: Final = 0x04
BENEATH: Final = 0x08
IN_ROOT: Final = 0x10

_ATTEMPTS: Final = 100
"""How often to try again while somebody keeps renaming what we walk through."""


def openat2(folder: int, path: str, flags: int, mode: int, resolve: int) -> int:
    """Open ``path`` from an open folder under the rules of ``resolve``.

    Returns:
        A descriptor, closed on exec.

    Raises:
        OSError: As the kernel says; ``EXDEV`` where the rules forbid it.
        NoSupport: The kernel is older than 5.6.
    """
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, resolve)
    number = 0
    for _ in range(_ATTEMPTS):
        found, number = libc("syscall", NUMBER, folder, os.fsencode(path), how, len(how))
        if found >= 0:
            return found
        if number not in {errno.EAGAIN, errno.EINTR}:
            break
    if number == errno.ENOSYS:
        raise errors.NoSupport("this kernel has no openat2", hint="Linux 5.6 or later is needed")
    raise OSError(number, os.strerror(number), path)


def open_beneath(folder: int, name: str) -> int:
    """Open a folder right below another: no link, and nothing that is mounted there.

    Raises:
        OSError: ``EXDEV`` for a mount point, ``ELOOP`` for a link.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    return openat2(folder, name, flags, 0, BENEATH | NO_XDEV | NO_SYMLINKS)
