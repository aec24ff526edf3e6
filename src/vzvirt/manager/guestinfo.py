"""What running containers say of themselves.

There is no agent inside: their files and the kernel are looked at from here. Nothing is written,
no lock is taken.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from vzvirt import errors
from vzvirt.manager.connections import live_addresses
from vzvirt.manager.world import World
from vzvirt.model.devices import InterfaceKind, IpInterface
from vzvirt.model.guestinfo import GuestSystem, GuestTimezone, GuestUser, MountUse
from vzvirt.model.values import Ctid
from vzvirt.ports.network import GuestAddress

_T = TypeVar("_T")


class AddressSource(enum.Enum):
    """Who is asked for a container's addresses."""

    LEASE = "lease"  # the DHCP of virtual networks
    KERNEL = "kernel"  # the container's own network stack


class GuestInfo:
    """Use cases that look into running containers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def hostname(self, ref: str) -> str:
        """What a running container calls itself right now.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        return self._world.engine.hostname(self._running(ref))

    def system(self, ref: str) -> GuestSystem:
        """The operating system that a running container says it is.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        world = self._world
        ctid, found = self._looked(ref, world.guestfiles.system)
        arch = world.current(ctid).os.arch
        return dataclasses.replace(found, machine=arch) if arch else found

    def users(self, ref: str) -> list[GuestUser]:
        """Who is logged in, longest first.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        return self._looked(ref, self._world.guestfiles.users)[1]

    def timezone(self, ref: str) -> GuestTimezone:
        """The time zone a running container lives in.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        return self._looked(ref, self._world.guestfiles.timezone)[1]

    def mounts(self, ref: str) -> list[MountUse]:
        """File systems that a running container has mounted, and how full they are.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        return self._world.engine.mounts(self._running(ref))

    def addresses(self, ref: str, source: AddressSource) -> list[GuestAddress]:
        """Addresses of a running container's interfaces.

        Args:
            ref: Which container.
            source: Who is asked. DHCP knows interfaces by the names of their host ends, the
                container's own kernel by those they have inside.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        ctid = self._running(ref)
        if source is AddressSource.LEASE:
            return self._leased(ctid)
        pid = self._world.engine.observe(ctid).init_pid
        return [] if pid is None else live_addresses(self._world, pid)

    def _leased(self, ctid: Ctid) -> list[GuestAddress]:
        from vzvirt.manager.networks import Networks  # not for those who do not ask

        networks = Networks(self._world)
        found = []
        for item in self._world.current(ctid).interfaces:
            if item.kind is not InterfaceKind.NETWORK or item.mac is None:
                continue
            leases = networks.leases(item.source)
            addresses: tuple[IpInterface, ...] = tuple(
                lease.address for lease in leases if lease.mac == item.mac
            )
            if addresses:
                name = item.host_name or item.guest_name or ""
                found.append(GuestAddress(guest_name=name, mac=str(item.mac), addresses=addresses))
        return found

    def _looked(self, ref: str, look: Callable[[Path], _T]) -> tuple[Ctid, _T]:
        """What is found in a running container's files.

        Raises:
            OperationInvalid: It does not run.
        """
        ctid = self._running(ref)
        with self._world.engine.live_root(ctid) as root:
            return ctid, look(root)

    def _running(self, ref: str) -> Ctid:
        ctid = self._world.store.find(ref)
        if not self._world.engine.observe(ctid).is_active:
            name = self._world.store.load(ctid).domain.name
            raise errors.OperationInvalid(f"'{name}' is not running", hint="start it first")
        return ctid
