"""ports.watch.Watch over the simulation's own files."""

from __future__ import annotations

from vzvirt.backends.memory.state import ctid_of, run_folder
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root
from vzvirt.system.watch import Folders


class MemoryWatch:
    """Hears of simulated containers that begin, end or pause, and of NICs that move into them."""

    def __init__(self, root: Root) -> None:
        self._runs = run_folder(root)
        self._folders = Folders()
        self._folders.add(self._runs)
        self._folders.add(self._runs.parent)

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._folders.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._folders.close()

    def changes(self) -> Changes:
        """The news since the last call."""
        notices = self._folders.read()
        runs = [notice for notice in notices.items if notice.folder == self._runs]
        others = {notice.name for notice in notices.items if notice.folder != self._runs}
        ctids = (ctid_of(notice.name) for notice in runs)
        return Changes(
            containers=frozenset(ctid for ctid in ctids if ctid is not None),
            everything=notices.lost or any(not notice.name for notice in runs),
            devices=notices.lost or not others.isdisjoint({"", "wiring.json"}),
        )
