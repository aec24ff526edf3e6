from __future__ import annotations

import dataclasses
import ipaddress
from uuid import UUID

import pytest

from vzvirt import errors
from vzvirt.manager import networkplans
from vzvirt.model.network import DhcpHost, DhcpRange, Forward, ForwardMode, Network, NetworkAddress

UUID_A = UUID("9a05da11-e96b-47f3-8253-a3a482e445f5")


def address(text: str, *, dhcp: bool = False) -> NetworkAddress:
    interface = ipaddress.ip_interface(text)
    ranges = (DhcpRange(start=interface.ip + 1, end=interface.ip + 9),) if dhcp else ()
    return NetworkAddress(interface=interface, ranges=ranges)


def network(name: str = "web", *addresses: str, bridge: str | None = None) -> Network:
    return Network(name=name, bridge=bridge, addresses=tuple(map(address, addresses)))


BRIDGED = Network(name="lan", bridge="br0", forward=Forward(mode=ForwardMode.BRIDGE))


def test_completed_with_what_identifies_it() -> None:
    whole = networkplans.completed(dataclasses.replace(network(), uuid=UUID_A), "virbr3")
    assert (whole.uuid, whole.bridge, str(whole.mac)) == (UUID_A, "virbr3", "52:54:00:9a:05:da")
    assert networkplans.completed(whole, "virbr4") == whole


def test_the_users_bridge_is_given_nothing() -> None:
    whole = networkplans.completed(BRIDGED, "virbr3")
    assert whole.uuid is not None
    assert dataclasses.replace(whole, uuid=None) == BRIDGED


def test_a_new_definition_keeps_the_identity() -> None:
    old = networkplans.completed(network(), "virbr3")
    assert networkplans.identified_as(network(), old) == old
    moved = networkplans.identified_as(network(bridge="b9"), old)
    assert (moved.uuid, moved.bridge, moved.mac) == (old.uuid, "b9", old.mac)
    assert networkplans.identified_as(BRIDGED, old).bridge == "br0"


@pytest.mark.parametrize("bridge", ["br*", "br{0}", "-br", "br#1", "br'"])
def test_names_that_mean_something_elsewhere_are_refused(bridge: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="cannot be the bridge"):
        networkplans.check(network(bridge=bridge), [])


@pytest.mark.parametrize(
    ("mine", "theirs", "what"),
    [
        (network("a", bridge="b0"), network("b", bridge="b0"), "bridge 'b0'"),
        (
            network("a", "10.0.0.1/16", bridge="b0"),
            network("b", "10.0.9.1/24", bridge="b1"),
            r"10\.0\.0\.0/16 of network 'a' overlaps 10\.0\.9\.0/24 of network 'b'",
        ),
        (
            dataclasses.replace(network("a", bridge="b0"), uuid=UUID_A),
            dataclasses.replace(network("b", bridge="b1"), uuid=UUID_A),
            f"UUID {UUID_A}",
        ),
        (network("a", bridge="br0"), BRIDGED, "bridge 'br0'"),
    ],
)
def test_one_of_a_kind(mine: Network, theirs: Network, what: str) -> None:
    mine, theirs = (
        item if item.uuid else networkplans.completed(item, "x") for item in (mine, theirs)
    )
    with pytest.raises(errors.Conflict, match=what):
        networkplans.check(mine, [theirs])
    networkplans.check(mine, [dataclasses.replace(theirs, name=mine.name)])


def test_many_networks_of_one_bridge_of_the_users() -> None:
    twin = dataclasses.replace(BRIDGED, name="twin", uuid=UUID_A)
    networkplans.check(networkplans.completed(BRIDGED, ""), [twin])


def test_one_network_has_ranges_apart() -> None:
    with pytest.raises(errors.Conflict, match="of network 'web' overlap"):
        networkplans.check(network("web", "10.0.0.1/16", "10.0.9.1/24", bridge="b0"), [])
    networkplans.check(network("web", "10.0.0.1/24", "10.0.0.2/24", bridge="b0"), [])


def test_one_range_of_a_version_has_dhcp() -> None:
    two = dataclasses.replace(
        network(bridge="b0"),
        addresses=(address("10.0.0.1/24", dhcp=True), address("10.0.1.1/24", dhcp=True)),
    )
    with pytest.raises(errors.ConfigUnsupported, match="two IPv4 ranges"):
        networkplans.check(two, [])
    both = (address("10.0.0.1/24", dhcp=True), address("fd00::1/64", dhcp=True))
    networkplans.check(dataclasses.replace(two, addresses=both), [])


@pytest.mark.parametrize("text", ["fd00::1/48", "fd00::1/80"])
def test_ipv6_has_room_for_addresses_that_guests_make(text: str) -> None:
    with pytest.raises(errors.ConfigUnsupported, match="prefix 64"):
        networkplans.check(network("web", text, bridge="b9"), ())
    fine = dataclasses.replace(network(bridge="b9"), addresses=(address("fd00::1/80", dhcp=True),))
    networkplans.check(fine, ())


def test_one_address_is_leased_once() -> None:
    hosts = tuple(DhcpHost(address=ipaddress.ip_address("10.1.0.9"), name=n) for n in ("a", "b"))
    place = dataclasses.replace(address("10.1.0.1/24"), hosts=hosts)
    with pytest.raises(errors.ConfigUnsupported, match=r"several fixed leases .* 10\.1\.0\.9"):
        networkplans.check(dataclasses.replace(network(bridge="b9"), addresses=(place,)), ())


@pytest.mark.parametrize("name", ["ignore", "infinite", "120", "12h"])
def test_words_of_the_dhcp_server_are_no_names(name: str) -> None:
    lease = DhcpHost(address=ipaddress.ip_address("10.1.0.9"), name=name)
    place = dataclasses.replace(address("10.1.0.1/24"), hosts=(lease,))
    with pytest.raises(errors.ConfigUnsupported, match=f"'{name}'"):
        networkplans.check(dataclasses.replace(network(bridge="b9"), addresses=(place,)), ())


def test_the_default_network() -> None:
    found = networkplans.default_network([])
    (only,) = found.addresses
    assert str(only.interface) == "192.168.122.1/24"
    assert [(str(one.start), str(one.end)) for one in only.ranges] == [
        ("192.168.122.2", "192.168.122.254")
    ]
    assert found.forward.mode is ForwardMode.NAT


@pytest.mark.parametrize("taken", ["192.168.122.9/32", "192.168.122.128/25", "192.168.120.0/22"])
def test_the_default_network_moves(taken: str) -> None:
    found = networkplans.default_network([ipaddress.ip_interface(taken)])
    assert found.addresses[0].interface.network.network_address > ipaddress.ip_address(
        "192.168.122.0"
    )


def test_no_range_is_left() -> None:
    taken = [ipaddress.ip_interface(text) for text in ("192.168.0.1/16", "172.16.0.1/12")]
    found = networkplans.default_network(taken)
    assert str(found.addresses[0].interface) == "10.122.122.1/24"
    with pytest.raises(errors.Conflict, match="no free range"):
        networkplans.default_network([*taken, ipaddress.ip_interface("10.0.0.1/8")])
