"""Hearing of changes from the kernel: files in folders, ends of processes, devices.

Each class has a descriptor that becomes readable when there is something to read, and a ``read``
that never waits. None of them promises to tell everything: where the kernel's queue was full
they say so, and whoever listens has to look at everything anew.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from vzvirt import errors
from vzvirt.system import process
from vzvirt.system.files import os_error
from vzvirt.system.libc import libc

_CLOSE_WRITE: Final = 0x8
_MOVED_FROM: Final = 0x40
_MOVED_TO: Final = 0x80
_CREATE: Final = 0x100
_DELETE: Final = 0x200
_DELETE_SELF: Final = 0x400
_MOVE_SELF: Final = 0x800
_OVERFLOW: Final = 0x4000
_IGNORED: Final = 0x8000
_ONLY_FOLDERS: Final = 0x1000000
_IS_FOLDER: Final = 0x40000000

_WANTED: Final = (
    _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
)
_NOTICE: Final = struct.Struct("=iIII")
"""struct inotify_event: watch, mask, cookie, length of the name that follows."""

_AT_ONCE: Final = 65536
"""Bytes read from the kernel in one go."""

_NETLINK_KOBJECT_UEVENT: Final = 15
_FROM_KERNEL: Final = 1
"""The group in which the kernel speaks; udev speaks in another."""

_UEVENT_BUFFER: Final = 1024 * 1024
"""Bytes that the kernel keeps for us."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in a watched folder has changed.

    Attributes:
        folder: The folder, as it was given to ``Folders.add``.
        name: What in it; empty: the folder itself has come or gone, so look at all of it.
        gone: Whether it is not there any more.
        is_folder: Whether it is a folder.
    """

    folder: Path
    name: str
    gone: bool = False
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Notices:
    """What was read.

    Attributes:
        lost: Whether there was more than the kernel could keep.
    """

    items: list[Notice]
    lost: bool = False


@dataclass(slots=True)
class _Target:
    """A folder that is to be watched.

    Attributes:
        place: What the kernel watches for it: itself, or the nearest folder above that is there.
        watch: The kernel's number for that.
    """

    folder: Path
    place: Path
    watch: int

    @property
    def is_there(self) -> bool:
        return self.place == self.folder


class Folders:
    """Folders whose entries are watched, whether or not they exist yet.

    A file counts as changed once its writer has closed it or has renamed it into place, not while
    it is being written.
    """

    def __init__(self) -> None:
        """Watch nothing yet.

        Raises:
            SystemFailure: This user has as many watchers as the kernel allows.
        """
        self._handle, number = libc("inotify_init1", os.O_CLOEXEC | os.O_NONBLOCK)
        if self._handle < 0:
            raise _refused(number, "watch files", "fs.inotify.max_user_instances")
        self._targets: dict[Path, _Target] = {}
        self._by_watch: dict[int, list[_Target]] = {}

    def fileno(self) -> int:
        """Readable when there is something to read."""
        return self._handle

    def close(self) -> None:
        """Watch nothing any more."""
        os.close(self._handle)

    def add(self, folder: Path) -> None:
        """Watch a folder; one that is not there yet, from its first moment on.

        Raises:
            SystemFailure: There are more watches than the kernel allows.
        """
        if folder not in self._targets:
            self._targets[folder] = target = _Target(folder, folder, -1)
            self._arm(target)

    def remove(self, folder: Path) -> None:
        """Watch it no more. Idempotent."""
        target = self._targets.pop(folder, None)
        if target is not None:
            self._disarm(target)

    def read(self) -> Notices:
        """What has changed since the last call."""
        found: dict[Notice, None] = {}
        lost = False
        while data := self._data():
            for watch, mask, name in _split(data):
                lost = lost or bool(mask & _OVERFLOW)
                for target in list(self._by_watch.get(watch, ())):
                    notice = self._notice(target, mask, name)
                    if notice is not None:
                        found[notice] = None
        return Notices(list(found), lost)

    def _data(self) -> bytes:
        try:
            return os.read(self._handle, _AT_ONCE)
        except BlockingIOError:
            return b""

    def _notice(self, target: _Target, mask: int, name: str) -> Notice | None:
        if mask & (_DELETE_SELF | _MOVE_SELF | _IGNORED):
            was_there = target.is_there
            gone = not self._arm(target)
            return Notice(target.folder, "", gone) if was_there else None
        if not target.is_there:
            # Watched for its sake is a folder above it: is this the way to it?
            on_way = mask & (_CREATE | _MOVED_TO) and target.folder.is_relative_to(
                target.place / name
            )
            return Notice(target.folder, "") if on_way and self._arm(target) else None
        is_folder = bool(mask & _IS_FOLDER)
        if mask & _CREATE and not is_folder and not _is_whole(target.folder / name):
            return None
        return Notice(target.folder, name, bool(mask & (_DELETE | _MOVED_FROM)), is_folder)

    # -- the kernel's watches -----------------------------------------------------------

    def _arm(self, target: _Target) -> bool:
        """Watch a folder, or the nearest one above it; gives back whether it is there itself."""
        while True:
            self._disarm(target)
            target.place, target.watch = self._nearest(target.folder)
            self._by_watch.setdefault(target.watch, []).append(target)
            if target.is_there:
                return True
            following = target.folder.relative_to(target.place).parts[0]
            if not (target.place / following).is_dir():
                return False  # else it was made between our two looks

    def _nearest(self, folder: Path) -> tuple[Path, int]:
        for place in (folder, *folder.parents):
            wanted = _WANTED | _ONLY_FOLDERS
            watch, number = libc("inotify_add_watch", self._handle, os.fsencode(place), wanted)
            if watch >= 0:
                return place, watch
            if number not in {errno.ENOENT, errno.ENOTDIR}:
                raise _refused(number, f"watch '{place}'", "fs.inotify.max_user_watches")
        raise AssertionError  # there always is a top

    def _disarm(self, target: _Target) -> None:
        targets = self._by_watch.get(target.watch, [])
        if target in targets:
            targets.remove(target)
            if not targets:
                del self._by_watch[target.watch]
                libc("inotify_rm_watch", self._handle, target.watch)  # gone by itself, perhaps


def _split(data: bytes) -> Iterator[tuple[int, int, str]]:
    """The kernel's notices: watch, mask, name."""
    at = 0
    while at < len(data):
        watch, mask, _cookie, length = _NOTICE.unpack_from(data, at)
        at += _NOTICE.size
        yield watch, mask, os.fsdecode(data[at : at + length].rstrip(b"\0"))
        at += length


def _is_whole(path: Path) -> bool:
    """Whether a file that was made just now is complete: nobody writes into a link."""
    try:
        made = path.lstat()
    except OSError:
        return False
    return stat.S_ISLNK(made.st_mode) or made.st_nlink > 1


def _refused(number: int, what: str, setting: str) -> errors.VzvirtError:
    if number in {errno.EMFILE, errno.ENOSPC}:
        return errors.SystemFailure(
            f"cannot {what}: the kernel allows no more", hint=f"raise it: sysctl {setting}"
        )
    return os_error(OSError(number, os.strerror(number)), what)


class Ends:
    """Processes whose end is watched; each is known by a key."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handles: dict[str, int] = {}
        self._keys: dict[int, str] = {}

    def fileno(self) -> int:
        """Readable when one has ended."""
        return self._epoll.fileno()

    def close(self) -> None:
        """Watch nothing any more."""
        for handle in self._keys:
            os.close(handle)
        self._keys.clear()
        self._handles.clear()
        self._epoll.close()

    def add(self, key: str, pid: int, started: int) -> bool:
        """Watch a process instead of the one that had this key.

        Args:
            key: What ``read`` calls it.
            pid: Its pid; it need not be our child.
            started: When it started, as ``process.started_at`` says.

        Returns:
            Whether it runs. One that does not is not watched.

        Raises:
            SystemFailure: We have as many open files or watches as we may.
        """
        self.remove(key)
        handle = process.hold(pid)
        if handle is None:
            return False
        try:
            # The descriptor holds on to the process, so this cannot look at a later one.
            runs = process.is_alive(pid, started)
            if runs:
                self._epoll.register(handle, select.EPOLLIN)
        except OSError as error:
            os.close(handle)
            raise _refused(
                error.errno or 0, f"watch process {pid}", "fs.epoll.max_user_watches"
            ) from error
        if not runs:
            os.close(handle)
            return False
        self._handles[key], self._keys[handle] = handle, key
        return True

    def remove(self, key: str) -> None:
        """Watch it no more. Idempotent."""
        handle = self._handles.pop(key, None)
        if handle is not None:
            del self._keys[handle]
            # Closing alone would not do while a child that is being made has it, too.
            self._epoll.unregister(handle)
            os.close(handle)

    def read(self) -> list[str]:
        """Keys of those that have ended; they are watched no more."""
        ended = [self._keys[handle] for handle, _events in self._epoll.poll(0)]
        for key in ended:
            self.remove(key)
        return ended


@dataclass(frozen=True, slots=True)
class Uevent:
    """What the kernel says of a device: ``add``, ``remove``, ``change``, ``move`` ..."""

    action: str
    subsystem: str
    path: str


class Uevents:
    """What the kernel says of devices; of network devices, of those in our network namespace."""

    def __init__(self) -> None:
        """Begin to listen.

        Raises:
            SystemFailure: The kernel does not let us.
        """
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self._socket = socket.socket(socket.AF_NETLINK, kind, _NETLINK_KOBJECT_UEVENT)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UEVENT_BUFFER)
            self._socket.bind((0, _FROM_KERNEL))
        except OSError as error:
            raise os_error(error, "listen to the kernel's notices of devices") from error

    def fileno(self) -> int:
        """Readable when there is something to read."""
        return self._socket.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def read(self) -> tuple[list[Uevent], bool]:
        """What was said since the last call, and whether something was lost."""
        found: list[Uevent] = []
        lost = False
        while True:
            try:
                data, sender = self._socket.recvfrom(_AT_ONCE)
            except BlockingIOError:
                return found, lost
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise os_error(error, "listen to the kernel's notices of devices") from error
                lost = True
                continue
            if sender[0] == 0:  # the kernel itself
                found += filter(None, [_uevent(data)])


def _uevent(data: bytes) -> Uevent | None:
    facts = dict(
        word.split("=", 1) for word in data.decode(errors="replace").split("\0") if "=" in word
    )
    if not {"ACTION", "SUBSYSTEM", "DEVPATH"} <= facts.keys():
        return None
    return Uevent(facts["ACTION"], facts["SUBSYSTEM"], facts["DEVPATH"])


class Several:
    """Sources that are waited for by one descriptor; what is readable is asked by its owner."""

    def __init__(self, *sources: Source) -> None:
        self._epoll = select.epoll()
        self._sources = sources
        for source in sources:
            self._epoll.register(source.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """Readable when one of them is."""
        return self._epoll.fileno()

    def close(self) -> None:
        """Close all of them."""
        self._epoll.close()
        for source in self._sources:
            source.close()


class Source(Protocol):
    """Anything with a descriptor."""

    def fileno(self) -> int:
        """Readable when there is something to read."""

    def close(self) -> None:
        """Give it back."""
