"""ports.watch.Watch over the folders that volumes are in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vzvirt.ports.watch import Changes
from vzvirt.system.watch import Folders


class PoolWatch:
    """Hears of volumes that come, change or go.

    Args:
        pools: The folder of each pool, by the pool's name.
    """

    def __init__(self, pools: Mapping[str, Path]) -> None:
        self._pools = dict(pools)
        self._folders = Folders()
        for folder in self._pools.values():
            self._folders.add(folder)

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._folders.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._folders.close()

    def changes(self) -> Changes:
        """The news since the last call; what is hidden is nobody's volume."""
        notices = self._folders.read()
        changed = {item.folder for item in notices.items if not item.name.startswith(".")}
        names = (n for n, folder in self._pools.items() if notices.lost or folder in changed)
        return Changes(pools=frozenset(names))
