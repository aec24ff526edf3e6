"""Files: atomic and durable writes, removal of whole trees, errors of the kernel in our words.

No state. Promises:

- ``write_atomic``: after a crash at any instant the file is the old one or the new one, and
  once it returns the new one survives a loss of power. Writers of one file wait for each
  other; what a killed writer leaves (``.NAME.new``) is reused by the next.
- ``remove_tree``: never removes anything that is mounted inside, follows no link, and is not
  led astray by whoever renames folders meanwhile; depth is no limit.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.system import openat
from vzvirt.system.mounttable import mounts_below

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors that say "no room"."""

_AS_ROOT: Final = "run it as root, or with VZVIRT_ROOT set to a folder of your own"


@contextlib.contextmanager
def mapping_os_errors(what: str = "") -> Iterator[None]:
    """Turn an ``OSError`` from the kernel into one of ours.

    Args:
        what: What was tried, as in ``cannot WHAT: reason``.

    Raises:
        NoSpace: The disk or a quota is full.
        AccessDenied: We are not root, and may not.
        SystemFailure: Anything else.
    """
    try:
        yield
    except OSError as error:
        raise os_error(error, what) from error


def os_error(error: OSError, what: str = "") -> errors.VzvirtError:
    """What ``mapping_os_errors`` raises for an error."""
    reason = error.strerror or str(error)
    where = (
        f" ('{os.fsdecode(error.filename)}')" if isinstance(error.filename, str | bytes) else ""
    )
    message = f"cannot {what}: {reason}{where}" if what else f"{reason}{where}"
    if error.errno in FULL:
        return errors.NoSpace(message, hint="free some space, or raise the quota")
    if isinstance(error, PermissionError) and os.geteuid() != 0:
        return errors.AccessDenied(message, hint=_AS_ROOT)
    return errors.SystemFailure(message)


def read_bytes(path: Path) -> bytes | None:
    """A file's content, or ``None`` where there is none.

    Raises:
        SystemFailure: It is there and cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise os_error(error, "read a file") from error


def stamp_of(path: Path | str) -> str:
    """What changes whenever a file does: its time, inode and size; empty: it is no file.

    Raises:
        AccessDenied: We may not look.
    """
    try:
        found = os.stat(path)  # noqa: PTH116  # called for every container there is
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            return ""
        raise os_error(error, "look at a file") from error
    if not stat.S_ISREG(found.st_mode):
        return ""  # a folder; or a pipe, at which a reader would wait for ever
    return f"{found.st_mtime_ns:x}-{found.st_ino:x}-{found.st_size:x}"


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder and those above it, durably; nothing happens if it is there.

    Raises:
        NoSpace: The disk is full.
        SystemFailure: It cannot be made.
    """
    with mapping_os_errors(f"make the folder '{path}'"):
        missing = []
        while not path.is_dir():
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            folder.mkdir(mode, exist_ok=True)
            sync_folder(folder.parent)


def write_atomic(path: Path, data: bytes, mode: int = 0o644, *, durable: bool = True) -> None:
    """Replace a file's content as a whole, durably. The folder must exist.

    Args:
        path: The file; a symbolic link is replaced, not followed.
        data: Its whole new content.
        mode: Its permissions.
        durable: Whether it has to outlive a loss of power.

    Raises:
        NoSpace: It does not fit; the old file stands.
        SystemFailure: It cannot be written; the old file stands.
    """
    new = path.with_name(f".{path.name}.new")
    with mapping_os_errors(f"write '{path}'"):
        draft = _open_draft(new)
        try:
            os.ftruncate(draft, 0)
            os.fchmod(draft, mode)
            write_all(draft, data)
            if durable:
                os.fsync(draft)
            new.rename(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        finally:
            os.close(draft)
        if durable:
            sync_folder(path.parent)


def _open_draft(new: Path) -> int:
    """Open the draft and own it: locked, and still the one of that name."""
    while True:
        draft = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(draft, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(draft), os.lstat(new)):
                return draft
        except FileNotFoundError:
            pass  # its former owner has renamed it into place
        except BaseException:
            os.close(draft)
            raise
        os.close(draft)


def discard_draft(new: Path) -> None:
    """Remove a draft that a killed ``write_atomic`` left; one being written is left alone."""
    with mapping_os_errors(f"remove '{new}'"), contextlib.suppress(FileNotFoundError):
        draft = os.open(new, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(draft, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(draft), os.lstat(new)):
                new.unlink()
        except BlockingIOError:
            pass  # its writer lives
        finally:
            os.close(draft)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, however often the kernel takes only a part."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def move_aside(path: Path) -> Path:
    """Rename a file or folder out of sight, durably, for whoever removes it later.

    Returns:
        Its new path, beside the old one; ``moved_aside`` finds it again.

    Raises:
        SystemFailure: It does not exist, or is a mount point.
    """
    aside = path.with_name(f".{path.name}.aside-{os.urandom(4).hex()}")
    with mapping_os_errors(f"move '{path}' aside"):
        path.rename(aside)
        sync_folder(path.parent)
    return aside


def moved_aside(path: Path) -> list[Path]:
    """What ``move_aside(path)`` made and nobody has removed yet."""
    prefix = f".{path.name}.aside-"
    try:
        return sorted(item for item in path.parent.iterdir() if item.name.startswith(prefix))
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextlib.contextmanager
def exclusive(path: Path, wait: float, what: str) -> Iterator[None]:
    """Hold a ``flock`` on a file, which is made where it is missing and stays.

    Args:
        path: The lock file.
        wait: Seconds to wait for whoever holds it.
        what: Named in the error.

    Raises:
        Busy: Not had in time.
    """
    make_folder(path.parent)
    with mapping_os_errors(f"open the lock '{path}'"):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _flock(lock, wait, what)
        yield
    finally:
        # Closing alone would not do while a child that another thread is making has it, too.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _flock(lock: int, wait: float, what: str) -> None:
    end = time.monotonic() + wait
    pause = 0.002
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise errors.Busy(f"{what} is locked by another process") from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)
        else:
            return


def remove_tree(path: Path) -> None:
    """Remove a file, a link, or a folder with all in it; nothing happens if it is gone.

    Raises:
        OperationFailed: Something is mounted in it; that is untouched.
        SystemFailure: Something cannot be removed.
    """
    if not path.is_symlink() and (inside := mounts_below(path)):
        raise _mounted_in(path, inside[0].point)
    try:
        parent = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        with mapping_os_errors(f"remove '{path}'"):
            _remove(parent, path.name)
    except errors.SystemFailure as failure:
        cause = failure.__cause__
        if isinstance(cause, OSError) and cause.errno in {errno.EBUSY, errno.EXDEV}:
            raise _mounted_in(path, path) from cause  # since we looked
        raise
    finally:
        os.close(parent)


def _mounted_in(path: Path, point: Path) -> errors.OperationFailed:
    where = "something" if point == path else f"'{point}'"
    return errors.OperationFailed(
        f"cannot remove '{path}': {where} is mounted there", hint="unmount it first"
    )


def _remove(parent: int, name: str) -> None:
    try:
        kind = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(kind):
        os.unlink(name, dir_fd=parent)
        return
    top = openat.open_beneath(parent, name)
    try:
        _empty(top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=parent)


def _empty(top: int) -> None:
    """Empty a folder.

    Filled folders further down are moved up into ``top`` and come round again, so two open
    folders are enough for any depth, and no path is ever walked twice.
    """
    serial = 0
    while names := _unlink_files(top):
        for name in names:
            folder = openat.open_beneath(top, name)
            try:
                for inner in _unlink_files(folder):
                    serial = _rmdir_or_lift(folder, inner, top, serial)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)


def _unlink_files(folder: int) -> list[str]:
    """Remove everything but folders; gives back those."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders


def _rmdir_or_lift(folder: int, name: str, top: int, serial: int) -> int:
    """Remove an empty folder, or move a filled one up; gives back the next free serial."""
    try:
        os.rmdir(name, dir_fd=folder)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
    else:
        return serial
    while True:
        serial += 1
        try:
            os.rename(name, f".lifted-{serial}", src_dir_fd=folder, dst_dir_fd=top)
        except OSError as error:
            # A folder or file of that very name: take the next.
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                raise
        else:
            return serial
