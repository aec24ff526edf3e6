"""ports.watch.Watch over containers that run: their run folders, records and monitors.

The hook and whoever acts on a container leave files, which is how nearly all is heard. A
container whose monitor is killed leaves nothing, so its monitor is watched as a process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc import record
from vzvirt.backends.liblxc.runfolder import Mark, RunFolder
from vzvirt.model.values import Ctid
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root
from vzvirt.system.watch import Ends, Folders, Notice, Several

_MONITOR: Final = "monitor"

_TELLING: Final = frozenset(
    {
        *(_MONITOR, "init", "starting"),
        *(Mark.SHUTDOWN, Mark.REBOOTED, Mark.ENDED, Mark.PAUSED, Mark.UNPAUSED),
    }
)
"""Files of a run folder that say something of the container's state."""


class RunWatch:
    """Hears of containers that begin, boot, pause, and end."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._runs = root.path("run/vzvirt")
        self._records = record.folder(root)
        self._folders = Folders()
        self._ends = Ends()
        self._source = Several(self._folders, self._ends)
        self._folders.add(self._records)
        self._folders.add(self._runs)
        self._followed: set[Ctid] = set()
        self._follow_all()

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._source.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._source.close()

    def changes(self) -> Changes:
        """The news since the last call."""
        changed = {Ctid(key) for key in self._ends.read()}
        notices = self._folders.read()
        everything = notices.lost
        for notice in notices.items:
            if notice.folder == self._runs and not notice.name:
                everything = True
            else:
                changed.update(self._told(notice))
        if everything:
            self._follow_all()
        return Changes(containers=frozenset(changed), everything=everything)

    def _told(self, notice: Notice) -> Iterable[Ctid]:
        """The container that a notice tells of."""
        if notice.folder == self._records:
            return _named(notice.name.removesuffix(".json"))
        if notice.folder == self._runs:
            ctids = _named(notice.name)
            for ctid in ctids:
                self._follow(ctid)
            return ctids
        ctids = _named(notice.folder.name)
        if notice.name in {"", _MONITOR}:
            for ctid in ctids:
                self._follow(ctid)
        return ctids if notice.name in _TELLING or not notice.name else ()

    # -- run folders --------------------------------------------------------------------

    def _follow_all(self) -> None:
        """Watch those run folders that are there, and no others."""
        try:
            there = {ctid for entry in self._runs.iterdir() for ctid in _named(entry.name)}
        except FileNotFoundError:
            there = set()
        for ctid in there | self._followed:
            self._follow(ctid)

    def _follow(self, ctid: Ctid) -> None:
        """Watch a container's run folder and monitor, as far as they are there."""
        run = RunFolder(self._root, ctid)
        if not run.exists:
            self._followed.discard(ctid)
            self._folders.remove(run.path)
            self._ends.remove(str(ctid))
            return
        self._followed.add(ctid)
        # Beyond what the kernel allows, a container is looked at now and then only.
        with contextlib.suppress(errors.SystemFailure):
            self._folders.add(run.path)
            monitor = run.monitor
            if monitor is not None:
                self._ends.add(str(ctid), monitor.pid, monitor.started)


def _named(name: str) -> tuple[Ctid, ...]:
    """The container that a file or folder is named for; none where it is named otherwise."""
    try:
        return (Ctid(name),)
    except errors.InvalidArgument:
        return ()
