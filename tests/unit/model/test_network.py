"""Networks that cannot be are refused; those that can are in tests of the XML."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.model.devices import IpAddress
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
    check_dns_name,
)
from vzvirt.model.values import MacAddress

BRIDGED = Forward(mode=ForwardMode.BRIDGE)
GROUP = MacAddress("01:00:5e:00:00:01")
SUBNET = ipaddress.ip_interface("10.0.0.1/24")


def ip(text: str) -> IpAddress:
    return ipaddress.ip_address(text)


@pytest.mark.parametrize("name", ["a", "a.b", "web-1.example", "_srv._tcp.x", "x" * 63, "1.2"])
def test_dns_names(name: str) -> None:
    assert check_dns_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "a.", ".a", "a..b", "-a", "a.-b", "a b", "a\n", "a,b", "a#b", "é"),
        "x" * 64,
        ".".join(["x" * 60] * 5),
    ],
)
def test_no_dns_names(name: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="is not a DNS name"):
        check_dns_name(name)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mode": ForwardMode.OPEN, "device": "eth1"}, "'open' has no device"),
        ({"mode": ForwardMode.ISOLATED, "device": "eth1"}, "'none' has no device"),
        ({"mode": ForwardMode.NAT, "device": "a/b"}, "device name"),
        ({"mode": ForwardMode.ROUTE, "nat_ipv6": True}, "does not translate"),
        ({"mode": ForwardMode.NAT, "nat_ports": (0, 9)}, "0 - 9"),
        ({"mode": ForwardMode.NAT, "nat_ports": (1, 65536)}, "65536"),
        ({"mode": ForwardMode.NAT, "nat_ports": (9, 8)}, "9 - 8"),
        ({"mode": ForwardMode.NAT, "nat_addresses": (ip("1.2.3.4"), ip("1.2.3.3"))}, "range"),
        ({"mode": ForwardMode.NAT, "nat_addresses": (ip("::1"), ip("::2"))}, "IPv4"),
        ({"mode": ForwardMode.NAT, "nat_addresses": (ip("1.2.3.4"), ip("::2"))}, "IPv4"),
    ],
)
def test_forwards_that_cannot_be(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=says):
        Forward(**fields)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "a/b"}, "network name 'a/b' is not usable"),
        ({"name": ""}, "network name"),
        ({"bridge": "x" * 16}, "bridge device name"),
        ({"mac": GROUP}, "group"),
        ({"mtu": 67}, "mtu 67"),
        ({"dns_domain": "a b"}, "DNS name"),
        ({"dns_domain_local": True}, "domain"),
        ({"port_groups": (PortGroup(name="a"), PortGroup(name="a"))}, "one name"),
        (
            {"port_groups": tuple(PortGroup(name=name, default=True) for name in "ab")},
            "two default",
        ),
        ({"forward": BRIDGED}, "no <bridge>"),
    ],
)
def test_networks_that_cannot_be(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=says):
        Network(**{"name": "x", **fields})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"addresses": (NetworkAddress(interface=SUBNET),)}, "<ip>"),
        ({"dns": NetworkDns(enabled=False)}, "<dns>"),
        ({"dns_domain": "x"}, "<domain>"),
        ({"mac": MacAddress("02:00:00:00:00:01")}, "<mac>"),
        ({"mtu": 1400}, "<mtu>"),
        ({"stp": False}, "stp="),
        ({"delay": 3}, "delay="),
    ],
)
def test_the_users_own_bridge_is_what_it_is(fields: dict[str, Any], says: str) -> None:
    Network(name="x", forward=BRIDGED, bridge="br0")
    Network(name="x", bridge="br0", **fields)
    with pytest.raises(errors.InvalidArgument, match=f"'br0', so it cannot have .*{says}"):
        Network(name="x", forward=BRIDGED, bridge="br0", **fields)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "whose it is"),
        ({"mac": GROUP}, "group"),
        ({"client_id": "01:zz"}, "client id"),
        ({"client_id": "01,x"}, "client id"),
        ({"name": "a,b"}, "DNS name"),
    ],
)
def test_leases_that_cannot_be(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=says):
        DhcpHost(address=ip("10.0.0.9"), **fields)


def test_dhcp_stays_on_its_network() -> None:
    inside = DhcpRange(start=ip("10.0.0.2"), end=ip("10.0.0.2"))
    NetworkAddress(interface=SUBNET, ranges=(inside,))
    with pytest.raises(errors.InvalidArgument, match=r"10\.0\.1\.2 is not in 10\.0\.0\.0/24"):
        NetworkAddress(
            interface=SUBNET, ranges=(DhcpRange(start=ip("10.0.0.2"), end=ip("10.0.1.2")),)
        )
    with pytest.raises(errors.InvalidArgument, match="fd00::1 is not in"):
        NetworkAddress(interface=SUBNET, hosts=(DhcpHost(address=ip("fd00::1"), name="a"),))


def test_ranges_run_forwards_and_in_one_family() -> None:
    for start, end in (("10.0.0.3", "10.0.0.2"), ("10.0.0.3", "fd00::1")):
        with pytest.raises(errors.InvalidArgument, match="backwards"):
            DhcpRange(start=ip(start), end=ip(end))


def test_dns_entries_say_something() -> None:
    with pytest.raises(errors.InvalidArgument, match="no name"):
        DnsHost(address=ip("10.0.0.9"), names=())
    with pytest.raises(errors.InvalidArgument, match="DNS name"):
        DnsHost(address=ip("10.0.0.9"), names=("a", "b c"))
    with pytest.raises(errors.InvalidArgument, match="forwarder"):
        DnsForwarder()
    with pytest.raises(errors.InvalidArgument, match="DNS name"):
        DnsForwarder(domain="a/b")
