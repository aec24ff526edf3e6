"""What is known of one container, and what can be had of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

from vzvirt.model.domain import Domain
from vzvirt.model.state import Observation
from vzvirt.model.values import Ctid
from vzvirt.ports.store import Imprint, IndexEntry
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.xdr import Encoded


class Keeper(Protocol):
    """Who keeps what was made of entries."""

    def domain(self, entry: Entry, *, live: bool) -> Domain:
        """See ``Entry.domain``."""

    def effective(self, entry: Entry) -> Domain:
        """See ``Entry.effective``."""

    def kept(self, entry: Entry, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """See ``Entry.kept``."""


class Entry:
    """What is known of one container. Never changed, so it may be kept and used in any thread.

    Attributes:
        index: What its files say of who it is.
        observation: How it stands.
        told: How it stands for events; see ``manager.events.settled``.
        imprint: Its stored definition; ``None``: it has none, or nobody took it yet.
        live_imprint: What it runs by.
    """

    __slots__ = (
        "_encoded",
        "_keeper",
        "_last",
        "imprint",
        "index",
        "live_imprint",
        "observation",
        "told",
    )

    def __init__(
        self,
        keeper: Keeper,
        index: IndexEntry,
        observation: Observation,
        told: Observation,
        imprint: Imprint | None = None,
        live_imprint: Imprint | None = None,
    ) -> None:
        """Keep what was read."""
        self._keeper = keeper
        self._encoded: Encoded | None = None
        self._last: tuple[Hashable, Encoded] | None = None
        self.index = index
        self.observation = observation
        self.told = told
        self.imprint = imprint
        self.live_imprint = live_imprint

    @property
    def ctid(self) -> Ctid:
        """Its permanent number."""
        return self.index.ctid

    @property
    def name(self) -> str:
        """Its name."""
        return self.index.name

    @property
    def uuid(self) -> bytes:
        """Its UUID as the protocol has it."""
        return self.index.uuid.bytes

    @property
    def runtime_id(self) -> int:
        """Its number while it runs, else -1."""
        return int(self.index.ctid) if self.observation.is_active else -1

    @property
    def persistent(self) -> bool:
        """Whether it has a stored definition."""
        return not self.index.transient

    @property
    def autostart(self) -> bool:
        """Whether it starts with the host."""
        return bool(self.index.autostart)

    @property
    def encoded(self) -> Encoded:
        """What it is called in messages: a ``NonnullDomain``."""
        found = self._encoded
        if found is None:
            wire = remote.NonnullDomain(self.name, self.uuid, self.runtime_id)
            found = self._encoded = Encoded(wire.encode())
        return found

    def last(self, key: Hashable, make: Callable[[], Encoded]) -> Encoded:
        """What was made of it last, if that was for this key; else it is made now.

        For what is asked of all containers again and again, in the same words.
        """
        found = self._last
        if found is None or found[0] != key:
            found = self._last = (key, make())
        return found[1]

    def domain(self, *, live: bool | None = None) -> Domain:
        """Its definition as it is written.

        Args:
            live: Whether what it runs by is meant, or what is stored; ``None``: what it runs by
                while it runs. Each stands in for the other.

        Raises:
            NoDomain: It is gone.
        """
        wanted = self.observation.is_active if live is None else live
        return self._keeper.domain(self, live=wanted)

    def effective(self) -> Domain:
        """What it runs by, or would run by: with vz.conf behind its definition.

        Raises:
            NoDomain: It is gone.
        """
        return self._keeper.effective(self)

    def kept(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Bytes that were made of this entry before, or are now.

        Args:
            key: What they are.
            make: Makes them of the entry and its definitions, and of nothing else.
        """
        return self._keeper.kept(self, key, make)
