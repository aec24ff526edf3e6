"""Interfaces and networks that are only said to be there; ``wiring`` keeps them.

Any bridge that a definition names is taken to exist. The NICs are those of ``inventory``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import count
from typing import Final

from vzvirt import errors
from vzvirt.backends.memory.inventory import NICS, UPLINK, name_at
from vzvirt.backends.memory.state import Runs
from vzvirt.backends.memory.wiring import Wire, Wiring, WiringFile
from vzvirt.model.devices import ROUTED_GUEST_NAME, HostDevice, HostDeviceKind, IpInterface
from vzvirt.model.host import HostCheck
from vzvirt.model.network import ForwardMode, Lease, Network
from vzvirt.model.values import Ctid
from vzvirt.ports.network import BootStep, GuestAddress, LinkCounters, Plug
from vzvirt.system.files import exclusive
from vzvirt.system.root import Root

UPLINK_ADDRESS: Final = ipaddress.ip_interface("192.0.2.2/24")
"""What the simulated host has on its uplink."""

FILTERS: Final = frozenset({"clean-traffic"})
"""Traffic filters that are simulated."""


class MemoryLinks:
    """ports.network.GuestLinks without packets."""

    def __init__(self, root: Root) -> None:
        self._runs = Runs(root)
        self._wiring = WiringFile(root)

    def check(self, ctid: Ctid, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]) -> None:
        """Refuse what could not be made.

        Raises:
            OperationFailed: A device is missing, or another container has the address.
            OperationInvalid: A NIC is another container's, or carries the default route.
            ConfigUnsupported: The filter is one that nobody implements.
        """
        wiring = self._wiring.now()
        for plug in plugs:
            _check_plug(wiring, ctid, plug)
        for device in devices:
            _check_device(wiring, ctid, device)

    def boot_steps(
        self, ctid: Ctid, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]
    ) -> tuple[BootStep, ...]:
        """Connect everything; nothing is left to do at boot."""
        with self._wiring.changing() as wiring:
            _disconnect(wiring, ctid)
            wiring.wires += [_wire(ctid, plug) for plug in plugs]
            wiring.devices |= {name: ctid for name in map(_nic, devices) if name is not None}
        return ()

    def lacking(self, running: Mapping[Ctid, tuple[Plug, ...]]) -> set[Ctid]:
        """Nothing is ever lost."""
        del running
        return set()

    def mend(self, ctid: Ctid, plugs: tuple[Plug, ...]) -> None:
        """Nothing is ever lost."""
        del ctid, plugs

    def attach(self, ctid: Ctid, init_pid: int, plug: Plug) -> None:
        """Give a container one more interface.

        Raises:
            OperationFailed: It has one of that name.
        """
        del init_pid
        with self._wiring.changing() as wiring:
            wire = _wire(ctid, plug)
            if any(_same(wire, other) for other in wiring.wires):
                raise errors.OperationFailed(f"container {ctid} has a device '{wire.guest_name}'")
            wiring.wires.append(wire)

    def update(self, ctid: Ctid, init_pid: int, old: Plug, new: Plug) -> None:
        """Change an interface of a container."""
        del init_pid
        before, after = _wire(ctid, old), _wire(ctid, new)
        with self._wiring.changing() as wiring:
            wiring.wires = [after if _same(wire, before) else wire for wire in wiring.wires]

    def detach(self, ctid: Ctid, init_pid: int, plug: Plug) -> None:
        """Take an interface from a container."""
        del init_pid
        gone = _wire(ctid, plug)
        with self._wiring.changing() as wiring:
            wiring.wires = [wire for wire in wiring.wires if not _same(wire, gone)]

    def attach_device(self, ctid: Ctid, init_pid: int, device: HostDevice) -> None:
        """Move a NIC into a container.

        Raises:
            OperationFailed: There is no such device.
            OperationInvalid: It is another container's, or carries the default route.
        """
        del init_pid
        with self._wiring.changing() as wiring:
            _check_device(wiring, ctid, device)
            name = _nic(device)
            if name is not None:
                wiring.devices[name] = ctid

    def detach_device(self, ctid: Ctid, init_pid: int, device: HostDevice) -> None:
        """Bring a NIC back."""
        del init_pid
        with self._wiring.changing() as wiring:
            name = _nic(device)
            if name is not None and wiring.devices.get(name) == ctid:
                del wiring.devices[name]

    def holders(self, devices: tuple[HostDevice, ...]) -> frozenset[Ctid]:
        """Containers that have one of these NICs."""
        owners = self._wiring.now().devices
        return frozenset(Ctid(owners[name]) for name in map(_nic, devices) if name in owners)

    def release(self, ctid: Ctid) -> None:
        """Take back all that a stopped container held."""
        with self._wiring.changing() as wiring:
            _disconnect(wiring, ctid)

    def counters(
        self, ctid: Ctid, init_pid: int, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]
    ) -> list[LinkCounters]:
        """Nothing was ever sent."""
        del ctid, init_pid
        nics = filter(None, map(_nic, devices))
        return [LinkCounters(host_name=name) for name in (*map(_end, plugs), *nics)]

    def addresses(self, init_pid: int) -> list[GuestAddress]:
        """What a container's interfaces were given, by its definition or by DHCP."""
        owners = {ctid for ctid, run in self._runs.all().items() if run.init_pid == init_pid}
        wiring = self._wiring.now()
        leases = [lease for network in wiring.running() for lease in wiring.leases(network)]
        return [
            GuestAddress(
                guest_name=wire.guest_name,
                mac=wire.mac,
                addresses=wire.static
                or tuple(lease.address for lease in leases if str(lease.mac) == wire.mac),
            )
            for wire in wiring.wires
            if wire.ctid in owners
        ]


class MemoryNetworks:
    """ports.network.NetworkRunner without bridges."""

    def __init__(self, root: Root) -> None:
        self._wiring = WiringFile(root)
        self._lock = root.path("run/vzvirt/networks.lock")

    def lock(self, wait: float) -> AbstractContextManager[None]:
        """The lock around every change of networks.

        Raises:
            Busy: Not had within ``wait`` seconds.
        """
        return exclusive(self._lock, wait, "the networks")

    def free_bridge(self, held: Collection[str]) -> str:
        """The first of ``virbr0`` and so on that nobody has."""
        taken = {*held, *(network.bridge for network in self._wiring.now().running())}
        return next(name for name in map("virbr{}".format, count()) if name not in taken)

    def foreign(self, name: str) -> Network | None:
        """Nobody else is here."""
        del name
        return None

    def mend(self, network: Network) -> list[str]:
        """Nothing is ever lost."""
        del network
        return []

    def start(self, network: Network) -> list[str]:
        """Say that a network runs.

        Raises:
            Conflict: Its bridge or addresses are in use.
        """
        with self._wiring.changing() as wiring:
            if network.forward.mode is not ForwardMode.BRIDGE:
                _refuse_taken(network, wiring.running())
            wiring.run(network)
        return []

    def stop(self, network: Network) -> None:
        """Say that it does not run."""
        with self._wiring.changing() as wiring:
            wiring.networks.pop(network.name, None)

    def update(self, old: Network, new: Network) -> None:
        """Change a running network."""
        with self._wiring.changing() as wiring:
            if old.name in wiring.networks:
                wiring.run(new)

    def is_active(self, network: Network) -> bool:
        """Whether it runs."""
        return network.name in self._wiring.now().networks

    def checks(self, networks: Sequence[Network]) -> list[HostCheck]:
        """Nothing is needed."""
        del networks
        return []

    def leases(self, network: Network) -> list[Lease]:
        """What DHCP would have given out."""
        return self._wiring.now().leases(network) if self.is_active(network) else []

    def is_foreign(self, network: Network) -> bool:
        """Nobody else is here."""
        del network
        return False

    def taken(self) -> list[IpInterface]:
        """Address ranges of the uplink and of all networks that run."""
        return _ranges(self._wiring.now().running())


# -- interfaces --------------------------------------------------------------------------


def _wire(ctid: Ctid, plug: Plug) -> Wire:
    interface = plug.interface
    return Wire(
        ctid=int(ctid),
        guest_name=interface.guest_name or ROUTED_GUEST_NAME,
        mac=str(interface.mac or "00:00:00:00:00:00"),
        bridge=plug.bridge,
        addresses=[str(address) for address in interface.addresses],
    )


def _same(one: Wire, other: Wire) -> bool:
    return (one.ctid, one.guest_name) == (other.ctid, other.guest_name)


def _end(plug: Plug) -> str:
    return plug.interface.host_name or plug.interface.guest_name or ROUTED_GUEST_NAME


def _disconnect(wiring: Wiring, ctid: Ctid) -> None:
    wiring.wires = [wire for wire in wiring.wires if wire.ctid != ctid]
    wiring.devices = {name: owner for name, owner in wiring.devices.items() if owner != ctid}


def _check_plug(wiring: Wiring, ctid: Ctid, plug: Plug) -> None:
    interface = plug.interface
    if interface.filter is not None and interface.filter not in FILTERS:
        raise errors.ConfigUnsupported(
            f"traffic filter '{interface.filter}' is not known",
            hint=f"known: {', '.join(FILTERS)}",
        )
    wanted = {address.ip for address in interface.addresses}
    for other in wiring.wires:
        for address in other.static:
            if other.ctid != ctid and address.ip in wanted:
                raise errors.OperationFailed(
                    f"address {address.ip} of container {ctid} is that of container {other.ctid}"
                )


# -- networks ----------------------------------------------------------------------------


def _ranges(networks: list[Network]) -> list[IpInterface]:
    subnets = [subnet for network in networks for subnet in network.addresses]
    return [UPLINK_ADDRESS, *(subnet.interface for subnet in subnets)]


def _refuse_taken(network: Network, running: list[Network]) -> None:
    others = [item for item in running if item.name != network.name]
    for other in others:
        if other.bridge == network.bridge:
            raise errors.Conflict(f"network '{other.name}' has bridge '{other.bridge}'")
    for subnet in network.addresses:
        wanted = subnet.interface
        for taken in _ranges(others):
            if wanted.version == taken.version and wanted.network.overlaps(taken.network):
                raise errors.Conflict(
                    f"{wanted.network} of network '{network.name}' overlaps {taken.network}, "
                    "which is in use",
                    hint="give the network another range",
                )


# -- devices -----------------------------------------------------------------------------


def _nic(device: HostDevice) -> str | None:
    """The NIC that is meant; ``None``: it is no NIC, or there is none such."""
    if device.kind not in {HostDeviceKind.NET, HostDeviceKind.PCI}:
        return None
    return device.name if device.name in NICS else name_at(device.address)


def _check_device(wiring: Wiring, ctid: Ctid, device: HostDevice) -> None:
    if device.kind not in {HostDeviceKind.NET, HostDeviceKind.PCI}:
        return
    name = _nic(device)
    if name is None:
        raise errors.OperationFailed(f"this host has no NIC '{device.name or device.address}'")
    if name == UPLINK:
        raise errors.OperationInvalid(f"device '{name}' carries the host's default route")
    owner = wiring.devices.get(name, ctid)
    if owner != ctid:
        raise errors.OperationInvalid(f"device '{name}' is in use by container {owner}")
