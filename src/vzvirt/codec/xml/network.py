"""How a virtual network stands in libvirt's ``<network>``, read both ways.

As with domains: what nobody here can do is refused by name, what libvirt's own daemon can do and
we cannot, but a network works without, is dropped with a warning, and the declaration reads the
rest. An address is written as libvirt writes it: a netmask for IPv4, a prefix for IPv6.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from vzvirt import errors
from vzvirt.codec.schema import (
    TEXT,
    WORD,
    Convert,
    Items,
    Part,
    Spec,
    Texts,
    Value,
    Values,
    as_fields,
)
from vzvirt.codec.tree import Node, Place
from vzvirt.codec.xml.convert import (
    ADDRESS,
    FAMILY,
    MAC,
    NUMBER,
    ON_OFF,
    UUID_TEXT,
    YES_NO,
    one_of,
    stripped,
)
from vzvirt.codec.xml.devices import BANDWIDTH, ROUTE
from vzvirt.codec.xml.document import parse, serialise
from vzvirt.codec.xml.network_spellings import classful, set_prefix
from vzvirt.codec.xml.notes import Notes
from vzvirt.codec.xml.verbatim import Verbatim
from vzvirt.model.network import (
    DhcpHost,
    DhcpRange,
    DnsForwarder,
    DnsHost,
    Forward,
    ForwardMode,
    Network,
    NetworkAddress,
    NetworkDns,
    PortGroup,
)
from vzvirt.model.values import check_name

T = TypeVar("T")


def _netmask(text: str) -> int:
    """The length of a netmask; one with holes is none."""
    bits = f"{int(ipaddress.IPv4Address(text.strip())):032b}".rstrip("0")
    if "0" in bits:
        raise ValueError(text)
    return len(bits)


NETMASK: Convert[int] = Convert(
    _netmask,
    lambda length: str(ipaddress.IPv4Network((0, length)).netmask),
    "a netmask",
)
NETWORK_NAME = stripped(lambda text: check_name(text, "network"), "a network's name")

# How packets leave


def _pair(start: T, end: T) -> tuple[T, T]:
    return start, end


def _ends(convert: Convert[T]) -> Spec[tuple[T, T]]:
    """The first and last of a range."""
    return Spec(
        _pair,
        Value("start", "@start", convert),
        Value("end", "@end", convert),
        spread=lambda ends: {"start": ends[0], "end": ends[1]},
    )


def _gather_forward(values: Values, node: Node) -> None:
    """libvirt shows the device as an element, too."""
    listed, device = values.pop("listed", None), values.get("device")
    if listed is not None and device not in {None, listed}:
        raise errors.XmlError(f"{node.spelling} names '{device}', its <interface> '{listed}'")
    if listed is not None:
        values["device"] = listed


FORWARD: Final = Spec(
    Forward,
    Value("mode", "@mode", one_of(ForwardMode)),
    Value("device", "@dev", WORD),
    Value("listed", "interface/@dev", WORD),
    Value("nat_ipv6", "nat/@ipv6", YES_NO),
    Part("nat_addresses", "nat/address", _ends(ADDRESS)),
    Part("nat_ports", "nat/port", _ends(NUMBER)),
    gather=_gather_forward,
    unsaid={"mode": ForwardMode.NAT},
)

# Addresses and DHCP


def _gather_address(values: Values, node: Node) -> None:
    address = values.pop("address", None)
    if not isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address):
        raise errors.XmlError(f"{node.spelling} has no address=")
    if values.pop("family", None) not in {None, address.version}:
        raise errors.XmlError(f"{node.spelling}: the address is not of that family")
    if "netmask" in values and address.version == 6:
        raise errors.XmlError(f"{node.spelling}: IPv6 has no netmask=", hint="write prefix=")
    said = {values.pop(name) for name in ("netmask", "prefix") if name in values}
    if len(said) > 1:
        raise errors.XmlError(f"{node.spelling}: netmask= and prefix= disagree")
    length = said.pop() if said else classful(address)
    try:
        values["interface"] = ipaddress.ip_interface(f"{address}/{length}")
    except ValueError:
        raise errors.XmlError(f"{node.spelling}: prefix {length} is too long") from None


def _spread_address(item: NetworkAddress) -> Values:
    address, length = item.interface.ip, item.interface.network.prefixlen
    form: Values = {"netmask": length} if address.version == 4 else {"family": 6, "prefix": length}
    return {**as_fields(item), "address": address, **form}


DHCP_RANGE: Final = Spec(
    DhcpRange, Value("start", "@start", ADDRESS), Value("end", "@end", ADDRESS)
)

DHCP_HOST: Final = Spec(
    DhcpHost,
    Value("mac", "@mac", MAC),
    Value("client_id", "@id", WORD),
    Value("name", "@name", WORD),
    Value("address", "@ip", ADDRESS),
)

NETWORK_ADDRESS: Final = Spec(
    NetworkAddress,
    Value("family", "@family", FAMILY),
    Value("address", "@address", ADDRESS),
    Value("netmask", "@netmask", NETMASK),
    Value("prefix", "@prefix", NUMBER),
    Items("ranges", "dhcp/range", DHCP_RANGE),
    Items("hosts", "dhcp/host", DHCP_HOST),
    gather=_gather_address,
    spread=_spread_address,
    claims=frozenset({"interface"}),
)

# Names

DNS_FORWARDER: Final = Spec(
    DnsForwarder, Value("domain", "@domain", WORD), Value("address", "@addr", ADDRESS)
)

DNS_HOST: Final = Spec(DnsHost, Value("address", "@ip", ADDRESS), Texts("names", "hostname", WORD))

DNS: Final = Spec(
    NetworkDns,
    Value("enabled", "@enable", YES_NO),
    Value("forward_plain_names", "@forwardPlainNames", YES_NO),
    Items("forwarders", "forwarder", DNS_FORWARDER),
    Items("hosts", "host", DNS_HOST),
)

# The whole

PORT_GROUP: Final = Spec(
    PortGroup,
    Value("name", "@name", WORD),
    Value("default", "@default", YES_NO),
    Part("inbound", "bandwidth/inbound", BANDWIDTH),
    Part("outbound", "bandwidth/outbound", BANDWIDTH),
)


def _spread_network(network: Network) -> Values:
    values = as_fields(network)
    if network.forward.mode is ForwardMode.BRIDGE:
        del values["stp"], values["delay"]  # the bridge is the user's own
    return values


NETWORK: Final = Spec(
    Network,
    Value("name", "name", NETWORK_NAME),
    Value("uuid", "uuid", UUID_TEXT),
    Value("title", "title", TEXT),
    Value("description", "description", TEXT),
    Verbatim("metadata", "metadata"),
    Part("forward", "forward", FORWARD, empty=True),
    Value("bridge", "bridge/@name", WORD),
    Value("stp", "bridge/@stp", ON_OFF, always=True),
    Value("delay", "bridge/@delay", NUMBER, always=True),
    Value("mtu", "mtu/@size", NUMBER),
    Value("mac", "mac/@address", MAC),
    Value("dns_domain", "domain/@name", WORD),
    Value("dns_domain_local", "domain/@localOnly", YES_NO),
    Part("dns", "dns", DNS),
    Part("inbound", "bandwidth/inbound", BANDWIDTH),
    Part("outbound", "bandwidth/outbound", BANDWIDTH),
    Value("ports_isolated", "port/@isolated", YES_NO),
    Items("addresses", "ip", NETWORK_ADDRESS),
    Items("routes", "route", ROUTE),
    Items("port_groups", "portgroup", PORT_GROUP),
    spread=_spread_network,
)

# What libvirt knows beyond that

_OWN_HARDWARE: Final = "the network of a container is a Linux bridge"
_MACVTAP: Final = "for a macvlan use <interface type='direct'><source dev='...'/></interface>"
_NO_SWITCH: Final = "vzvirt's bridges know neither Open vSwitch nor VEPA"
_NO_VLAN: Final = "a Linux bridge of the host with the VLAN can be named: <forward mode='bridge'/>"

REFUSED: Final[Mapping[str, str]] = {
    "forward/pf": _OWN_HARDWARE,
    "forward/address": _OWN_HARDWARE,
    "forward/driver": _OWN_HARDWARE,
    "virtualport": _NO_SWITCH,
    "portgroup/virtualport": _NO_SWITCH,
    "vlan": _NO_VLAN,
    "portgroup/vlan": _NO_VLAN,
}
"""Elements that ask for what nobody here can do, and what to do instead."""

FOREIGN_MODES: Final[Mapping[str, str]] = {
    "hostdev": "hand the device to the container: <hostdev mode='capabilities' type='net'>",
    "private": _MACVTAP,
    "vepa": _MACVTAP,
    "passthrough": _MACVTAP,
}
"""Forward modes of libvirt that are none of ours, and what to do instead."""

IGNORED: Final[Mapping[str, str]] = {
    "@ipv6": "IPv6 between guests is never blocked",
    "@trustGuestRxFilters": "it is for macvtap",
    "bridge/@zone": "vzvirt has its own nftables table and no zones",
    "bridge/@macTableManager": "the kernel learns the addresses",
    "dns/txt": "DNS answers with addresses only",
    "dns/srv": "DNS answers with addresses only",
    "ip/@localPtr": "addresses are looked up as usual",
    "ip/tftp": "containers do not boot from the network",
    "ip/dhcp/bootp": "containers do not boot from the network",
    "ip/dhcp/range/lease": "leases have one length",
    "ip/dhcp/host/lease": "leases have one length",
    "portgroup/@trustGuestRxFilters": "it is for macvtap",
}
"""What a network does without, and why; each is worth a warning."""


def _refuse(root: Node) -> None:
    for path, reason in REFUSED.items():
        node = root.find(*path.split("/"))
        if node is not None:
            raise errors.ConfigUnsupported(
                f"{node.spelling} is not possible for a network", hint=reason
            )
    for node in root.find_all("forward"):
        mode = node.attributes.get("mode", "").strip()
        if mode in FOREIGN_MODES:
            raise errors.ConfigUnsupported(
                f"{node.spelling}: mode '{mode}' is not possible for a network",
                hint=FOREIGN_MODES[mode],
            )
        if mode == "bridge" and ("dev" in node.attributes or node.find("interface") is not None):
            raise errors.ConfigUnsupported(
                f"{node.spelling}: a network over a device without a bridge is not possible",
                hint=_MACVTAP,
            )


def _note_ignored(root: Node, notes: Notes) -> None:
    for path, reason in IGNORED.items():
        place = Place.parse(path)
        found = place.found(root)
        if found:
            what = f"{place.attribute}= of " if place.attribute else ""
            notes.say(f"{what}{found[0][0].spelling} is ignored: {reason}")
    for foreign in (child for child in root.children if child.tag.startswith("{")):
        notes.say(f"{foreign.spelling} is ignored: options for dnsmasq and the like are ours")


@dataclass(frozen=True, slots=True)
class ReadNetwork:
    """A network as a document gave it.

    Attributes:
        warnings: One for each thing that is dropped although libvirt knows it.
    """

    network: Network
    warnings: tuple[str, ...] = ()


def read_network(text: str | bytes, *, validate: bool = False) -> ReadNetwork:
    """Read a network's XML.

    Args:
        text: The document.
        validate: Refuse what the schema does not know, instead of dropping it.

    Raises:
        XmlError: It is malformed, has a wrong value, or states a fact in two ways.
        SchemaError: It is not valid and ``validate`` asks.
        ConfigUnsupported: It asks for a network of another kind.
        InvalidArgument: Its parts do not make a network.
    """
    root = parse(text)
    if root.tag != "network":
        raise errors.XmlError(f"the document is a {root.spelling}, not a <network>")
    if validate:
        from vzvirt.codec.xml import validation  # loads lxml

        validation.validate(text, "network")
    _refuse(root)
    notes = Notes()
    _note_ignored(root, notes)
    for route in root.find_all("route"):
        set_prefix(route, routed=False)
    return ReadNetwork(NETWORK.read(root), notes.texts())


def write_network(network: Network, *, active: bool = False) -> str:
    """Write libvirt's XML.

    Args:
        network: The network.
        active: Show it as libvirt does while it runs: with the device it leaves by as an
            element, too, where some clients look for it.

    Raises:
        XmlError: A text has a character that XML cannot carry.
    """
    root = Node("network")
    NETWORK.write(network, root, sparse=False)
    if active and network.forward.device is not None:
        listed = Node("interface", {"dev": network.forward.device})
        root.reach("forward").children.append(listed)
    return serialise(root)
