"""Interfaces as text for ``ip -batch``; no state, nothing is run here.

``@PID@`` stands for the pid of the container's init. A routed interface is a veth pair that
behaves like OpenVZ's venet: both ends have one link address and neither asks for others'
(``arp off``), so a packet put in at one end comes out at the other, with no neighbour to
resolve, no gateway to name and nothing for a guest's scripts to configure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from vzvirt.backends.netlink import names
from vzvirt.model.devices import Interface, InterfaceKind, IpAddress, Route
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Plug

PID: Final = "@PID@"

DIRECT_MODES: Final[Mapping[str, str]] = {
    "vepa": "vepa",
    "bridge": "bridge",
    "private": "private",
    "passthrough": "passthru",
}
"""Modes of a direct interface, and the kernel's words for them; the first is the default."""

Proxies = Mapping[IpAddress, tuple[str, ...]]
"""On which devices of the host a routed address is answered for."""


def make(plug: Plug, ctid: Ctid, tag: str, proxies: Proxies) -> list[str]:
    """Commands in the host's namespace that make an interface and move it in."""
    if plug.interface.kind is InterfaceKind.DIRECT:
        return [_macvlan(plug)]
    return [*_pair(plug, ctid, tag), *host_routes(plug, ctid, tag, proxies)]


def _macvlan(plug: Plug) -> str:
    interface = plug.interface
    mode = DIRECT_MODES[interface.mode or next(iter(DIRECT_MODES))]
    return (
        f"link add link {interface.source} name {names.guest_end(plug)}"
        f"{_address(interface.mac)}{_mtu(interface)} netns {PID} type macvlan mode {mode}"
    )


def _pair(plug: Plug, ctid: Ctid, tag: str) -> Iterator[str]:
    interface, guest = plug.interface, names.guest_end(plug)
    host = names.host_end(plug, ctid, tag)
    routed = interface.kind is InterfaceKind.ROUTED
    here = names.ROUTED_MAC if routed else interface.host_mac
    there = names.ROUTED_MAC if routed else interface.mac
    mtu = _mtu(interface)
    yield (
        f"link add name {host}{_address(here)}{mtu} type veth "
        f"peer name {guest}{_address(there)}{mtu} netns {PID}"
    )
    if interface.outbound is not None:
        yield f"link add name {names.shaper(str(host))} type ifb"
        yield f"link set dev {names.shaper(str(host))} up"
    words = [f"link set dev {host}"]
    if routed:
        words.append("arp off")
    if plug.bridge is not None:
        words.append(f"master {plug.bridge}")
    if interface.kind is not InterfaceKind.ETHERNET:
        words.append("addrgenmode none")  # the host has no address of its own on it
    yield " ".join([*words, _state(interface)])
    if interface.isolated and plug.bridge is not None:
        yield isolation(plug, str(host))


def isolation(plug: Plug, host: str) -> str:
    """The command that says whether a port of a bridge reaches other isolated ones."""
    switch = "on" if plug.interface.isolated else "off"
    return f"link set dev {host} type bridge_slave isolated {switch}"


def host_routes(plug: Plug, ctid: Ctid, tag: str, proxies: Proxies) -> list[str]:
    """Commands that lead a routed interface's addresses to it."""
    if plug.interface.kind is not InterfaceKind.ROUTED:
        return []
    host = names.host_end(plug, ctid, tag)
    lines = []
    for address in plug.interface.addresses:
        if plug.interface.link_up:  # no device that is down can have a route
            lines.append(f"route add {address.ip} dev {host} proto {names.ROUTE_PROTOCOL}")
        lines += proxy("replace", address.ip, proxies.get(address.ip, ()))
    return lines


def proxy(action: str, address: IpAddress, uplinks: Iterable[str]) -> list[str]:
    """Commands that begin (``replace``) or end (``del``) answering for an address."""
    return [f"neigh {action} proxy {address} dev {uplink}" for uplink in uplinks]


def furnish(plug: Plug) -> list[str]:
    """Commands in the container's namespace: up, addresses, routes."""
    guest, routed = names.guest_end(plug), plug.interface.kind is InterfaceKind.ROUTED
    quiet = " arp off addrgenmode none" if routed else ""
    lines = [f"link set dev {guest}{quiet} up"]
    lines += [f"addr add {words} dev {guest}" for words in _words(plug)]
    return lines + guest_routes(plug)


def guest_routes(plug: Plug, action: str = "add") -> list[str]:
    """Commands for the routes inside; a routed interface is the way to everywhere."""
    interface, guest = plug.interface, names.guest_end(plug)
    if interface.kind is InterfaceKind.ROUTED:
        versions = dict.fromkeys(address.version for address in interface.addresses)
        anywhere = {4: "0.0.0.0/0", 6: "::/0"}
        return [f"route {action} {anywhere[version]} dev {guest}" for version in versions]
    return [_route(action, route, interface, guest) for route in interface.routes]


def _route(action: str, route: Route, interface: Interface, guest: str) -> str:
    near = any(route.gateway in address.network for address in interface.addresses)
    onlink = "" if near or route.gateway.is_link_local else " onlink"
    metric = f" metric {route.metric}" if route.metric is not None else ""
    return f"route {action} {route.destination} via {route.gateway} dev {guest}{metric}{onlink}"


def unmake(plug: Plug, ctid: Ctid, tag: str) -> list[str]:
    """Commands on the host that take an interface's devices away; routes go with them."""
    host = names.host_end(plug, ctid, tag)
    if host is None:
        return []
    lines = [f"link del dev {host}"]
    if plug.interface.outbound is not None:
        lines.append(f"link del dev {names.shaper(host)}")
    return lines


def change_host(old: Plug, new: Plug, ctid: Ctid, tag: str, proxies: Proxies) -> list[str]:
    """Commands on the host that turn an interface into another of the same devices."""
    host = names.host_end(new, ctid, tag)
    if host is None:
        return []
    before, after = old.interface, new.interface
    lines = []
    if after.mtu != before.mtu:
        lines.append(f"link set dev {host} mtu {after.mtu or DEFAULT_MTU}")
    if new.bridge != old.bridge:
        lines.append(
            f"link set dev {host} " + (f"master {new.bridge}" if new.bridge else "nomaster")
        )
    moved = new.bridge != old.bridge and after.isolated
    if new.bridge and (moved or after.isolated != before.isolated):
        lines.append(isolation(new, host))
    if after.outbound is not None and before.outbound is None:
        lines.append(f"link add name {names.shaper(host)} type ifb")
        lines.append(f"link set dev {names.shaper(host)} up")
    flips = after.link_up != before.link_up
    if flips:
        lines.append(f"link set dev {host} {_state(after)}")
    had = _ips(before) if not flips else []
    for ip in _ips(after) if after.kind is InterfaceKind.ROUTED else []:
        if after.link_up and ip not in had:
            lines.append(f"route replace {ip} dev {host} proto {names.ROUTE_PROTOCOL}")
        if ip not in _ips(before):
            lines += proxy("replace", ip, proxies.get(ip, ()))
    return lines


DEFAULT_MTU: Final = 1500


def drop_host(old: Plug, new: Plug, ctid: Ctid, tag: str) -> list[str]:
    """Commands on the host that take away what such a change ends; each may be gone already."""
    if new.interface.kind is not InterfaceKind.ROUTED:
        return []
    host, has = names.host_end(new, ctid, tag), _ips(new.interface)
    return [
        f"route del {ip} dev {host} proto {names.ROUTE_PROTOCOL}"
        for ip in _ips(old.interface)
        if ip not in has
    ]


def drop_guest(old: Plug, new: Plug) -> list[str]:
    """Commands inside that take away what a change ends; the guest may have done so before."""
    guest, has = names.guest_end(new), _words(new)
    kept = guest_routes(new, "del")
    return [
        *(line for line in guest_routes(old, "del") if line not in kept),
        *(f"addr del {words} dev {guest}" for words in _words(old) if words not in has),
    ]


def change_guest(old: Plug, new: Plug) -> list[str]:
    """Commands inside that go with ``change_host``, after ``drop_guest``.

    All addresses and routes are said again: the last address of a network takes others, and
    routes by way of it, along when it goes.
    """
    before, after, guest = old.interface, new.interface, names.guest_end(new)
    lines = []
    if after.mtu != before.mtu:
        lines.append(f"link set dev {guest} mtu {after.mtu or DEFAULT_MTU}")
    if (_words(old), guest_routes(old)) != (_words(new), guest_routes(new)):
        lines += [f"addr replace {words} dev {guest}" for words in _words(new)]
        lines += guest_routes(new, "replace")
    return lines


def _words(plug: Plug) -> list[str]:
    """An interface's addresses as they are inside; a routed one is alone on its network."""
    routed = plug.interface.kind is InterfaceKind.ROUTED
    return [str(item.ip) if routed else str(item) for item in plug.interface.addresses]


def _ips(interface: Interface) -> list[IpAddress]:
    return [address.ip for address in interface.addresses]


def _address(mac: object) -> str:
    return f" address {mac}" if mac is not None else ""


def _mtu(interface: Interface) -> str:
    return f" mtu {interface.mtu}" if interface.mtu is not None else ""


def _state(interface: Interface) -> str:
    return "up" if interface.link_up else "down"
