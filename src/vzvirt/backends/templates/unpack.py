"""Writing the entries of a checked archive into a folder.

State on disk: the folder. The rules of ``archive`` already keep entries inside; the kernel
keeps them there once more: every folder is opened from the top one with openat2, which refuses
links and mount points on the way, and files are made anew, never opened where they exist.

Kept: owners (by number), permissions, times, hard links, holes, ``user.*`` attributes, file
capabilities, and access control lists where the file system has them. Device nodes: only those
that every container has (``null``, ``zero``, ``tty`` ...) are made; any other, by whichever of
its names, would be a way to the host's hardware for whoever finds the folder, and the container
gets its own ``/dev`` anyway.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from vzvirt import errors
from vzvirt.backends.templates.archive import ArchiveReader, Entry, Kind, show
from vzvirt.model.values import IdMap
from vzvirt.system import openat
from vzvirt.system.files import mapping_os_errors, write_all

HARMLESS_DEVICES: Final = frozenset(
    {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2)}
)
"""null, zero, full, random, urandom, tty, console, ptmx: the only nodes that are made."""

_CAPABILITY: Final = "security.capability"
_CAPABILITY_2: Final = 0x02000000
_CAPABILITY_3: Final = 0x03000000
_REVISION: Final = 0xFF000000

_ACL: Final = "system.posix_acl_access"
_DEFAULT_ACL: Final = "system.posix_acl_default"
_ACL_HEAD: Final = struct.Struct("<I")
_ACL_LINE: Final = struct.Struct("<HHI")
_ACL_USER: Final = 0x02
_ACL_GROUP: Final = 0x08
_NO_ACL: Final = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.EACCES})
"""What the kernel says of a list it has no place for, or that makes no sense, or not there."""

_DEVICES: Final = frozenset({Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE})

_WALK: Final = openat.BENEATH | openat.NO_SYMLINKS | openat.NO_XDEV | openat.NO_MAGICLINKS
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Unpacker:
    """Fills one empty folder; use it in a ``with`` statement."""

    def __init__(self, folder: Path, owners: IdMap) -> None:
        self._folder = folder
        self._owners = owners
        self._top = os.open(folder, _FOLDER)
        self._parent, self._parent_path = self._top, b""
        self._times: list[tuple[bytes, int]] = []
        self._defaults: list[tuple[bytes, bytes]] = []
        self._left_out: set[bytes] = set()

    def __enter__(self) -> Unpacker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget_parent()
        os.close(self._top)

    def unpack(self, archive: ArchiveReader) -> None:
        """Write all entries.

        Raises:
            NoSpace: The disk or the quota is full.
            OperationFailed: The archive is broken, or an owner is outside the id map.
            SystemFailure: The kernel refuses.
        """
        for entry in archive.entries():
            with mapping_os_errors(f"unpack '{show(entry.path)}'"):
                self._write(entry, archive)
        with mapping_os_errors("set the access control lists of folders"):
            # Set before, they would be handed down to what the archive has without any.
            for path, acl in self._defaults:
                with self._opened(path) as folder:
                    _set_acl(folder, _DEFAULT_ACL, acl)
        with mapping_os_errors("set the times of folders"):
            for path, when in reversed(self._times):
                with self._opened(path) as folder:
                    os.utime(folder, ns=(when, when))

    # -- folders ------------------------------------------------------------------------

    @contextlib.contextmanager
    def _opened(self, path: bytes) -> Iterator[int]:
        folder = self._open(path)
        try:
            yield folder
        finally:
            os.close(folder)

    def _open(self, path: bytes) -> int:
        if not path:
            return os.open(".", _FOLDER, dir_fd=self._top)
        return openat.openat2(self._top, os.fsdecode(path), _FOLDER, 0, _WALK)

    def _parent_of(self, path: bytes) -> tuple[int, bytes]:
        """The open folder an entry belongs in (kept open for its neighbours), and its name."""
        above, _, name = path.rpartition(b"/")
        if above != self._parent_path:
            self._make_missing(above)
            fresh = self._open(above)
            self._forget_parent()
            self._parent, self._parent_path = fresh, above
        return self._parent, name

    def _forget_parent(self) -> None:
        if self._parent != self._top:
            os.close(self._parent)
        self._parent, self._parent_path = self._top, b""

    def _make_missing(self, path: bytes) -> None:
        """Make folders that have no entry of their own."""
        try:
            os.close(self._open(path))
        except FileNotFoundError:
            above, _, name = path.rpartition(b"/")
            self._make_missing(above)
            with self._opened(above) as folder:
                os.mkdir(name, 0o755, dir_fd=folder)
                root = self._owners.outside(0, 0)
                os.chown(name, *root, dir_fd=folder, follow_symlinks=False)

    # -- entries ------------------------------------------------------------------------

    def _write(self, entry: Entry, archive: ArchiveReader) -> None:
        if entry.kind is Kind.FOLDER:
            self._write_folder(entry)
            return
        parent, name = self._parent_of(entry.path)
        if entry.again:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=parent)
        self._left_out.discard(entry.path)
        if entry.kind is Kind.FILE:
            self._write_file(entry, archive, parent, name)
        elif self._is_left_out(entry):
            self._left_out.add(entry.path)
        elif entry.kind is Kind.HARD_LINK:
            self._link(entry, parent, name)
        elif entry.kind is Kind.SYMLINK:
            os.symlink(entry.link, name, dir_fd=parent)
            self._own_name(entry, parent, name)
        else:
            self._make_node(entry, parent, name)
            self._own_name(entry, parent, name)
            os.chmod(name, entry.member.mode & 0o7777, dir_fd=parent)

    def _write_folder(self, entry: Entry) -> None:
        if entry.path:
            parent, name = self._parent_of(entry.path)
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=parent)
            folder = os.open(name, _FOLDER, dir_fd=parent)
        else:
            folder = self._open(b"")
        try:
            self._own(entry, folder)
        finally:
            os.close(folder)
        self._times.append((entry.path, entry.modified_at))

    def _write_file(self, entry: Entry, archive: ArchiveReader, parent: int, name: bytes) -> None:
        file = os.open(name, _NEW, 0o600, dir_fd=parent)
        try:
            at = 0
            for start, part in archive.data(entry):
                if start != at:
                    os.lseek(file, start, os.SEEK_SET)
                write_all(file, part)
                at = start + len(part)
            if at != entry.member.size:
                os.ftruncate(file, entry.member.size)
            self._own(entry, file)
            when = entry.modified_at
            os.utime(file, ns=(when, when))
        finally:
            os.close(file)

    def _link(self, entry: Entry, parent: int, name: bytes) -> None:
        above, _, target = entry.link.rpartition(b"/")
        with self._opened(above) as folder:
            os.link(target, name, src_dir_fd=folder, dst_dir_fd=parent, follow_symlinks=False)

    def _is_left_out(self, entry: Entry) -> bool:
        """Whether it is a device of the host's, or another name of one."""
        if entry.kind is Kind.HARD_LINK:
            return entry.link in self._left_out
        number = entry.member.devmajor, entry.member.devminor
        is_harmless = entry.kind is Kind.CHARACTER_DEVICE and number in HARMLESS_DEVICES
        return entry.kind in _DEVICES and not is_harmless

    def _make_node(self, entry: Entry, parent: int, name: bytes) -> None:
        """Make a pipe or a harmless device."""
        if entry.kind is Kind.FIFO:
            os.mkfifo(name, 0o600, dir_fd=parent)
        else:
            device = os.makedev(entry.member.devmajor, entry.member.devminor)
            os.mknod(name, 0o600 | stat.S_IFCHR, device, dir_fd=parent)

    # -- what belongs to an entry -------------------------------------------------------

    def _owner(self, entry: Entry) -> tuple[int, int]:
        member = entry.member
        try:
            return self._owners.outside(member.uid, member.gid)
        except errors.InvalidArgument as error:
            raise errors.OperationFailed(
                f"'{show(entry.path)}' belongs to {member.uid}:{member.gid}: {error.message}",
                hint=error.hint,
            ) from error

    def _own(self, entry: Entry, descriptor: int) -> None:
        """Owner first: changing it takes set-user-id bits and capabilities away."""
        os.fchown(descriptor, *self._owner(entry))
        os.fchmod(descriptor, entry.member.mode & 0o7777)
        for key, value in entry.xattrs.items():
            if key == _CAPABILITY:
                os.setxattr(descriptor, key, shifted_capability(value, self._owners))
            elif key.startswith("user."):
                os.setxattr(descriptor, key, value)
            elif key == _ACL:
                _set_acl(descriptor, key, shifted_acl(value, self._owners))
            elif key == _DEFAULT_ACL and entry.kind is Kind.FOLDER:
                self._defaults.append((entry.path, shifted_acl(value, self._owners)))

    def _own_name(self, entry: Entry, parent: int, name: bytes) -> None:
        when = entry.modified_at
        os.chown(name, *self._owner(entry), dir_fd=parent, follow_symlinks=False)
        os.utime(name, ns=(when, when), dir_fd=parent, follow_symlinks=False)


def _set_acl(descriptor: int, key: str, acl: bytes) -> None:
    """Set an access control list; one that the file system cannot keep is left out."""
    try:
        os.setxattr(descriptor, key, acl)
    except OSError as error:
        if error.errno not in _NO_ACL:
            raise


def shifted_capability(value: bytes, owners: IdMap) -> bytes:
    """A file capability that holds in the container's user namespace.

    Where owners on disk are shifted, it must name the namespace's root (revision 3), or the
    kernel would take it for one of the host's and ignore it inside.
    """
    if not owners or len(value) not in {20, 24}:
        return value
    (magic,) = struct.unpack_from("<I", value)
    if magic & _REVISION not in {_CAPABILITY_2, _CAPABILITY_3}:
        return value
    revised = magic & ~_REVISION | _CAPABILITY_3
    return struct.pack("<I", revised) + value[4:20] + struct.pack("<I", owners.outside(0, 0)[0])


def shifted_acl(value: bytes, owners: IdMap) -> bytes:
    """An access control list whose users and groups are shifted.

    Lines of those outside the map are left out: nobody inside can be one of them.
    """
    if not owners or (len(value) - _ACL_HEAD.size) % _ACL_LINE.size:
        return value
    lines = [value[: _ACL_HEAD.size]]
    for tag, permissions, number in _ACL_LINE.iter_unpack(value[_ACL_HEAD.size :]):
        with contextlib.suppress(errors.InvalidArgument):
            if tag == _ACL_USER:
                number = owners.outside(number, 0)[0]
            elif tag == _ACL_GROUP:
                number = owners.outside(0, number)[1]
            lines.append(_ACL_LINE.pack(tag, permissions, number))
    return b"".join(lines)
