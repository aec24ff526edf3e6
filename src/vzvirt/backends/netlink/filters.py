"""What a guest may send, as nftables rules on the ingress of its interface's host end.

No state. All of an installation are in one table, in the family that sees frames before any
bridge or route does, so no other rule of the host is touched. Each interface has a chain in it.
(With a table for each container, ``nft`` asks the kernel about all of them at each call: with
200 containers it takes 80 ms, with one table 3 ms.)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final

from vzvirt.backends.netlink import names
from vzvirt.model.devices import InterfaceKind, IpAddress, IpInterface, link_local
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.network import Plug

CLEAN: Final = "clean-traffic"
"""The traffic filter that interfaces may have: no address but their own."""

FILTERS: Final = frozenset({CLEAN})

_FAMILIES: Final = ((4, "ip"), (6, "ip6"))
_UNSPECIFIED: Final = {4: str(ipaddress.IPv4Address(0)), 6: "::"}

_LEARNT: Final = "{ type ipv4_addr; size 1; flags dynamic, timeout; timeout 5m; }"
"""The one address that an interface has from DHCP, until it has not been heard of for a while."""

_ADVERTISED: Final = "icmpv6 type nd-neighbor-advert @th,64,128"
"""Whose link address a neighbour advertisement tells; nft has had a word for it since 1.0.7."""


def rules(plug: Plug, ctid: Ctid, tag: str) -> str:
    """All rules of one interface, in the place of those it had; empty: it has none."""
    device = names.host_end(plug, ctid, tag)
    said = list(_statements(plug, device)) if device else []
    if not said:
        return ""
    chain = names.chain(str(device))
    where = f"netdev {names.table(tag)} {chain}"
    hook = f'type filter hook ingress device "{device}" priority 0; policy accept;'
    learns = any(f"@{chain}" in line for line in said)
    # Emptied: after a reboot from inside the guest may be given another address.
    learning = [f"add set {where} {_LEARNT}", f"flush set {where}"] if learns else []
    lines = [
        f"add table netdev {names.table(tag)}",
        *learning,
        f"add chain {where} {{ {hook} }}",
        f"flush chain {where}",
        *(f"add rule {where} {statement}" for statement in said),
    ]
    return "\n".join(lines) + "\n"


def without_rules(devices: Iterable[str], tag: str) -> str:
    """Take away the rules of some interfaces, by their host ends; they may be gone already."""
    places = [f"netdev {names.table(tag)} {names.chain(device)}" for device in devices]
    # The kernel may have ended a chain with its device; what is deleted has to be there.
    lines = [
        f"add chain {place}\ndelete chain {place}\nadd set {place} {_LEARNT}\ndelete set {place}\n"
        for place in places
    ]
    return f"add table netdev {names.table(tag)}\n" + "".join(lines) if lines else ""


def without_table(tag: str) -> str:
    """Take the whole table away; no error if there is none."""
    return f"add table netdev {names.table(tag)}\ndelete table netdev {names.table(tag)}\n"


def _statements(plug: Plug, device: str | None) -> Iterator[str]:
    interface = plug.interface
    if interface.kind is InterfaceKind.ROUTED:
        yield from _routed(interface.addresses)
    else:
        # As on OpenVZ's kernel, it has to be said that frames may come from other addresses.
        one_address = interface.mac_filter is not False or interface.filter == CLEAN
        if interface.mac is not None and one_address:
            yield f"ether saddr != {interface.mac} counter drop"
        if interface.mac is not None and interface.filter == CLEAN:
            yield from _clean(plug, interface.mac, names.chain(str(device)))
    if interface.outbound is not None and device is not None:
        yield f'fwd to "{names.shaper(device)}"'


def _routed(addresses: tuple[IpInterface, ...]) -> Iterator[str]:
    """Only from one's own addresses, and nothing but IP."""
    for version, word in _FAMILIES:
        own = [str(address.ip) for address in addresses if address.version == version]
        if own:
            yield f"{word} saddr != {_set(own)} counter drop"
        else:
            yield f"meta protocol {word} counter drop"
    yield "meta protocol != { ip, ip6 } counter drop"


def _clean(plug: Plug, mac: MacAddress, learnt: str) -> Iterator[str]:
    """Nobody else's addresses in frames, in ARP and neighbour discovery, and in packets.

    Of IPv4 an interface has the addresses that are known to be its own, or else the first one
    that it uses. Of IPv6, where its own are not known, it has any but the host's.
    """
    yield "meta protocol != { arp, ip, ip6 } counter drop"
    yield f"arp saddr ether != {mac} counter drop"
    yield "icmpv6 type { nd-router-advert, nd-redirect } counter drop"
    own = _own(plug, 4)
    for word in ("arp saddr ip", "ip saddr"):
        if own is not None:
            yield f"{word} != {_set([*own, _UNSPECIFIED[4]])} counter drop"
            continue
        theirs = _others(plug, 4)
        if theirs:
            yield f"{word} {_set(theirs)} counter drop"
        yield f"{word} != {_UNSPECIFIED[4]} update @{learnt} {{ {word} }}"
        yield f"{word} != {_UNSPECIFIED[4]} {word} != @{learnt} counter drop"
    own = _own(plug, 6)
    if own is not None:
        own = [*own, str(link_local(mac))]
        yield f"ip6 saddr != {_set([*own, _UNSPECIFIED[6]])} counter drop"
        yield f"{_ADVERTISED} != {_set(map(_number, own))} counter drop"
    elif theirs := _others(plug, 6):
        yield f"ip6 saddr {_set(theirs)} counter drop"
        yield f"{_ADVERTISED} {_set(map(_number, theirs))} counter drop"


def _own(plug: Plug, version: int) -> list[str] | None:
    """The addresses of one IP version that are an interface's own; ``None``: not known here."""
    interface = plug.interface
    given = _of(version, (*interface.filter_addresses, *plug.leases))
    if version in interface.dhcp and not given:
        return None
    if not given and not interface.addresses and not interface.filter_addresses:
        return None
    return [*_of(version, (item.ip for item in interface.addresses)), *given]


def _others(plug: Plug, version: int) -> list[str]:
    """Addresses of one IP version that are certainly somebody else's."""
    gateways = (route.gateway for route in plug.interface.routes)
    return _of(version, (*plug.host_addresses, *gateways))


def _of(version: int, addresses: Iterable[IpAddress]) -> list[str]:
    return [str(address) for address in addresses if address.version == version]


def _number(address: str) -> str:
    return hex(int(ipaddress.IPv6Address(address)))


def _set(values: Iterable[str]) -> str:
    return f"{{ {', '.join(dict.fromkeys(values))} }}"
