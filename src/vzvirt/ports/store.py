"""Where definitions are kept, and the locks around them."""

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
        transient: Whether it is gone once it stops.
        foreign: Whether nothing of ours was ever written into it (no UUID is): it came from
            an OpenVZ host, where making a root and a config is one step.
    """

    domain: Domain
    warnings: tuple[str, ...] = ()
    revision: str = ""
    transient: bool = False
    roundings: tuple[str, ...] = ()
    foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What must be unique on a host."""

    ctid: Ctid
    name: str
    uuid: UUID
    macs: tuple[MacAddress, ...] = ()


class DefinitionStore(Protocol):
    """Definitions, sample configs and the global config."""

    def ctids(self) -> list[Ctid]:
        """All defined containers, ascending."""

    def load(self, ctid: Ctid) -> StoredDomain:
        """Read one definition.

        Raises:
            NoDomain: There is none.
        """

    def find(self, reference: str) -> Ctid:
        """The container that a CTID, a name or a UUID names, in this order.

        Raises:
            NoDomain: None does.
        """

    def save(self, domain: Domain) -> StoredDomain:
        """Write a definition atomically; ``ctid`` and ``uuid`` must be set.

        Lines of an existing config that the definition does not change stay as they are.
        The caller holds the container's lock, and for a new identity the registry's.
        """

    def delete(self, ctid: Ctid) -> None:
        """Remove a definition, its name and its sidecar; no error if there is none."""

    def identities(self) -> list[Identity]:
        """Every container's identity, for uniqueness checks; reads every config."""

    def is_free(self, ctid: Ctid) -> bool:
        """Whether no config, private area, root, dump or sidecar of this number exists."""

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
