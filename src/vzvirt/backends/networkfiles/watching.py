"""ports.watch.Watch over the files of virtual networks."""

from __future__ import annotations

from vzvirt.backends.networkfiles.store import LIVE, PERSISTENT
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root
from vzvirt.system.watch import Folders


class NetworkWatch:
    """Hears of networks that are defined, changed, started, stopped or removed."""

    def __init__(self, root: Root) -> None:
        self._folders = Folders()
        for folder in (PERSISTENT, LIVE):
            self._folders.add(root.path(folder))

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._folders.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._folders.close()

    def changes(self) -> Changes:
        """The news since the last call."""
        notices = self._folders.read()
        return Changes(networks=notices.lost or bool(notices.items))
