"""Copying files and folders between two open folders, neither of which is trusted.

State: none beyond one copy's progress. Nothing is ever reached by more than one name from an
open folder, and no link is followed, so whoever changes either side meanwhile cannot lead us
elsewhere. Files appear complete or not at all; holes stay holes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from typing import Final

from vzvirt import errors
from vzvirt.model.progress import Progress
from vzvirt.system.files import write_all
from vzvirt.system.safepath import is_kernels

_CHUNK: Final = 1 << 20
_DEEPEST: Final = 200
"""Levels of folders; each holds two descriptors open."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Copier:
    """One copy of a file or a folder."""

    def __init__(
        self, what: str, owner: tuple[int, int] | None, mode: int, progress: Progress
    ) -> None:
        """Prepare a copy.

        Args:
            what: Shown with the progress.
            owner: Of everything that is made; ``None``: ours.
            mode: Permissions that are kept.
            progress: Told bytes done and to do.
        """
        self._what, self._owner, self._mode, self._progress = what, owner, mode, progress
        self._done = self._total = 0

    def copy(self, above: int, name: str, target: int, new_name: str) -> None:
        """Copy what is called ``name`` in one open folder to ``new_name`` in another.

        Raises:
            InvalidArgument: It is or holds what cannot be copied, or something is in the way.
            OSError: As the kernel says.
        """
        source = os.open(name, _LOOK, dir_fd=above)
        try:
            self.copy_opened(source, name, target, new_name)
        finally:
            os.close(source)

    def copy_opened(self, source: int, name: str, target: int, new_name: str) -> None:
        """Copy what is open (with ``O_PATH``) already; ``name`` is for messages."""
        self._total = _survey(source, name, 0)
        self._progress(self._what, 0, self._total)
        self._copy(source, name, target, new_name)
        os.fsync(target)
        self._progress(self._what, self._total, self._total)

    def _copy(self, source: int, name: str, target: int, new_name: str) -> None:
        facts = os.fstat(source)
        if stat.S_ISREG(facts.st_mode):
            self._copy_file(source, facts, target, new_name)
        elif stat.S_ISLNK(facts.st_mode):
            self._copy_link(source, target, new_name)
        elif stat.S_ISDIR(facts.st_mode):
            self._copy_folder(source, facts, target, new_name)
        else:
            raise _special(name)

    def _copy_folder(self, source: int, facts: os.stat_result, target: int, new_name: str) -> None:
        try:
            os.mkdir(new_name, 0o700, dir_fd=target)
            is_new = True
        except FileExistsError:
            is_new = False  # what comes joins what is there; whose that is stays as it is
        with _open_folder(target, new_name) as made:
            for name, entry in _entries(source):
                self._copy(entry, name, made, name)
            if is_new:
                self._finish(made, facts)

    def _copy_link(self, source: int, target: int, new_name: str) -> None:
        text = os.readlink("", dir_fd=source)
        with _replacing(target, new_name) as draft:
            os.symlink(text, draft, dir_fd=target)
            if self._owner:
                os.chown(draft, *self._owner, dir_fd=target, follow_symlinks=False)

    def _copy_file(self, source: int, facts: os.stat_result, target: int, new_name: str) -> None:
        if is_kernels(source):
            raise errors.InvalidArgument(
                f"'{new_name}' is no file but the kernel's (of /proc or /sys)",
                hint="copy what a program reads from it: cat FILE >COPY",
            )
        # The very file that was looked at, whatever its name leads to by now.
        reading = os.open(f"/proc/self/fd/{source}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with _replacing(target, new_name) as draft:
                writing = os.open(draft, _NEW, 0o600, dir_fd=target)
                try:
                    self._copy_data(reading, writing, facts.st_size)
                    self._finish(writing, facts)
                    os.fsync(writing)
                finally:
                    os.close(writing)
        finally:
            os.close(reading)

    def _copy_data(self, reading: int, writing: int, size: int) -> None:
        """Copy the parts that are there, and leave the holes."""
        for start, end in _extents(reading, size):
            os.lseek(reading, start, os.SEEK_SET)
            os.lseek(writing, start, os.SEEK_SET)
            while start < end and (part := os.read(reading, min(_CHUNK, end - start))):
                write_all(writing, part)
                start += len(part)
                self._done += len(part)
                self._progress(self._what, min(self._done, self._total), self._total)
        os.ftruncate(writing, size)

    def _finish(self, made: int, facts: os.stat_result) -> None:
        if self._owner:
            os.fchown(made, *self._owner)
        os.fchmod(made, stat.S_IMODE(facts.st_mode) & self._mode)
        os.utime(made, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _survey(source: int, name: str, depth: int) -> int:
    """Bytes to copy; refuses before anything is written what could not be copied."""
    facts = os.fstat(source)
    if stat.S_ISREG(facts.st_mode):
        return min(facts.st_size, facts.st_blocks * 512)
    if stat.S_ISLNK(facts.st_mode):
        return 0
    if not stat.S_ISDIR(facts.st_mode):
        raise _special(name)
    if depth >= _DEEPEST:
        raise errors.InvalidArgument(f"'{name}' is more than {_DEEPEST} folders deep")
    return sum(_survey(entry, found, depth + 1) for found, entry in _entries(source))


def _special(name: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(
        f"'{name}' is neither a file nor a folder",
        hint="devices, pipes and sockets are not copied",
    )


def _entries(folder: int) -> Iterator[tuple[str, int]]:
    """Everything in a folder, looked at without following or opening it."""
    listing = os.open(f"/proc/self/fd/{folder}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in sorted(os.listdir(listing)):  # noqa: PTH208  # of a descriptor
            with contextlib.suppress(FileNotFoundError):  # a live guest removes files
                entry = os.open(name, _LOOK, dir_fd=listing)
                try:
                    yield name, entry
                finally:
                    os.close(entry)
    finally:
        os.close(listing)


def _extents(file: int, size: int) -> Iterator[tuple[int, int]]:
    at = 0
    while at < size:
        try:
            start = os.lseek(file, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            raise
        at = min(os.lseek(file, start, os.SEEK_HOLE), size)
        yield start, at


@contextlib.contextmanager
def _open_folder(above: int, name: str) -> Iterator[int]:
    try:
        folder = os.open(name, _FOLDER, dir_fd=above)
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
        raise errors.InvalidArgument(
            f"'{name}' stands where a folder is to be copied, and is none"
        ) from None
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def _replacing(folder: int, name: str) -> Iterator[str]:
    """Gives a draft's name; what is made under it takes the place of ``name`` at the end."""
    draft = f".{name[:100]}.{secrets.token_hex(4)}"
    try:
        yield draft
        try:
            os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        except IsADirectoryError:
            raise errors.InvalidArgument(
                f"'{name}' is a folder, and a file is to be copied there"
            ) from None
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise
