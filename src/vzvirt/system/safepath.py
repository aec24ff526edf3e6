"""Files inside a guest's root, which the guest may have filled with traps.

No state but one open folder. The guest's links are followed as the guest itself would see
them: absolute ones start at its root, ``..`` stops there. The kernel does the walking
(``openat2`` with ``RESOLVE_IN_ROOT``), so nobody who renames folders meanwhile can lead us
out, and ``/proc`` style magic links are refused. Device nodes, pipes and sockets are never
opened. Errors are Python's own (``FileNotFoundError`` ...), as from ``os``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from vzvirt.system import openat
from vzvirt.system.files import write_all
from vzvirt.system.libc import libc

_MOST: Final = 64 << 20
"""Bytes that ``read_bytes`` takes at most: nothing we read whole is larger."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY


_KERNELS: Final = frozenset(
    {0x9FA0, 0x62656572, 0x64626720, 0x74726163, 0x73636673, 0x27E0EB, 0x63677270}
)
"""proc, sysfs, debugfs, tracefs, securityfs and both kinds of control groups, from magic.h."""


def is_kernels(file: int) -> bool:
    """Whether an open file is a way to talk to the kernel.

    A running guest has those in its view, and links to them where it likes. To the host's root
    they open what they keep from the guest: all memory (``kcore``), the registers of devices.
    """
    import ctypes  # not for every command

    facts = ctypes.create_string_buffer(256)
    failed, number = libc("fstatfs", file, ctypes.addressof(facts))
    if failed:
        raise OSError(number, os.strerror(number))
    # struct statfs begins with the type.
    (kind,) = struct.unpack_from("@l", facts)
    return kind in _KERNELS


class GuestRoot:
    """A guest's root folder, open; use it in a ``with`` statement.

    All paths are the guest's own: ``/etc/passwd`` or ``etc/passwd`` are the same.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> GuestRoot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the folder back; further use is an error."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    # -- opening ------------------------------------------------------------------------

    def open(self, path: str, flags: int, mode: int = 0o644) -> int:
        """Open anything, by the kernel's flags; the caller owns the descriptor.

        A device or pipe is opened too, if ``flags`` lack ``O_PATH``: see ``open_file``.
        """
        wanted = mode if flags & os.O_CREAT else 0
        return openat.openat2(
            self._folder, path or "/", flags, wanted, openat.IN_ROOT | openat.NO_MAGICLINKS
        )

    def open_file(self, path: str, flags: int = os.O_RDONLY) -> int:
        """Open an existing regular file, and nothing else.

        Raises:
            OSError: ``EINVAL`` for a folder, device, pipe or socket.
        """
        found = self.open(path, os.O_PATH)
        try:
            if not stat.S_ISREG(os.fstat(found).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            # The very file that was looked at: through our own descriptor, not its name.
            return os.open(f"/proc/self/fd/{found}", flags | os.O_CLOEXEC)
        finally:
            os.close(found)

    def open_folder(self, path: str) -> int:
        """Open a folder for reading its entries and for the ``dir_fd`` of other calls."""
        return self.open(path, _FOLDER)

    @contextlib.contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """The open folder a path's last part is in, and that part, whose link is not followed.

        Raises:
            OSError: ``EINVAL`` for a path without a name at its end, such as ``/`` or ``..``.
        """
        name = posixpath.basename(path.rstrip("/"))
        if name in {"", ".", ".."}:
            raise OSError(errno.EINVAL, "not the path of something in a folder", path)
        folder = self.open(posixpath.dirname(path.rstrip("/")) or "/", _FOLDER)
        try:
            yield folder, name
        finally:
            os.close(folder)

    # -- looking ------------------------------------------------------------------------

    def stat(self, path: str) -> os.stat_result:
        """What a path leads to, links followed inside the root."""
        found = self.open(path, os.O_PATH)
        try:
            return os.fstat(found)
        finally:
            os.close(found)

    def lstat(self, path: str) -> os.stat_result:
        """What stands at a path, a link itself included."""
        if posixpath.normpath("/" + path.lstrip("/")) == "/":
            return os.fstat(self._folder)
        with self.parent(path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def exists(self, path: str) -> bool:
        """Whether a path leads to something inside the root."""
        try:
            self.stat(path)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return False
            raise
        return True

    def is_folder(self, path: str) -> bool:
        """Whether a path leads to a folder."""
        return self.exists(path) and stat.S_ISDIR(self.stat(path).st_mode)

    def readlink(self, path: str) -> str:
        """Where a link points, as the guest wrote it."""
        with self.parent(path) as (folder, name):
            return os.readlink(name, dir_fd=folder)

    def listdir(self, path: str) -> list[str]:
        """Names in a folder, sorted."""
        folder = self.open_folder(path)
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208  # of a descriptor
        finally:
            os.close(folder)

    def read_bytes(self, path: str) -> bytes | None:
        """A regular file's content; ``None`` where there is none.

        Raises:
            OSError: ``EFBIG`` above 64 MiB; ``EINVAL`` for what is no regular file.
        """
        try:
            found = self.open_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(found, "rb") as file:
            data = file.read(_MOST + 1)
        if len(data) > _MOST:
            raise OSError(errno.EFBIG, "the file is too large to be read whole", path)
        return data

    # -- changing -----------------------------------------------------------------------

    def mkdir(self, path: str, mode: int = 0o755, *, parents: bool = False) -> None:
        """Make a folder; with ``parents`` also those above it, and it may be there already."""
        if parents:
            above = posixpath.dirname(path.rstrip("/"))
            if above.strip("/") and not self.is_folder(above):
                self.mkdir(above, mode, parents=True)
        try:
            with self.parent(path) as (folder, name):
                os.mkdir(name, mode, dir_fd=folder)
        except FileExistsError:
            if not (parents and self.is_folder(path)):
                raise

    def write_atomic(
        self,
        path: str,
        data: bytes,
        mode: int = 0o644,
        owner: tuple[int, int] | None = None,
    ) -> None:
        """Replace a file as a whole, durably; a link at its place is replaced, not followed.

        Args:
            path: The file; its folder must exist.
            data: Its whole new content.
            mode: Its permissions.
            owner: User and group id on disk; ``None``: ours.
        """
        with self.parent(path) as (folder, name):
            new = f".{name[:200]}.{os.urandom(4).hex()}"
            draft = os.open(
                new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder
            )
            try:
                if owner is not None:
                    os.fchown(draft, *owner)
                os.fchmod(draft, mode)
                write_all(draft, data)
                os.fsync(draft)
                os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(new, dir_fd=folder)
                raise
            finally:
                os.close(draft)
            os.fsync(folder)

    def symlink(self, target: str, path: str) -> None:
        """Make a link."""
        with self.parent(path) as (folder, name):
            os.symlink(target, name, dir_fd=folder)

    def unlink(self, path: str, *, missing_ok: bool = False) -> None:
        """Remove a file or a link."""
        try:
            with self.parent(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def chown(self, path: str, uid: int, gid: int) -> None:
        """Change the owner of what stands at a path; a link's own owner, not its target's."""
        with self.parent(path) as (folder, name):
            os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)

    def chmod(self, path: str, mode: int) -> None:
        """Change the permissions of the file or folder that a path leads to."""
        found = self.open(path, os.O_PATH)
        try:
            Path(f"/proc/self/fd/{found}").chmod(mode)
        finally:
            os.close(found)
