"""Network devices of the host that containers have for a while.

Before a NIC leaves, what it was like is noted durably in ``var/lib/vzvirt/nics``: name, link
address, mtu, addresses, routes, whether it was up. A container's network namespace is held on
to by a bind mount while it has one, so the NIC is still there to be fetched when every process
of the container and of ours has been killed. A note whose host has rebooted since is void: the
kernel has put everything back already.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from vzvirt import errors
from vzvirt.backends.netlink import kernel, rtnetlink
from vzvirt.backends.netlink.held import sharers
from vzvirt.model.devices import HostDevice, link_local
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.system.files import make_folder, mapping_os_errors, read_bytes, write_atomic
from vzvirt.system.root import Root

_NETS: Final = Path("/sys/class/net")
_PCI: Final = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_FOREVER: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class NicNote:
    """A NIC as it was on the host.

    Attributes:
        ctid: Who has it.
        pci: Its PCI address, or empty.
        permanent: The link address it was made with, where it has been given another one.
        boot_id: Of the host's run in which it was noted.
        addresses: Arguments of ``ip addr add``.
        routes: Arguments of ``ip route replace``.
    """

    ctid: int
    name: str
    mac: str
    mtu: int
    up: bool
    boot_id: str
    pci: str = ""
    permanent: str = ""
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()


def boot_id() -> str:
    """What tells this run of the host from others."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _pci_of(name: str) -> str:
    """The PCI function that a NIC of the host belongs to; empty: it is on no such bus.

    Some sit right on it, others on what their function shows: ``virtio0``. What is on a USB bus
    is only behind that bus's controller.
    """
    parents = (_NETS / name).resolve().parents
    own = takewhile(lambda above: not above.name.startswith("usb"), parents)
    return next((above.name for above in own if _PCI.fullmatch(above.name)), "")


def _name_at(pci: str) -> str | None:
    """The NIC of the host that sits at a PCI address, the first of several."""
    return next((e.name for e in sorted(_NETS.iterdir()) if _pci_of(e.name) == pci), None)


class Nics:
    """The notes of one installation."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._folder = root.path("var/lib/vzvirt/nics")

    def notes(self, ctid: Ctid | None = None) -> list[NicNote]:
        """All notes, or those of one container."""
        try:
            paths = sorted(self._folder.glob("*.json"))
        except OSError:
            return []
        found = [self._read(path) for path in paths]
        return [note for note in found if note and ctid in {None, Ctid(note.ctid)}]

    def _read(self, path: Path) -> NicNote | None:
        data = read_bytes(path)
        if not data:
            return None
        values = json.loads(data)
        lists = {key: tuple(values[key]) for key in ("addresses", "routes")}
        return NicNote(**{**values, **lists})

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def write(self, note: NicNote) -> None:
        """Note a NIC durably, before it leaves."""
        make_folder(self._folder, 0o700)
        write_atomic(self._path(note.name), json.dumps(asdict(note), indent=1).encode())

    def remove(self, note: NicNote) -> None:
        """It is back."""
        with mapping_os_errors("forget a NIC"):
            self._path(note.name).unlink(missing_ok=True)

    def name_of(self, ctid: Ctid, device: HostDevice) -> str:
        """The NIC that is meant, be it on the host, with its container, or with another one.

        Raises:
            NoDevice: Nothing with an interface is at its address.
        """
        if device.name is not None:
            return device.name
        pci = str(device.address)
        out = [note for note in self.notes() if note.pci == pci]
        own = next((note.name for note in out if note.ctid == ctid), None)
        other = next((note.name for note in out if self._is_out(note)), None)
        name = own or _name_at(pci) or other
        if name is None:
            raise errors.NoDevice(f"no network device of this host is at PCI address {pci}")
        return name

    def holders(self, devices: Collection[HostDevice]) -> frozenset[Ctid]:
        """Containers that have one of these or share it, also if they died unnoticed."""
        wanted = {device.name or str(device.address) for device in devices}
        out = [note for note in self.notes() if wanted & {note.name, note.pci}]
        names = (device.name or _name_at(str(device.address)) for device in devices)
        sharing = {ctid for name in names if name for ctid in sharers(self._root, name)}
        return frozenset(map(Ctid, sharing | {note.ctid for note in out if self._is_out(note)}))

    # -- refusals -----------------------------------------------------------------------

    def check(self, ctid: Ctid, device: HostDevice) -> None:
        """Refuse a NIC that cannot be had.

        Raises:
            NoDevice: There is none.
            OperationInvalid: It is another container's, the host lives by it, or it is no NIC.
        """
        name = self.name_of(ctid, device)
        holder = next((n.ctid for n in self.notes() if n.name == name and self._is_out(n)), ctid)
        if holder != ctid:
            raise errors.OperationInvalid(f"device '{name}' is in use by container {holder}")
        link = _link(name)
        if link is None:
            raise errors.NoDevice(f"this host has no network device '{name}'")
        if "LOOPBACK" in link.get("flags", ()):
            raise errors.OperationInvalid(f"device '{name}' is the host's loopback")
        if "master" in link:
            raise errors.OperationInvalid(
                f"device '{name}' is a port of '{link['master']}'",
                hint=f"take it out first: ip link set {name} nomaster",
            )
        if name in _ways_out():
            raise errors.OperationInvalid(
                f"device '{name}' carries the host's default route",
                hint="the host would lose its network; give the container another device",
            )
        for user in (*_devices_on(name), *self._containers_on(name)):
            raise errors.OperationInvalid(
                f"device '{name}' is in use: {user} is on top of it",
                hint="give the container another device",
            )

    def _containers_on(self, name: str) -> list[str]:
        return [f"an interface of container {ctid}" for ctid in sharers(self._root, name)]

    def _is_out(self, note: NicNote) -> bool:
        return note.boot_id == boot_id() and _link(note.name) is None

    # -- out and back -------------------------------------------------------------------

    def note(self, ctid: Ctid, device: HostDevice) -> NicNote:
        """Note what a NIC is like."""
        name = self.name_of(ctid, device)
        link = _link(name)
        if link is None:
            raise errors.NoDevice(f"this host has no network device '{name}'")
        note = NicNote(
            ctid=int(ctid),
            name=name,
            mac=str(link.get("address", "")),
            mtu=int(link["mtu"]),
            up="UP" in link.get("flags", ()),
            boot_id=boot_id(),
            pci=_pci_of(name),
            permanent=str(link.get("permaddr", "")),
            addresses=_addresses(link),
            routes=_route_words(name),
        )
        self.write(note)
        return note

    def bring_back(self, note: NicNote, kept: Path) -> None:
        """Fetch a NIC from a container's namespace and make it what it was. Idempotent.

        Raises:
            OperationFailed: It is neither here nor there, or its old name is taken.
        """
        if note.boot_id != boot_id():
            self.remove(note)
            return
        if _is_home(note):
            pass  # what has its name where the container was is another device
        elif kept.exists():
            _fetch(note, kept)
        elif _link(note.name) is None:
            _rename_returned(note)
        _restore(note)
        self.remove(note)


def _link(name: str) -> dict[str, Any] | None:
    found = kernel.look("addr", "show", "dev", name)
    return found[0] if found else None


def _ways_out() -> set[str]:
    """Devices that a default route leaves by, one of several ways included."""
    return {
        device
        for version in (4, 6)
        for route in rtnetlink.routes(version)
        if route.table == rtnetlink.MAIN and route.destination.prefixlen == 0
        for device in route.devices
    }


def _devices_on(name: str) -> list[str]:
    """VLANs, macvlans and the like that the host has on top of a device."""
    links = kernel.look("-d", "link", "show")
    return [
        f"'{link['ifname']}'"
        for link in links
        if link.get("link") == name and link.get("linkinfo", {}).get("info_kind") != "veth"
    ]


def _route_words(name: str) -> tuple[str, ...]:
    """Routes that the kernel does not make by itself."""
    lines = []
    for family in ("-4", "-6"):
        said = kernel.run(("ip", family, "route", "show", "dev", name), check=False)
        lines += [line.strip() for line in said.splitlines() if "proto kernel" not in line]
    noise = {"linkdown", "dead"}
    return tuple(" ".join(word for word in line.split() if word not in noise) for line in lines)


def _addresses(link: dict[str, Any]) -> tuple[str, ...]:
    """Addresses that the kernel does not make by itself when the device is up."""
    mac = str(link.get("address", ""))
    return tuple(
        _address(item, str(link["ifname"]))
        for item in link.get("addr_info", ())
        if not _is_the_kernels(item, mac)
    )


def _is_the_kernels(address: dict[str, Any], mac: str) -> bool:
    if address.get("scope") != "link" or address.get("family") != "inet6":
        return False
    marked = address.get("stable-privacy") or address.get("protocol") == "kernel_ll"
    return bool(marked) or address["local"] == _derived(mac)


def _derived(mac: str) -> str | None:
    """The link-local address that goes with a link address, if that is an Ethernet's."""
    try:
        return str(link_local(MacAddress(mac)))
    except errors.InvalidArgument:
        return None


def _address(item: dict[str, Any], name: str) -> str:
    peer = f" peer {item['address']}" if "address" in item else ""
    words = [f"{item['local']}{peer}/{item['prefixlen']}"]
    if item.get("label", name) != name:
        words.append(f"label {item['label']}")
    if item.get("noprefixroute"):
        words.append("noprefixroute")
    if "broadcast" in item:
        words.append(f"broadcast {item['broadcast']}")
    if item.get("scope") not in {None, "global"}:
        words.append(f"scope {item['scope']}")
    valid = item.get("valid_life_time", _FOREVER)
    if valid != _FOREVER:
        words.append(f"valid_lft {valid} preferred_lft {item.get('preferred_life_time', valid)}")
    if item.get("family") == "inet6":
        words.append("nodad")
    return " ".join(words)


def _fetch(note: NicNote, kept: Path) -> None:
    found = _recognized(note, kernel.look("-d", "link", "show", inside=kept))
    if found is None:
        if _link(note.name) is None:
            raise errors.OperationFailed(
                f"device '{note.name}' of container {note.ctid} is neither in the container "
                "nor on the host"
            )
        return
    name = found["ifname"]
    lines = [f"link set dev {name} down"]
    lines.append(f"link set dev {name} netns {os.getpid()} name {note.name}")
    kernel.batch(kernel.IP_BATCH, lines, inside=kept)


def _marks(note: NicNote) -> set[str]:
    """Link addresses that betray a NIC."""
    return {note.mac, note.permanent} - {""}


def _recognized(note: NicNote, links: list[dict[str, Any]]) -> dict[str, Any] | None:
    """A NIC among others, whatever its name and link address have become.

    Its own address betrays it, and shows even while it has another one. What was made on top
    of it (a VLAN, a bridge) may have the same, but hangs on no bus, or says what it is on.
    """
    marks = _marks(note)
    same = [link for link in links if {link.get("address"), link.get("permaddr")} & marks]
    same.sort(
        key=lambda link: ("parentdev" not in link, "link" in link, link["ifname"] != note.name)
    )
    named = [link for link in links if link["ifname"] == note.name]
    return next(iter([*same, *named]), None)


def _is_home(note: NicNote) -> bool:
    """Whether a NIC is on the host: it never left, or has come back by itself."""
    link = _link(note.name)
    return link is not None and bool(_marks(note) & {link.get("address"), link.get("permaddr")})


def _rename_returned(note: NicNote) -> None:
    """The kernel brings a real NIC back by itself, but with the name it had inside."""
    found = _recognized(note, kernel.look("-d", "link", "show"))
    if found is not None:
        name = found["ifname"]
        kernel.batch(
            kernel.IP_BATCH,
            [f"link set dev {name} down", f"link set dev {name} name {note.name}"],
        )


def _restore(note: NicNote) -> None:
    now = _link(note.name)
    if now is None:
        return
    lines = [f"link set dev {note.name} mtu {note.mtu}"]
    if note.mac and now.get("address") != note.mac:
        lines.append(f"link set dev {note.name} address {note.mac}")
    had = set(_addresses(now))
    lines += [f"addr add {words} dev {note.name}" for words in note.addresses if words not in had]
    if note.up:
        lines.append(f"link set dev {note.name} up")
        lines += [f"route replace {words} dev {note.name}" for words in note.routes]
    kernel.try_batch(lines)
