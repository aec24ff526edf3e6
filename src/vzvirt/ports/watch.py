"""Hearing of what others change: other processes, the kernel, the guests themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vzvirt.model.values import Ctid


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What may be different from what it was; to be looked at, not to be believed.

    Attributes:
        containers: Those whose definition or state may have changed.
        everything: Whether any container may have.
        defaults: Whether what applies to all containers may have (``vz.conf``).
        networks: Whether virtual networks may have.
        pools: Names of storage pools whose volumes may have.
        devices: Whether devices of the host may have.
        wiring: Whether the host may have lost routes or rules of running containers.
    """

    containers: frozenset[Ctid] = frozenset()
    everything: bool = False
    defaults: bool = False
    networks: bool = False
    pools: frozenset[str] = frozenset()
    devices: bool = False
    wiring: bool = False


class Watch(Protocol):
    """One source of news. What it cannot hear of shows at the next look at everything."""

    def fileno(self) -> int:
        """A descriptor that is readable while there is news."""

    def changes(self) -> Changes:
        """The news since the last call; never waits."""

    def close(self) -> None:
        """Listen no more."""
