"""What a container's interfaces are, what they have right now, and what went through them.

No state: the definition says what is wanted, the kernel what there is.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Final

from vzvirt import errors
from vzvirt.manager import links
from vzvirt.manager.interfaces import merged_routed
from vzvirt.manager.world import World, no_warning
from vzvirt.model.devices import NICS, ROUTED_GUEST_NAME, Interface, InterfaceKind, IpInterface
from vzvirt.model.domain import Domain
from vzvirt.model.report import InterfaceReport
from vzvirt.ports.network import GuestAddress, LinkCounters, Plug

LOOPBACK: Final = "lo"
"""The interface that is the same in every container, so nobody asks for it."""


class Connections:
    """Use cases over what containers are connected by."""

    def __init__(self, world: World) -> None:
        self._world = world

    def interfaces(self, ref: str) -> tuple[InterfaceReport, ...]:
        """A container's interfaces, with the addresses they have right now if it runs.

        Raises:
            NoDomain: There is no such container.
        """
        ctid = self._world.store.find(ref)
        pid = self._world.engine.observe(ctid).init_pid
        return reports(self._world, self._world.current(ctid), pid)

    def addresses(self, ref: str) -> list[GuestAddress]:
        """What a running container's interfaces have right now, whoever gave it to them.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        _, pid = self._running(ref)
        return live_addresses(self._world, pid)

    def counters(self, ref: str) -> list[LinkCounters]:
        """Traffic of a running container's interfaces and of the host's NICs that it has.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        world = self._world
        domain, pid = self._running(ref)
        plugs = tuple(Plug(interface=item) for item in domain.interfaces)
        devices = tuple(item for item in domain.host_devices if item.kind in NICS)
        return world.links.counters(domain.number, pid, plugs, devices)

    def reconcile(self) -> None:
        """Make again what this host has lost of running containers' interfaces.

        Routes may have been flushed, filters gone with a firewall's reload, another uplink taken
        a former one's place. To be called when devices or routes of the host have changed; it
        costs little where nothing is lost.
        """
        world = self._world
        running = {}
        # What is wrong with a network is told by whoever looks after it, once.
        quiet = dataclasses.replace(world, warn=no_warning)
        for ctid in world.store.ctids():
            # One that is being changed is no reason to leave the rest.
            with contextlib.suppress(errors.VzvirtError):
                if world.engine.observe(ctid).init_pid is not None:
                    running[ctid] = links.plugs(quiet, world.live(ctid), start=False)
        for ctid in sorted(world.links.lacking(running)):
            try:
                with world.store.lock(ctid, wait=0):
                    if world.engine.observe(ctid).init_pid is not None:
                        # As it is now: others may have changed it since it was looked at.
                        plugs = links.plugs(quiet, world.live(ctid), start=False)
                        world.links.mend(ctid, plugs)
            except errors.Busy:
                continue  # whoever changes it makes what it needs
            except errors.VzvirtError as failure:
                world.warn(f"the interfaces of container {ctid} are not whole: {failure}")

    def _running(self, ref: str) -> tuple[Domain, int]:
        """A running container's definition and its init."""
        ctid = self._world.store.find(ref)
        domain = self._world.current(ctid)
        pid = self._world.engine.observe(ctid).init_pid
        if pid is None:
            raise errors.OperationInvalid(
                f"'{domain.name}' is not running", hint=f"vzvirt start {domain.name}"
            )
        return domain, pid


def reports(world: World, domain: Domain, pid: int | None) -> tuple[InterfaceReport, ...]:
    """A container's interfaces; with the addresses they have right now if its init is known."""
    live = {} if pid is None else {item.guest_name: item for item in live_addresses(world, pid)}
    found = []
    for item in domain.interfaces:
        name = inside_name(item)
        known = live.get(name)
        found.append(
            InterfaceReport(
                guest_name=name,
                interface=item,
                live_addresses=None if known is None else known.addresses,
            )
        )
    return tuple(found)


def live_addresses(world: World, pid: int) -> list[GuestAddress]:
    """What the interfaces of a running container have right now."""
    return [item for item in world.links.addresses(pid) if item.guest_name != LOOPBACK]


def inside_name(interface: Interface) -> str:
    """What an interface is called inside."""
    routed = interface.kind is InterfaceKind.ROUTED
    return interface.guest_name or (ROUTED_GUEST_NAME if routed else "")


def with_address(domain: Domain, address: IpInterface) -> Domain:
    """A definition with one more routed address.

    Raises:
        Conflict: It has that address already.
    """
    holder = next((item for item in domain.interfaces if _has(item, address)), None)
    if holder is not None:
        raise errors.Conflict(
            f"'{domain.name}' has the address {address.ip} already, on '{inside_name(holder)}'"
        )
    new = Interface(kind=InterfaceKind.ROUTED, addresses=(address,))
    return dataclasses.replace(domain, interfaces=merged_routed((*domain.interfaces, new)))


def without_address(domain: Domain, address: IpInterface) -> Domain:
    """A definition with one routed address fewer; the interface goes with the last one.

    Raises:
        OperationInvalid: It has no such address.
    """
    for item in domain.interfaces:
        if item.kind is InterfaceKind.ROUTED and _has(item, address):
            rest = tuple(other for other in item.addresses if other.ip != address.ip)
            fewer = (dataclasses.replace(item, addresses=rest),) if rest else ()
            place = domain.interfaces.index(item)
            others = domain.interfaces
            return dataclasses.replace(
                domain, interfaces=(*others[:place], *fewer, *others[place + 1 :])
            )
    raise errors.OperationInvalid(
        f"'{domain.name}' has no routed address {address.ip}",
        hint="those of other interfaces are changed with 'vzvirt update-device'",
    )


def _has(interface: Interface, address: IpInterface) -> bool:
    return any(item.ip == address.ip for item in interface.addresses)
