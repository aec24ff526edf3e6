"""What a container's interfaces need to know beyond its own definition, and its NICs.

Nothing is kept: an interface on a virtual network finds its bridge at each start, and a NIC
named by half is looked up in the host's device list.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from vzvirt import errors
from vzvirt.manager.checks.interfaces import clashes_inside
from vzvirt.manager.world import World
from vzvirt.model.devices import NICS, HostDevice, Interface, InterfaceKind, link_local
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ExecRequest
from vzvirt.ports.network import CALL_BACK, Boots, BootStep, Plug

if TYPE_CHECKING:
    from vzvirt.model.network import Network

CLIENT: Final = """\
for device in "$@"; do
    if command -v udhcpc; then udhcpc -b -S -x "hostname:$(hostname)" -i "$device"
    elif command -v dhclient; then dhclient -nw "$device"
    elif command -v dhcpcd; then dhcpcd -b -h "$(hostname)" "$device"
    fi
done > /dev/null 2>&1 < /dev/null
"""
"""Asks for addresses with whatever the guest has, by its name; stays behind to renew them."""


def check(world: World, domain: Domain) -> None:
    """Look whether a container's interfaces can be made; networks that they need are started.

    Raises:
        OperationFailed: A bridge or device is missing, or an address is in use.
        OperationInvalid: A NIC is in use, or carries the default route.
        ConfigUnsupported: An interface is of a kind that nobody makes.
    """
    whole = filled_in(world, domain)
    devices = tuple(item for item in whole.host_devices if item.kind in NICS)
    _free_from_the_dead(world, domain.number, devices)
    others = tuple(item for item in domain.interfaces if item.kind is not InterfaceKind.NETWORK)
    if (others or devices) and others != domain.interfaces:
        # Before a network is started for one that is refused in the end.
        ready = dataclasses.replace(domain, interfaces=others)
        world.links.check(domain.number, plugs(world, ready, start=False), devices)
    wired = plugs(world, domain, start=True)
    if wired or devices:
        world.links.check(domain.number, wired, devices)


def _free_from_the_dead(world: World, ctid: Ctid, devices: tuple[HostDevice, ...]) -> None:
    """Bring NICs back from containers that died with or on them while nobody was there to see."""
    for holder in world.links.holders(devices) - {ctid} if devices else ():
        if not world.engine.observe(holder).is_active:
            # Whoever has its lock is about to do the same.
            with contextlib.suppress(errors.Busy), world.store.lock(holder, wait=0):
                world.links.release(holder)


def boot_steps(world: World, domain: Domain, *, strict: bool) -> tuple[BootStep, ...]:
    """What makes a container's interfaces at each boot, be it off or running.

    Args:
        world: The ports.
        domain: An effective definition.
        strict: Whether it is not to boot on a network that is off or gone since it was checked.

    Raises:
        NoNetwork: So one is gone.
        OperationInvalid: So one does not run.
        OperationFailed: An address turned out to be in use since it was looked for.
    """
    if strict:
        _refuse_unplugged(world, domain)
    wired, devices = plugs(world, domain, start=False), nics(world, domain)
    if not wired and not devices:
        return ()
    return world.links.boot_steps(domain.number, wired, devices)


def _refuse_unplugged(world: World, domain: Domain) -> None:
    on = [item.source for item in domain.interfaces if item.kind is InterfaceKind.NETWORK]
    if not on:
        return
    from vzvirt.manager.networks import Networks  # not for containers without

    networks = Networks(world)
    for name in dict.fromkeys(on):
        networks.refuse_inactive(name)


def steps_after(domain: Domain, unasked: Collection[str]) -> tuple[BootStep, ...]:
    """What follows them.

    Args:
        domain: What it is.
        unasked: Interfaces for which no program of the guest asks DHCP, so that somebody has to
            after each of its own reboots.
    """
    again = BootStep(
        argv=(CALL_BACK, "rebooted", str(domain.number)), boots=Boots.LATER, may_fail=True
    )
    return (again,) if unasked else ()


def plugs(world: World, domain: Domain, *, start: bool) -> tuple[Plug, ...]:
    """A container's interfaces with the bridges they go into.

    Args:
        world: The ports.
        domain: An effective definition.
        start: Whether a virtual network that does not run is started. If not, one that is off
            or gone stands in nobody's way.
    """
    return tuple(plug(world, item, start=start) for item in domain.interfaces)


def plug(world: World, interface: Interface, *, start: bool) -> Plug:
    """One interface with its bridge, and with its port group's limits if it has none itself."""
    if interface.mac is not None:
        interface = dataclasses.replace(interface, mac=interface.mac.of_one)
    if interface.kind is InterfaceKind.BRIDGE:
        return Plug(interface=interface, bridge=interface.source or None)
    if interface.kind is not InterfaceKind.NETWORK:
        return Plug(interface=interface)
    from vzvirt.manager.networks import Networks  # not for containers without

    networks = Networks(world)
    name = interface.source
    network = networks.ready(name, start=True) if start else networks.known(name)
    if network is None:
        return Plug(interface=interface)
    limited = _limited(interface, network, strict=start)
    isolated = interface.isolated or network.ports_isolated
    return Plug(
        interface=dataclasses.replace(limited, isolated=isolated),
        bridge=network.bridge,
        leases=tuple(
            lease.address
            for subnet in network.addresses
            for lease in subnet.hosts
            if lease.mac is not None and lease.mac == interface.mac
        ),
        host_addresses=(
            *(subnet.interface.ip for subnet in network.addresses),
            *((link_local(network.mac),) if network.mac is not None else ()),
        ),
    )


def _limited(interface: Interface, network: Network, *, strict: bool) -> Interface:
    named = [group for group in network.port_groups if group.name == interface.portgroup]
    if interface.portgroup is not None and not named and strict:
        raise errors.ConfigUnsupported(
            f"network '{network.name}' has no port group '{interface.portgroup}'",
            hint=f"it has: {', '.join(group.name for group in network.port_groups) or 'none'}",
        )
    default = [group for group in network.port_groups if group.default]
    for group in (named if interface.portgroup is not None else default)[:1]:
        return dataclasses.replace(
            interface,
            inbound=interface.inbound or group.inbound,
            outbound=interface.outbound or group.outbound,
        )
    return interface


def nics(world: World, domain: Domain) -> tuple[HostDevice, ...]:
    """The host's network devices that a container is to have, by name."""
    return tuple(nic(world, item) for item in domain.host_devices if item.kind in NICS)


def filled_in(world: World, domain: Domain, before: Collection[HostDevice] = ()) -> Domain:
    """A definition that runs, or is about to: its NICs have both halves.

    Args:
        world: The ports.
        domain: The definition.
        before: Devices that it has already, as they are.

    Raises:
        OperationInvalid: The name and the address of a NIC are two devices.
        InvalidArgument: A NIC has the name that an interface has inside.
    """
    devices = tuple(
        nic(world, item) if item.kind in NICS and item not in before else item
        for item in domain.host_devices
    )
    full = dataclasses.replace(domain, host_devices=devices)
    for error in clashes_inside(full):
        raise error
    return full


def nic(world: World, device: HostDevice) -> HostDevice:
    """A NIC with both its halves.

    Raises:
        OperationInvalid: Its name and its address are two devices.
    """
    name, address = device.name, device.address
    if name is None and address is not None:
        name = world.inventory.interface_at(address)  # none while a container has it
    elif name is not None:
        real = world.inventory.pci_address_of(name)
        if address is not None and real not in {None, address}:
            raise errors.OperationInvalid(
                f"host device '{name}' is at PCI address {real}, not at {address}",
                hint="leave one of the two out",
            )
        address = address or real
    return dataclasses.replace(device, name=name, address=address)


def give_nic(world: World, ctid: Ctid, init_pid: int, device: HostDevice) -> None:
    """Move a NIC into a running container.

    Raises:
        NoDevice: There is none such.
        OperationInvalid: It is in use, or carries the default route.
    """
    whole = nic(world, device)
    _free_from_the_dead(world, ctid, (whole,))
    world.links.attach_device(ctid, init_pid, whole)


def ask_for_addresses(world: World, ctid: Ctid, domain: Domain, unasked: Collection[str]) -> None:
    """Have a container that has just booted ask DHCP where no program of its own will.

    Args:
        world: The ports.
        ctid: The container.
        domain: What it is.
        unasked: Names of the interfaces inside.
    """
    if not unasked:
        return
    argv = ("/bin/sh", "-c", CLIENT, "sh", *unasked)
    status = world.engine.execute(ctid, ExecRequest(argv=argv, tty=False))
    if status != 0:
        world.warn(f"'{domain.name}' could not ask DHCP for an address: no client answered inside")
