"""Making files that belong to somebody else from their first moment on.

State: who this thread is to file systems, for a while. A file system that knows only a
container's users (one mounted in its user namespace, or with their ids mapped) lets nobody else
make a file, not even the host's root, who could give it away afterwards.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.system.libc import libc

_VERSION_3: Final = 0x20080522
_WORD: Final = 0xFFFFFFFF


@contextlib.contextmanager
def making_files_as(uid: int, gid: int) -> Iterator[None]:
    """What this thread makes belongs to a user and a group; what it may do stays as it is.

    Nothing happens if that is who we are, or if we are not root: then it would not be ours to say.

    Raises:
        OperationFailed: The kernel refuses.
    """
    ours = os.geteuid(), os.getegid()
    if ours[0] != 0 or ours == (uid, gid):
        yield
        return
    capabilities = _capabilities()
    try:
        _become(uid, gid)
        _set_capabilities(capabilities)  # root's over files go with the number
        yield
    finally:
        _become(*ours)
        _set_capabilities(capabilities)


def _become(uid: int, gid: int) -> None:
    for call, number in (("setfsgid", gid), ("setfsuid", uid)):
        libc(call, number)
        # It says nothing of a failure; asked for nobody, it tells who we are.
        now, _ = libc(call, -1)
        if now & _WORD != number:
            raise errors.OperationFailed(f"cannot make files as {uid}:{gid} ({call})")


def _capabilities() -> tuple[int, int, int]:
    """This thread's capabilities: effective, permitted, inheritable."""
    status = Path("/proc/thread-self/status").read_text(encoding="ascii", errors="replace")
    found = dict(re.findall(r"^Cap(Eff|Prm|Inh):\s*([0-9a-f]+)$", status, re.MULTILINE))
    return int(found["Eff"], 16), int(found["Prm"], 16), int(found["Inh"], 16)


def _set_capabilities(sets: tuple[int, int, int]) -> None:
    low, high = ([part >> shift & _WORD for part in sets] for shift in (0, 32))
    failed, number = libc(
        "capset", struct.pack("=Ii", _VERSION_3, 0), struct.pack("=6I", *low, *high)
    )
    if failed:
        raise errors.OperationFailed(f"cannot keep our capabilities: {os.strerror(number)}")
