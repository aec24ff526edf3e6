"""What the host may have lost of running containers' interfaces, and making it again.

No state: the kernel is asked. Routes go when somebody flushes them, what is answered for when an
uplink goes down or another one takes its place, filters when a firewall is reloaded, a bridge's
ports with the bridge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vzvirt.backends.netlink import batches, filters, kernel, names, rtnetlink, uplinks
from vzvirt.model.devices import InterfaceKind, IpAddress
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Plug


@dataclass(frozen=True, slots=True)
class Seen:
    """The host at one moment.

    Attributes:
        masters: The bridge, or ``None``, of each of its devices.
        proxies: Addresses that it answers for, and on which device.
        chains: Chains in the table of filters that have rules.
        routes: By IP version.
    """

    masters: dict[str, str | None]
    proxies: frozenset[tuple[IpAddress, str]]
    chains: frozenset[str]
    routes: dict[int, list[rtnetlink.KernelRoute]]

    @classmethod
    def now(cls, tag: str) -> Seen:
        """Look.

        Raises:
            SystemFailure: The kernel does not answer.
        """
        listing = kernel.run(("nft", "list", "table", "netdev", names.table(tag)), check=False)
        return cls(
            masters=rtnetlink.masters(),
            proxies=rtnetlink.proxies(),
            chains=filled(listing),
            routes={version: rtnetlink.routes(version) for version in (4, 6)},
        )


def filled(listing: str) -> frozenset[str]:
    """Chains that have rules, in what ``nft list table`` prints; a flush leaves them empty."""
    found, chain = set(), None
    for words in map(str.split, listing.splitlines()):
        match words:
            case ["chain", name, "{"]:
                chain = name
            case ["}"] | ["type", *_] | []:
                continue
            case ["set", *_]:
                chain = None
            case _ if chain is not None:
                found.add(chain)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Loss:
    """What one container lacks.

    Attributes:
        lines: For ``ip``; each may fail.
        rules: For ``nft``.
    """

    lines: tuple[str, ...]
    rules: str

    def __bool__(self) -> bool:
        return bool(self.lines or self.rules)


def loss(ctid: Ctid, tag: str, plugs: tuple[Plug, ...], seen: Seen) -> Loss:
    """What a container's interfaces lack; a device that is gone cannot be mended."""
    there = [plug for plug in plugs if names.host_end(plug, ctid, tag) in seen.masters]
    lines = [line for plug in there for line in _lines(plug, ctid, tag, seen)]
    rules = [
        rule
        for plug in there
        if names.chain(str(names.host_end(plug, ctid, tag))) not in seen.chains
        and (rule := filters.rules(plug, ctid, tag))
    ]
    return Loss(tuple(lines), "".join(rules))


def _lines(plug: Plug, ctid: Ctid, tag: str, seen: Seen) -> Iterator[str]:
    host = str(names.host_end(plug, ctid, tag))
    # Said again to one that is in there already, it would be news to whoever watches devices.
    if plug.bridge in seen.masters and seen.masters[host] != plug.bridge:
        yield f"link set dev {host} master {plug.bridge}"
        if plug.interface.isolated:
            yield batches.isolation(plug, host)
    if plug.interface.kind is not InterfaceKind.ROUTED:
        return
    for ip, way in uplinks.ways(plug.interface.addresses, seen.routes.__getitem__).items():
        if plug.interface.link_up and way.holder is None:
            yield f"route replace {ip} dev {host} proto {names.ROUTE_PROTOCOL}"
        lacking = [uplink for uplink in way.uplinks if (ip, uplink) not in seen.proxies]
        yield from batches.proxy("replace", ip, lacking)
