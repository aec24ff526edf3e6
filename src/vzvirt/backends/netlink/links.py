"""Giving containers their interfaces on a stock kernel.

What a container holds of the host is noted before it is made (``held``, ``nics``), so that
``release`` finds all of it, whoever died meanwhile. The same commands serve each boot, where
the engine runs them as steps before init, and changes of a running container, where they run
here.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.netlink import batches, filters, kernel, names, shaping, traffic
from vzvirt.backends.netlink.asking import Questions
from vzvirt.backends.netlink.checking import check_plug, check_programs
from vzvirt.backends.netlink.fitting import fitted, make_way_for_shapers
from vzvirt.backends.netlink.held import Held, HeldFile
from vzvirt.backends.netlink.mending import Seen, loss
from vzvirt.backends.netlink.nics import Nics
from vzvirt.backends.netlink.removing import removing
from vzvirt.backends.netlink.steps import Wiring, boot_steps, plug_steps
from vzvirt.backends.netlink.watching import ProxyWatch
from vzvirt.model.devices import NICS, HostDevice, InterfaceKind, IpAddress, IpInterface
from vzvirt.model.values import Ctid
from vzvirt.ports.network import BootStep, GuestAddress, LinkCounters, Plug
from vzvirt.system.files import exclusive, make_folder, mapping_os_errors
from vzvirt.system.mounts import is_mounted, unmount
from vzvirt.system.root import Root

FILTERS_PATIENCE: Final = 10.0
"""Seconds to wait for whoever begins or ends to have filters."""


class NetlinkLinks:
    """Implements ``ports.network.GuestLinks``.

    Args:
        root: The installation.
        asks: Whether the network is asked who has a routed address already.
    """

    def __init__(self, root: Root, *, asks: bool = True) -> None:
        self._root = root
        self._tag = root.tag
        self._nics = Nics(root)
        self._questions = Questions(asks=asks)

    def _held(self, ctid: Ctid) -> HeldFile:
        return HeldFile(self._root, ctid)

    def _kept(self, ctid: Ctid) -> Path:
        return names.kept_namespace(self._root, ctid)

    # -- before anything is made ----------------------------------------------------------

    def check(self, ctid: Ctid, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]) -> None:
        """Refuse what cannot be made, before anything is."""
        check_programs(plugs, ctid, self._tag)
        for plug in plugs:
            check_plug(plug, ctid, self._tag)
        for device in devices:
            if device.kind in NICS:
                self._nics.check(ctid, device)
        own = {names.host_end(plug, ctid, self._tag) for plug in plugs}
        self._questions.ask(ctid, _routed_addresses(plugs), own)

    def _wiring(self, ctid: Ctid, plugs: tuple[Plug, ...]) -> Wiring:
        """What the host adds; answers to what was asked are waited for here."""
        return Wiring(ctid, self._tag, self._questions.settled(ctid, _routed_addresses(plugs)))

    # -- starting and stopping ------------------------------------------------------------

    def boot_steps(
        self, ctid: Ctid, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]
    ) -> tuple[BootStep, ...]:
        """What makes them at each boot; durable notes of NICs are written by this call."""
        plugs = fitted(plugs)
        wiring = self._wiring(ctid, plugs)
        make_way_for_shapers(plugs)
        moved = [
            (self._nics.name_of(ctid, device), device) for device in devices if device.kind in NICS
        ]
        with self._filters_lock():
            self._held(ctid).write(_holding(wiring, plugs))
        out = {note.name: note for note in self._nics.notes(ctid)}
        nics = tuple(
            out[name] if name in out else self._nics.note(ctid, device) for name, device in moved
        )
        if moved:
            self._make_kept(ctid)
        if any(wiring.proxies.values()):
            ProxyWatch(self._root).watch(ctid, wiring.proxies)
        return boot_steps(wiring, plugs, nics, self._kept(ctid))

    def _make_kept(self, ctid: Ctid) -> None:
        """A file that a namespace can be mounted on."""
        kept = self._kept(ctid)
        make_folder(kept.parent, 0o700)
        with mapping_os_errors("hold on to a network namespace"):
            if not kept.exists():
                kept.touch(0o600)

    def release(self, ctid: Ctid) -> None:
        """Take back all that a stopped container held. Idempotent."""
        self._questions.forget(ctid)
        kept = self._kept(ctid)
        notes = self._nics.notes(ctid)
        mounted = kept.exists() and is_mounted(kept)
        failures = []
        for note in notes:
            try:
                self._nics.bring_back(note, kept if mounted else kept.with_name("none"))
            except errors.VzvirtError as failure:
                failures.append(failure)
        held = self._held(ctid).read()
        if held is not None:
            self._take_away(ctid, held)
            self._held(ctid).remove()
            if held.filtered:
                self._remove_last_table()
        if failures:  # the namespace is held on to for as long as somebody's NIC is in it
            raise failures[0]
        with mapping_os_errors("let go of a network namespace"):
            if mounted:
                unmount(kept)
            kept.unlink(missing_ok=True)

    def _take_away(self, ctid: Ctid, held: Held) -> None:
        lines = removing([f"link del dev {link}" for link in held.links])
        for address, devices in held.proxies.items():
            lines += batches.proxy("del", ipaddress.ip_address(address), devices)
        kernel.try_batch(lines)
        if held.filtered:
            script = filters.without_rules(held.filtered, self._tag)
            kernel.run(kernel.NFT_BATCH, script, check=False)
        if held.proxies:
            ProxyWatch(self._root).forget(ctid)

    def _filters_lock(self) -> contextlib.AbstractContextManager[None]:
        """Whoever holds it knows that no filter is made by somebody who has not noted it."""
        lock = self._root.path("run/vzvirt/links/filters.lock")
        return exclusive(lock, FILTERS_PATIENCE, "the table of filters")

    def _remove_last_table(self) -> None:
        """The table goes once nobody is noted to have anything in it."""
        with self._filters_lock():
            if not any(self._root.path("run/vzvirt/links").glob("[0-9]*.json")):
                kernel.run(kernel.NFT_BATCH, filters.without_table(self._tag), check=False)

    # -- while it runs --------------------------------------------------------------------

    def attach(self, ctid: Ctid, init_pid: int, plug: Plug) -> None:
        """Give a running container one more interface; all or nothing."""
        (plug,) = fitted((plug,))
        wiring = self._wiring(ctid, (plug,))
        make_way_for_shapers((plug,))
        with self._filters_lock():
            self._held(ctid).add(_holding(wiring, (plug,)))
        try:
            for step in plug_steps(wiring, (plug,)):
                kernel.run_step(step, init_pid)
        except BaseException:
            self.detach(ctid, init_pid, plug)
            raise
        self._rewatch(ctid)

    def update(self, ctid: Ctid, init_pid: int, old: Plug, new: Plug) -> None:
        """Change an interface of a running container: addresses, link state, limits, bridge."""
        had = _routed_addresses((old,))
        added = tuple(item for item in _routed_addresses((new,)) if item not in had)
        self._questions.ask(ctid, added)
        old, new = fitted((old, new))
        wiring = self._wiring(ctid, (old, new))
        make_way_for_shapers((new,))
        with self._filters_lock():
            self._held(ctid).add(_holding(wiring, (new,)))
        try:
            self._change(wiring, init_pid, old, new)
        except BaseException:
            with contextlib.suppress(errors.VzvirtError):
                self._change(wiring, init_pid, new, old)
            raise
        self._drop_proxies(ctid, old, new)
        self._rewatch(ctid)

    def _change(self, wiring: Wiring, init_pid: int, old: Plug, new: Plug) -> None:
        ctid, tag = wiring.ctid, wiring.tag
        host = batches.change_host(old, new, ctid, tag, wiring.proxies)
        before, after = filters.rules(old, ctid, tag), filters.rules(new, ctid, tag)
        kernel.try_batch(batches.drop_host(old, new, ctid, tag))
        kernel.batch(kernel.IP_BATCH, host)
        if after != before:
            device = str(names.host_end(old, ctid, tag))
            kernel.run(kernel.NFT_BATCH, after or filters.without_rules([device], tag))
        kernel.try_batch(batches.drop_guest(old, new), inside=init_pid)
        kernel.batch(kernel.IP_BATCH, batches.change_guest(old, new), inside=init_pid)
        kernel.batch(kernel.TC_BATCH, shaping.limits(new, ctid, tag, old))
        if old.interface.outbound is not None and new.interface.outbound is None:
            device = str(names.host_end(old, ctid, tag))
            kernel.try_batch([f"link del dev {names.shaper(device)}"])

    def detach(self, ctid: Ctid, init_pid: int, plug: Plug) -> None:
        """Take an interface from a running container."""
        held = self._held(ctid).read() or Held()
        if plug.interface.kind is InterfaceKind.DIRECT:
            kernel.try_batch([f"link del dev {names.guest_end(plug)}"], inside=init_pid)
            held.shared.pop(names.guest_end(plug), None)
            self._held(ctid).write(held)
            return
        gone = batches.unmake(plug, ctid, self._tag)
        kernel.try_batch(removing(gone))
        held.links = [link for link in held.links if f"link del dev {link}" not in gone]
        device = str(names.host_end(plug, ctid, self._tag))
        if device in held.filtered:
            script = filters.without_rules([device], self._tag)
            kernel.run(kernel.NFT_BATCH, script, check=False)
        self._held(ctid).write(held)
        if plug.interface.kind is InterfaceKind.ROUTED:
            self._drop_proxies(ctid, plug, None)
            self._rewatch(ctid)

    def _drop_proxies(self, ctid: Ctid, old: Plug, new: Plug | None) -> None:
        """No longer answer for addresses that are gone."""
        left = {address.ip for address in new.interface.addresses} if new else set()
        held = self._held(ctid).read()
        if held is None:
            return
        lines = []
        for address in _routed_addresses((old,)):
            devices = held.proxies.get(str(address.ip), [])
            if address.ip not in left and devices:
                lines += batches.proxy("del", address.ip, devices)
                del held.proxies[str(address.ip)]
        if lines:
            kernel.try_batch(lines)
            self._held(ctid).write(held)

    def _rewatch(self, ctid: Ctid) -> None:
        held = self._held(ctid).read()
        if held is None:
            return
        proxies: dict[IpAddress, tuple[str, ...]] = {
            ipaddress.ip_address(address): tuple(devices)
            for address, devices in held.proxies.items()
        }
        watch = ProxyWatch(self._root)
        if any(proxies.values()):
            watch.watch(ctid, proxies)
        else:
            watch.forget(ctid)

    def attach_device(self, ctid: Ctid, init_pid: int, device: HostDevice) -> None:
        """Move a NIC of the host into a running container."""
        if device.kind not in NICS:
            raise errors.InternalError(f"'{device.name}' is no network device")
        name = self._nics.name_of(ctid, device)
        self._nics.check(ctid, device)
        self._make_kept(ctid)
        if not is_mounted(self._kept(ctid)):
            kernel.run(("mount", "--bind", f"/proc/{init_pid}/ns/net", str(self._kept(ctid))))
        note = self._nics.note(ctid, device)
        try:
            kernel.batch(kernel.IP_BATCH, [f"link set dev {name} netns {init_pid}"])
            kernel.batch(kernel.IP_BATCH, [f"link set dev {name} up"], inside=init_pid)
        except BaseException:
            self._nics.bring_back(note, self._kept(ctid))
            raise

    def detach_device(self, ctid: Ctid, init_pid: int, device: HostDevice) -> None:
        """Bring a NIC back, with its old name, addresses and state."""
        name = self._nics.name_of(ctid, device)
        notes = [note for note in self._nics.notes(ctid) if note.name == name]
        if not notes:
            raise errors.NoDevice(
                f"container {ctid} has no device '{device.name or device.address}' of the host"
            )
        for note in notes:
            self._nics.bring_back(note, Path(f"/proc/{init_pid}/ns/net"))

    def holders(self, devices: tuple[HostDevice, ...]) -> frozenset[Ctid]:
        """Containers that have one of these NICs or share it, also if they died unnoticed."""
        return self._nics.holders(devices)

    # -- what was lost --------------------------------------------------------------------

    def lacking(self, running: Mapping[Ctid, tuple[Plug, ...]]) -> set[Ctid]:
        """Those of the containers that run of whose interfaces the host has lost something."""
        seen = Seen.now(self._tag)
        return {ctid for ctid, plugs in running.items() if loss(ctid, self._tag, plugs, seen)}

    def mend(self, ctid: Ctid, plugs: tuple[Plug, ...]) -> None:
        """Make again what the host has lost of a running container's interfaces. Idempotent."""
        lost = loss(ctid, self._tag, plugs, Seen.now(self._tag))
        if not lost:
            return
        wiring = self._wiring(ctid, plugs)
        with self._filters_lock():
            self._held(ctid).add(_holding(wiring, plugs))
        kernel.try_batch(lost.lines)
        if lost.rules:
            kernel.run(kernel.NFT_BATCH, lost.rules)
        self._rewatch(ctid)

    # -- looking --------------------------------------------------------------------------

    def counters(
        self, ctid: Ctid, init_pid: int, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]
    ) -> list[LinkCounters]:
        """Traffic of each interface and NIC, read where the guest sees it."""
        ends = [
            (names.guest_end(plug), names.host_end(plug, ctid, self._tag) or names.guest_end(plug))
            for plug in plugs
        ]
        nics = [note.name for note in self._nics.notes(ctid)] if devices else []
        seen = traffic.of(init_pid)
        return [
            LinkCounters(host_name=host, **seen[guest])
            for guest, host in (*ends, *((name, name) for name in nics))
            if guest in seen
        ]

    def addresses(self, init_pid: int) -> list[GuestAddress]:
        """What a running container's interfaces have right now."""
        found = kernel.look("addr", "show", inside=init_pid)
        return [
            GuestAddress(
                guest_name=str(link["ifname"]),
                mac=str(link.get("address", "")),
                addresses=tuple(
                    ipaddress.ip_interface(f"{item['local']}/{item['prefixlen']}")
                    for item in link.get("addr_info", ())
                    if "local" in item
                ),
            )
            for link in found
            if "ifname" in link
        ]


def _routed_addresses(plugs: tuple[Plug, ...]) -> tuple[IpInterface, ...]:
    return tuple(
        address
        for plug in plugs
        if plug.interface.kind is InterfaceKind.ROUTED
        for address in plug.interface.addresses
    )


def _holding(wiring: Wiring, plugs: tuple[Plug, ...]) -> Held:
    """What the making of interfaces will hold of the host."""
    gone = [line for plug in plugs for line in batches.unmake(plug, wiring.ctid, wiring.tag)]
    wanted = {address.ip for address in _routed_addresses(plugs)}
    return Held(
        links=[line.removeprefix("link del dev ") for line in gone],
        proxies={str(ip): list(devices) for ip, devices in wiring.proxies.items() if ip in wanted},
        filtered=[
            str(names.host_end(plug, wiring.ctid, wiring.tag))
            for plug in plugs
            if filters.rules(plug, wiring.ctid, wiring.tag)
        ],
        shared={
            names.guest_end(plug): plug.interface.source
            for plug in plugs
            if plug.interface.kind is InterfaceKind.DIRECT
        },
    )
