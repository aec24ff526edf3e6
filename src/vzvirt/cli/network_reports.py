"""What is shown of networks, interfaces and the host's devices; see ``reports``."""

from __future__ import annotations

import time
from functools import partial
from typing import Final

from vzvirt.cli.formats import size_text
from vzvirt.cli.output import Field, Json
from vzvirt.codec.xml.nodedev import CAPABILITIES
from vzvirt.model.network import ForwardMode, Lease, NetworkStatus
from vzvirt.model.nodedev import (
    NetCapability,
    NodeDevice,
    PciCapability,
    StorageCapability,
    SystemCapability,
    UsbDeviceCapability,
)
from vzvirt.model.report import InterfaceReport
from vzvirt.ports.network import GuestAddress, LinkCounters

_FORWARD_WORDS: Final = {ForwardMode.ISOLATED: "isolated"}


def _state(status: NetworkStatus) -> str:
    word = "active" if status.active else "inactive"
    return f"{word} (libvirt's)" if status.foreign else word


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _ranges(status: NetworkStatus) -> list[Json]:
    return [str(item.interface) for item in status.network.addresses]


def _dhcp(status: NetworkStatus) -> str:
    parts = [part for item in status.network.addresses for part in item.ranges]
    return ", ".join(f"{part.start} - {part.end}" for part in parts)


def _fixed(status: NetworkStatus) -> str:
    hosts = [host for item in status.network.addresses for host in item.hosts]
    return ", ".join(
        f"{host.mac or host.client_id or host.name} = {host.address}" for host in hosts
    )


NETWORK_FIELDS: Final[tuple[Field[NetworkStatus], ...]] = (
    Field("name", "its name", lambda it: it.network.name, "NAME"),
    Field("uuid", "its UUID", lambda it: str(it.network.uuid)),
    Field(
        "active",
        "whether it runs",
        lambda it: it.active,
        "STATE",
        _state,
        lambda it: "green" if it.active else "",
    ),
    Field("foreign", "whether libvirt's own daemon runs it", lambda it: it.foreign),
    Field(
        "autostart",
        "whether it starts with the host",
        lambda it: it.autostart,
        "AUTOSTART",
        lambda it: _yes(it.autostart),
    ),
    Field(
        "persistent",
        "whether it has a definition",
        lambda it: it.persistent,
        "PERSISTENT",
        lambda it: _yes(it.persistent),
    ),
    Field(
        "forward",
        "none, nat, route, open or bridge",
        lambda it: it.network.forward.mode.value,
        "FORWARD",
        lambda it: _FORWARD_WORDS.get(it.network.forward.mode, it.network.forward.mode.value),
    ),
    Field("bridge", "its bridge", lambda it: it.network.bridge, "BRIDGE"),
    Field(
        "addresses",
        "the host's addresses on it, with their prefix lengths",
        _ranges,
        "ADDRESSES",
        lambda it: ",".join(map(str, _ranges(it))),
    ),
)
"""``vzvirt net list``."""

NETWORK_INFO_FIELDS: Final[tuple[Field[NetworkStatus], ...]] = (
    Field("name", "its name", lambda it: it.network.name, "Name"),
    Field("uuid", "its UUID", lambda it: str(it.network.uuid), "UUID"),
    Field("title", "its title", lambda it: it.network.title, "Title"),
    Field("active", "whether it runs", lambda it: it.active, "State", _state),
    Field("foreign", "whether libvirt's own daemon runs it", lambda it: it.foreign),
    Field(
        "persistent",
        "whether it has a definition",
        lambda it: it.persistent,
        "Persistent",
        lambda it: _yes(it.persistent),
    ),
    Field(
        "autostart",
        "whether it starts with the host",
        lambda it: it.autostart,
        "Autostart",
        lambda it: _yes(it.autostart),
    ),
    Field(
        "forward",
        "none, nat, route, open or bridge",
        lambda it: it.network.forward.mode.value,
        "Forward",
        lambda it: _FORWARD_WORDS.get(it.network.forward.mode, it.network.forward.mode.value),
    ),
    Field(
        "forward_device",
        "host device that packets must leave by, or null",
        lambda it: it.network.forward.device,
        "Leaves by",
        lambda it: it.network.forward.device or "any device",
    ),
    Field("bridge", "its bridge", lambda it: it.network.bridge, "Bridge"),
    Field("mtu", "bytes, or null", lambda it: it.network.mtu, "MTU"),
    Field(
        "addresses",
        "the host's addresses on it, with their prefix lengths",
        _ranges,
        "Addresses",
        lambda it: ", ".join(map(str, _ranges(it))),
    ),
    Field(
        "dhcp",
        "ranges that DHCP gives out, as objects with `start` and `end`",
        lambda it: [
            {"start": str(part.start), "end": str(part.end)}
            for item in it.network.addresses
            for part in item.ranges
        ],
        "DHCP",
        _dhcp,
    ),
    Field("", "for people only", lambda it: None, "Fixed leases", _fixed),
    Field(
        "domain", "DNS domain of its guests, or null", lambda it: it.network.dns_domain, "Domain"
    ),
)
"""``vzvirt net info``."""

LEASE_FIELDS: Final[tuple[Field[Lease], ...]] = (
    Field(
        "mac",
        "the guest's MAC, or null",
        lambda it: None if it.mac is None else str(it.mac),
        "MAC",
    ),
    Field("address", "with its prefix length", lambda it: str(it.address), "ADDRESS"),
    Field("hostname", "as the guest calls itself, or null", lambda it: it.hostname, "HOST NAME"),
    Field("client_id", "DHCP's client id, or null", lambda it: it.client_id, "CLIENT ID"),
    Field(
        "expires_at",
        "in seconds since the epoch; null: never",
        lambda it: it.expires_at,
        "EXPIRES",
        lambda it: (
            "never"
            if it.expires_at is None
            else time.strftime("%Y-%m-%d %H:%M", time.localtime(it.expires_at))
        ),
    ),
)
"""``vzvirt net leases``."""


def device_kind(device: NodeDevice) -> str:
    """libvirt's word for what a device is."""
    return CAPABILITIES[type(device.capability)][0]


def _what(device: NodeDevice) -> str:
    """A device in a few words."""
    words: list[str] = []
    match device.capability:
        case SystemCapability() as system:
            words = [system.vendor, system.product]
        case PciCapability() as function:
            words = [function.vendor, function.product]
        case NetCapability() as nic:
            words = [nic.interface, nic.link_state]
        case StorageCapability() as drive:
            words = [drive.block, size_text(drive.size) if drive.size else "", drive.model]
        case UsbDeviceCapability() as usb:
            words = [usb.vendor, usb.product]
    return " ".join(word for word in words if word)


DEVICE_FIELDS: Final[tuple[Field[NodeDevice], ...]] = (
    Field("name", "its name", lambda it: it.name, "NAME"),
    Field("kind", "system, pci, net, storage or usb_device", device_kind, "KIND"),
    Field("parent", "the device it hangs on, or null", lambda it: it.parent),
    Field("driver", "the kernel's driver, or null", lambda it: it.driver, "DRIVER"),
    Field("path", "its folder in sysfs", lambda it: it.path),
    Field("devnode", "its node in /dev, or null", lambda it: it.devnode),
    Field("what", "what it is, in words", _what, "WHAT"),
)
"""``vzvirt nodedev list``."""


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _live(report: InterfaceReport) -> Json:
    if report.live_addresses is None:
        return None
    return [str(address) for address in report.live_addresses]


INTERFACE_FIELDS: Final[tuple[Field[InterfaceReport], ...]] = (
    Field("interface", "its name inside", lambda it: it.guest_name, "INTERFACE"),
    Field(
        "kind",
        "bridge, network, routed, ethernet or direct",
        lambda it: it.interface.kind.value,
        "KIND",
    ),
    Field("source", "its bridge, network or device", lambda it: it.interface.source, "SOURCE"),
    Field("host_name", "its end on the host", lambda it: it.interface.host_name, "HOST END"),
    Field("mac", "its MAC, or null", lambda it: _text(it.interface.mac), "MAC"),
    Field("link_up", "whether the cable is plugged in", lambda it: it.interface.link_up),
    Field(
        "addresses",
        "its addresses, as defined",
        lambda it: [str(address) for address in it.interface.addresses],
        "ADDRESSES",
        lambda it: ",".join(map(str, it.interface.addresses)) or _asks(it),
    ),
    Field("live_addresses", "those it has right now; null: it does not run", _live),
)
"""``vzvirt domiflist``."""


def _asks(report: InterfaceReport) -> str:
    return "by DHCP" if report.interface.dhcp else ""


ADDRESS_FIELDS: Final[tuple[Field[GuestAddress], ...]] = (
    Field("interface", "its name inside", lambda it: it.guest_name, "INTERFACE"),
    Field("mac", "its MAC", lambda it: it.mac, "MAC"),
    Field(
        "addresses",
        "the addresses it has, with their prefix lengths",
        lambda it: [str(address) for address in it.addresses],
        "ADDRESSES",
        lambda it: ",".join(map(str, it.addresses)),
    ),
)
"""``vzvirt domifaddr``."""


def _counter(name: str, counters: LinkCounters) -> int:
    return int(getattr(counters, name))


COUNTER_FIELDS: Final[tuple[Field[LinkCounters], ...]] = (
    Field("host_name", "the interface, by its end on the host", lambda it: it.host_name, "DEVICE"),
    *(
        Field(
            f"{way}_{what}",
            f"{what} that the container {verb}",
            partial(_counter, f"{way}_{what}"),
            f"{way}_{what}".upper().replace("_", " "),
            numeric=True,
        )
        for way, verb in (("rx", "received"), ("tx", "sent"))
        for what in ("bytes", "packets", "errors", "drops")
    ),
)
"""``vzvirt domifstat``."""
