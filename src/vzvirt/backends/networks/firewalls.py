"""Other people's firewalls: found out, named, never changed.

A chain of another table that drops by policy still drops what our table lets pass. Which chains
do is read from the kernel at each question; whether one has a rule for a network's bridge already
is told from the bridge's name in its table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt.backends.networks import dnsmasq, forwarding
from vzvirt.backends.networks.nftables import quoted
from vzvirt.model.network import Network
from vzvirt.system.process import run, which

_VERSIONS: Final = {"ip": {4}, "ip6": {6}, "inet": {4, 6}}
"""IP versions that a table of each family sees."""

_USERS_CHAINS: Final = ("DOCKER-USER",)
"""Chains in which others' programs leave room for the administrator's rules."""

_LEGACY: Final = {4: "iptables", 6: "ip6tables"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain of the kernel's; ``hook`` and ``policy`` are those of a base chain."""

    family: str
    table: str
    name: str
    hook: str | None = None
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that keeps a network's packets back.

    Attributes:
        what: A clause that says who does, and what fails by it.
        opening: The commands that would let them through.
    """

    what: str
    opening: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.what}; to let it through: {'; '.join(self.opening)}"


def chains() -> list[Chain]:
    """All chains of nftables, those of iptables' newer kind included.

    Raises:
        NoSupport: ``nft`` is not installed.
    """
    said = json.loads(run(["nft", "-j", "list", "chains"]).stdout or b"{}")
    rows = [row["chain"] for row in said.get("nftables", []) if "chain" in row]
    return [
        Chain(
            family=row["family"],
            table=row["table"],
            name=row["name"],
            hook=row.get("hook"),
            policy=row.get("policy"),
        )
        for row in rows
    ]


def filled(family: str, table: str) -> frozenset[str]:
    """The chains of a table that have rules; ``nft flush table`` leaves them empty."""
    done = run(["nft", "-j", "list", "table", family, table], check=False)
    said = json.loads(done.stdout or b"{}") if done.status == 0 else {}
    return frozenset(row["rule"]["chain"] for row in said.get("nftables", []) if "rule" in row)


def obstacles(network: Network, own_table: str, known: list[Chain]) -> list[Obstacle]:
    """What stands in a network's way.

    Args:
        network: The network, which need not run.
        own_table: Our own table, which does not.
        known: All chains there are.
    """
    wanted = {"forward": set(forwarding.versions(network)), "input": _served(network)}
    found = []
    for chain in known:
        closed = chain.policy == "drop" and chain.table != own_table
        versions = wanted.get(chain.hook or "", set()) & _VERSIONS.get(chain.family, set())
        if closed and versions and not _knows(chain, network):
            found.append(_obstacle(chain, network, _opening(chain, network, known)))
    for version in sorted(wanted["forward"]):
        found += _legacy_obstacles(network, version)
    return found


def _served(network: Network) -> set[int]:
    if not dnsmasq.is_needed(network):
        return set()
    return {item.interface.version for item in network.addresses}


def _knows(chain: Chain, network: Network) -> bool:
    listing = run(["nft", "list", "table", chain.family, chain.table], check=False).stdout
    return quoted(network.bridge or "") in listing.decode(errors="replace")


def _opening(chain: Chain, network: Network, known: list[Chain]) -> tuple[str, ...]:
    """The commands that would let a network through a chain."""
    rooms = (
        other.name
        for other in known
        if (other.family, other.table) == (chain.family, chain.table)
        and other.name in _USERS_CHAINS
    )
    name = next(rooms, chain.name) if chain.hook == "forward" else chain.name
    insert = f"nft insert rule {chain.family} {chain.table} {name}"
    passes = _passes(chain.hook or "", quoted(network.bridge or ""))
    return tuple(f"{insert} {rule}" for rule in passes)


def _passes(hook: str, bridge: str) -> Iterator[str]:
    if hook == "forward":
        yield f"iifname {bridge} accept"
        yield f"oifname {bridge} accept"
    else:
        yield f"iifname {bridge} udp dport {{ 53, 67, 547 }} accept"
        yield f"iifname {bridge} tcp dport 53 accept"


def _obstacle(chain: Chain, network: Network, opening: tuple[str, ...]) -> Obstacle:
    what = "is forwarded" if chain.hook == "forward" else "asks this host for addresses or names"
    return Obstacle(
        what=(
            f"chain '{chain.name}' of the firewall's table '{chain.family} {chain.table}' drops "
            f"what no rule of its accepts, so nothing of network '{network.name}' {what}"
        ),
        opening=opening,
    )


def _legacy_obstacles(network: Network, version: int) -> Iterator[Obstacle]:
    """iptables of the older kind is not seen through nftables."""
    program = _LEGACY[version]
    if not _legacy_tables(version) or which(f"{program}-legacy") is None:
        return
    rules = run([f"{program}-legacy", "-S", "FORWARD"], check=False).stdout.decode()
    if "-P FORWARD DROP" in rules and f" {network.bridge} " not in rules:
        insert = f"{program}-legacy -I FORWARD"
        yield Obstacle(
            what=(
                f"the policy of {program}'s chain 'FORWARD' is to drop, so nothing of network "
                f"'{network.name}' is forwarded"
            ),
            opening=tuple(f"{insert} {way} {network.bridge} -j ACCEPT" for way in ("-i", "-o")),
        )


def _legacy_tables(version: int) -> bool:
    names = Path("/proc/net/ip_tables_names" if version == 4 else "/proc/net/ip6_tables_names")
    try:
        return "filter" in names.read_text().split()
    except OSError:
        return False
