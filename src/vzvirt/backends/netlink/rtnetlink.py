"""Questions to the kernel about routes and links, asked on a socket (rtnetlink(7)).

No state. A look by way of ``ip`` costs a child process, several of which every start would have
to wait for. What is asked is the network namespace of whoever asks.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from vzvirt.model.devices import IpAddress, IpNetwork
from vzvirt.system.files import mapping_os_errors

MAIN: Final = 254
LOCAL: Final = 255
"""Routing tables: where routes usually are, and the host's own addresses."""

_UNICAST: Final = 1
_OWN: Final = 2

NEW_LINK: Final = 16
_GET_LINK: Final = 18
NEW_ROUTE, DELETED_ROUTE = 24, 25
_GET_ROUTE: Final = 26
_GET_NEIGHBOUR, _NEW_NEIGHBOUR = 30, 28
_REQUEST: Final = 0x1
_DUMP: Final = 0x300
_ERROR, _DONE = 2, 3

_DST, _OIF, _GATEWAY, _MULTIPATH, _TABLE, _VIA = 1, 4, 5, 9, 15, 18
_NAME, _MTU, _MASTER, _LINK_INFO = 3, 4, 10, 18
_NEIGHBOURS_ADDRESS: Final = 1
_PROXY: Final = 0x08
_INFO_KIND: Final = 1
_TYPE_OF_ATTRIBUTE: Final = 0x3FFF

_HEADER: Final = struct.Struct("=IHHII")
_LINK: Final = struct.Struct("=BxHiII")
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")
_ROUTE: Final = struct.Struct("=BBBBBBBBI")
_NEXT_HOP: Final = struct.Struct("=HBBi")
_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_NETWORKS: Final[Mapping[int, type[ipaddress.IPv4Network] | type[ipaddress.IPv6Network]]] = {
    socket.AF_INET: ipaddress.IPv4Network,
    socket.AF_INET6: ipaddress.IPv6Network,
}
_ROOM: Final = 1 << 17
"""Bytes for one answer; the kernel never sends more at once."""


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """One route.

    Attributes:
        destination: Where it leads; of length 0: everywhere.
        table: ``MAIN`` or ``LOCAL``.
        protocol: Who made it.
        is_own: Whether its destination is an address of the host itself.
        has_gateway: Whether it leads there by another router.
        devices: By which devices; several where traffic is spread.
    """

    destination: IpNetwork
    table: int
    protocol: int
    is_own: bool
    has_gateway: bool
    devices: tuple[str, ...]


def routes(version: int) -> list[KernelRoute]:
    """The routes of the two usual tables that lead anywhere, in the kernel's order.

    Args:
        version: Of IP.

    Raises:
        SystemFailure: The kernel does not answer.
    """
    body = _ROUTE.pack(_FAMILIES[version], 0, 0, 0, 0, 0, 0, 0, 0)
    with mapping_os_errors("look at the routes"):
        found = [read_route(body) for body in _ask(_GET_ROUTE, NEW_ROUTE, body, _DUMP)]
    return [route for route in found if route is not None]


def masters() -> dict[str, str | None]:
    """Every device, and the one that it is a port of.

    Raises:
        SystemFailure: The kernel does not answer.
    """
    body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    found: dict[str, int] = {}
    with mapping_os_errors("look at the network devices"):
        for answer in _ask(_GET_LINK, NEW_LINK, body, _DUMP):
            values = attributes(answer[_LINK.size :])
            name = values.get(_NAME, b"").rstrip(b"\0").decode(errors="replace")
            found[name] = _number(values.get(_MASTER, b""))
    return {name: _name(master) if master else None for name, master in found.items()}


def proxies() -> frozenset[tuple[IpAddress, str]]:
    """Addresses that this host answers for in others' place, and on which device.

    Raises:
        SystemFailure: The kernel does not answer.
    """
    found = set()
    for family in _FAMILIES.values():
        body = _NEIGHBOUR.pack(family, 0, 0, _PROXY, 0)
        with mapping_os_errors("look at what is answered for"):
            answers = list(_ask(_GET_NEIGHBOUR, _NEW_NEIGHBOUR, body, _DUMP))
        for answer in answers:
            _, index, _, flags, _ = _NEIGHBOUR.unpack_from(answer)
            device = _name(index)
            address = attributes(answer[_NEIGHBOUR.size :]).get(_NEIGHBOURS_ADDRESS)
            if flags & _PROXY and device and address:
                found.add((ipaddress.ip_address(address), device))
    return frozenset(found)


def link_kind(name: str) -> str | None:
    """What a device is, such as ``bridge``; empty: a real one; ``None``: there is none."""
    found = _link(name)
    return None if found is None else kind_of(found)


def kind_of(body: bytes) -> str:
    """The same, from a message's body."""
    said = attributes(attributes(body[_LINK.size :]).get(_LINK_INFO, b""))
    return said.get(_INFO_KIND, b"").rstrip(b"\0").decode(errors="replace")


def changed(body: bytes) -> int:
    """A mask of what has changed of a device, from a message's body."""
    mask: int = _LINK.unpack_from(body)[4]
    return mask


def mtu(name: str) -> int | None:
    """How large packets a device takes, in bytes; ``None``: there is none of that name."""
    found = _link(name)
    return None if found is None else _number(attributes(found[_LINK.size :])[_MTU])


def _link(name: str) -> bytes | None:
    try:
        body = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0)
        answers = list(_ask(_GET_LINK, NEW_LINK, body, 0))
    except OSError:
        return None
    return answers[0] if answers else None


def read_route(body: bytes) -> KernelRoute | None:
    """A route from a message's body; ``None``: it is in another table, or leads nowhere."""
    family, length, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(body)
    found = attributes(body[_ROUTE.size :])
    table = _number(found[_TABLE]) if _TABLE in found else table
    network = _NETWORKS.get(family)
    if network is None or table not in {MAIN, LOCAL} or kind not in {_UNICAST, _OWN}:
        return None
    destination = int.from_bytes(found.get(_DST, b""), "big")
    hops = _hops(found.get(_MULTIPATH, b""))
    numbers = [_number(found[_OIF])] if _OIF in found else [index for index, _ in hops]
    by_gateway = bool({_GATEWAY, _VIA} & found.keys()) or any(far for _, far in hops)
    return KernelRoute(
        destination=network((destination, length)),
        table=table,
        protocol=protocol,
        is_own=kind == _OWN,
        has_gateway=by_gateway,
        devices=tuple(name for number in numbers if (name := _name(number))),
    )


def _hops(data: bytes) -> list[tuple[int, bool]]:
    """Devices of a route that has several, each with whether there is a router behind it."""
    found = []
    while len(data) >= _NEXT_HOP.size:
        length, _, _, index = _NEXT_HOP.unpack_from(data)
        if length < _NEXT_HOP.size:
            break
        inner = attributes(data[_NEXT_HOP.size : length])
        found.append((index, bool({_GATEWAY, _VIA} & inner.keys())))
        data = data[_aligned(length) :]
    return found


def _name(index: int) -> str | None:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return None  # gone meanwhile


def _number(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder)


def attributes(data: bytes) -> dict[int, bytes]:
    """Values by their type, from lengths, types and values one after the other."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[kind & _TYPE_OF_ATTRIBUTE] = data[4:length]
        data = data[_aligned(length) :]
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _ask(question: int, answer: int, body: bytes, flags: int) -> Iterator[bytes]:
    """The bodies of all answers.

    Raises:
        OSError: The kernel refuses.
    """
    header = _HEADER.pack(_HEADER.size + len(body), question, _REQUEST | flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asking:
        asking.bind((0, 0))
        asking.send(header + body)
        while True:
            data = asking.recv(_ROOM)
            while len(data) >= _HEADER.size:
                length, kind, _, _, _ = _HEADER.unpack_from(data)
                message, data = data[_HEADER.size : length], data[_aligned(length) :]
                if kind == _ERROR:
                    number = -struct.unpack_from("=i", message)[0]
                    if number:
                        raise OSError(number, os.strerror(number))
                    return
                if kind == _DONE:
                    return
                if kind == answer:
                    yield message
            if not flags & _DUMP:
                return
