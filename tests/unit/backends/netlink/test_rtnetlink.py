"""What the kernel says of routes and links, read from its own bytes."""

from __future__ import annotations

import ipaddress
import struct

import pytest

from kernelmessages import attribute, route
from vzvirt.backends.netlink import rtnetlink, uplinks
from vzvirt.backends.netlink.rtnetlink import LOCAL, MAIN


def test_a_route_over_several_devices_names_them_all() -> None:
    gateway = attribute(rtnetlink._GATEWAY, bytes([10, 0, 0, 1]))
    hop = struct.pack("=HBBi", 8 + len(gateway), 0, 0, 1) + gateway
    body = route(MAIN, 1, 0, attribute(rtnetlink._MULTIPATH, hop * 2))
    found = rtnetlink.read_route(body)
    assert found is not None
    assert found.devices == ("lo", "lo") and found.has_gateway
    assert found.destination == ipaddress.IPv4Network("0.0.0.0/0")


@pytest.mark.parametrize(("table", "kind"), [(100, 1), (MAIN, 7), (LOCAL, 3)])
def test_other_tables_and_ways_to_nowhere_are_left_out(table: int, kind: int) -> None:
    assert rtnetlink.read_route(route(table, kind, 0)) is None


def test_a_table_beyond_a_byte() -> None:
    body = route(252, 1, 0, attribute(rtnetlink._TABLE, struct.pack("=I", 70000)))
    assert rtnetlink.read_route(body) is None


@pytest.mark.parametrize("data", [b"", b"\x01", b"\0\0\0\0", b"\x02\0\0\0rest"])
def test_damaged_attributes_end_nothing_but_their_list(data: bytes) -> None:
    assert rtnetlink.attributes(data) == {}
    assert rtnetlink._hops(data) == []


def test_the_kernel_itself_is_asked() -> None:
    own = [item for item in rtnetlink.routes(4) if item.is_own]
    assert any(
        item.destination == ipaddress.IPv4Network("127.0.0.1/32") and item.devices == ("lo",)
        for item in own
    )
    assert rtnetlink.link_kind("lo") == ""
    assert rtnetlink.link_kind("nonesuch0") is None
    (way,) = uplinks.ways([ipaddress.ip_interface("127.0.0.1/8")]).values()
    assert way.holder == "lo"
