"""ports.watch.Watch over the folders that volumes are in.

Which folders these are is said in a file that may change, too: then others are watched.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from vzvirt import errors
from vzvirt.ports.watch import Changes
from vzvirt.system.watch import Folders


class PoolWatch:
    """Hears of volumes that come, change or go.

    Args:
        find: Gives the folder of each pool, by the pool's name.
        settings: The file that decides which folders these are.
    """

    def __init__(self, find: Callable[[], Mapping[str, Path]], settings: Path) -> None:
        self._find = find
        self._settings = settings
        self._pools: dict[str, Path] = {}
        self._folders = Folders()
        self._folders.add(settings.parent)
        self._follow()

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
        names = {n for n, folder in self._pools.items() if notices.lost or folder in changed}
        said = {item.name for item in notices.items if item.folder == self._settings.parent}
        if notices.lost or not said.isdisjoint({"", self._settings.name}):
            names |= self._moved()
        return Changes(pools=frozenset(names))

    def _moved(self) -> set[str]:
        """Pools that are in another folder now."""
        before = self._pools
        with contextlib.suppress(errors.VzvirtError):  # whoever asks for one is told
            self._follow()
        return {name for name, folder in self._pools.items() if before.get(name) != folder}

    def _follow(self) -> None:
        """Watch the folders that pools are in now, and no other ones."""
        pools = dict(self._find())
        for folder in pools.values():
            self._folders.add(folder)
        for folder in {*self._pools.values()} - {*pools.values(), self._settings.parent}:
            self._folders.remove(folder)
        self._pools = pools
