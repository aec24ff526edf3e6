"""What is under way, so that the next command can finish or undo it after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vzvirt.model.values import Ctid


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One unfinished piece of work.

    Attributes:
        work: What was begun: ``provision``, ``undefine``, ``resize``, ``start``.
        details: What finishing or undoing it needs to know.
    """

    ctid: Ctid
    work: str
    details: Mapping[str, str] = field(default_factory=dict)


class Journal(Protocol):
    """Durable notes of unfinished work, one per container."""

    def begin(self, entry: JournalEntry) -> None:
        """Note that work begins; durable when this returns."""

    def done(self, ctid: Ctid) -> None:
        """The work is finished or undone; no error if there is no note."""

    def pending(self) -> list[JournalEntry]:
        """All notes; a cheap look at one folder."""
