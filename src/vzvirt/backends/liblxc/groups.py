"""One container's control groups: which they are, and freezing and emptying them.

No state: the kernel has it. Three groups per container, each in every hierarchy: the
container's own, its monitor's, and the one the monitor spends its last moments in. A tag
keeps installations apart.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.values import Ctid
from vzvirt.system.cgroups import Hierarchies, processes_below
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.root import Root

GONE: Final = frozenset({errno.ENOENT, errno.ENODEV})
"""How the kernel says that a group is no more; the second if it went while a file was open."""

_FREEZE_PATIENCE: Final = 10.0
"""Seconds that all processes get to come to a halt."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one container.

    Attributes:
        trees: The host's hierarchies.
        top: What all containers of an installation have in common.
    """

    trees: Hierarchies
    top: str
    ctid: Ctid

    @classmethod
    def of(cls, root: Root, ctid: Ctid, trees: Hierarchies | None = None) -> Groups:
        """The groups of a container; ``trees`` saves looking them up for each of many."""
        top = f"vzvirt-{root.tag}" if root.tag else "vzvirt"
        return cls(trees or Hierarchies.detect(), top, ctid)

    @property
    def names(self) -> tuple[str, str, str]:
        """The container's, the monitor's, the monitor's last."""
        own = f"{self.top}/{self.ctid}"
        return own, f"{own}.monitor", f"{own}.pivot"

    def folder(self, controller: str) -> Path | None:
        """Where the container's own group is in a controller's hierarchy."""
        return self.trees.path_for(controller, self.names[0])

    def remove(self) -> None:
        """Remove all three and, after the last container, what they had in common. Idempotent.

        Raises:
            OperationFailed: Processes are still in one.
        """
        for name in self.names:
            self.trees.remove(name)
        for path in self.trees.all_paths(self.top):
            # Filled by other containers, or gone: either is as it should be.
            with contextlib.suppress(OSError):
                path.rmdir()

    def release_monitor(self) -> None:
        """Move a monitor and the hook it waits for out into the hierarchies' tops.

        So the group that they spend their last moments in can go before they do.
        """
        for tree in self.trees.trees:
            for pid in processes_below(tree.top / self.names[2]):
                with contextlib.suppress(OSError):
                    (tree.top / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def kill_all(self) -> None:
        """Send SIGKILL to whatever is in the container's and the monitor's groups."""
        for name in self.names:
            for top in self.trees.all_paths(name):
                for pid in processes_below(top):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def processes(self) -> list[int]:
        """Pids of all that runs in the container's group, by the host's numbers."""
        return [pid for top in self.tops[:1] for pid in processes_below(top)]

    @property
    def tops(self) -> list[Path]:
        """The container's and its monitor's folder, in a hierarchy that all processes are in."""
        tree = self.trees.tree_of("pids") or self.trees.tree_of("freezer")
        return [tree.top / name for name in self.names[:2]] if tree else []

    # -- freezing -----------------------------------------------------------------------

    def _freezer(self) -> tuple[int, Path]:
        version = self.trees.version("freezer")
        folder = self.folder("freezer")
        if version is None or folder is None:
            raise errors.NoSupport(
                "this host cannot pause containers: no freezer control group is mounted"
            )
        return version, folder

    @property
    def is_frozen(self) -> bool:
        """Whether the container is paused (or about to be)."""
        try:
            version, folder = self._freezer()
            if version == 1:
                return (folder / "freezer.self_freezing").read_text().strip() == "1"
            return (folder / "cgroup.freeze").read_text().strip() == "1"
        except (OSError, errors.NoSupport):
            return False

    def freeze(self) -> None:
        """Stop all processes where they are, and wait until they stand.

        Raises:
            TimedOut: One does not come to a halt; all run on.
        """
        version, folder = self._freezer()
        with mapping_os_errors("pause the container"):
            if version == 1:
                (folder / "freezer.state").write_text("FROZEN")
                stands = _stands_v1(folder)
            else:
                (folder / "cgroup.freeze").write_text("1")
                stands = _stands_v2(folder)
        if not stands:
            self.thaw()
            raise errors.TimedOut("the container's processes did not come to a halt")

    def thaw(self) -> None:
        """Let all processes go on; nothing happens if they do or if there are none."""
        version, folder = self._freezer()
        name, word = ("freezer.state", "THAWED") if version == 1 else ("cgroup.freeze", "0")
        with mapping_os_errors("unpause the container"):
            try:
                (folder / name).write_text(word)
            except OSError as error:
                if error.errno not in GONE:
                    raise


def _stands_v1(folder: Path) -> bool:
    """Version 1 tells nobody when it is done, so it has to be asked again and again."""
    end = time.monotonic() + _FREEZE_PATIENCE
    while time.monotonic() < end:
        if (folder / "freezer.state").read_text().strip() == "FROZEN":
            return True
        time.sleep(0.002)
    return False


def _stands_v2(folder: Path) -> bool:
    end = time.monotonic() + _FREEZE_PATIENCE
    with (folder / "cgroup.events").open() as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        while time.monotonic() < end:
            events.seek(0)
            if "frozen 1" in events.read():
                return True
            poll.poll(1000)
    return False
