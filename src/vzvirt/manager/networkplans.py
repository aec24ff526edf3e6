"""Complete networks, keep them apart, and the one that stands ready. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final
from uuid import UUID, uuid4

from vzvirt import errors
from vzvirt.model import networkchange
from vzvirt.model.devices import IpInterface
from vzvirt.model.network import (
    DEFAULT_NETWORK,
    DhcpRange,
    Forward,
    ForwardMode,
    Network,
    NetworkAddress,
)
from vzvirt.model.networkchange import NetworkChange
from vzvirt.model.values import MacAddress

IPV6_PREFIX: Final = 64
"""Of networks on which guests make themselves addresses (RFC 4862 on Ethernet)."""

OUI: Final = "52:54:00"
"""The prefix of the addresses that libvirt makes up for bridges."""

DEFAULT_RANGES: Final = tuple(
    ipaddress.IPv4Network(f"{begin}.{number}.0/24")
    for begin in ("192.168", "172.30", "10.122")
    for number in range(122, 255)
)
"""What the default network may have, the usual one first."""

_BRIDGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
"""Names that mean the same to the kernel, nftables and dnsmasq."""

_DHCP_WORDS: Final = re.compile(r"ignore|infinite|[0-9]+[smhdw]?", re.ASCII | re.IGNORECASE)
"""What dnsmasq takes for something else than a name: an order, or how long a lease is."""


def completed(network: Network, bridge: str) -> Network:
    """A network with all that identifies it.

    Args:
        network: As it was given.
        bridge: Its bridge's name, if it has none.
    """
    uuid = network.uuid or uuid4()
    if network.forward.mode is ForwardMode.BRIDGE:
        return dataclasses.replace(network, uuid=uuid)
    return dataclasses.replace(
        network,
        uuid=uuid,
        bridge=network.bridge or bridge,
        mac=network.mac or _made_up(uuid),
    )


def identified_as(network: Network, old: Network) -> Network:
    """A new definition that keeps what it does not say of the old one's identity."""
    if ForwardMode.BRIDGE in {network.forward.mode, old.forward.mode}:
        return dataclasses.replace(network, uuid=old.uuid)
    return dataclasses.replace(
        network,
        uuid=old.uuid,
        bridge=network.bridge or old.bridge,
        mac=network.mac or old.mac,
    )


def _made_up(uuid: UUID) -> MacAddress:
    one, two, three = uuid.bytes[:3]
    return MacAddress(f"{OUI}:{one:02x}:{two:02x}:{three:02x}")


def changed(network: Network, change: NetworkChange) -> Network:
    """A network after a change of one entry, with nothing wrong that was not before.

    Other networks are not looked at: no entry changes what keeps networks apart.

    Raises:
        Conflict: What is to be added is there already; or as of ``check``.
        OperationInvalid: What is to be changed or removed is not there.
    """
    new = networkchange.changed(network, change)
    before = {error.message for error in _flaws(network)}
    for error in _flaws(new):
        if error.message not in before:
            raise error
    return new


def check(network: Network, others: Iterable[Network]) -> None:
    """Refuse a complete network that cannot run, or not beside the others.

    Raises:
        Conflict: Another network has its UUID, bridge or addresses.
        InvalidArgument: The name of its bridge is unusable.
        ConfigUnsupported: It has two ranges of DHCP for one version of IP, two fixed leases of
            one address, a lease whose name is none, or a prefix that IPv6 cannot be served on.
    """
    for error in _flaws(network):
        raise error
    for other in others:
        if other.name != network.name:
            _check_apart(network, other)


def _flaws(network: Network) -> Iterator[errors.VzvirtError]:
    """What is wrong with a network, whatever others there are."""
    if not _BRIDGE.fullmatch(network.bridge or ""):
        yield errors.InvalidArgument(
            f"'{network.bridge}' cannot be the bridge of network '{network.name}'",
            hint="use letters, digits, '.', '_' and '-'",
        )
    served = [item for item in network.addresses if item.ranges or item.hosts]
    for version in (4, 6):
        if sum(item.interface.version == version for item in served) > 1:
            yield errors.ConfigUnsupported(
                f"network '{network.name}' has DHCP on two IPv{version} ranges, "
                "and a guest could not tell which it is on",
                hint="keep <dhcp> in one of its <ip>",
            )
    for item in network.addresses:
        yield from _flaws_served(network, item)
    yield from _flaws_within(network)


def _flaws_served(network: Network, place: NetworkAddress) -> Iterator[errors.VzvirtError]:
    """What DHCP and router advertisements can't do."""
    for address, times in Counter(host.address for host in place.hosts).items():
        if times > 1:
            yield errors.ConfigUnsupported(
                f"several fixed leases of network '{network.name}' have the address {address}",
                hint="give each guest one of its own",
            )
    for host in place.hosts:
        if host.name is not None and _DHCP_WORDS.fullmatch(host.name):
            yield errors.ConfigUnsupported(
                f"'{host.name}', the name of the fixed lease of {host.address} of network "
                f"'{network.name}', means something else to the DHCP server",
                hint="give the guest a name that is no time and neither 'ignore' nor 'infinite'",
            )
    here = place.interface.network
    if here.version == 6 and here.prefixlen != IPV6_PREFIX:
        given_out = bool(place.ranges or place.hosts)
        if here.prefixlen < IPV6_PREFIX or not given_out:
            yield errors.ConfigUnsupported(
                f"network '{network.name}' has {here}, and guests make themselves addresses on "
                f"networks of prefix {IPV6_PREFIX} only",
                hint=f"say prefix='{IPV6_PREFIX}', or a longer one with <dhcp>",
            )


def _flaws_within(network: Network) -> Iterator[errors.VzvirtError]:
    """The ranges of one network are apart, too."""
    ranges = [item.interface for item in network.addresses]
    for place, one in enumerate(ranges):
        for other in ranges[:place]:
            if _overlap(one, other) and one.network != other.network:
                yield errors.Conflict(
                    f"{one.network} and {other.network} of network '{network.name}' overlap"
                )


def _check_apart(network: Network, other: Network) -> None:
    if network.uuid == other.uuid:
        raise errors.Conflict(f"UUID {network.uuid} is that of network '{other.name}'")
    modes = {network.forward.mode, other.forward.mode}
    if network.bridge == other.bridge and modes != {ForwardMode.BRIDGE}:
        raise errors.Conflict(
            f"bridge '{network.bridge}' of network '{network.name}' is that of network "
            f"'{other.name}'",
            hint="give it another name, or leave <bridge> out",
        )
    for mine in network.addresses:
        for theirs in other.addresses:
            if _overlap(mine.interface, theirs.interface):
                raise errors.Conflict(
                    f"{mine.interface.network} of network '{network.name}' overlaps "
                    f"{theirs.interface.network} of network '{other.name}'",
                    hint="give it another range",
                )


def _overlap(one: IpInterface, other: IpInterface) -> bool:
    return one.version == other.version and one.network.overlaps(other.network)


def default_network(taken: Collection[IpInterface]) -> Network:
    """The network that stands ready: NAT and DHCP on a range that nobody has.

    Args:
        taken: Ranges of the host and of other networks.

    Raises:
        Conflict: All ranges are taken.
    """
    for network in DEFAULT_RANGES:
        host = ipaddress.IPv4Interface((network[1], network.prefixlen))
        if any(_overlap(host, other) for other in taken):
            continue
        start, end = network[2], network[-2]
        return Network(
            name=DEFAULT_NETWORK,
            forward=Forward(mode=ForwardMode.NAT),
            addresses=(NetworkAddress(interface=host, ranges=(DhcpRange(start=start, end=end),)),),
        )
    raise errors.Conflict(
        f"there is no free range for network '{DEFAULT_NETWORK}': from {DEFAULT_RANGES[0]} to "
        f"{DEFAULT_RANGES[-1]}, each is in use",
        hint="define it with a range of your own",
    )
