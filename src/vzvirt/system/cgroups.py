"""Control groups, of whichever version the kernel has mounted, and wherever.

No state, but in ``KnownHierarchies``: the mount table is asked each time. Which controller sits
in which hierarchy is the host's affair (all in one: v2; each in its own: v1; some here, some
there: hybrid), so nobody else in vzvirt may assume it. A *group* is a path relative to a
hierarchy's top, such as ``vzvirt/101``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from vzvirt import errors
from vzvirt.system.mounttable import read_mounts

V1_NAMES: Final[Mapping[str, str]] = MappingProxyType({"io": "blkio"})
"""Controllers that version 1 calls otherwise; either name will do in calls."""

_V2_NAMES: Final[Mapping[str, str]] = MappingProxyType({v1: v2 for v2, v1 in V1_NAMES.items()})

ALWAYS_IN_V2: Final = frozenset({"freezer", "devices", "cpuacct", "perf_event"})
"""Controllers of version 1 whose work version 2 does in every group without listing them."""

_V1_CONTROLLERS: Final = frozenset(
    {
        *("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"),
        *("net_cls", "net_prio", "perf_event", "hugetlb", "rdma", "misc"),
    }
)

TRUSTED: Final = 5.0
"""Seconds for which known hierarchies that seem to be what they were are not looked up anew."""

_PATIENCE: Final = 2.0
"""Seconds that a group's last processes get to vanish before removal gives up."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One tree of groups.

    Attributes:
        top: Where it is mounted.
        version: 1 or 2.
        controllers: What it controls, by that version's names.
        name: Of a named hierarchy of version 1 (``systemd``), else empty.
    """

    top: Path
    version: int
    controllers: frozenset[str]
    name: str = ""

    def holds(self, controller: str) -> bool:
        """Whether it does a controller's work."""
        if self.version == 1:
            return V1_NAMES.get(controller, controller) in self.controllers
        listed = _V2_NAMES.get(controller, controller) in self.controllers
        return listed or controller in ALWAYS_IN_V2


@dataclass(frozen=True, slots=True)
class Hierarchies:
    """All hierarchies of this host, those of version 1 first."""

    trees: tuple[Hierarchy, ...]

    @classmethod
    def detect(cls, proc: Path = Path("/proc")) -> Hierarchies:
        """Ask the kernel what is mounted; ``proc`` is where its process files are."""
        table = (proc / "self/mountinfo").read_text(errors="surrogateescape")
        found: dict[tuple[int, frozenset[str], str], Hierarchy] = {}
        for mount in read_mounts(table, " - cgroup"):
            if mount.fstype == "cgroup":
                controllers = _V1_CONTROLLERS.intersection(mount.options)
                names = [word[5:] for word in mount.options if word.startswith("name=")]
                tree = Hierarchy(mount.point, 1, controllers, names[0] if names else "")
            elif mount.fstype == "cgroup2":
                tree = Hierarchy(mount.point, 2, _available(mount.point))
            else:
                continue
            # A tree that is mounted twice (in a chroot, say) counts once, where it was first.
            found.setdefault((tree.version, tree.controllers, tree.name), tree)
        return cls(tuple(sorted(found.values(), key=lambda tree: tree.version)))

    def tree_of(self, controller: str) -> Hierarchy | None:
        """The hierarchy that a controller is in; ``io`` and ``blkio`` are the same."""
        return next((tree for tree in self.trees if tree.holds(controller)), None)

    def version(self, controller: str) -> int | None:
        """Which version's files a controller has here; ``None``: it is not to be had."""
        tree = self.tree_of(controller)
        return tree.version if tree else None

    def path_for(self, controller: str, group: str) -> Path | None:
        """A group's folder in a controller's hierarchy, whether or not it exists."""
        tree = self.tree_of(controller)
        return tree.top / _checked(group) if tree else None

    def all_paths(self, group: str) -> list[Path]:
        """A group's folder in every hierarchy, whether or not it exists."""
        return [tree.top / _checked(group) for tree in self.trees]

    @property
    def kind(self) -> str:
        """``v2``, ``v1``, ``hybrid`` or ``none``, for people."""
        versions = {tree.version for tree in self.trees}
        return {frozenset({1}): "v1", frozenset({2}): "v2"}.get(
            frozenset(versions), "hybrid" if versions else "none"
        )

    def remove(self, group: str) -> None:
        """Remove a group and those in it from all hierarchies; idempotent.

        Raises:
            OperationFailed: Processes are still in it.
        """
        for top in self.all_paths(group):
            for folder, _, _ in os.walk(top, topdown=False):
                _remove_one(Path(folder))


class KnownHierarchies:
    """The hierarchies as they are mounted, for those who ask again and again.

    State: what was found, and the open mount table, of which the kernel says whether it has
    changed since it was last asked. Each container that starts or ends changes it, and a long
    table takes long to read; so for a moment it counts whether the hierarchies' folders are what
    they were, and no other has come to stand beside them. Threads may share one.
    """

    def __init__(self) -> None:
        self._found: Hierarchies | None = None
        self._marks: list[tuple[int, int]] = []
        self._trusted_until = 0.0
        self._in_doubt = False
        self._watches = False
        self._changed = select.poll()
        self._turn = threading.Lock()  # one thread may poll at a time

    def now(self) -> Hierarchies:
        """Those there are, looked up anew only if some mount was made or removed."""
        with self._turn:
            if self._found is not None:
                if self._changed.poll(0):  # the kernel tells of a change once
                    self._in_doubt = True
                if not self._in_doubt or self._seem_the_same(self._found):
                    return self._found
            self._found = None  # looking may fail
            if not self._watches:
                table = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
                weakref.finalize(self, os.close, table)
                self._changed.register(table, select.POLLPRI)
                self._watches = True
            found = Hierarchies.detect()
            self._marks = _marks(found)
            self._trusted_until = time.monotonic() + TRUSTED
            self._in_doubt = False
            self._found = found
            return found

    def _seem_the_same(self, found: Hierarchies) -> bool:
        return time.monotonic() < self._trusted_until and _marks(found) == self._marks


def _marks(found: Hierarchies) -> list[tuple[int, int]]:
    """What changes if a hierarchy is unmounted, or if another gets a folder beside it."""
    tops = [str(tree.top) for tree in found.trees]
    marks = [(_status(top)[0], 0) for top in tops]
    return marks + [_status(folder) for folder in dict.fromkeys(map(os.path.dirname, tops))]


def _status(folder: str) -> tuple[int, int]:
    """Its device, and when an entry of it was last made or removed; zeros: it is not there."""
    try:
        found = os.stat(folder)  # noqa: PTH116  # at each look at a container
    except OSError:
        return 0, 0
    return found.st_dev, found.st_mtime_ns


def processes_below(top: Path) -> list[int]:
    """Processes in a group, given as its folder, and in those below it."""
    pids: list[int] = []
    for folder, _, files in os.walk(top):
        if "cgroup.procs" in files:
            with contextlib.suppress(OSError):
                text = Path(folder, "cgroup.procs").read_text(encoding="ascii")
                pids += [int(word) for word in text.split()]
    return pids


def _checked(group: str) -> str:
    """A group's path if it stays below the top.

    Raises:
        InternalError: It does not.
    """
    parts = PurePosixPath(group).parts
    if not parts or group.startswith("/") or ".." in parts:
        raise errors.InternalError(f"'{group}' is no control group of ours")
    return group


def _available(top: Path) -> frozenset[str]:
    try:
        return frozenset((top / "cgroup.controllers").read_text().split())
    except OSError:
        return frozenset()


def _remove_one(folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    pause = 0.005
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() >= end:
                raise _still_there(folder, error) from error
        else:
            return
        time.sleep(pause)
        pause = min(pause * 2, 0.1)


def _still_there(folder: Path, error: OSError) -> errors.OperationFailed:
    pids = ""
    with contextlib.suppress(OSError):
        pids = " ".join((folder / "cgroup.procs").read_text().split()[:8])
    why = f"processes {pids} are in it" if pids else str(error.strerror)
    return errors.OperationFailed(f"cannot remove the control group '{folder}': {why}")
