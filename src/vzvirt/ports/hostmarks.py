"""What is to be remembered of the host's own beginning and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from vzvirt.model.values import Ctid


@dataclass(frozen=True, slots=True, kw_only=True)
class BootNote:
    """How far the containers that start with the host have come in this boot of it.

    Attributes:
        pending: Those that are still to be started, in this order.
        ended: Whether all were stopped again, as when the host goes down.
    """

    pending: tuple[Ctid, ...] = ()
    ended: bool = False


class HostMarks(Protocol):
    """Notes on boots of the host; those on one are gone with the next."""

    def lock(self, wait: float) -> AbstractContextManager[None]:
        """Held by whoever starts or stops all containers.

        Raises:
            Busy: Somebody else does, for longer than ``wait`` seconds.
        """

    def boot_note(self) -> BootNote | None:
        """What was noted in this boot of the host; ``None``: nothing."""

    def begin_boot(self, pending: Sequence[Ctid]) -> None:
        """Note that these are to be started, and that nothing was stopped."""

    def note_pending(self, pending: Sequence[Ctid]) -> None:
        """Note that these are still to be started; an end that was noted stays."""

    def end_boot(self) -> None:
        """Note that all are stopped again; whoever is starting them starts no more."""

    def stopped_with_host(self) -> frozenset[Ctid]:
        """Containers that ran when the host went down."""

    def note_stopped(self, ctids: Iterable[Ctid]) -> None:
        """Note them; durable when this returns."""
