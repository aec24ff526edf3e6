"""How file systems, interfaces, host devices and consoles stand in a domain's XML."""

from __future__ import annotations

import ipaddress
from typing import Final

from vzvirt import errors
from vzvirt.codec.schema import (
    TEXT,
    WORD,
    Choice,
    Constant,
    Flag,
    Items,
    Part,
    Spec,
    Value,
    Values,
    as_fields,
)
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.convert import (
    ADDRESS,
    FAMILY,
    MAC,
    NUMBER,
    ON_OFF,
    UP_DOWN,
    YES_NO,
    Amount,
    hexadecimal,
    one_of,
)
from vzvirt.model.devices import (
    Bandwidth,
    Console,
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
    IpAddress,
    IpInterface,
    Route,
)
from vzvirt.model.values import MacAddress, PciAddress, SoftHard

# File systems. A quota with one mark only has the same soft and hard.


def _gather_quota(values: Values, node: Node) -> None:
    if "hard" in values:
        values.setdefault("soft", values["hard"])
    elif "soft" in values:
        raise errors.XmlError(f"{node.spelling} has a soft limit but no hard limit")


_SPACE: Final = Spec(
    SoftHard,
    Amount("soft", "space_soft_limit", default="bytes"),
    Amount("hard", "space_hard_limit", default="bytes"),
    gather=_gather_quota,
)

_INODES: Final = Spec(
    SoftHard,
    Constant("hard", "@type", "inodes"),
    Value("soft", "@soft", NUMBER),
    Value("hard", "@max", NUMBER),
    gather=_gather_quota,
)

FILESYSTEM: Final = Spec(
    Filesystem,
    Value("kind", "@type", one_of(FilesystemKind)),
    Constant("image_format", "driver/@type", "loop"),
    Value("image_format", "driver/@format", WORD),
    Choice(
        "source",
        by="kind",
        paths={
            FilesystemKind.TEMPLATE: "source/@name",
            FilesystemKind.MOUNT: "source/@dir",
            FilesystemKind.FILE: "source/@file",
            FilesystemKind.BLOCK: "source/@dev",
        },
    ),
    Amount("usage", "source/@usage", unit="units"),
    Value("target", "target/@dir", TEXT, always=True),
    Flag("readonly", "readonly"),
    Part("space", "", _SPACE),
    Part("inodes", "quota", _INODES),
    unsaid={"kind": FilesystemKind.MOUNT},
)

# Interfaces


def _gather_ip(values: Values, node: Node) -> None:
    address, family = values.get("address"), values.get("family")
    if values.get("dhcp") and address is not None:
        raise errors.XmlError(f"{node.spelling} has an address and asks DHCP for one")
    if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address):
        if family not in {None, address.version}:
            raise errors.XmlError(f"{node.spelling}: the address is not of family 'ipv{family}'")
        if "%" in str(address):
            raise errors.XmlError(
                f"{node.spelling}: an address has no scope, its interface is where it stands",
                hint="leave out what stands behind '%'",
            )
    elif not values.get("dhcp"):
        raise errors.XmlError(f"{node.spelling} has no address=")


def _ip(
    address: IpAddress | None = None,
    family: int | None = None,
    prefix: int | None = None,
    dhcp: bool = False,
) -> IpInterface | int:
    """An address, or the IP version to ask DHCP for."""
    if address is None:
        return family or 4
    length = address.max_prefixlen if prefix is None else prefix
    if length > address.max_prefixlen:
        raise errors.InvalidArgument(f"prefix {length} is longer than an address")
    return ipaddress.ip_interface(f"{address}/{length}")


def _spread_ip(item: IpInterface | int) -> Values:
    if isinstance(item, int):
        return {"family": item, "dhcp": True}
    return {"address": item.ip, "family": item.version, "prefix": item.network.prefixlen}


_IP: Final = Spec(
    _ip,
    Value("address", "@address", ADDRESS),
    Value("family", "@family", FAMILY),
    Value("prefix", "@prefix", NUMBER),
    Value("dhcp", "@dhcp", YES_NO),
    gather=_gather_ip,
    spread=_spread_ip,
)


def _gather_route(values: Values, node: Node) -> None:
    address, family = values.pop("address", None), values.pop("family", None)
    prefix, gateway = values.pop("prefix", None), values.get("gateway")
    if address is None or prefix is None or gateway is None:
        raise errors.XmlError(f"{node.spelling} needs address=, prefix= and gateway=")
    try:
        destination = ipaddress.ip_network(f"{address}/{prefix}")
    except ValueError:
        raise errors.XmlError(
            f"{node.spelling}: {address}/{prefix} is not the address of a network"
        ) from None
    versions = {destination.version, ipaddress.ip_address(str(gateway)).version}
    if len(versions | ({family} - {None})) > 1:
        raise errors.XmlError(f"{node.spelling} mixes IPv4 and IPv6")
    values["destination"] = destination


ROUTE: Final = Spec(
    Route,
    Value("family", "@family", FAMILY),
    Value("address", "@address", ADDRESS),
    Value("prefix", "@prefix", NUMBER),
    Value("gateway", "@gateway", ADDRESS),
    Value("metric", "@metric", NUMBER),
    gather=_gather_route,
    spread=lambda route: {
        **as_fields(route),
        "family": route.destination.version,
        "address": route.destination.network_address,
        "prefix": route.destination.prefixlen,
    },
    claims=frozenset({"destination"}),
)


def _bandwidth(
    average: int, peak: int | None = None, burst: int | None = None
) -> Bandwidth | None:
    """A limit; as in libvirt, an average of 0 is none."""
    return Bandwidth(average, peak, burst) if average else None


def _gather_bandwidth(values: Values, node: Node) -> None:
    if node.attributes.get("floor", "").strip(" 0"):
        raise errors.ConfigUnsupported(
            f"floor= of {node.spelling} is not possible: nothing keeps a share free for one guest",
            hint="limit the others with average=",
        )


BANDWIDTH: Final = Spec(
    _bandwidth,
    Value("average", "@average", NUMBER),
    Value("peak", "@peak", NUMBER),
    Value("burst", "@burst", NUMBER),
    gather=_gather_bandwidth,
)


FILTER_PARAMETERS: Final = {"IP": 4, "IPV6": 6}
"""Names of what a traffic filter can be told, and the version of the address that it is."""


def _parameter(name: str, value: IpAddress) -> IpAddress:
    if FILTER_PARAMETERS.get(name) != value.version:
        raise errors.InvalidArgument(f"'{value}' is not what parameter '{name}' takes")
    return value


_PARAMETER: Final = Spec(
    _parameter,
    Value("name", "@name", WORD),
    Value("value", "@value", ADDRESS),
    spread=lambda address: {
        "name": next(
            name for name, is_in in FILTER_PARAMETERS.items() if is_in == address.version
        ),
        "value": address,
    },
)

INTERFACE_KINDS: Final = {
    "bridge": InterfaceKind.BRIDGE,
    "network": InterfaceKind.NETWORK,
    "ethernet": InterfaceKind.ETHERNET,  # routed, if it has an address
    "direct": InterfaceKind.DIRECT,
    "route": InterfaceKind.ROUTED,  # only where nothing else says so: without an address
}
"""What ``type=`` may be."""


def _gather_interface(values: Values, node: Node) -> None:
    kind = INTERFACE_KINDS.get(str(values.pop("type", None)))
    if kind is None:
        raise errors.XmlError(
            f"{node.spelling} needs a type=", hint=f"one of {', '.join(INTERFACE_KINDS)}"
        )
    ips, routes = values.pop("ips", ()), values.get("routes", ())
    assert isinstance(ips, tuple)  # noqa: S101  # what Items reads; for mypy
    assert isinstance(routes, tuple)  # noqa: S101  # likewise
    ips = tuple(dict.fromkeys(ips))  # what is said again says nothing new
    values["routes"] = tuple(dict.fromkeys(routes))
    values["addresses"] = tuple(ip for ip in ips if not isinstance(ip, int))
    values["dhcp"] = tuple(ip for ip in ips if isinstance(ip, int))
    if not values.pop("veth", False) and kind is InterfaceKind.ETHERNET and values["addresses"]:
        kind = InterfaceKind.ROUTED
    values["kind"] = kind
    for end in ("mac", "host_mac"):
        mac = values.get(end)
        if isinstance(mac, MacAddress) and mac.is_null:
            del values[end]


def _spread_interface(interface: Interface) -> Values:
    values = as_fields(interface)
    kind = interface.kind
    if kind is InterfaceKind.ROUTED and interface.addresses:
        kind = InterfaceKind.ETHERNET
    values["type"] = next(name for name, each in INTERFACE_KINDS.items() if each is kind)
    values["ips"] = (*interface.addresses, *interface.dhcp)
    plain = interface.kind is InterfaceKind.ETHERNET
    unconnected = interface.kind is InterfaceKind.BRIDGE and not interface.source
    values["veth"] = bool(interface.addresses) and (plain or unconnected)
    values["source"] = interface.source or None
    return values


INTERFACE: Final = Spec(
    Interface,
    Value("type", "@type", WORD),
    Value("mac", "mac/@address", MAC),
    Choice(
        "source",
        by="type",
        paths={"bridge": "source/@bridge", "network": "source/@network", "direct": "source/@dev"},
    ),
    Value("mode", "source/@mode", WORD),
    Value("portgroup", "source/@portgroup", TEXT),
    Value("host_name", "target/@dev", WORD),
    Value("host_mac", "target/@mac", MAC),
    Value("guest_name", "guest/@dev", WORD),
    Items("ips", "ip", _IP),
    Items("routes", "route", ROUTE),
    Value("link_up", "link/@state", UP_DOWN),
    Value("mtu", "mtu/@size", NUMBER),
    Part("inbound", "bandwidth/inbound", BANDWIDTH),
    Part("outbound", "bandwidth/outbound", BANDWIDTH),
    Value("filter", "filterref/@filter", TEXT),
    Items("filter_addresses", "filterref/parameter", _PARAMETER),
    Value("isolated", "port/@isolated", YES_NO),
    Value("mac_filter", "openvz:mac_filter", ON_OFF),
    Flag("veth", "openvz:veth"),  # a pair, although its address would make it a routed one
    gather=_gather_interface,
    spread=_spread_interface,
    claims=frozenset({"kind", "addresses", "dhcp"}),
)

# Host devices

PCI_ADDRESS: Final = Spec(
    PciAddress,
    Value("pci_domain", "@domain", hexadecimal(4)),
    Value("bus", "@bus", hexadecimal(2)),
    Value("slot", "@slot", hexadecimal(2)),
    Value("function", "@function", hexadecimal(1)),
    unsaid={"pci_domain": 0},
)


def _mode(kind: object) -> str:
    return "subsystem" if kind is HostDeviceKind.PCI else "capabilities"


def _gather_host_device(values: Values, node: Node) -> None:
    mode, wanted = values.pop("mode", None), _mode(values.get("kind"))
    if mode not in {None, wanted}:
        raise errors.XmlError(f"{node.spelling}: a device of this type has mode='{wanted}'")


HOST_DEVICE: Final = Spec(
    HostDevice,
    Value("mode", "@mode", WORD),
    Value("kind", "@type", one_of(HostDeviceKind)),
    Choice(
        "name",
        by="kind",
        paths={
            HostDeviceKind.NET: "source/interface",
            HostDeviceKind.PCI: "source/interface",
            HostDeviceKind.STORAGE: "source/block",
            HostDeviceKind.MISC: "source/char",
        },
    ),
    Part("address", "source/address", PCI_ADDRESS),
    Value("permissions", "openvz:permissions", WORD),
    gather=_gather_host_device,
    spread=lambda device: {**as_fields(device), "mode": _mode(device.kind)},
)

CONSOLE: Final = Spec(
    Console,
    Value("kind", "@type", WORD, always=True),
    Value("target_type", "target/@type", WORD),
    Value("port", "target/@port", NUMBER, always=True),
)
