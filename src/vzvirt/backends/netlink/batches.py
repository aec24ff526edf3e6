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
from vzvirt.model.devices import Interface, InterfaceKind, IpAddress, IpInterface, Route
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
    interface, guest = plug.interface, names.guest_end(plug)
    routed = interface.kind is InterfaceKind.ROUTED
    quiet = " arp off addrgenmode none" if routed else ""
    lines = [f"link set dev {guest}{quiet} up"]
    lines += [f"addr add {_inside(interface, address)} dev {guest}" for address in _all(interface)]
    return lines + guest_routes(plug)


def _all(interface: Interface) -> tuple[IpInterface, ...]:
    return interface.addresses


def _inside(interface: Interface, address: IpInterface) -> str:
    """An address as it is on the guest's interface; a routed one is alone on its network."""
    return str(address.ip) if interface.kind is InterfaceKind.ROUTED else str(address)


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
    if after.outbound is not None and before.outbound is None:
        lines.append(f"link add name {names.shaper(host)} type ifb")
        lines.append(f"link set dev {names.shaper(host)} up")
    flips = after.link_up != before.link_up
    if flips:
        lines.append(f"link set dev {host} {_state(after)}")
    return lines + _change_routes(before, after, host, proxies, again=flips)


DEFAULT_MTU: Final = 1500


def _change_routes(
    before: Interface, after: Interface, host: str, proxies: Proxies, *, again: bool
) -> list[str]:
    if after.kind is not InterfaceKind.ROUTED:
        return []
    had, has = _ips(before), _ips(after)
    lines = []
    for ip in had:
        if ip not in has:
            if before.link_up and after.link_up:
                lines.append(f"route del {ip} dev {host} proto {names.ROUTE_PROTOCOL}")
            lines += proxy("del", ip, proxies.get(ip, ()))
    for ip in has:
        if after.link_up and (again or ip not in had):
            lines.append(f"route add {ip} dev {host} proto {names.ROUTE_PROTOCOL}")
        if ip not in had:
            lines += proxy("replace", ip, proxies.get(ip, ()))
    return lines


def change_guest(old: Plug, new: Plug) -> list[str]:
    """Commands inside that go with ``change_host``."""
    before, after, guest = old.interface, new.interface, names.guest_end(new)
    lines = []
    if after.mtu != before.mtu:
        lines.append(f"link set dev {guest} mtu {after.mtu or DEFAULT_MTU}")
    had = [_inside(before, address) for address in before.addresses]
    has = [_inside(after, address) for address in after.addresses]
    lines += [f"addr del {address} dev {guest}" for address in had if address not in has]
    lines += [f"addr add {address} dev {guest}" for address in has if address not in had]
    kept = guest_routes(new, "replace")
    gone = guest_routes(old, "replace")
    lines += [line.replace("replace", "del", 1) for line in gone if line not in kept]
    if had != has or gone != kept:
        lines += kept  # routes by way of an address go with it
    return lines


def _ips(interface: Interface) -> list[IpAddress]:
    return [address.ip for address in interface.addresses]


def _address(mac: object) -> str:
    return f" address {mac}" if mac is not None else ""


def _mtu(interface: Interface) -> str:
    return f" mtu {interface.mtu}" if interface.mtu is not None else ""


def _state(interface: Interface) -> str:
    return "up" if interface.link_up else "down"
