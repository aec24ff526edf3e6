"""What is simulated to be connected: ``run/vzvirt/memory/wiring.json``.

Interfaces of containers, NICs that were moved into them, and networks that run. Every change
happens under a ``flock`` on a file beside it, as in ``state``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

from vzvirt.model.devices import IpAddress, IpInterface
from vzvirt.model.network import Lease, Network, NetworkAddress
from vzvirt.model.values import MacAddress
from vzvirt.system.files import exclusive, read_bytes, write_atomic
from vzvirt.system.root import Root

_PATIENCE: Final = 30.0
"""Seconds to wait for another process's change, which takes a millisecond."""


@dataclass(slots=True)
class Wire:
    """One interface of a simulated container.

    Attributes:
        ctid: Whose it is.
        bridge: Where its host end is, or ``None``.
        addresses: Those it was given, with their prefixes.
    """

    ctid: int
    guest_name: str
    mac: str
    bridge: str | None
    addresses: list[str]

    @property
    def static(self) -> tuple[IpInterface, ...]:
        """Its addresses as values."""
        return tuple(map(ipaddress.ip_interface, self.addresses))


@dataclass(slots=True)
class Wiring:
    """All that is connected.

    Attributes:
        devices: By name of a NIC, the container that has it.
        networks: By name of a network that runs, its XML.
    """

    wires: list[Wire] = field(default_factory=list)
    devices: dict[str, int] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)

    def running(self) -> list[Network]:
        """The networks that run."""
        from vzvirt.codec.xml import read_network  # not for every command

        return [read_network(text).network for text in self.networks.values()]

    def run(self, network: Network) -> None:
        """Say that a network runs, as it is given."""
        from vzvirt.codec.xml import write_network

        self.networks[network.name] = write_network(network)

    def leases(self, network: Network) -> list[Lease]:
        """What DHCP would have given to all on a network that have no address of their own."""
        plugged = [wire for wire in self.wires if wire.bridge and wire.bridge == network.bridge]
        used = {address.ip for wire in plugged for address in wire.static}
        found = []
        for subnet in network.addresses:
            used |= {subnet.interface.ip, *(host.address for host in subnet.hosts)}
            fixed = {host.mac: host.address for host in subnet.hosts}
            free = (address for address in _range(subnet) if address not in used)
            for wire in plugged:
                mac = MacAddress(wire.mac)
                address = None if wire.addresses else fixed.get(mac) or next(free, None)
                if address is not None:
                    length = subnet.interface.network.prefixlen
                    given = ipaddress.ip_interface(f"{address}/{length}")
                    found.append(Lease(address=given, mac=mac))
        return found


def _range(subnet: NetworkAddress) -> Iterator[IpAddress]:
    for item in subnet.ranges:
        for number in range(int(item.start), int(item.end) + 1):
            yield type(item.start)(number)


class WiringFile:
    """The wiring of one installation."""

    def __init__(self, root: Root) -> None:
        self._folder = root.path("run/vzvirt/memory")
        self._file = self._folder / "wiring.json"

    def now(self) -> Wiring:
        """How it is right now."""
        data = read_bytes(self._file)
        if data is None:
            return Wiring()
        content = json.loads(data)
        return Wiring(**{**content, "wires": [Wire(**wire) for wire in content["wires"]]})

    @contextlib.contextmanager
    def changing(self) -> Iterator[Wiring]:
        """The wiring, to be changed in place; written unless an error is raised."""
        with exclusive(self._folder / "lock", _PATIENCE, "the simulation"):
            wiring = self.now()
            yield wiring
            write_atomic(self._file, json.dumps(asdict(wiring), indent=1).encode() + b"\n")
