"""Changing one entry of a virtual network: pure functions from a network to a network."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vzvirt import errors
from vzvirt.model.devices import IpAddress
from vzvirt.model.network import (
    DhcpHost,
    DhcpRange,
    DnsForwarder,
    DnsHost,
    Network,
    NetworkAddress,
    NetworkDns,
    PortGroup,
)

Entry = DhcpHost | DhcpRange | DnsHost | DnsForwarder | PortGroup
"""What can be added to a network, changed and removed while it runs."""

E = TypeVar("E", bound=Entry)


class ChangeKind(enum.Enum):
    """What is done with an entry, in libvirt's words."""

    ADD_FIRST = "add-first"
    ADD_LAST = "add-last"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChange:
    """One change; which entry ``MODIFY`` and ``DELETE`` mean is told from what names it."""

    kind: ChangeKind
    entry: Entry


def changed(network: Network, change: NetworkChange) -> Network:
    """A network after a change.

    Raises:
        Conflict: What is to be added is there already.
        OperationInvalid: What is to be changed or removed is not there.
        InvalidArgument: A DHCP entry is on none of the network's ranges.
    """
    match change.entry:
        case DhcpHost() as host:
            place = _place_of(network, host.address)
            hosts = _edited(place.hosts, host, change.kind, _same_guest, network)
            return _replaced(network, place, dataclasses.replace(place, hosts=hosts))
        case DhcpRange() as part:
            place = _place_of(network, part.start)
            ranges = _edited(place.ranges, part, change.kind, _overlapping, network)
            return _replaced(network, place, dataclasses.replace(place, ranges=ranges))
        case DnsHost() as names:
            dns_hosts = _edited(network.dns.hosts, names, change.kind, _same_names, network)
            return _with_dns(network, dataclasses.replace(network.dns, hosts=dns_hosts))
        case DnsForwarder() as forwarder:
            asked = _edited(network.dns.forwarders, forwarder, change.kind, _same_asked, network)
            return _with_dns(network, dataclasses.replace(network.dns, forwarders=asked))
        case PortGroup() as group:
            groups = _edited(network.port_groups, group, change.kind, _same_name, network)
            return dataclasses.replace(network, port_groups=groups)


def _with_dns(network: Network, dns: NetworkDns) -> Network:
    return dataclasses.replace(network, dns=dns)


def _place_of(network: Network, address: IpAddress) -> NetworkAddress:
    for place in network.addresses:
        if address in place.interface.network:
            return place
    raise errors.InvalidArgument(f"{address} is in no range of network '{network.name}'")


def _replaced(network: Network, old: NetworkAddress, new: NetworkAddress) -> Network:
    addresses = tuple(new if item is old else item for item in network.addresses)
    return dataclasses.replace(network, addresses=addresses)


def is_meant(entry: Entry, by: Entry) -> bool:
    """Whether an entry is the one to be removed: it has all that is said of it."""
    match entry, by:
        case DhcpHost(), DhcpHost():
            said = ((by.mac, entry.mac), (by.client_id, entry.client_id), (by.name, entry.name))
            return entry.address == by.address and all(
                word is None or word == has for word, has in said
            )
        case DnsHost(), DnsHost():
            return entry.address == by.address and set(by.names) <= set(entry.names)
        case PortGroup(), PortGroup():
            return entry.name == by.name
    return entry == by


def _same_guest(one: DhcpHost, other: DhcpHost) -> bool:
    """Whether two fixed leases are one guest's, or of one address."""
    pairs = (
        (one.mac, other.mac),
        (one.client_id, other.client_id),
        (one.name, other.name),
        (one.address, other.address),
    )
    return any(mine is not None and mine == theirs for mine, theirs in pairs)


def _overlapping(one: DhcpRange, other: DhcpRange) -> bool:
    if one.start.version != other.start.version:
        return False
    return int(one.start) <= int(other.end) and int(other.start) <= int(one.end)


def _same_names(one: DnsHost, other: DnsHost) -> bool:
    """One address has one entry, which has all of its names."""
    return one.address == other.address


def _same_asked(one: DnsForwarder, other: DnsForwarder) -> bool:
    return one == other


def _same_name(one: PortGroup, other: PortGroup) -> bool:
    return one.name == other.name


def _edited(
    entries: tuple[E, ...],
    entry: E,
    kind: ChangeKind,
    same: Callable[[E, E], bool],
    network: Network,
) -> tuple[E, ...]:
    if kind is ChangeKind.DELETE:
        holders = [item for item in entries if is_meant(item, entry)]
    else:
        holders = [item for item in entries if same(item, entry)]
    where = f"network '{network.name}'"
    if kind in {ChangeKind.ADD_FIRST, ChangeKind.ADD_LAST}:
        if holders:
            raise errors.Conflict(f"{where} has {described(holders[0])} already")
        return (entry, *entries) if kind is ChangeKind.ADD_FIRST else (*entries, entry)
    if not holders:
        raise errors.OperationInvalid(f"{where} has no {described(entry)}")
    if len(holders) > 1:
        raise errors.OperationInvalid(
            f"{described(entry)} is both {described(holders[0])} and {described(holders[1])} "
            f"of {where}",
            hint="remove one of them first",
        )
    if kind is ChangeKind.DELETE:
        return tuple(item for item in entries if item is not holders[0])
    return tuple(entry if item is holders[0] else item for item in entries)


def described(entry: Entry) -> str:
    """An entry in words, for messages."""
    match entry:
        case DhcpHost():
            return f"fixed lease {entry.mac or entry.client_id or entry.name} = {entry.address}"
        case DhcpRange():
            return f"DHCP range {entry.start} - {entry.end}"
        case DnsHost():
            return f"DNS entry {entry.address} = {', '.join(entry.names)}"
        case DnsForwarder():
            return f"DNS forwarder {entry.address or entry.domain}"
        case PortGroup():
            return f"port group '{entry.name}'"
