"""What has to be looked up in a guest's root: its init, its users, where its links lead.

No state. Everything goes through ``GuestRoot``, since the guest may have filled its root with
traps.
"""

from __future__ import annotations

import enum
import os
import posixpath
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

from vzvirt import errors
from vzvirt.model.values import IdMap
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.safepath import GuestRoot


@dataclass(frozen=True, slots=True)
class Asking:
    """How an init is asked for something: by a signal, or by a program run inside."""

    signal: int | None = None
    argv: tuple[str, ...] = ()


class InitKind(enum.Enum):
    """Inits: (name, files it is known by, how to ask for a shutdown, and for a reboot)."""

    SYSTEMD = ("systemd", {"systemd"}, Asking(signal.SIGRTMIN + 3), Asking(signal.SIGRTMIN + 5))
    BUSYBOX = (
        "busybox",
        {"busybox", "busybox.init"},
        Asking(signal.SIGUSR2),
        Asking(signal.SIGTERM),
    )
    OPENRC = (
        "openrc",
        {"openrc-init"},
        Asking(argv=("/sbin/openrc-shutdown", "--poweroff", "now")),
        Asking(argv=("/sbin/openrc-shutdown", "--reboot", "now")),
    )
    RUNIT = (
        "runit",
        {"runit-init"},
        Asking(argv=("/sbin/init", "0")),
        Asking(argv=("/sbin/init", "6")),
    )
    SYSVINIT = (
        "sysvinit",
        set[str](),  # just "init"; its companions give it away
        Asking(argv=("/sbin/telinit", "0")),
        Asking(argv=("/sbin/telinit", "6")),
    )
    OTHER = ("other", set[str](), Asking(signal.SIGTERM), Asking(signal.SIGINT))

    @property
    def label(self) -> str:
        """Its name."""
        return self.value[0]

    @property
    def files(self) -> set[str]:
        """Names of the program behind ``/sbin/init``."""
        return self.value[1]

    @property
    def shutdown(self) -> Asking:
        """How to ask for a shutdown."""
        return self.value[2]

    @property
    def reboot(self) -> Asking:
        """How to ask for a reboot."""
        return self.value[3]

    @classmethod
    def of(cls, label: str) -> InitKind:
        """The kind of a name."""
        return next((kind for kind in cls if kind.label == label), cls.OTHER)


def init_kind(guest: GuestRoot, init: str) -> InitKind:
    """Which init a guest has.

    Raises:
        OperationFailed: There is no such program in the root.
    """
    try:
        path, found = inside(guest, init), guest.stat(init)
    except OSError as error:
        raise errors.OperationFailed(
            f"the container has no init '{init}': {error.strerror}",
            hint="name another one in <os><init>, or provision its root",
        ) from error
    name = posixpath.basename(path)
    known = next((kind for kind in InitKind if name in kind.files), None)
    if known is not None:
        return known
    if _is_same(guest, "/bin/busybox", found):
        return InitKind.BUSYBOX
    if guest.exists("/etc/inittab") and guest.exists("/sbin/telinit"):
        return InitKind.SYSVINIT
    return InitKind.OTHER


def _is_same(guest: GuestRoot, path: str, found: os.stat_result) -> bool:
    return guest.exists(path) and os.path.samestat(guest.stat(path), found)


def inside(guest: GuestRoot, path: str) -> str:
    """Where a path leads inside the root, without any link in it.

    Raises:
        OSError: It leads nowhere.
    """
    top, found = (guest.open(item, os.O_PATH) for item in ("/", path))
    try:
        names = [os.fsencode(Path(f"/proc/self/fd/{item}").readlink()) for item in (top, found)]
    finally:
        os.close(top)
        os.close(found)
    return "/" + os.fsdecode(names[1][len(names[0]) :]).lstrip("/")


def make_target(guest: GuestRoot, target: str, owners: IdMap, *, folder: bool) -> str:
    """Make the place that something is to be mounted on, and say where it really is.

    Args:
        guest: The root.
        target: Where the definition wants it.
        owners: Map by which owners on disk are shifted, or an empty one.
        folder: Whether it is a folder or a file.

    Raises:
        SystemFailure: It cannot be made.
    """
    with mapping_os_errors(f"make '{target}' in the container's root"):
        missing = []
        path = target.rstrip("/") or "/"
        while not guest.exists(path):
            missing.append(path)
            path = posixpath.dirname(path)
        for path in reversed(missing):
            if folder or path != missing[0]:
                guest.mkdir(path)
            else:
                os.close(guest.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
            guest.chown(path, *owners.outside(0, 0))
        return inside(guest, target)


def is_folder(path: str) -> bool:
    """Whether a path of the host's is a folder.

    Raises:
        InvalidArgument: There is nothing.
    """
    try:
        return stat.S_ISDIR(Path(path).stat().st_mode)
    except OSError as error:
        raise errors.InvalidArgument(
            f"filesystem source '{path}' cannot be mounted: {error.strerror}"
        ) from error


@dataclass(frozen=True, slots=True)
class User:
    """A line of the guest's ``/etc/passwd``."""

    uid: int
    gid: int
    home: str = "/"
    shell: str = "/bin/sh"


def _rows(guest: GuestRoot, path: str) -> list[list[str]]:
    text = (guest.read_bytes(path) or b"").decode(errors="surrogateescape")
    return [line.split(":") for line in text.splitlines()]


def find_user(guest: GuestRoot, name: str) -> User:
    """A user by name or number; a number needs no line in the guest's file.

    Raises:
        InvalidArgument: There is no such name.
    """
    for row in _rows(guest, "/etc/passwd"):
        if len(row) >= 7 and name in {row[0], row[2]} and (row[2] + row[3]).isdecimal():
            return User(int(row[2]), int(row[3]), row[5] or "/", row[6] or "/bin/sh")
    if name == "root":
        return User(0, 0)
    if name.isdecimal():
        return User(int(name), int(name))
    raise errors.InvalidArgument(f"there is no user '{name}' in the container")


def find_group(guest: GuestRoot, name: str) -> int:
    """A group's number by name or number.

    Raises:
        InvalidArgument: There is no such name.
    """
    if name.isdecimal():
        return int(name)
    for row in _rows(guest, "/etc/group"):
        if len(row) >= 3 and row[0] == name and row[2].isdecimal():
            return int(row[2])
    if name == "root":
        return 0
    raise errors.InvalidArgument(f"there is no group '{name}' in the container")
