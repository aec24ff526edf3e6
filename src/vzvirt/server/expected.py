"""Events that calls are followed by, whether or not they change anything.

Events follow from what has changed. But clients count on libvirt's habit to tell of each
definition that was made and of each note that was set, also if it is what it was before, and of
two calls twice. So whoever answers such a call says what is to be told of it; what has not been
told by the time that it is done, because nothing differs, is told then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vzvirt.model.event import DomainEvent, Subject
from vzvirt.model.values import Ctid

Maker = Callable[[Subject], DomainEvent]


class Expected:
    """What one call is to be followed by; it lives on the loop."""

    __slots__ = ("_make", "_makers", "_told")

    def __init__(self, make: Maker, *others: Maker) -> None:
        """Nothing is told yet.

        Args:
            make: Makes the event that is told if nothing else is.
            others: Make events that are as good.
        """
        self._make = make
        self._makers = (make, *others)
        self._told: set[Ctid] = set()

    def hear(self, events: Sequence[DomainEvent]) -> None:
        """Take notice of what is told."""
        for event in events:
            if any(event == make(event.subject) for make in self._makers):
                self._told.add(event.subject.ctid)

    def missing(self, subject: Subject) -> list[DomainEvent]:
        """What has to be told yet, if it was this container that the call was about."""
        return [] if subject.ctid in self._told else [self._make(subject)]
