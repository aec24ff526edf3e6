"""ports.network.NetworkRunner on Linux.

State: the kernel's, and what ``daemon`` keeps; nothing is remembered between two calls. A bridge
is ours, and its network runs, if it bears our alias. Rules and DHCP are made before anybody is
let in, and made again by ``mend`` where a firewall's reload or a crash took them away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.networks import bridge, firewalls, forwarding, libvirtd, nftables
from vzvirt.backends.networks.daemon import Daemons
from vzvirt.model.devices import IpInterface
from vzvirt.model.host import HostCheck, Verdict
from vzvirt.model.network import ForwardMode, Lease, Network
from vzvirt.system.files import exclusive
from vzvirt.system.process import run, which
from vzvirt.system.root import Root

TABLE: Final = "vzvirt-net"
"""Our table of nftables, before the installation's tag."""

PROGRAMS: Final[Mapping[str, str]] = {"nft": "nftables", "dnsmasq": "dnsmasq-base"}
"""What networks are made with, and the package it comes in."""


class LinuxNetworks:
    """The networks of one installation; implements ``ports.network.NetworkRunner``.

    Args:
        root: The installation.
        host: The folder that libvirt's daemon, if there is one, takes for ``/``.
    """

    def __init__(self, root: Root, host: Path = Path("/")) -> None:
        self._host = host
        self._root = root
        self._table = TABLE + root.tag
        self._daemons = Daemons(root)

    def lock(self, wait: float) -> AbstractContextManager[None]:
        """The lock around every change of networks.

        Raises:
            Busy: Not had within ``wait`` seconds.
        """
        return exclusive(self._root.path("run/vzvirt/networks.lock"), wait, "the networks")

    def free_bridge(self, held: Collection[str]) -> str:
        """``virbr0`` and so on, as libvirt users know them, with the tag of the root if any."""
        names = (f"virbr{self._root.tag}{number}" for number in count())
        return next(name for name in names if name not in held and not bridge.exists(name))

    def foreign(self, name: str) -> Network | None:
        """The network of that name that libvirt's daemon runs on this host."""
        return next((item for item in libvirtd.running(self._host) if item.name == name), None)

    def is_foreign(self, network: Network) -> bool:
        """Whether libvirt's daemon runs that bridge."""
        return any(item.bridge == network.bridge for item in libvirtd.running(self._host))

    def is_active(self, network: Network) -> bool:
        """Whether its bridge is there, and ours unless it is meant to be another's."""
        seen = bridge.see(network.bridge or "")
        if self._is_others(network):
            return seen is not None
        return seen is not None and seen.alias == self._alias(network)

    def start(self, network: Network) -> list[str]:
        """Make bridge, addresses, rules, DHCP and DNS; all or nothing.

        Raises:
            Conflict: Its bridge or addresses are in use.
            OperationFailed: A bridge that is to be used is missing, or a step failed.
            NoSupport: A program is not installed.
        """
        if self._is_others(network):
            return _used_only(network)
        if self._has_bridge(network):
            self.stop(network)  # of a start that was killed
        self._refuse_taken(network)
        known = firewalls.chains()
        try:
            bridge.make(network, self._alias(network))
            self._make_rules(network)
            forwarding.enable(network)
            self._daemons.start(network)
        except BaseException:
            self.stop(network)
            raise
        return self._warnings(network, known)

    def stop(self, network: Network) -> None:
        """Take all of it away. Idempotent."""
        if self._is_others(network):
            return
        self._daemons.stop(network)
        if self._has_bridge(network):
            bridge.remove(network.bridge or "")
        self._remove_rules(network)

    def update(self, old: Network, new: Network) -> None:
        """Change a running network's DHCP and DNS, its rules with them; no guest is touched."""
        if self._is_others(new):
            return
        if nftables.ruleset(self._table, old) != nftables.ruleset(self._table, new):
            self._make_rules(new)
        self._daemons.update(new)

    def mend(self, network: Network) -> list[str]:
        """Make rules and DHCP again where they are gone."""
        if self._is_others(network):
            return []
        known = firewalls.chains()
        if not nftables.expected_chains(network) <= firewalls.filled(nftables.FAMILY, self._table):
            self._make_rules(network)
        if not self._daemons.is_well(network):
            self._daemons.start(network)
        forwarding.enable(network)
        return self._warnings(network, known)

    def leases(self, network: Network) -> list[Lease]:
        """What DHCP has given out.

        Raises:
            OperationFailed: Its notes cannot be read.
        """
        if self.is_foreign(network):
            return libvirtd.leases(network, self._host)
        return self._daemons.leases(network)

    def taken(self) -> list[IpInterface]:
        """Address ranges in use on this host."""
        return list(bridge.ranges())

    def checks(self, networks: Sequence[Network]) -> list[HostCheck]:
        """What this host has for networks, and what stands in the way of these."""
        found = [_program(name, package) for name, package in PROGRAMS.items()]
        if any(check.verdict is Verdict.MISSING for check in found):
            return found
        try:
            known = firewalls.chains()
        except errors.OperationFailed as failure:
            remedy = "run it as root, on a kernel that has nf_tables"
            return [*found, _check("firewall", Verdict.WARNING, str(failure), remedy)]
        obstacles = [
            obstacle
            for network in networks
            if not self._is_others(network)
            for obstacle in firewalls.obstacles(network, self._table, known)
        ]
        if not obstacles:
            return [*found, _check("firewall", Verdict.OK, "in no network's way")]
        return found + [
            _check("firewall", Verdict.WARNING, item.what, "; ".join(item.opening))
            for item in obstacles
        ]

    def _warnings(self, network: Network, known: list[firewalls.Chain]) -> list[str]:
        return [str(item) for item in firewalls.obstacles(network, self._table, known)]

    def _alias(self, network: Network) -> str:
        return f"{self._table} {network.name}"

    def _has_bridge(self, network: Network) -> bool:
        """Whether its bridge is there, at least the beginning of it."""
        seen = bridge.see(network.bridge or "")
        if seen is None:
            return False
        return seen.alias == self._alias(network) or seen == bridge.Seen("", str(network.mac))

    def _is_others(self, network: Network) -> bool:
        """Whether we only use the bridge."""
        return network.forward.mode is ForwardMode.BRIDGE or self.is_foreign(network)

    def _refuse_taken(self, network: Network) -> None:
        name = network.bridge or ""
        if bridge.exists(name):
            raise errors.Conflict(
                f"network '{network.name}' cannot make its bridge '{name}': there is a device "
                "of that name that is not its own",
                hint="give the network another <bridge name='...'/>, or remove the device",
            )
        for taken, device in bridge.ranges().items():
            for item in network.addresses:
                if bridge.overlapping(item.interface.network, taken):
                    raise errors.Conflict(
                        f"{item.interface.network} of network '{network.name}' overlaps "
                        f"{taken.network}, which is in use by device '{device}'",
                        hint="give the network another range",
                    )

    def _make_rules(self, network: Network) -> None:
        if nftables.has_rules(network):
            run(["nft", "-f", "-"], stdin=nftables.ruleset(self._table, network).encode())

    def _remove_rules(self, network: Network) -> None:
        known = {chain.name for chain in firewalls.chains() if chain.table == self._table}
        if not known:
            return
        if known <= nftables.expected_chains(network):
            text = nftables.table_removal(self._table)
        else:
            text = nftables.removal(self._table, network)
        run(["nft", "-f", "-"], stdin=text.encode())


def _check(topic: str, verdict: Verdict, found: str, remedy: str | None = None) -> HostCheck:
    return HostCheck(topic=topic, verdict=verdict, found=found, remedy=remedy)


def _program(name: str, package: str) -> HostCheck:
    if which(name) is None:
        found = "not installed: no virtual network starts"
        return _check(name, Verdict.MISSING, found, f"install the package {package}")
    return _check(name, Verdict.OK, "installed")


def _used_only(network: Network) -> list[str]:
    """A bridge that somebody else has made needs only to be there."""
    if bridge.see(network.bridge or "") is None:
        raise errors.OperationFailed(
            f"network '{network.name}' uses the bridge '{network.bridge}', and this host has none "
            "of that name",
            hint=f"make it: ip link add {network.bridge} type bridge",
        )
    if network.forward.mode is ForwardMode.BRIDGE:
        return []
    return [
        f"libvirt's own daemon runs the bridge '{network.bridge}' of network '{network.name}': "
        "it is used as it stands"
    ]
