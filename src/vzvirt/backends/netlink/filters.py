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
from vzvirt.model.devices import Interface, InterfaceKind, IpInterface
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.network import Plug

CLEAN: Final = "clean-traffic"
"""The traffic filter that interfaces may have: no address but their own."""

FILTERS: Final = frozenset({CLEAN})

_FAMILIES: Final = ((4, "ip", str(ipaddress.IPv4Address(0))), (6, "ip6", "::"))


def rules(plug: Plug, ctid: Ctid, tag: str) -> str:
    """All rules of one interface, in the place of those it had; empty: it has none."""
    device = names.host_end(plug, ctid, tag)
    said = list(_statements(plug.interface, device)) if device else []
    if not said:
        return ""
    where = f"netdev {names.table(tag)} {names.chain(str(device))}"
    hook = f'type filter hook ingress device "{device}" priority 0; policy accept;'
    lines = [
        f"add table netdev {names.table(tag)}",
        f"add chain {where} {{ {hook} }}",
        f"flush chain {where}",
        *(f"add rule {where} {statement}" for statement in said),
    ]
    return "\n".join(lines) + "\n"


def without_rules(devices: Iterable[str], tag: str) -> str:
    """Take away the rules of some interfaces, by their host ends; they may be gone already."""
    chains = [f"chain netdev {names.table(tag)} {names.chain(device)}" for device in devices]
    # The kernel may have ended a chain with its device; what is deleted has to be there.
    lines = [f"add {chain}\ndelete {chain}\n" for chain in chains]
    return f"add table netdev {names.table(tag)}\n" + "".join(lines) if lines else ""


def without_table(tag: str) -> str:
    """Take the whole table away; no error if there is none."""
    return f"add table netdev {names.table(tag)}\ndelete table netdev {names.table(tag)}\n"


def _statements(interface: Interface, device: str | None) -> Iterator[str]:
    if interface.kind is InterfaceKind.ROUTED:
        yield from _routed(interface.addresses)
    else:
        # As on OpenVZ's kernel, it has to be said that frames may come from other addresses.
        one_address = interface.mac_filter is not False or interface.filter == CLEAN
        if interface.mac is not None and one_address:
            yield f"ether saddr != {interface.mac} counter drop"
        if interface.mac is not None and interface.filter == CLEAN:
            yield from _clean(interface, interface.mac)
    if interface.outbound is not None and device is not None:
        yield f'fwd to "{names.shaper(device)}"'


def _routed(addresses: tuple[IpInterface, ...]) -> Iterator[str]:
    """Only from one's own addresses, and nothing but IP."""
    for version, word, _ in _FAMILIES:
        own = _of(version, addresses)
        if own:
            yield f"{word} saddr != {_set(own)} counter drop"
        else:
            yield f"meta protocol {word} counter drop"
    yield "meta protocol != { ip, ip6 } counter drop"


def _clean(interface: Interface, mac: MacAddress) -> Iterator[str]:
    """Nobody else's addresses in frames, in ARP, and in packets where ours are known.

    An interface without static addresses has those that DHCP gives it, which are not known
    here, so its packets are only held to its link address.
    """
    yield f"arp saddr ether != {mac} counter drop"
    known = bool(interface.addresses)
    for version, word, unspecified in _FAMILIES:
        own = _of(version, interface.addresses)
        if not known or version in interface.dhcp:
            continue
        if version == 4:
            yield f"arp saddr ip != {_set([*own, unspecified])} counter drop"
            yield f"ip saddr != {_set([*own, unspecified])} counter drop"
        else:
            yield f"{word} saddr != {_set([*own, unspecified, str(link_local(mac))])} counter drop"


def link_local(mac: MacAddress) -> ipaddress.IPv6Address:
    """The link-local address that the kernel derives from a link address (RFC 4291)."""
    raw = bytes.fromhex(str(mac).replace(":", ""))
    middle = bytes((raw[0] ^ 2, *raw[1:3], 0xFF, 0xFE, *raw[3:]))
    return ipaddress.IPv6Address(bytes.fromhex("fe80") + bytes(6) + middle)


def _of(version: int, addresses: Iterable[IpInterface]) -> list[str]:
    return [str(address.ip) for address in addresses if address.version == version]


def _set(values: Iterable[str]) -> str:
    return f"{{ {', '.join(dict.fromkeys(values))} }}"
