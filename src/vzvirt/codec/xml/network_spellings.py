"""Other spellings of interfaces and host devices; see ``spellings``."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from vzvirt import errors
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.document import brief
from vzvirt.codec.xml.notes import Notes

# Interfaces


def network_blocks(domain: Node, notes: Notes) -> None:
    """A ``<network>`` block under ``<domain>`` was the first idea of a routed interface."""
    for old in domain.find_all("network"):
        domain.children.remove(old)
        new = Node("interface", {"type": "ethernet"}, old.children)
        notes.canonical(old, new)
        domain.reach("devices").children.append(new)


def nested_networks(domain: Node, notes: Notes) -> None:
    """A bridge with a network for its target was a misunderstanding, cleared up at once."""
    for interface in domain.find_all("devices", "interface"):
        for target in interface.find_all("target"):
            if target.attributes.get("type") == "network" or target.find("source") is not None:
                source = target.find("source") or Node("source", {"network": "default"})
                right = Node("interface", {"type": "network"}, [Node("source", source.attributes)])
                raise errors.XmlError(
                    f"{target.spelling} in {interface.spelling} is not the way to a network",
                    hint=f"write {brief(right)}",
                )


def interface_types(domain: Node, notes: Notes) -> None:
    """``route``, and ``bridge`` with addresses but no bridge, are routed: ``ethernet``."""
    for interface in domain.find_all("devices", "interface"):
        kind = interface.attributes.get("type", "").strip()
        bridged = any(item.attributes.get("bridge") for item in interface.find_all("source"))
        veth = interface.find("openvz:veth") is not None
        if _has_address(interface) and (
            kind == "route" or (kind == "bridge" and not bridged and not veth)
        ):
            notes.canonical(interface, interface)
            interface.attributes["type"] = "ethernet"


def _has_address(interface: Node) -> bool:
    return any("address" in ip.attributes for ip in interface.find_all("ip"))


def _is_routed(interface: Node) -> bool:
    plain = interface.find("openvz:veth") is not None
    return interface.attributes.get("type") == "ethernet" and _has_address(interface) and not plain


def one_routed(domain: Node, notes: Notes) -> None:
    """All routed interfaces are one; it has no MAC."""
    routed = [item for item in domain.find_all("devices", "interface") if _is_routed(item)]
    for item in routed:
        item.children = [child for child in item.children if child.tag != "mac"]
    for other in routed[1:]:
        notes.say(f"{other.spelling} is one with {routed[0].spelling}: both are routed")
        known = [child.attributes for child in routed[0].children if child.tag == "ip"]
        routed[0].children.extend(
            child
            for child in other.children
            if not (child.tag == "ip" and child.attributes in known)
        )
        for devices in domain.find_all("devices"):
            devices.children = [child for child in devices.children if child is not other]


# Addresses


def address_forms(domain: Node, notes: Notes) -> None:
    """``netmask``, a missing prefix, and a default gateway inside ``<ip>``."""
    for interface in domain.find_all("devices", "interface"):
        for holder in [*interface.find_all("ip"), *interface.find_all("route")]:
            old = Node(holder.tag, dict(holder.attributes), line=holder.line)
            gateways = [
                holder.attributes.pop(name)
                for name in ("gateway", "defgw")
                if holder.tag == "ip" and name in holder.attributes
            ]
            set_prefix(holder, routed=_is_routed(interface) and holder.tag == "ip")
            new = [_default_route(old, gateway) for gateway in gateways]
            if len({node.attributes["gateway"] for node in new}) > 1:
                raise errors.XmlError(f"{old.spelling} names two default gateways")
            if holder.attributes != old.attributes:
                notes.canonical(old, holder, *new[:1])
            interface.children.extend(new[:1])


def set_prefix(holder: Node, *, routed: bool) -> None:
    """Turn a netmask into a prefix; libvirt's rule where neither is given."""
    mask = holder.attributes.pop("netmask", None)
    address = _address(holder.attributes.get("address", ""))
    if address is None:
        return
    if mask is not None:
        prefix = _prefix(mask.strip())
        if prefix is None or address.version != 4:  # the only one with masks
            raise errors.XmlError(
                f"{holder.spelling}: '{mask[:40]}' is not a netmask of an IPv{address.version}"
                " address",
                hint="write prefix='...'",
            )
        if holder.attributes.setdefault("prefix", str(prefix)) != str(prefix):
            raise errors.XmlError(
                f"{holder.spelling}: netmask '{mask}' and prefix "
                f"'{holder.attributes['prefix']}' disagree"
            )
    elif "prefix" not in holder.attributes and not routed:
        holder.attributes["prefix"] = str(classful(address))


def _prefix(mask: str) -> int | None:
    """The prefix of a netmask; ``None``: it is none, as when it is the wrong way round."""
    try:
        network = ipaddress.IPv4Network(f"0.0.0.0/{mask}")
    except ValueError:
        return None
    return network.prefixlen if mask in {str(network.netmask), str(network.prefixlen)} else None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, or ``None`` for what is reported as wrong when it is read."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def classful(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    """The prefix libvirt assumes: that of the address's class."""
    if not int(address):
        return 0
    if address.version == 6:
        return 64
    first = int(address) >> 24
    return 8 if first < 128 else 16 if first < 192 else 24


def _default_route(holder: Node, gateway: str) -> Node:
    address = _address(gateway)
    if address is None:
        raise errors.XmlError(f"{holder.spelling}: '{gateway[:40]}' is not an IP address")
    everything = {4: "0.0.0.0", 6: "::"}[address.version]  # noqa: S104  # a destination
    return Node(
        "route",
        {
            "family": f"ipv{address.version}",
            "address": everything,
            "prefix": "0",
            "gateway": str(address),
        },
        line=holder.line,
    )


# Host devices

_PCI: Final = re.compile(
    r"(?:([0-9a-fA-F]{1,4}):)?([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-7])", re.ASCII
)

_PCI_DIGITS: Final = {"domain": 4, "bus": 2, "slot": 2, "function": 1}


def hosts(domain: Node, notes: Notes) -> None:
    """``<host>`` was the thread's word for ``<hostdev>``; it may stand inside an interface."""
    for holder in domain.find_all("devices"):
        holder.children = [new for child in holder.children for new in _without(child, notes)]
    for old in domain.find_all("host"):
        domain.children.remove(old)
        domain.reach("devices").children.append(_host_device(old, notes))


def _without(device: Node, notes: Notes) -> list[Node]:
    """What stands for a device once no ``<host>`` is left in it."""
    if device.tag == "host":
        return [_host_device(device, notes)]
    inside = device.find_all("host") if device.tag == "interface" else []
    device.children = [child for child in device.children if child not in inside]
    found = [_host_device(old, notes) for old in inside]
    return found if found and not device.find_all("source") else [device, *found]


def _host_device(old: Node, notes: Notes) -> Node:
    name, address = _device_name(old), _pci_address(old)
    by_class = _one_of(old, ("class",), ("network", "net"))
    by_subsystem = _one_of(old, ("subsys", "subsystem"), ("pci",))
    if not (by_class or by_subsystem):
        raise errors.XmlError(f"{old.spelling} needs class= or subsys=")
    if by_class and not name:
        raise errors.XmlError(f"{old.spelling}: a device by class needs <source name='...'/>")
    if by_subsystem and not address and not name:
        raise errors.XmlError(f"{old.spelling}: a device by subsystem needs <address .../>")
    source = Node("source")
    if name:
        source.children.append(Node("interface", text=name))
    if address:
        source.children.append(address)
    kind = (
        {"mode": "capabilities", "type": "net"} if name else {"mode": "subsystem", "type": "pci"}
    )
    new = Node("hostdev", kind, [source])
    notes.canonical(old, new)
    return new


def _one_of(old: Node, names: tuple[str, ...], known: tuple[str, ...]) -> bool:
    said = [old.attributes[name].strip() for name in names if name in old.attributes]
    for text in said:
        if text not in known:
            raise errors.ConfigUnsupported(
                f"{old.spelling}: '{text[:40]}' devices cannot be handed to a container",
                hint=f"possible: {names[0]}='{known[0]}'",
            )
    return bool(said)


def _device_name(old: Node) -> str:
    names = {
        item.attributes["name"].strip()
        for item in old.find_all("source")
        if "name" in item.attributes
    }
    dev = old.attributes.get("dev", "").strip()
    if dev and not _PCI.fullmatch(dev):
        names.add(dev)
    if len(names) > 1:
        raise errors.XmlError(f"{old.spelling} names two devices: {', '.join(sorted(names))}")
    return "".join(names)


def _pci_address(old: Node) -> Node | None:
    """Its PCI address; these were always hexadecimal, with or without ``0x``."""
    found: list[dict[str, str]] = [
        {key: value for key, value in item.attributes.items() if key in _PCI_DIGITS}
        for item in old.find_all("address")
    ]
    dev = _PCI.fullmatch(old.attributes.get("dev", "").strip())
    if dev:
        found.append(dict(zip(_PCI_DIGITS, dev.groups("0"), strict=True)))
    for attributes in found:
        for key, value in attributes.items():
            digits = value.strip().lower().removeprefix("0x").lstrip("0")
            attributes[key] = f"0x{digits.zfill(_PCI_DIGITS[key])}"
    if any(other != found[0] for other in found):
        raise errors.XmlError(f"{old.spelling} gives two addresses that differ")
    return Node("address", found[0], line=old.line) if found else None
