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
from vzvirt.model.devices import Filesystem, HostDevice, Interface, IpAddress
from vzvirt.model.network import DhcpHost, DnsHost, Network
from vzvirt.model.networkchange import Entry, described
from vzvirt.model.values import MacAddress

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """What a ``<host>`` says, be it one of DHCP or of DNS, and be it little."""

    address: IpAddress | None = None
    mac: MacAddress | None = None
    client_id: str | None = None
    name: str | None = None
    names: tuple[str, ...] = ()

    @property
    def whose(self) -> tuple[object, ...]:
        """What names a guest of DHCP."""
        return tuple(item for item in (self.mac, self.client_id, self.name) if item is not None)


_HOST: Final = Spec(_Host, *DHCP_HOST.rows, *DNS_HOST.rows)


def read_entry(
    text: str | bytes,
    removed_from: Network | None = None,
    section: type[Entry] | None = None,
) -> Entry:
    """Read an entry of a network: a DHCP or DNS ``<host>``, ``<range>``, ``<forwarder>`` ...

    Args:
        text: The element.
        removed_from: The network that the entry is to be removed from. Of a ``<host>`` it is
            enough then to say what no other one has.
        section: Of which kind it is to be, where the element alone would not tell.

    Raises:
        XmlError: It is malformed, has a wrong value, or is something else.
        InvalidArgument: Its parts do not make an entry.
        OperationInvalid: Several are meant.
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
    if root.tag == "host" and removed_from is not None:
        meant = _meant(_HOST.read(root), removed_from, section)
        if meant is not None:
            return meant
    entry: Entry = spec.read(root)
    return entry


def _meant(said: _Host, network: Network, section: type[Entry] | None) -> Entry | None:
    """The only entry of a network that has all that is said, with as much as names it."""
    leases = [host for place in network.addresses for host in place.hosts]
    hosts: list[DhcpHost | DnsHost] = [*leases, *network.dns.hosts]
    if section is not None:
        hosts = [host for host in hosts if isinstance(host, section)]
    found = [host for host in hosts if said != _Host() and _has(host, said)]
    if len(found) > 1:
        raise errors.OperationInvalid(
            f"network '{network.name}' has both {described(found[0])} and {described(found[1])}",
            hint="say more of the one that is meant",
        )
    match found:
        case [DnsHost() as one]:
            return replace(one, names=said.names or one.names)
        case [DhcpHost() as one] if said.whose:
            return DhcpHost(
                address=one.address, mac=said.mac, client_id=said.client_id, name=said.name
            )
        case [one]:
            return one
    return None


def _has(host: DhcpHost | DnsHost, said: _Host) -> bool:
    if said.address not in {None, host.address}:
        return False
    if isinstance(host, DnsHost):
        return not said.whose and set(said.names) <= set(host.names)
    has = (host.mac, host.client_id, host.name)
    wanted = (said.mac, said.client_id, said.name)
    return not said.names and all(
        word is None or word == own for word, own in zip(wanted, has, strict=True)
    )
