"""Showing a folder or file at a second place with its owners shifted.

No state of ours. Python has no binding for the mount calls of Linux 5.2 and 5.12: a detached copy
of a mount is made, given its attributes while nobody sees it, and put in its place whole.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.values import IdMap, IdRange
from vzvirt.system.libc import libc

# System calls, the same on every architecture.
_OPEN_TREE: Final = 428
_MOVE_MOUNT: Final = 429
_MOUNT_SETATTR: Final = 442

_AT_FDCWD: Final = -100
_CLONE: Final = 1
_RECURSIVE: Final = 0x8000
_EMPTY_PATH: Final = 0x1000
_MOVE_EMPTY_PATH: Final = 0x4
_READONLY: Final = 0x1
_IDMAP: Final = 0x00100000


def show(
    source: Path, target: Path, *, namespace: int | None = None, readonly: bool = False
) -> None:
    """Bind a folder or file, with all that is mounted in it, to a second place.

    Args:
        source: What to show.
        target: Where; an existing folder or file.
        namespace: An open user namespace whose map shifts the owners, or ``None``.
        readonly: Whether nothing can be written there, in no mount of it.

    Raises:
        OperationFailed: The kernel refuses; nothing is mounted then.
    """
    flags = _CLONE | _RECURSIVE | os.O_CLOEXEC
    copy, number = libc("syscall", _OPEN_TREE, _AT_FDCWD, os.fsencode(source), flags)
    if copy < 0:
        raise _refused(source, target, number)
    try:
        attributes = (_IDMAP if namespace is not None else 0) | (_READONLY if readonly else 0)
        if attributes:
            # struct mount_attr: set, clear, propagation, user namespace.
            words = struct.pack("=4Q", attributes, 0, 0, namespace or 0)
            at = _EMPTY_PATH | _RECURSIVE
            failed, number = libc("syscall", _MOUNT_SETATTR, copy, b"", at, words, len(words))
            if failed:
                raise _refused(source, target, number)
        failed, number = libc(
            "syscall",
            _MOVE_MOUNT,
            copy,
            b"",
            _AT_FDCWD,
            os.fsencode(target),
            _MOVE_EMPTY_PATH,
        )
        if failed:
            raise _refused(source, target, number)
    finally:
        os.close(copy)


def _refused(source: Path, target: Path, number: int) -> errors.OperationFailed:
    return errors.OperationFailed(
        f"cannot show '{source}' at '{target}': {os.strerror(number)}",
        hint="its file system may not be able to shift owners",
    )


@contextlib.contextmanager
def user_namespace(idmap: IdMap) -> Iterator[int]:
    """An open user namespace with a map.

    Raises:
        NoSupport: None can be made here.
    """
    with subprocess.Popen(
        ["/usr/bin/unshare", "--user", "/bin/cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    ) as child:
        try:
            namespace = _mapped(child, idmap)
        except OSError as error:
            child.kill()
            raise errors.NoSupport(
                f"no user namespace can be made here: {error.strerror}",
                hint="sysctl user.max_user_namespaces says how many there may be",
            ) from error
        try:
            yield namespace
        finally:
            os.close(namespace)
            child.kill()


def _mapped(child: subprocess.Popen[bytes], idmap: IdMap) -> int:
    """Give a child's new user namespace a map, and open it."""
    if child.stdin is None or child.stdout is None:
        raise AssertionError("asked for two pipes")
    child.stdin.write(b"x")
    child.stdout.read(1)  # what comes back says that it has unshared
    for kind, ranges in (("uid_map", idmap.uids), ("gid_map", idmap.gids)):
        Path(f"/proc/{child.pid}/{kind}").write_text(_lines(ranges), encoding="ascii")
    return os.open(f"/proc/{child.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def _lines(ranges: tuple[IdRange, ...]) -> str:
    return "".join(f"{item.start} {item.target} {item.count}\n" for item in ranges)
