"""Interfaces of a guest as its own programs are to see them. No state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vzvirt.model.devices import (
    ROUTED_GUEST_NAME,
    Interface,
    InterfaceKind,
    IpAddress,
    IpNetwork,
    Route,
)

_ANYWHERE: Final = {4: "0.0.0.0/0", 6: "::/0"}


@dataclass(frozen=True, slots=True)
class GuestRoute:
    """A route as it is inside.

    Attributes:
        destination: In CIDR notation.
        gateway: ``None``: the destination is right behind the interface.
        on_link: Whether the gateway is there although no address of the interface says so.
        metric: Or ``None``.
    """

    destination: str
    version: int
    gateway: IpAddress | None = None
    on_link: bool = False
    metric: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An interface that the definition configures.

    Attributes:
        interface: As it is defined.
        asks: Whether the program that is told of it is to ask DHCP for its address.
    """

    interface: Interface
    asks: bool = False

    @property
    def name(self) -> str:
        """Of the device inside."""
        return self.interface.guest_name or ROUTED_GUEST_NAME

    @property
    def is_routed(self) -> bool:
        """Whether it is OpenVZ's ``venet0``: alone on its network, the way to everywhere."""
        return self.interface.kind is InterfaceKind.ROUTED

    @property
    def is_others(self) -> bool:
        """Whether it is left to another program, which asks DHCP."""
        return bool(self.interface.dhcp) and not self.asks

    def asks_for(self, version: int) -> bool:
        """Whether an address of that IP version is asked for here."""
        return self.asks and version in self.interface.dhcp

    def addresses(self, version: int | None = None) -> list[str]:
        """In CIDR notation; of one IP version, or of both."""
        return [
            f"{address.ip}/{address.max_prefixlen}" if self.is_routed else str(address)
            for address in self.interface.addresses
            if version in {None, address.version}
        ]

    def routes(self) -> Iterator[GuestRoute]:
        """All of them."""
        if self.is_routed:
            for version in dict.fromkeys(item.version for item in self.interface.addresses):
                yield GuestRoute(_ANYWHERE[version], version)
            return
        for route in self.interface.routes:
            yield self._inside(route)

    def _inside(self, route: Route) -> GuestRoute:
        networks: list[IpNetwork] = [item.network for item in self.interface.addresses]
        near = any(route.gateway in network for network in networks)
        return GuestRoute(
            str(route.destination),
            route.destination.version,
            route.gateway,
            on_link=not near and not route.gateway.is_link_local,
            metric=route.metric,
        )


Links = Sequence[Link]


def configured(interface: Interface) -> bool:
    """Whether a definition says what an interface is inside; else the guest alone does."""
    said = interface.addresses or interface.dhcp or interface.routes
    return interface.kind is InterfaceKind.ROUTED or bool(said)
