"""What use cases give back: values for tables, JSON and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from vzvirt.model.state import DomainState, Observation
from vzvirt.model.values import Ctid, Limit

if TYPE_CHECKING:
    from vzvirt.model.devices import Interface, IpInterface
    from vzvirt.model.domain import Domain
    from vzvirt.model.host import EnforcedParameter, Places
    from vzvirt.model.storage import LayoutAbilities, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Defined:
    """How a define ended.

    Attributes:
        domain: The definition as it stands now.
        warnings: What the caller should know, in the order it was noticed.
        is_new: Whether it was defined for the first time.
    """

    domain: Domain
    warnings: tuple[str, ...] = ()
    is_new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSummary:
    """One line of a list; cheap to make.

    Attributes:
        observation: How it stands right now.
        memory: Bytes it may use; ``None``: not said.
        addresses: All addresses of its interfaces, as defined.
        template: OS template its root came from, or empty.
        autostart: Whether it starts with the host; ``None``: unset.
        transient: Whether it is gone once it stops.
    """

    ctid: Ctid
    name: str
    uuid: UUID
    observation: Observation
    description: str = ""
    hostname: str = ""
    memory: Limit | None = None
    addresses: tuple[IpInterface, ...] = ()
    template: str = ""
    autostart: bool | None = None
    transient: bool = False

    @property
    def state(self) -> DomainState:
        """Where it stands."""
        return self.observation.state


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceReport:
    """One interface of a container.

    Attributes:
        guest_name: What it is called inside.
        interface: As it is defined.
        live_addresses: What it has right now; ``None``: its container does not run.
    """

    guest_name: str
    interface: Interface
    live_addresses: tuple[IpInterface, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainInfo:
    """Everything there is to know of one container.

    Attributes:
        domain: Its effective definition, defaults of vz.conf included.
        observation: How it stands right now.
        places: Where its files are.
        layout: What its storage layout can do; ``None``: its root is not stored by a layout.
        mounted: Whether its root is mounted.
        usage: What is used of its private area; ``None``: there is none, or it cannot be told.
        enforcement: What becomes of each of its limits on this host.
        interfaces: What it is connected by.
        notes: Shortcomings, one sentence each, such as a quota its layout cannot keep.
        transient: Whether it is gone once it stops.
    """

    domain: Domain
    observation: Observation
    places: Places
    layout: LayoutAbilities | None
    mounted: bool
    usage: Usage | None
    enforcement: tuple[EnforcedParameter, ...] = ()
    interfaces: tuple[InterfaceReport, ...] = ()
    notes: tuple[str, ...] = ()
    transient: bool = False
