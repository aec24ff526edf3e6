"""One element by itself: a device to attach to a container, an entry to add to a network.

A device is read as if it stood in a domain, so whatever spelling a definition may have is
understood here too, and refused or noted in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vzvirt import errors
from vzvirt.codec.schema import Spec
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.devices import FILESYSTEM, HOST_DEVICE, INTERFACE
from vzvirt.codec.xml.document import parse, serialise
from vzvirt.codec.xml.network import DHCP_HOST, DHCP_RANGE, DNS_FORWARDER, DNS_HOST, PORT_GROUP
from vzvirt.codec.xml.notes import Notes
from vzvirt.codec.xml.refusals import refuse
from vzvirt.codec.xml.spellings import NAMING, canonicalise
from vzvirt.model.devices import Filesystem, HostDevice, Interface
from vzvirt.model.network import Network
from vzvirt.model.networkchange import Entry, is_meant

Device = Interface | HostDevice | Filesystem
"""What can be attached by itself."""

DEVICES: Final[Mapping[type[Device], tuple[str, Spec[Any]]]] = {
    Interface: ("interface", INTERFACE),
    HostDevice: ("hostdev", HOST_DEVICE),
    Filesystem: ("filesystem", FILESYSTEM),
}
"""Each kind's canonical element, and how it stands there."""

_ASKED_FOR: Final = (*(tag for tag, _ in DEVICES.values()), "host")

_DNS_MARK: Final = "hostname"

ENTRIES: Final[Mapping[str, Spec[Any]]] = {
    "range": DHCP_RANGE,
    "host": DHCP_HOST,
    "forwarder": DNS_FORWARDER,
    "portgroup": PORT_GROUP,
}
"""Entries of a network by their element; a ``<host>`` with a ``<hostname>`` is one of DNS."""


@dataclass(frozen=True, slots=True)
class ReadDevice:
    """A device as a document gave it.

    Attributes:
        warnings: One for each spelling that is not the canonical one, and for what is dropped.
    """

    device: Device
    warnings: tuple[str, ...] = ()


def read_device(text: str | bytes) -> ReadDevice:
    """Read an ``<interface>``, a ``<hostdev>`` (or ``<host>``) or a ``<filesystem>``.

    Raises:
        XmlError: It is malformed, has a wrong value, or is something else.
        ConfigUnsupported: No container can have it.
        InvalidArgument: Its parts do not make a device.
    """
    root = parse(text)
    devices = Node("devices", children=[root])
    domain = Node("domain", children=[devices])
    refuse(domain)
    if root.tag not in _ASKED_FOR:
        raise errors.XmlError(
            f"the document is a {root.spelling}, not a device that can be attached",
            hint=f"one of {', '.join(f'<{tag}>' for tag in _ASKED_FOR)}",
        )
    notes = Notes()
    canonicalise(domain, notes)
    if len(devices.children) != 1:
        raise errors.XmlError(
            f"{root.spelling} is two devices in one", hint="attach one after the other"
        )
    for lost in (child for child in domain.children if child.tag in NAMING):
        notes.say(
            f"{lost.spelling} is ignored: it is a fact of the container, not of one device; "
            "change it with 'vzvirt edit'"
        )
    (element,) = devices.children
    device: Device = next(spec for tag, spec in DEVICES.values() if tag == element.tag).read(
        element
    )
    return ReadDevice(device, notes.texts())


def write_device(device: Device) -> str:
    """Write one device's canonical element.

    Raises:
        XmlError: A text has a character that XML cannot carry.
    """
    tag, spec = DEVICES[type(device)]
    root = Node(tag)
    spec.write(device, root, sparse=False)
    return serialise(root)


def read_entry(text: str | bytes, removed_from: Network | None = None) -> Entry:
    """Read an entry of a network: a DHCP or DNS ``<host>``, ``<range>``, ``<forwarder>`` ...

    Args:
        text: The element.
        removed_from: The network that the entry is to be removed from. Of a fixed lease it is
            enough then to say whose it is.

    Raises:
        XmlError: It is malformed, has a wrong value, or is something else.
        InvalidArgument: Its parts do not make an entry.
    """
    root = parse(text)
    spec = ENTRIES.get(root.tag)
    if root.tag == "host" and root.find(_DNS_MARK) is not None:
        spec = DNS_HOST
    if spec is None:
        raise errors.XmlError(
            f"the document is a {root.spelling}, not an entry of a network",
            hint=f"one of {', '.join(f'<{tag}>' for tag in ENTRIES)}",
        )
    if spec is DHCP_HOST and removed_from is not None:
        _add_address(root, removed_from)
    entry: Entry = spec.read(root)
    return entry


def _add_address(lease: Node, network: Network) -> None:
    """Let a ``<host>`` without an address have that of the only guest it can mean."""
    if "ip" in lease.attributes:
        return
    found = []
    for place in network.addresses:
        for host in place.hosts:
            guess = replace(lease, attributes={**lease.attributes, "ip": str(host.address)})
            if is_meant(host, DHCP_HOST.read(guess)):
                found.append(str(host.address))
    if len(found) == 1:
        lease.attributes["ip"] = found[0]
