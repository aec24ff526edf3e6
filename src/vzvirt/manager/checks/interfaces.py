"""Checks on interfaces: names and addresses that only one may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from vzvirt import errors
from vzvirt.manager.checks.case import Case, Check, WarnOnly
from vzvirt.manager.interfaces import host_ends
from vzvirt.model.devices import NICS, ROUTED_GUEST_NAME, InterfaceKind, IpAddress, Route
from vzvirt.model.domain import Domain
from vzvirt.model.values import MacAddress

BROADCAST: Final = IPv4Address("255.255.255.255")


def _macs(case: Case) -> list[MacAddress]:
    pairs = ((item.mac, item.host_mac) for item in case.domain.interfaces)
    return [mac for pair in pairs for mac in dict.fromkeys(pair) if mac is not None]


def macs_are_unique_inside(case: Case) -> Iterator[errors.VzvirtError]:
    """Two interfaces of one container with one address would answer for each other."""
    for mac, times in Counter(_macs(case)).items():
        if times > 1 and not mac.is_null:
            yield errors.InvalidArgument(
                f"{times} interfaces of '{case.domain.name}' have the address {mac}",
                hint="leave <mac> out, and one is made up",
            )


def macs_are_free(case: Case) -> Iterator[errors.VzvirtError]:
    """An address that another container has; one that a host end has already stays."""
    kept = host_ends(case.old)
    for mac in (mac for mac in dict.fromkeys(_macs(case)) if mac not in kept):
        holder = case.holder_of(mac)
        if holder is not None and not mac.is_null:
            yield errors.Conflict(
                f"the address {mac} belongs to '{holder.name}' (id {holder.ctid})",
                hint="leave <mac> out, and one is made up",
            )


def guest_names_are_unique(case: Case) -> Iterator[errors.VzvirtError]:
    """Two interfaces cannot have one name inside."""
    yield from clashes_inside(case.domain)


def clashes_inside(domain: Domain) -> Iterator[errors.VzvirtError]:
    """Names that several have inside, of interfaces and of the host's NICs that are known."""
    own = Counter(
        item.guest_name or (ROUTED_GUEST_NAME if item.kind is InterfaceKind.ROUTED else None)
        for item in domain.interfaces
    )
    moved = {item.name for item in domain.host_devices if item.kind in NICS}
    for name, times in own.items():
        if name is not None and times > 1:
            yield errors.InvalidArgument(
                f"{times} interfaces of '{domain.name}' are called '{name}' inside",
                hint="give each a <guest dev=/> of its own, or leave it out",
            )
        if name is not None and name in moved:
            yield errors.InvalidArgument(
                f"an interface of '{domain.name}' is called '{name}' inside, and so is the "
                "device of the host that it has",
                hint="give the interface another <guest dev=/>, or leave it out",
            )


def host_names_are_unique(case: Case) -> Iterator[errors.VzvirtError]:
    """Nor on the host."""
    names = Counter(item.host_name for item in case.domain.interfaces if item.host_name)
    for name, times in names.items():
        if times > 1:
            yield errors.InvalidArgument(
                f"{times} interfaces of '{case.domain.name}' are called '{name}' on the host",
                hint="give each a <target dev=/> of its own, or leave it out",
            )


def addresses_are_free(case: Case) -> Iterator[errors.VzvirtError]:
    """An IP address that another container has."""
    for item in case.domain.interfaces:
        for address in item.addresses:
            holder = case.addresses.get(address.ip)
            if holder is not None:
                yield errors.Conflict(
                    f"the address {address.ip} belongs to '{holder}'",
                    hint=f"choose another one, or take it from '{holder}' first",
                )


def routed_addresses_lead_somewhere(case: Case) -> Iterator[errors.VzvirtError]:
    """The host would be given a route to it, and a link-local one is on every link."""
    for item in case.domain.interfaces:
        for address in item.addresses if item.kind is InterfaceKind.ROUTED else ():
            reason = _why_not_routed(address.ip)
            if reason is not None:
                yield errors.InvalidArgument(
                    f"the address {address.ip} of '{case.domain.name}' is {reason}, "
                    "to which nothing can be routed",
                    hint="choose one of the network that the host is on, or one routed to it",
                )


def _why_not_routed(ip: IpAddress) -> str | None:
    reasons = {
        "that of no host": ip.is_unspecified,
        "a loopback address": ip.is_loopback,
        "that of a group": ip.is_multicast,
        "a link-local address": ip.is_link_local,
        "that of all hosts": ip == BROADCAST,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def isolated_ports_are_on_a_bridge(case: Case) -> Iterator[errors.VzvirtError]:
    """Nothing else has ports that could be kept from one another."""
    for item in case.domain.interfaces:
        if item.isolated and item.kind not in {InterfaceKind.BRIDGE, InterfaceKind.NETWORK}:
            yield errors.ConfigUnsupported(
                f"interface '{item.guest_name or ROUTED_GUEST_NAME}' of '{case.domain.name}' is "
                f"of type '{item.kind.value}' and no port of a bridge, so "
                "<port isolated='yes'/> has no meaning",
                hint="use type='bridge' or type='network', or leave <port> out",
            )


def addresses_are_unique_inside(case: Case) -> Iterator[errors.VzvirtError]:
    """One IP address is on one interface, with one prefix; a link-local one is on each link."""
    times = Counter(
        (address.ip, number if address.ip.is_link_local else None)
        for number, item in enumerate(case.domain.interfaces)
        for address in item.addresses
    )
    for (address, _), count in times.items():
        if count > 1:
            yield errors.InvalidArgument(
                f"<ip address='{address}'> stands {count} times in '{case.domain.name}'",
                hint="say it once, in one <interface>",
            )


def gateways_agree(case: Case) -> Iterator[errors.VzvirtError]:
    """An interface has one default route for each IP version and metric."""
    for item in case.domain.interfaces:
        known: dict[tuple[int, int | None], Route] = {}
        for route in item.routes:
            if route.destination.prefixlen:
                continue
            first = known.setdefault((route.gateway.version, route.metric), route)
            if first.gateway != route.gateway:
                yield errors.InvalidArgument(
                    f"the interface '{item.guest_name or item.kind.value}' of"
                    f" '{case.domain.name}' has the default gateways {first.gateway} and"
                    f" {route.gateway}",
                    hint="leave one of them out, or give each <route> a metric= of its own",
                )


AT_DEFINE: Final[tuple[Check, ...]] = (
    routed_addresses_lead_somewhere,
    isolated_ports_are_on_a_bridge,
    macs_are_unique_inside,
    macs_are_free,
    guest_names_are_unique,
    host_names_are_unique,
    addresses_are_free,
    addresses_are_unique_inside,
    gateways_agree,
)


def warn_multicast(case: Case) -> Iterator[str]:
    """An address of a group, as the mail threads have in an example; of no use to an interface."""
    for mac in dict.fromkeys(_macs(case)):
        if mac.is_multicast:
            yield (
                f"the address {mac} is a multicast address, which no interface can be given; "
                f"inside it is {mac.of_one}"
            )


WARN_AT_DEFINE: Final[tuple[WarnOnly, ...]] = (warn_multicast,)
