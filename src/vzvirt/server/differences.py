"""What must have happened between two entries of a container.

State: which notes were told lately. A change of both definitions is made in two steps, and may be
seen in two; it is told once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from vzvirt import errors
from vzvirt.codec.xml import metadata
from vzvirt.manager.events import Described, View, described, difference
from vzvirt.manager.looks import Looks
from vzvirt.model.domain import Domain
from vzvirt.model.event import DomainEvent, MetadataChanged, MetadataKind, Subject
from vzvirt.model.state import Observation
from vzvirt.model.values import Ctid
from vzvirt.ports.store import Imprint
from vzvirt.server.entry import Entry

_SAME: Final = Described(
    title="", description="", metadata={}, devices={}, rest=Domain(name="same")
)
"""Stands for a definition before and after, if nothing in it has changed."""

_UNKNOWN: Final = replace(_SAME, rest=Domain(name="unknown", clock="unknown"))
"""Stands for a definition that was not known before it changed."""

_SOON: Final = 0.5
"""Seconds between the two steps of one change."""

_Pair = tuple[Described | None, Described | None]
"""A definition before and after."""

_Note = tuple[MetadataKind, str | None]


class Differences:
    """Finds events.

    Args:
        looks: Recalls what definitions were.
    """

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._told: dict[Ctid, tuple[float, _Note]] = {}

    def events(self, before: Entry | None, after: Entry) -> list[DomainEvent]:
        """What must have happened; ``before`` is ``None`` if there was no such container."""
        if before is None:
            return difference(None, _view(after, _SAME if after.persistent else None, None))
        stored, live = self._stored(before, after), self._live(before, after)
        events = difference(_view(before, stored[0], live[0]), _view(after, stored[1], live[1]))
        return [event for event in events if not self._is_told(event, after)]

    def vanished(self, before: Entry, ended: Observation) -> list[DomainEvent]:
        """What must have happened to a container that is gone.

        Args:
            before: What was known of it.
            ended: What is remembered of its end.
        """
        self._told.pop(before.ctid, None)
        view = _view(before, _SAME if before.persistent else None, None)
        if not before.told.is_active or ended.is_active or ended.run != before.told.run:
            return difference(view, None)
        last = replace(view, observation=ended)
        return [*difference(view, last), *difference(last, None)]

    # -- definitions --------------------------------------------------------------------

    def _stored(self, before: Entry, after: Entry) -> _Pair:
        """The stored definition, as far as it differs."""
        if not (before.persistent and after.persistent):
            return _SAME if before.persistent else None, _SAME if after.persistent else None
        old, new = before.imprint, after.imprint
        if before.index.revision == after.index.revision or old == new:
            return _SAME, _SAME
        if old is None or new is None:
            return _UNKNOWN, _SAME
        return self._described(before, old), self._described(after, new)

    def _live(self, before: Entry, after: Entry) -> _Pair:
        """What it runs by, if that differs."""
        old, new = before.live_imprint, after.live_imprint
        if old is None or new is None or old == new:
            return None, None
        return self._described(before, old, live=True), self._described(after, new, live=True)

    def _described(self, entry: Entry, imprint: Imprint, *, live: bool = False) -> Described:
        try:
            domain = self._looks.recall(entry.ctid, imprint, live=live)
        except errors.ConfigSyntax:
            return _UNKNOWN
        return described(domain, metadata.namespace)

    def _is_told(self, event: DomainEvent, entry: Entry) -> bool:
        """Whether a note was changed in one definition and told, and now in the other one."""
        stored, live = entry.imprint, entry.live_imprint
        if not isinstance(event, MetadataChanged) or stored is None or live is None:
            return False
        now, note = time.monotonic(), (event.kind, event.namespace)
        when, before = self._told.get(entry.ctid, (0.0, None))
        self._told[entry.ctid] = (now, note)
        if before != note or now - when > _SOON:
            return False
        one, other = self._described(entry, stored), self._described(entry, live, live=True)
        return one.note(*note) == other.note(*note)


def subject(entry: Entry) -> Subject:
    """The container, for an event."""
    return _view(entry, None, None).subject()


def _view(entry: Entry, stored: Described | None, live: Described | None) -> View:
    return View(
        ctid=entry.ctid,
        name=entry.name,
        uuid=entry.index.uuid,
        stored=stored,
        live=live,
        observation=entry.told,
    )
