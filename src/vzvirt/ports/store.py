"""Where definitions are kept, and the locks around them.

A container has up to two: the stored one, which its next start takes, and while it runs the
live one, which is what it was started with and what was changed of it since. One that has a
live definition alone is *transient*: it is gone once it ends.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from vzvirt.model.domain import Domain
from vzvirt.model.host import GlobalConfig, Places
from vzvirt.model.values import Ctid, MacAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDomain:
    """A definition as it was found.

    Attributes:
        domain: ``ctid``, ``name`` and ``uuid`` are set (the UUID derived where none is written).
        warnings: What was wrong with its files; never fatal.
        revision: Changes whenever its files do.
        transient: Whether there is no stored definition: it is gone once it stops.
        live: Whether this is a live definition: nothing of vz.conf is to be added to it.
    """

    domain: Domain
    warnings: tuple[str, ...] = ()
    revision: str = ""
    transient: bool = False
    live: bool = False
    roundings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What must be unique on a host."""

    ctid: Ctid
    name: str
    uuid: UUID
    macs: tuple[MacAddress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """What lists are made from; cheap to have of every container.

    Attributes:
        autostart: Whether it starts with the host; ``None``: unset.
        transient: Whether it has only a live definition.
        revision: As ``DefinitionStore.revision`` gives it.
    """

    ctid: Ctid
    name: str
    uuid: UUID
    autostart: bool | None
    transient: bool
    revision: str


Imprint = object
"""A definition as it once stood, kept small; equal to another if nothing in it differs."""


class DefinitionStore(Protocol):
    """Definitions, sample configs and the global config."""

    def ctids(self) -> list[Ctid]:
        """All containers, transient ones too, ascending."""

    def index(self) -> list[IndexEntry]:
        """All containers, by CTID; reads no more of their files than it has to."""

    def entry(self, ctid: Ctid) -> IndexEntry | None:
        """One container; the same value as before as long as nothing of it changes."""

    def imprint(self, ctid: Ctid, *, live: bool = False) -> Imprint | None:
        """The stored or the live definition as it stands; ``None``: there is none."""

    def recall(self, ctid: Ctid, imprint: Imprint, *, live: bool = False) -> Domain:
        """The definition that an imprint was taken of.

        Raises:
            ConfigSyntax: It was damaged.
        """

    def revision(self, ctid: Ctid) -> str | None:
        """What changes whenever one of a container's definitions does; ``None``: it has none."""

    def transients(self) -> list[Ctid]:
        """Containers that have only a live definition, running or not; a cheap look."""

    def load(self, ctid: Ctid, *, live: bool = False) -> StoredDomain:
        """Read one definition.

        Args:
            ctid: Whose.
            live: Whether the live one is meant. Each stands in for the other where there is
                only one: containers that run since before there were live definitions have
                none, transient ones have no other.

        Raises:
            NoDomain: There is none.
        """

    def find(self, reference: str) -> Ctid:
        """The container that a CTID, a name or a UUID names, in this order.

        Raises:
            NoDomain: None does.
        """

    def save(self, domain: Domain, *, live: bool = False) -> StoredDomain:
        """Write a definition atomically; ``ctid`` and ``uuid`` must be set.

        Lines of an existing config that the definition does not change stay as they are.
        The caller holds the container's lock, and for a new identity the registry's.

        Args:
            domain: What to write.
            live: Whether it is the live one, which does not outlive the host's next boot. Its
                ``autostart`` is not kept.
        """

    def delete(self, ctid: Ctid, *, live: bool = False) -> None:
        """Remove the stored definition or the live one; no error if there is none."""

    def keep_former(self, domain: Domain) -> None:
        """Keep a definition that is about to go while its private area stays, durably.

        A disposable one is kept so from its start on, for its live definition does not outlive
        a crash of the host, and its root does. What is kept for good is disposable no more.
        """

    def formers(self) -> list[Domain]:
        """What was kept so, by CTID; areas may have gone since, or have a definition again.

        Disposable ones are none of them.
        """

    def orphans(self) -> list[Domain]:
        """Disposable containers that have no definition any more; a cheap look."""

    def drop_former(self, ctid: Ctid) -> None:
        """Keep it no longer; no error if there is none."""

    def identities(self) -> list[Identity]:
        """Every container's identity, for uniqueness checks; reads every definition."""

    def is_free(self, ctid: Ctid) -> bool:
        """Whether no definition, private area, root, dump or sidecar of this number exists."""

    def registry_lock(self) -> AbstractContextManager[None]:
        """Held while identities are checked and taken.

        Raises:
            Busy: Not had within 30 s.
        """

    def lock(self, ctid: Ctid, *, wait: float = 30.0) -> AbstractContextManager[None]:
        """A container's lock, honoured by real vzctl; re-entrant within a thread.

        Raises:
            Busy: Not had within ``wait`` seconds; the message names the holder.
        """

    def sample_names(self) -> list[str]:
        """Names of all sample configs."""

    def sample(self, name: str) -> Domain:
        """A sample config as a partial definition: ``None`` is "not said".

        Raises:
            NoSample: There is none; the message lists those there are.
        """

    def global_config(self) -> GlobalConfig:
        """What vz.conf says, or the built-in one where the host has none."""

    def places(self, domain: Domain) -> Places:
        """Where the files of a definition with a CTID are."""
