"""Showing a folder or file at a second place with its owners shifted.

No state. Python has no binding for the mount calls of Linux 5.2 and 5.12: a detached copy
of a mount is made, given its attributes while nobody sees it, and put in its place whole.
"""

from __future__ import annotations

import contextlib
import errno
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

_IDS: Final = (IdRange(0, 100000, 65536),)
ANY_MAP: Final = IdMap(_IDS, _IDS)
"""To try with."""


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
    attributes = (_IDMAP if namespace is not None else 0) | (_READONLY if readonly else 0)
    try:
        with _detached(source, _RECURSIVE) as copy:
            if attributes:
                _set(copy, attributes, namespace, _RECURSIVE)
            place = (_AT_FDCWD, os.fsencode(target), _MOVE_EMPTY_PATH)
            _call(_MOVE_MOUNT, copy, b"", *place)
    except OSError as error:
        raise errors.OperationFailed(
            f"cannot show '{source}' at '{target}': {error.strerror}",
            hint="its file system may not be able to shift owners",
        ) from error


def can_shift(folder: Path) -> bool:
    """Whether the file system that holds an existing folder can be shown with shifted owners.

    It is really tried, on a copy that nobody sees. ``False`` also where no user namespace can be
    made, or the kernel is older than 5.12.
    """
    try:
        with _detached(folder) as copy, user_namespace(ANY_MAP) as namespace:
            _set(copy, _IDMAP, namespace)
    except (OSError, errors.NoSupport):
        return False
    return True


@contextlib.contextmanager
def _detached(source: Path, how: int = 0) -> Iterator[int]:
    """A copy of the mount of something, that stands nowhere until it is moved."""
    flags = _CLONE | how | os.O_CLOEXEC
    copy = _call(_OPEN_TREE, _AT_FDCWD, os.fsencode(source), flags)
    try:
        yield copy
    finally:
        os.close(copy)


def _set(copy: int, attributes: int, namespace: int | None, how: int = 0) -> None:
    # struct mount_attr: set, clear, propagation, user namespace.
    words = struct.pack("=4Q", attributes, 0, 0, namespace or 0)
    _call(_MOUNT_SETATTR, copy, b"", _EMPTY_PATH | how, words, len(words))


def _call(number: int, *words: int | bytes) -> int:
    result, error = libc("syscall", number, *words)
    if result < 0:
        raise OSError(error, os.strerror(error))
    return result


@contextlib.contextmanager
def user_namespace(idmap: IdMap) -> Iterator[int]:
    """An open user namespace with a map.

    Raises:
        NoSupport: None can be made here.
    """
    try:
        child = subprocess.Popen(
            ["/usr/bin/unshare", "--user", "/bin/cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
    except OSError as error:
        raise _none_can_be_made(error) from error
    with child:
        try:
            namespace = _mapped(child, idmap)
        except OSError as error:
            child.kill()
            raise _none_can_be_made(error) from error
        try:
            yield namespace
        finally:
            os.close(namespace)
            child.kill()


def _none_can_be_made(error: OSError) -> errors.NoSupport:
    return errors.NoSupport(
        f"no user namespace can be made here: {error.strerror}",
        hint="sysctl user.max_user_namespaces=15000",
    )


def _mapped(child: subprocess.Popen[bytes], idmap: IdMap) -> int:
    """Give a child's new user namespace a map, and open it."""
    if child.stdin is None or child.stdout is None:
        raise AssertionError("asked for two pipes")
    child.stdin.write(b"x")
    if child.stdout.read(1) != b"x":  # what comes back says that it has unshared
        raise OSError(errno.ENOSPC, "it was refused")
    for kind, ranges in (("uid_map", idmap.uids), ("gid_map", idmap.gids)):
        Path(f"/proc/{child.pid}/{kind}").write_text(_lines(ranges), encoding="ascii")
    return os.open(f"/proc/{child.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def _lines(ranges: tuple[IdRange, ...]) -> str:
    return "".join(f"{item.start} {item.target} {item.count}\n" for item in ranges)
