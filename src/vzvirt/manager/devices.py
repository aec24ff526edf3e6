"""Attach, change and detach devices of a container, whether or not it runs.

What a change would make of each definition is checked before anything is touched. Then a
running container is changed, and the definitions are saved after it, so that they never say
more than could be had. Where saving fails, the change is taken back. Whatever changed, the
steps of the running container's next reboot are written anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from functools import partial

from vzvirt import errors
from vzvirt.manager import checks, guestside, links
from vzvirt.manager.cases import define_case
from vzvirt.manager.connections import with_address, without_address
from vzvirt.manager.interfaces import with_interfaces
from vzvirt.manager.standing import Standing, changing, save
from vzvirt.manager.world import World
from vzvirt.model.affect import Affect
from vzvirt.model.devices import (
    NICS,
    ROUTED_GUEST_NAME,
    Filesystem,
    HostDevice,
    Interface,
    InterfaceKind,
    IpInterface,
)
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid
from vzvirt.ports.network import BootStep

Device = Interface | HostDevice | Filesystem


class Devices:
    """Use cases over single devices."""

    def __init__(self, world: World) -> None:
        self._world = world

    def attach(self, ref: str, device: Device, affect: Affect) -> None:
        """Give a container one more interface, device of the host or bind mount.

        Args:
            ref: Which container.
            device: What it gets; names and addresses left open are made up.
            affect: Which of its definitions; both get the same names and addresses as far as
                they are free in both.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition, or the device is in use.
            Conflict: Another container has an address of it.
            ConfigUnsupported: Such a device cannot be attached.
        """
        with changing(self._world, ref) as now:
            live, stored = now.touched(affect)
            change = _Change(self._world, now)
            after = None
            if live and now.live is not None:
                after = change.completed(now.live, _with(now.live, device))
                if after is not None and stored and now.stored is not None:
                    device = _as_made(device, now.live, after, now.stored)
            kept = _with(now.stored, device) if stored and now.stored is not None else None
            change.make(after, change.completed(now.stored, kept))

    def update(self, ref: str, device: Device, affect: Affect) -> None:
        """Change an interface (found by its link address or names).

        Raises:
            NoDomain: There is no such container.
            NoDevice: It has no such device.
            OperationInvalid: It has no such definition, or what is to change cannot in place.
        """
        self._edit(ref, affect, partial(_updated, device=device), lacking=errors.NoDevice)

    def detach(self, ref: str, device: Device, affect: Affect) -> None:
        """Take an interface or device from a container.

        Raises:
            NoDomain: There is no such container.
            NoDevice: It has no such device.
            OperationInvalid: It has no such definition.
        """
        self._edit(ref, affect, partial(_without, device=device), lacking=errors.NoDevice)

    def detach_alias(self, ref: str, alias: str, affect: Affect) -> None:
        """Take the device of an alias from a container; see ``Domain.devices``.

        Raises:
            NoDomain: There is no such container.
            NoDevice: It has no device of that alias.
            OperationInvalid: It has no such definition.
        """

        def edit(domain: Domain) -> Domain:
            device = domain.devices.get(alias)
            if device is None:
                raise errors.NoDevice(
                    f"'{domain.name}' has no device '{alias[:40]}'",
                    hint=f"it has: {', '.join(domain.devices)}",
                )
            return _without(domain, device)

        self._edit(ref, affect, edit, lacking=errors.NoDevice)

    def add_address(self, ref: str, address: IpInterface) -> None:
        """Give a container one more routed address, at once if it runs.

        Raises:
            NoDomain: There is no such container.
            Conflict: It, or another container, has that address.
        """
        edit = partial(with_address, address=address)
        self._edit(ref, Affect.ALL, edit, lacking=errors.Conflict)

    def remove_address(self, ref: str, address: IpInterface) -> None:
        """Take a routed address from a container, at once if it runs.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such address.
        """
        edit = partial(without_address, address=address)
        self._edit(ref, Affect.ALL, edit, lacking=errors.OperationInvalid)

    def _edit(
        self,
        ref: str,
        affect: Affect,
        edit: Callable[[Domain], Domain],
        *,
        lacking: type[errors.VzvirtError],
    ) -> None:
        """Change the definitions that are meant.

        With ``Affect.ALL`` one of them may have nothing to change, which ``edit`` says by an
        error of the class ``lacking``.
        """
        with changing(self._world, ref) as now:
            change = _Change(self._world, now)
            wanted: list[Domain | None] = []
            failure: errors.VzvirtError | None = None
            for touched, old in zip(now.touched(affect), (now.live, now.stored), strict=True):
                try:
                    new = edit(old) if touched and old is not None else None
                except lacking as error:
                    failure, new = error, None
                    if affect is not Affect.ALL:
                        raise
                wanted.append(change.completed(old, new))
            if failure is not None and wanted == [None, None]:
                raise failure
            change.make(*wanted)


@dataclasses.dataclass(frozen=True, slots=True)
class _Change:
    """One change of one container whose lock is held."""

    world: World
    now: Standing

    @property
    def ctid(self) -> Ctid:
        """Which container."""
        return self.now.ctid

    def make(self, live: Domain | None, stored: Domain | None) -> None:
        """Bring container and definitions to what is wanted, or leave all as it was.

        Args:
            live: What it is to run with; ``None``: as it is.
            stored: Its stored definition to be; likewise.
        """
        old, pid = self.now.live, self.now.observation.init_pid
        steps: tuple[BootStep, ...] = ()
        with contextlib.ExitStack() as undo:
            if live is not None and old is not None:
                if old.filesystems != live.filesystems:
                    raise errors.ConfigUnsupported(
                        f"file systems of '{self.now.name}' cannot come or go while it runs",
                        hint="change its definition alone (--config) and start it anew",
                    )
                live = links.filled_in(self.world, live, old.host_devices)
                if pid is None:
                    raise errors.Busy(
                        f"'{self.now.name}' is rebooting", hint="try again in a moment"
                    )
                self._change_live(pid, old, live, undo)
                steps = links.boot_steps(self.world, live, strict=False)
            save(self.world, self.now, live=live, stored=stored)
            undo.pop_all()
        if live is not None:
            unasked = guestside.follow(self.world, live, old.interfaces if old else ())
            after = links.steps_after(live, unasked)
            self.world.engine.renew_boot_steps(self.ctid, (*steps, *after))

    def completed(self, old: Domain | None, wanted: Domain | None) -> Domain | None:
        """Names and addresses made up where they are left open, and everything checked."""
        if wanted is None:
            return None
        world = self.world
        others = tuple(item for item in world.store.identities() if item.ctid != self.ctid)
        new = with_interfaces(world, wanted, self.ctid, old, others)
        case = define_case(world, new, old, others, from_elsewhere=True)
        checks.refuse(case, checks.AT_DEFINE)
        return new

    def _change_live(self, pid: int, old: Domain, new: Domain, undo: contextlib.ExitStack) -> None:
        world, ctid = self.world, self.ctid
        before = {_key(item): item for item in old.interfaces}
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
        self._move_devices(pid, old, new, undo)

    def _move_devices(
        self, pid: int, old: Domain, new: Domain, undo: contextlib.ExitStack
    ) -> None:
        for device in old.host_devices:
            if device not in new.host_devices:
                self._take(pid, device)
                undo.callback(_quietly, partial(self._give, pid, device))
        for device in new.host_devices:
            if device not in old.host_devices:
                self._give(pid, device)
                undo.callback(_quietly, partial(self._take, pid, device))

    def _give(self, pid: int, device: HostDevice) -> None:
        if device.kind in NICS:
            links.give_nic(self.world, self.ctid, pid, device)
        else:
            self.world.engine.attach_node(self.ctid, device)

    def _take(self, pid: int, device: HostDevice) -> None:
        if device.kind in NICS:
            self.world.links.detach_device(self.ctid, pid, links.nic(self.world, device))
        else:
            self.world.engine.detach_node(self.ctid, device)


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
        if any(_same(item, device) for item in domain.host_devices):
            raise errors.OperationInvalid(
                f"'{domain.name}' has the host device '{device.name or device.address}' already"
            )
        return dataclasses.replace(domain, host_devices=(*domain.host_devices, device))
    return dataclasses.replace(domain, filesystems=(*domain.filesystems, device))


def _as_made(device: Device, old: Domain, new: Domain, other: Domain) -> Device:
    """A device with the names and addresses it was given, as far as another definition can."""
    known = {_key(item) for item in old.interfaces}
    added = [item for item in new.interfaces if _key(item) not in known]
    if not isinstance(device, Interface) or len(added) != 1:
        return device
    made = added[0]
    taken = {name for item in other.interfaces for name in (item.guest_name, item.host_name)}
    return dataclasses.replace(
        made,
        guest_name=device.guest_name if made.guest_name in taken else made.guest_name,
        host_name=device.host_name if made.host_name in taken else made.host_name,
    )


def _updated(domain: Domain, device: Device) -> Domain:
    if not isinstance(device, Interface):
        what = device.target if isinstance(device, Filesystem) else device.name or device.address
        raise errors.ConfigUnsupported(
            f"nothing of '{what}' can change in place",
            hint=f"detach and attach it; the root's quotas: vzvirt quota {domain.name} --size",
        )
    old = _find(domain, device)
    new = _filled(device, old)
    if _fixed(old) != _fixed(new):
        raise errors.OperationInvalid(
            "the kind, names and link addresses of interface "
            f"'{old.guest_name or ROUTED_GUEST_NAME}' cannot change in place",
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
    kept = tuple(item for item in domain.filesystems if item.target != device.target)
    if kept == domain.filesystems or device.is_root:
        raise errors.NoDevice(f"'{domain.name}' has no filesystem '{device.target}' to detach")
    return dataclasses.replace(domain, filesystems=kept)


def _same(one: HostDevice, other: HostDevice) -> bool:
    """Whether two are one device. Several NICs may share a PCI address, so names go first."""
    if one.name is not None and other.name is not None:
        return one.name == other.name
    return one.address is not None and one.address == other.address


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
