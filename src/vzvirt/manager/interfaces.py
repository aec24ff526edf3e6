"""Complete interfaces: merge the routed ones, make up names and addresses that stay.

Addresses follow vzctl's rule, so they are the same each time a container is defined anew on
one host: the prefix 00:18:51, then three bytes of a hash of the device's name, the CTID and the
host's first link address. A collision is hashed again with a counter behind it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Set
from itertools import chain, count
from typing import Final

from vzvirt.manager.world import World
from vzvirt.model.devices import GUEST_NAME_MAX, NICS, Interface, InterfaceKind
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.store import Identity

OUI: Final = "00:18:51"
"""The vendor prefix that OpenVZ's addresses have (SWsoft)."""

WITH_PAIR: Final = frozenset({InterfaceKind.BRIDGE, InterfaceKind.NETWORK, InterfaceKind.ETHERNET})
"""Kinds that are veth pairs: they have a host end."""


def completed(domain: Domain, ctid: Ctid, host: str, taken: Set[MacAddress]) -> Domain:
    """A copy whose interfaces have all names and addresses.

    Args:
        domain: The definition.
        ctid: Its container.
        host: What tells this host from others: its first link address, or its machine id.
        taken: Addresses that other containers have; a host end gets another one instead.
    """
    moved_in = {item.name for item in domain.host_devices if item.kind in NICS}
    result = _named(merged_routed(domain.interfaces), ctid, moved_in)
    result = _addressed(result, ctid, host, taken)
    return dataclasses.replace(domain, interfaces=result)


def with_interfaces(
    world: World,
    domain: Domain,
    ctid: Ctid,
    old: Domain | None,
    others: Iterable[Identity] | None = None,
) -> Domain:
    """A copy whose interfaces are completed on this host.

    Args:
        world: The ports.
        domain: The definition.
        ctid: Its container.
        old: What is defined or runs already: its host ends keep their addresses in any case.
        others: All other containers; asked for, if there is something to make up, where not given.
    """
    if others is None:
        # All the host's links are listed for what tells it from others: many, where many run.
        if completed(domain, ctid, "", frozenset()) == domain:
            return domain
        others = (item for item in world.store.identities() if item.ctid != ctid)
    addresses = world.host.link_addresses()
    host = str(addresses[0]) if addresses else world.host.machine_id()
    taken = frozenset(mac for item in others for mac in item.macs)
    return completed(domain, ctid, host, taken - host_ends(old))


def host_ends(domain: Domain | None) -> frozenset[MacAddress]:
    """The addresses of a definition's host ends."""
    ends = (item.host_mac for item in domain.interfaces) if domain else ()
    return frozenset(mac for mac in ends if mac is not None and not mac.is_null)


def merged_routed(interfaces: tuple[Interface, ...]) -> tuple[Interface, ...]:
    """All routed interfaces as one, in the place of the first; OpenVZ has one ``venet0``."""
    routed = [item for item in interfaces if item.kind is InterfaceKind.ROUTED]
    if not routed:
        return interfaces
    one = dataclasses.replace(
        routed[0],
        mac=None,
        host_mac=None,
        addresses=tuple(
            {address.ip: address for item in routed for address in item.addresses}.values()
        ),
        dhcp=tuple(dict.fromkeys(chain.from_iterable(item.dhcp for item in routed))),
        routes=tuple(dict.fromkeys(chain.from_iterable(item.routes for item in routed))),
    )
    result = [one if item is routed[0] else item for item in interfaces]
    return tuple(item for item in result if not any(item is other for other in routed[1:]))


def _named(
    interfaces: tuple[Interface, ...], ctid: Ctid, moved_in: Set[str | None]
) -> tuple[Interface, ...]:
    """Interfaces with names inside that neither another one nor a NIC of the host's has."""
    guest_names = {item.guest_name for item in interfaces} | moved_in
    host_names = {item.host_name for item in interfaces}
    result = []
    for item in interfaces:
        guest, host = item.guest_name, item.host_name
        if item.kind is not InterfaceKind.ROUTED and guest is None:
            guest = next(name for name in _numbered("eth", 0) if name not in guest_names)
        if item.kind in WITH_PAIR and host is None:
            names = _numbered(_host_prefix(ctid), _number(guest or ""))
            host = next(name for name in names if name not in host_names)
        guest_names.add(guest)
        host_names.add(host)
        result.append(dataclasses.replace(item, guest_name=guest, host_name=host))
    return tuple(result)


def _numbered(prefix: str, first: int) -> Iterator[str]:
    return (f"{prefix}{number}" for number in count(first))


def _host_prefix(ctid: Ctid) -> str:
    """``vethCTID.``, or ``vCTID.`` where that would leave no room for a number."""
    long = f"veth{ctid}."
    return long if len(long) + 2 <= GUEST_NAME_MAX else f"v{ctid}."


def _number(name: str) -> int:
    """The first number in a device's name, by which vzctl names the host's end; else 0."""
    match = re.search(r"(?<=[^0-9])[0-9]{1,3}", name)
    return int(match[0]) if match else 0


def _addressed(
    interfaces: tuple[Interface, ...], ctid: Ctid, host: str, taken: Set[MacAddress]
) -> tuple[Interface, ...]:
    given = {mac for item in interfaces for mac in (item.mac, item.host_mac) if mac is not None}
    used = {mac for mac in given if not mac.is_null} | taken
    result = []
    for item in interfaces:
        if item.kind is InterfaceKind.ROUTED:
            result.append(dataclasses.replace(item, mac=None, host_mac=None))
            continue
        mac, host_mac = item.mac, item.host_mac
        if mac is None or mac.is_null:
            mac = made_up(item.guest_name or "", ctid, host, used)
            used |= {mac}
        # virt-clone gives a copy addresses of its own, but knows of none at the host's end.
        is_open = host_mac is None or host_mac.is_null or host_mac in taken
        if item.kind in WITH_PAIR and is_open:
            host_mac = made_up(item.host_name or "", ctid, host, used)
            used |= {host_mac}
        result.append(dataclasses.replace(item, mac=mac, host_mac=host_mac))
    return tuple(result)


def made_up(device: str, ctid: Ctid, host: str, used: Set[MacAddress]) -> MacAddress:
    """An address that nobody has: the same for the same device, container and host."""
    import hashlib  # 2 ms, and most commands make up none

    for attempt in count():
        text = f"{device}:{ctid}:{host}" + (f":{attempt}" if attempt else "")
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        mac = MacAddress(f"{OUI}:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}")
        if mac not in used:
            return mac
    raise AssertionError  # count() does not end
