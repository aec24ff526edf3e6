"""ports.watch.Watch over the definitions, stored and live, and over vz.conf."""

from __future__ import annotations

from vzvirt import errors
from vzvirt.backends.vzfiles.names import ctid_of_config
from vzvirt.model.values import Ctid
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root
from vzvirt.system.watch import Folders, Notice


class DefinitionWatch:
    """Hears of definitions that are made, changed or removed.

    Links in ``etc/vz/names`` are no news: what a container is called its config says.
    """

    def __init__(self, root: Root) -> None:
        self._settings = root.path("etc/vz")
        self._stored = root.path("etc/vz/conf")
        self._live = root.path("run/vzvirt/live")
        self._folders = Folders()
        for folder in (self._settings, self._stored, self._live):
            self._folders.add(folder)

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._folders.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._folders.close()

    def changes(self) -> Changes:
        """The news since the last call."""
        notices = self._folders.read()
        definitions = [item for item in notices.items if item.folder != self._settings]
        ctids = map(self._ctid, definitions)
        settings = {item.name for item in notices.items if item.folder == self._settings}
        return Changes(
            containers=frozenset(ctid for ctid in ctids if ctid is not None),
            everything=notices.lost or any(not item.name for item in definitions),
            defaults=notices.lost or not settings.isdisjoint({"", "vz.conf"}),
        )

    def _ctid(self, notice: Notice) -> Ctid | None:
        """The container whose definition a file is a part of."""
        stem, _, suffix = notice.name.partition(".")
        if notice.folder == self._stored:
            parts = {"conf", "vzvirt.xml", "vzvirt.next"}
            return ctid_of_config(f"{stem}.conf") if suffix in parts else None
        try:
            return Ctid(stem) if suffix == "xml" else None
        except errors.InvalidArgument:
            return None
