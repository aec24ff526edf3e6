"""Whether a file system can be mounted with its owners shifted.

No state. It is really tried: a detached copy of the mount is given a user namespace's map and
dropped again; nothing becomes visible anywhere.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt.system.libc import libc

# System calls, the same on every architecture.
_OPEN_TREE: Final = 428
_MOUNT_SETATTR: Final = 442

_CLONE: Final = 1
_CLOEXEC: Final = os.O_CLOEXEC
_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_ATTR_IDMAP: Final = 0x00100000
_MAP: Final = "0 100000 65536\n"


def is_possible(folder: Path) -> bool:
    """Whether the file system that holds an existing folder takes idmapped mounts.

    ``False`` also where user namespaces cannot be made, or the kernel is older than 5.12.
    """
    copy, _ = libc("syscall", _OPEN_TREE, _AT_FDCWD, os.fsencode(folder), _CLONE | _CLOEXEC)
    if copy < 0:
        return False
    try:
        with contextlib.ExitStack() as stack:
            namespace = stack.enter_context(user_namespace())
            return namespace is not None and _shift(copy, namespace)
    finally:
        os.close(copy)


def _shift(copy: int, namespace: int) -> bool:
    # struct mount_attr: set, clear, propagation, user namespace.
    attributes = struct.pack("=4Q", _ATTR_IDMAP, 0, 0, namespace)
    failed, _ = libc(
        "syscall", _MOUNT_SETATTR, copy, b"", _AT_EMPTY_PATH, attributes, len(attributes)
    )
    return not failed


@contextlib.contextmanager
def user_namespace() -> Iterator[int | None]:
    """An open user namespace with a map, or ``None`` where none can be made."""
    try:
        child = subprocess.Popen(
            ["unshare", "--user", "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
    except FileNotFoundError:
        yield None
        return
    with child:
        namespace = _mapped(child)
        try:
            yield namespace
        finally:
            if namespace is not None:
                os.close(namespace)
            child.kill()


def _mapped(child: subprocess.Popen[bytes]) -> int | None:
    """Give a child's new user namespace a map, and open it."""
    try:
        if child.stdin is None or child.stdout is None:
            return None
        child.stdin.write(b"x")
        if child.stdout.read(1) != b"x":  # what comes back says that it has unshared
            return None
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{child.pid}/{kind}").write_text(_MAP)
        return os.open(f"/proc/{child.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
