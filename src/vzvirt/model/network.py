"""Virtual networks: a bridge of the host, what is around it, and how it reaches the world."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.model.devices import (
    Bandwidth,
    IpAddress,
    IpInterface,
    Route,
    check_interface_name,
)
from vzvirt.model.values import MacAddress, check_name

DEFAULT_NETWORK: Final = "default"
"""The network that stands ready on a host that never had one."""

_DNS_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*", re.ASCII)
_CLIENT_ID: Final = re.compile(r"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2})*", re.ASCII)


def check_dns_name(name: str) -> str:
    """Return a name, with or without dots, if DNS can carry it.

    Raises:
        InvalidArgument: It cannot.
    """
    if len(name) > 253 or not _DNS_NAME.fullmatch(name):
        raise errors.InvalidArgument(
            f"'{name[:80]}' is not a DNS name",
            hint="letters, digits, '-' and '_', with dots between",
        )
    return name


class ForwardMode(enum.Enum):
    """How packets leave a network."""

    ISOLATED = "none"  # they do not
    NAT = "nat"  # with the host's address
    ROUTE = "route"  # as they are; the host filters what comes in unasked
    OPEN = "open"  # as they are; vzvirt adds no filter
    BRIDGE = "bridge"  # the bridge is the user's own; vzvirt only uses it


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """How packets leave a network.

    Attributes:
        device: Host device they must leave by, or ``None``: any.
        nat_addresses: First and last source address of ``NAT``, or ``None``: the device's own.
        nat_ports: First and last source port of ``NAT``, or ``None``.
        nat_ipv6: Whether IPv6 is translated too.
    """

    mode: ForwardMode = ForwardMode.ISOLATED
    device: str | None = None
    nat_addresses: tuple[IpAddress, IpAddress] | None = None
    nat_ports: tuple[int, int] | None = None
    nat_ipv6: bool = False

    def __post_init__(self) -> None:
        """Check that what is said fits the mode.

        Raises:
            InvalidArgument: It does not, or a range runs backwards.
        """
        mode = self.mode.value
        if self.device is not None:
            check_interface_name(self.device, "forward")
            if self.mode not in {ForwardMode.NAT, ForwardMode.ROUTE}:
                raise errors.InvalidArgument(
                    f"forward mode '{mode}' has no device, but '{self.device}' is named"
                )
        if self.mode is not ForwardMode.NAT and (
            self.nat_addresses or self.nat_ports or self.nat_ipv6
        ):
            raise errors.InvalidArgument(
                f"forward mode '{mode}' does not translate, but has <nat>"
            )
        if self.nat_addresses is not None:
            first, last = self.nat_addresses
            if {first.version, last.version} != {4} or int(first) > int(last):
                raise errors.InvalidArgument(f"{first} - {last} is not a range of IPv4 addresses")
        if self.nat_ports is not None:
            low, high = self.nat_ports
            if not 1 <= low <= high <= 65535:
                raise errors.InvalidArgument(f"{low} - {high} is not a range of ports")


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpRange:
    """Addresses that DHCP gives out, both ends included."""

    start: IpAddress
    end: IpAddress

    def __post_init__(self) -> None:
        """Check the order.

        Raises:
            InvalidArgument: Of two families, or backwards.
        """
        if self.start.version != self.end.version or int(self.start) > int(self.end):
            raise errors.InvalidArgument(f"DHCP range {self.start} - {self.end} runs backwards")


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpHost:
    """A fixed lease: an address for a MAC (or a client id, or a name)."""

    address: IpAddress
    mac: MacAddress | None = None
    client_id: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        """Check that somebody is meant.

        Raises:
            InvalidArgument: Nobody is, or what names him cannot.
        """
        if self.mac is None and self.client_id is None and self.name is None:
            raise errors.InvalidArgument(
                f"the fixed lease of {self.address} does not say whose it is",
                hint="give it a mac, an id or a name",
            )
        if self.mac is not None and self.mac.is_multicast:
            raise errors.InvalidArgument(f"MAC address {self.mac} is that of a group")
        if self.client_id is not None and not _CLIENT_ID.fullmatch(self.client_id):
            raise errors.InvalidArgument(
                f"client id '{self.client_id[:80]}' is not hex bytes with ':' between"
            )
        if self.name is not None:
            check_dns_name(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAddress:
    """An address of the host on the network, and what DHCP gives out around it."""

    interface: IpInterface
    ranges: tuple[DhcpRange, ...] = ()
    hosts: tuple[DhcpHost, ...] = ()

    def __post_init__(self) -> None:
        """Check that DHCP stays on the network.

        Raises:
            InvalidArgument: A range or fixed lease lies outside.
        """
        network = self.interface.network
        inside = [end for item in self.ranges for end in (item.start, item.end)]
        for address in (*inside, *(host.address for host in self.hosts)):
            if address not in network:
                raise errors.InvalidArgument(f"DHCP address {address} is not in {network}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsHost:
    """Names that the network's own DNS answers with an address."""

    address: IpAddress
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            InvalidArgument: There is none, or one that DNS cannot carry.
        """
        if not self.names:
            raise errors.InvalidArgument(f"the DNS entry of {self.address} has no name")
        for name in self.names:
            check_dns_name(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsForwarder:
    """Whom DNS asks: ``address`` for names in ``domain``; either may be missing, not both."""

    domain: str | None = None
    address: IpAddress | None = None

    def __post_init__(self) -> None:
        """Check that it says something.

        Raises:
            InvalidArgument: It does not, or its domain is none.
        """
        if self.domain is None and self.address is None:
            raise errors.InvalidArgument("a DNS forwarder needs an address, a domain or both")
        if self.domain is not None:
            check_dns_name(self.domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDns:
    """The network's DNS."""

    enabled: bool = True
    forward_plain_names: bool = False
    forwarders: tuple[DnsForwarder, ...] = ()
    hosts: tuple[DnsHost, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortGroup:
    """Settings that an interface takes by naming the group."""

    name: str
    default: bool = False
    inbound: Bandwidth | None = None
    outbound: Bandwidth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything that is wanted of one virtual network.

    Attributes:
        uuid: ``None`` until it is given one.
        metadata: Each top element below ``<metadata>``, serialised, verbatim.
        bridge: Name of its bridge; ``None`` until it is given one.
        stp: Whether the bridge speaks the spanning tree protocol.
        delay: Seconds until a new port forwards.
        mtu: Bytes, or ``None``.
        mac: Of the bridge; ``None`` until it is given one.
        dns_domain: Domain of its guests, or ``None``.
        dns_domain_local: Whether names in it are never asked of others.
        routes: Networks of the host that lie behind guests.
        ports_isolated: Whether its guests do not reach one another.
    """

    name: str
    uuid: UUID | None = None
    title: str | None = None
    description: str | None = None
    metadata: tuple[str, ...] = ()
    forward: Forward = Forward()
    bridge: str | None = None
    stp: bool = True
    delay: int = 0
    mtu: int | None = None
    mac: MacAddress | None = None
    dns_domain: str | None = None
    dns_domain_local: bool = False
    dns: NetworkDns = NetworkDns()
    addresses: tuple[NetworkAddress, ...] = ()
    routes: tuple[Route, ...] = ()
    inbound: Bandwidth | None = None
    outbound: Bandwidth | None = None
    port_groups: tuple[PortGroup, ...] = ()
    ports_isolated: bool = False

    def __post_init__(self) -> None:
        """Check what can be told from the value alone.

        Raises:
            InvalidArgument: A name is unusable, or a bridged network has addresses of its own.
        """
        check_name(self.name, "network")
        if self.bridge is not None:
            check_interface_name(self.bridge, "bridge")
        if self.mac is not None and self.mac.is_multicast:
            raise errors.InvalidArgument(f"MAC address {self.mac} is that of a group")
        if self.mtu is not None and not 68 <= self.mtu <= 65535:
            raise errors.InvalidArgument(f"mtu {self.mtu} is not in 68..65535")
        if self.dns_domain is not None:
            check_dns_name(self.dns_domain)
        elif self.dns_domain_local:
            raise errors.InvalidArgument(f"network '{self.name}' keeps a domain that it lacks")
        names = [group.name for group in self.port_groups]
        if len(set(names)) < len(names):
            raise errors.InvalidArgument(f"network '{self.name}' has two port groups of one name")
        if sum(group.default for group in self.port_groups) > 1:
            raise errors.InvalidArgument(f"network '{self.name}' has two default port groups")
        if self.forward.mode is ForwardMode.BRIDGE:
            self._check_bridged()

    def _check_bridged(self) -> None:
        """The user's own bridge is what it is."""
        if self.bridge is None:
            raise errors.InvalidArgument(
                f"network '{self.name}' forwards by bridge but names no <bridge>"
            )
        said = {
            "<ip>": self.addresses,
            "<route>": self.routes,
            "<dns>": self.dns != NetworkDns(),
            "<domain>": self.dns_domain is not None,
            "<mac>": self.mac is not None,
            "<mtu>": self.mtu is not None,
            "stp= or delay=": not self.stp or self.delay,
        }
        for what, is_said in said.items():
            if is_said:
                raise errors.InvalidArgument(
                    f"network '{self.name}' forwards by the user's own bridge "
                    f"'{self.bridge}', so it cannot have {what} of its own"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An address that DHCP has given out; ``expires_at`` in seconds since the epoch, or never."""

    address: IpInterface
    mac: MacAddress | None
    hostname: str | None = None
    client_id: str | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkStatus:
    """A network and how it stands.

    Attributes:
        network: Its definition; of an active one, as it runs.
        foreign: Whether libvirt's own network daemon runs it, so that we only use its bridge.
    """

    network: Network
    active: bool
    persistent: bool
    autostart: bool
    foreign: bool = False
