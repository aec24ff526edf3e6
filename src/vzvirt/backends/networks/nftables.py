"""The rules of a virtual network, as text for ``nft -f -``.

Pure. One table per installation holds the rules of all its networks; nothing outside it is ever
touched. Each network has chains of its own in it, hooked in by themselves and named after its
bridge, so one network's rules are replaced, in one transaction, without a look at the others'.

An ``accept`` here ends only the chain it is in: other tables still have their say, so rules that
would let something in (DHCP and DNS to the host, say) were in vain and are not made. What other
tables drop is ``firewalls``' business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from vzvirt.model.devices import Bandwidth, IpNetwork
from vzvirt.model.network import Forward, ForwardMode, Network

FAMILY: Final = "inet"

GUARDED: Final = "guarded"
"""The set of bridges whose guests do not reach one another across networks."""

REJECT: Final = "reject with icmpx admin-prohibited"

_HOOKS: Final = {
    "forward": "type filter hook forward priority filter",
    "nat": "type nat hook postrouting priority srcnat",
    "limit": "type filter hook prerouting priority raw",
}
"""What each chain of a network is, by what its name begins with."""

_NOT_TRANSLATED: Final = {4: ("224.0.0.0/24", "255.255.255.255"), 6: ("ff00::/8",)}
"""Destinations that stay on the link, by IP version."""

_WORDS: Final = {4: "ip", 6: "ip6"}
"""What nftables calls a header, by IP version."""

_PORTS: Final = (1024, 65535)
"""Source ports of translated connections, where the network does not say."""


def chain_name(kind: str, network: Network) -> str:
    """The chain of a network's bridge; ``kind``: forward, nat or limit."""
    return f"{kind}-{network.bridge}"


def is_guarded(network: Network) -> bool:
    """Whether there are any rules for it: not for ``open``, nor for the user's own bridge."""
    return network.forward.mode in {ForwardMode.ISOLATED, ForwardMode.NAT, ForwardMode.ROUTE}


def ruleset(table: str, network: Network) -> str:
    """The transaction that replaces a network's rules, whatever there was of them."""
    chains = {
        "forward": list(_forward(network)) if is_guarded(network) else [],
        "nat": list(_nat(network)),
        "limit": list(_limit(network.bridge, network.outbound)),
    }
    lines = [f"table {FAMILY} {table} {{"]
    if is_guarded(network):
        lines += [f"  set {GUARDED} {{", "    type ifname", "  }"]
    for kind, rules in chains.items():
        if rules:
            lines += [
                f"  chain {chain_name(kind, network)} {{",
                f"    {_HOOKS[kind]}; policy accept;",
                *(f"    {rule}" for rule in rules),
                "  }",
            ]
    lines.append("}")
    if is_guarded(network):
        lines.append(_element("add", table, network))
    return removal(table, network) + "\n".join(lines) + "\n"


def has_rules(network: Network) -> bool:
    """Whether ``ruleset`` makes any chain."""
    return is_guarded(network) or network.outbound is not None


def expected_chains(network: Network) -> frozenset[str]:
    """The chains that a running network has."""
    kinds = {
        "forward": is_guarded(network),
        "nat": network.forward.mode is ForwardMode.NAT,
        "limit": network.outbound is not None,
    }
    return frozenset(chain_name(kind, network) for kind, there in kinds.items() if there)


def removal(table: str, network: Network) -> str:
    """The transaction that takes a network's rules away; what is not there is first made."""
    lines = [
        f"add table {FAMILY} {table}",
        f"add set {FAMILY} {table} {GUARDED} {{ type ifname; }}",
        _element("add", table, network),
        _element("delete", table, network),
    ]
    for kind, hook in _HOOKS.items():
        name = f"{FAMILY} {table} {chain_name(kind, network)}"
        lines += [f"add chain {name} {{ {hook}; policy accept; }}", f"delete chain {name}"]
    return "\n".join(lines) + "\n"


def table_removal(table: str) -> str:
    """The transaction that takes the whole table away."""
    return f"add table {FAMILY} {table}\ndelete table {FAMILY} {table}\n"


def _element(verb: str, table: str, network: Network) -> str:
    return f"{verb} element {FAMILY} {table} {GUARDED} {{ {quoted(network.bridge or '')} }}"


def quoted(device: str) -> str:
    """A device's name, of which no character means anything."""
    return '"' + device.replace("*", "\\*") + '"'


def _forward(network: Network) -> Iterator[str]:
    """What may pass the host from and to a network's guests."""
    inward = f"oifname {quoted(network.bridge or '')}"
    outward = f"iifname {quoted(network.bridge or '')}"
    yield f"{outward} {inward} accept"
    if network.forward.mode is ForwardMode.ISOLATED:
        yield f"{outward} {REJECT}"
        yield f"{inward} {REJECT}"
        return
    yield f"{inward} ct state established,related accept"
    yield f"{outward} oifname @{GUARDED} {REJECT}"
    for version in (4, 6):
        yield from _own_sources(network, version, outward)
        if is_translated(network.forward, version):
            yield f"{inward} meta nfproto ipv{version} {REJECT}"
    if network.forward.device is not None:
        device = quoted(network.forward.device)
        yield f"{outward} oifname != {device} {REJECT}"
        yield f"{inward} iifname != {device} {REJECT}"


def _own_sources(network: Network, version: int, outward: str) -> Iterator[str]:
    """Nothing leaves with an address that is not the network's."""
    own = _subnets(network, version) + [
        str(route.destination) for route in network.routes if route.destination.version == version
    ]
    if own:
        yield f"{outward} {_WORDS[version]} saddr != {_set(own)} {REJECT}"
    else:
        yield f"{outward} meta nfproto ipv{version} {REJECT}"


def is_translated(forward: Forward, version: int) -> bool:
    """Whether guests' addresses of a version are hidden behind the host's."""
    return forward.mode is ForwardMode.NAT and (version == 4 or forward.nat_ipv6)


def _nat(network: Network) -> Iterator[str]:
    forward = network.forward
    for version in (4, 6):
        if not is_translated(forward, version):
            continue
        word, subnets = _WORDS[version], _subnets(network, version)
        to = _source_addresses(forward) if version == 4 else "masquerade"
        low, high = forward.nat_ports or _PORTS
        ports = f"{to}:{low}-{high}" if " to " in to else f"{to} to :{low}-{high}"
        for subnet in subnets:
            near = _set([subnet, *_NOT_TRANSLATED[version]])
            match = f"{word} saddr {subnet} {word} daddr != {near}"
            if forward.device is not None:
                match += f" oifname {quoted(forward.device)}"
            yield f"{match} meta l4proto {{ tcp, udp }} {ports}"
            yield f"{match} {to}"


def _source_addresses(forward: Forward) -> str:
    if forward.nat_addresses is None:
        return "masquerade"
    first, last = forward.nat_addresses
    return f"snat ip to {first}" if first == last else f"snat ip to {first}-{last}"


def _limit(bridge: str | None, outbound: Bandwidth | None) -> Iterator[str]:
    """What the guests together send to the host and through it; both units are 1024 bytes."""
    if outbound is not None:
        burst = outbound.burst or max(outbound.average // 8, 128)
        yield (
            f"iifname {quoted(bridge or '')} limit rate over {outbound.average} kbytes/second "
            f"burst {burst} kbytes drop"
        )


def _subnets(network: Network, version: int) -> list[str]:
    subnets: Sequence[IpNetwork] = [item.interface.network for item in network.addresses]
    return [str(subnet) for subnet in subnets if subnet.version == version]


def _set(members: Sequence[str]) -> str:
    return f"{{ {', '.join(members)} }}"
