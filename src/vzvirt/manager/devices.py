"""Attach, change and detach devices of a container, whether or not it runs.

A change of a running container is made first and the definition saved after it, so what is
stored is never more than what could be had. Where saving fails, the change is taken back.
Whatever changed, the steps of the container's next reboot are written anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from functools import partial

from vzvirt import errors
from vzvirt.manager import checks, guestside, links
from vzvirt.manager.cases import define_case
from vzvirt.manager.connections import with_address, without_address
from vzvirt.manager.defaults import effective
from vzvirt.manager.interfaces import completed
from vzvirt.manager.locks import exclusive
from vzvirt.manager.world import World
from vzvirt.model.devices import Filesystem, HostDevice, Interface, InterfaceKind, IpInterface
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid

Device = Interface | HostDevice | Filesystem


class Devices:
    """Use cases over single devices."""

    def __init__(self, world: World) -> None:
        self._world = world

    def attach(self, ref: str, device: Device, *, live: bool | None, persistent: bool) -> None:
        """Give a container one more interface or device of the host.

        Args:
            ref: Which container.
            device: What it gets; names and addresses left open are made up.
            live: Whether the running container gets it; ``None``: if it runs.
            persistent: Whether its definition does.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is to change while it does not run, or the device is in use.
            Conflict: Another container has an address of it.
            ConfigUnsupported: Such a device cannot be attached.
        """
        with self._changing(ref, live=live, persistent=persistent) as change:
            change.make(_with(change.old, device))

    def update(self, ref: str, device: Device, *, live: bool | None, persistent: bool) -> None:
        """Change an interface (found by its link address or names), or a root's quota.

        Raises:
            NoDomain: There is no such container.
            NoDevice: It has no such device.
            OperationInvalid: It does not run, or what is to change cannot change in place.
        """
        with self._changing(ref, live=live, persistent=persistent) as change:
            change.make(_updated(change.old, device))

    def detach(self, ref: str, device: Device, *, live: bool | None, persistent: bool) -> None:
        """Take an interface or device from a container.

        Raises:
            NoDomain: There is no such container.
            NoDevice: It has no such device.
            OperationInvalid: It does not run.
        """
        with self._changing(ref, live=live, persistent=persistent) as change:
            change.make(_without(change.old, device))

    def add_address(self, ref: str, address: IpInterface) -> None:
        """Give a container one more routed address, at once if it runs.

        Raises:
            NoDomain: There is no such container.
            Conflict: It, or another container, has that address.
        """
        with self._changing(ref, live=None, persistent=True) as change:
            change.make(with_address(change.old, address))

    def remove_address(self, ref: str, address: IpInterface) -> None:
        """Take a routed address from a container, at once if it runs.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such address.
        """
        with self._changing(ref, live=None, persistent=True) as change:
            change.make(without_address(change.old, address))

    @contextlib.contextmanager
    def _changing(self, ref: str, *, live: bool | None, persistent: bool) -> Iterator[_Change]:
        world = self._world
        ctid = world.store.find(ref)
        with exclusive(world, ctid):
            stored = world.store.load(ctid).domain
            init_pid = world.engine.observe(ctid).init_pid
            if live and init_pid is None:
                raise errors.OperationInvalid(
                    f"'{stored.name}' is not running",
                    hint="change its definition alone, or start it first",
                )
            yield _Change(world, ctid, stored, None if live is False else init_pid, persistent)


@dataclasses.dataclass(frozen=True, slots=True)
class _Change:
    """One change of one container whose lock is held.

    Attributes:
        old: Its definition so far.
        init_pid: Of the running container that changes, too, or ``None``.
        persistent: Whether the definition changes.
    """

    world: World
    ctid: Ctid
    old: Domain
    init_pid: int | None
    persistent: bool

    def make(self, wanted: Domain) -> None:
        """Bring container and definition from the old to what is wanted, or leave both."""
        new = self._complete(wanted)
        with contextlib.ExitStack() as undo:
            if self.init_pid is not None:
                self._change_live(self.init_pid, new, undo)
            if self.persistent:
                self.world.store.save(new)
            undo.pop_all()
        if self.init_pid is not None:
            self._renew_boot(new)

    def _complete(self, wanted: Domain) -> Domain:
        """Names and addresses made up where they are left open, and everything checked."""
        world = self.world
        others = tuple(item for item in world.store.identities() if item.ctid != self.ctid)
        taken = frozenset(mac for item in others for mac in item.macs)
        addresses = world.host.link_addresses()
        host = str(addresses[0]) if addresses else world.host.machine_id()
        new = completed(wanted, self.ctid, host, taken)
        case = define_case(world, new, self.old, others, from_elsewhere=True)
        checks.refuse(case, checks.AT_DEFINE)
        return new

    def _change_live(self, pid: int, new: Domain, undo: contextlib.ExitStack) -> None:
        world, ctid = self.world, self.ctid
        before = {_key(item): item for item in self.old.interfaces}
        after = {_key(item): item for item in new.interfaces}
        for key in before.keys() - after.keys():
            gone = links.plug(world, before[key], start=False)
            undo.callback(_quietly, partial(world.links.attach, ctid, pid, gone))
            world.links.detach(ctid, pid, gone)
        for key in after.keys() & before.keys():
            if before[key] == after[key]:
                continue
            was = links.plug(world, before[key], start=False)
            now = links.plug(world, after[key], start=True)
            undo.callback(_quietly, partial(world.links.update, ctid, pid, now, was))
            world.links.update(ctid, pid, was, now)
        for key in after.keys() - before.keys():
            plug = links.plug(world, after[key], start=True)
            world.links.check(ctid, (plug,), ())
            world.links.attach(ctid, pid, plug)
            undo.callback(_quietly, partial(world.links.detach, ctid, pid, plug))
        self._move_devices(pid, new, undo)

    def _move_devices(self, pid: int, new: Domain, undo: contextlib.ExitStack) -> None:
        for device in self.old.host_devices:
            if device not in new.host_devices:
                self._take(pid, device)
                undo.callback(_quietly, partial(self._give, pid, device))
        for device in new.host_devices:
            if device not in self.old.host_devices:
                self._give(pid, device)
                undo.callback(_quietly, partial(self._take, pid, device))

    def _give(self, pid: int, device: HostDevice) -> None:
        if device.kind in links.NICS:
            self.world.links.attach_device(self.ctid, pid, links.nic(self.world, device))
        else:
            self.world.engine.attach_node(self.ctid, device)

    def _take(self, pid: int, device: HostDevice) -> None:
        if device.kind in links.NICS:
            self.world.links.detach_device(self.ctid, pid, links.nic(self.world, device))
        else:
            self.world.engine.detach_node(self.ctid, device)

    def _renew_boot(self, new: Domain) -> None:
        domain = effective(new, self.world.store.global_config())
        steps = links.boot_steps(self.world, domain)
        self.world.engine.renew_boot_steps(self.ctid, steps)
        guestside.follow(self.world, domain)


def _quietly(undo: Callable[[], None]) -> None:
    """Take a change back; the error that made it necessary is the one to tell."""
    with contextlib.suppress(errors.VzvirtError):
        undo()


# -- definitions with one device more, changed or fewer ------------------------------------


def _key(interface: Interface) -> object:
    """What tells a container's interfaces apart; there is one routed one."""
    routed = interface.kind is InterfaceKind.ROUTED
    return InterfaceKind.ROUTED if routed else (interface.kind, interface.guest_name)


def _with(domain: Domain, device: Device) -> Domain:
    if isinstance(device, Interface):
        return dataclasses.replace(domain, interfaces=(*domain.interfaces, device))
    if isinstance(device, HostDevice):
        if device in domain.host_devices:
            raise errors.OperationInvalid(
                f"'{domain.name}' has the host device '{device.name or device.address}' already"
            )
        return dataclasses.replace(domain, host_devices=(*domain.host_devices, device))
    raise errors.ConfigUnsupported(
        f"filesystem '{device.target}' cannot be attached on its own",
        hint="change the definition and start the container anew",
    )


def _updated(domain: Domain, device: Device) -> Domain:
    if not isinstance(device, Interface):
        what = device.target if isinstance(device, Filesystem) else device.name or device.address
        raise errors.ConfigUnsupported(
            f"nothing of '{what}' can change in place",
            hint="detach and attach it; quotas: vzvirt set --space",
        )
    old = _find(domain, device)
    new = _filled(device, old)
    if _fixed(old) != _fixed(new):
        raise errors.OperationInvalid(
            f"the kind, names and link addresses of interface '{old.guest_name or 'venet0'}' "
            "cannot change in place",
            hint="detach it and attach another one",
        )
    return dataclasses.replace(
        domain, interfaces=tuple(new if item is old else item for item in domain.interfaces)
    )


def _filled(device: Interface, old: Interface) -> Interface:
    """What the new description leaves open stays as it is."""
    return dataclasses.replace(
        device,
        guest_name=device.guest_name or old.guest_name,
        host_name=device.host_name or old.host_name,
        mac=device.mac if device.mac is not None and not device.mac.is_null else old.mac,
        host_mac=device.host_mac or old.host_mac,
        mac_filter=old.mac_filter if device.mac_filter is None else device.mac_filter,
    )


_FREE_KINDS = frozenset({InterfaceKind.BRIDGE, InterfaceKind.NETWORK, InterfaceKind.ETHERNET})
"""All veth pairs: they become one another by moving their host end."""


def _fixed(interface: Interface) -> tuple[object, ...]:
    kind = InterfaceKind.BRIDGE if interface.kind in _FREE_KINDS else interface.kind
    names = (interface.guest_name, interface.host_name)
    direct = (interface.source, interface.mode) if kind is InterfaceKind.DIRECT else ()
    return (kind, *names, interface.mac, interface.host_mac, *direct)


def _without(domain: Domain, device: Device) -> Domain:
    if isinstance(device, Interface):
        old = _find(domain, device)
        rest = tuple(item for item in domain.interfaces if item is not old)
        return dataclasses.replace(domain, interfaces=rest)
    if isinstance(device, HostDevice):
        same = [item for item in domain.host_devices if _same(item, device)]
        if not same:
            raise errors.NoDevice(
                f"'{domain.name}' has no host device '{device.name or device.address}'"
            )
        rest_of = tuple(item for item in domain.host_devices if item not in same)
        return dataclasses.replace(domain, host_devices=rest_of)
    raise errors.ConfigUnsupported(f"filesystem '{device.target}' cannot be detached")


def _same(one: HostDevice, other: HostDevice) -> bool:
    by_name = one.name is not None and one.name == other.name
    return by_name or (one.address is not None and one.address == other.address)


def _find(domain: Domain, device: Interface) -> Interface:
    """The interface that is meant: by link address, else by a name, else the only one like it."""
    tests: tuple[Callable[[Interface], bool], ...] = (
        lambda item: item.kind is InterfaceKind.ROUTED and device.kind is InterfaceKind.ROUTED,
        lambda item: device.mac is not None and item.mac == device.mac,
        lambda item: device.guest_name is not None and item.guest_name == device.guest_name,
        lambda item: device.host_name is not None and item.host_name == device.host_name,
        lambda item: (item.kind, item.source) == (device.kind, device.source),
    )
    for test in tests:
        found = [item for item in domain.interfaces if test(item)]
        if len(found) == 1:
            return found[0]
    words = device.mac or device.guest_name or device.host_name or device.kind.value
    raise errors.NoDevice(
        f"'{domain.name}' has no interface '{words}', or more than one",
        hint="name it by its <mac address=/>",
    )
