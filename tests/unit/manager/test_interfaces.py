"""Interfaces get names and addresses that stay."""

from __future__ import annotations

import dataclasses
import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt.backends.memory import MemoryHost
from vzvirt.manager.interfaces import completed, made_up, merged_routed, with_interfaces
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.domain import Domain
from vzvirt.model.values import CTID_MAX, Ctid, MacAddress
from worlds import World

HOST = "52:54:00:00:00:01"
CTID = Ctid(101)


def routed(*addresses: str, mac: str | None = None) -> Interface:
    return Interface(
        kind=InterfaceKind.ROUTED,
        addresses=tuple(ipaddress.ip_interface(text) for text in addresses),
        mac=MacAddress(mac) if mac else None,
    )


def complete(*interfaces: Interface, ctid: Ctid = CTID) -> tuple[Interface, ...]:
    return completed(Domain(name="web", interfaces=interfaces), ctid, HOST, set()).interfaces


def test_all_routed_ones_are_one() -> None:
    bridge = Interface(kind=InterfaceKind.BRIDGE, source="br0")
    interfaces = merged_routed(
        (bridge, routed("10.0.0.1", mac="00:18:51:00:00:09"), routed("10.0.0.2", "10.0.0.1/8"))
    )
    assert [item.kind for item in interfaces] == [InterfaceKind.BRIDGE, InterfaceKind.ROUTED]
    assert [str(item) for item in interfaces[1].addresses] == ["10.0.0.1/8", "10.0.0.2/32"]
    assert interfaces[1].mac is None


def test_two_equal_routed_ones_are_one() -> None:
    assert len(merged_routed((routed("10.0.0.1"), routed("10.0.0.1")))) == 1


def test_numbers_follow_the_guest_name() -> None:
    interfaces = complete(
        Interface(kind=InterfaceKind.ETHERNET, guest_name="tap3"),
        Interface(kind=InterfaceKind.ETHERNET, guest_name="eth0"),
        Interface(kind=InterfaceKind.ETHERNET),
        Interface(kind=InterfaceKind.ETHERNET, guest_name="lan0"),
        Interface(kind=InterfaceKind.ETHERNET, guest_name="wan"),
    )
    assert [item.guest_name for item in interfaces] == ["tap3", "eth0", "eth1", "lan0", "wan"]
    assert [item.host_name for item in interfaces] == [
        f"veth101.{number}" for number in (3, 0, 1, 2, 4)
    ]


def test_the_highest_number_still_has_room() -> None:
    (interface,) = complete(Interface(kind=InterfaceKind.ETHERNET), ctid=Ctid(CTID_MAX))
    assert interface.host_name == f"v{CTID_MAX}.0"


def test_macvlan_has_no_host_end() -> None:
    (interface,) = complete(Interface(kind=InterfaceKind.DIRECT, source="eth0"))
    assert interface.mac is not None
    assert (interface.host_name, interface.host_mac) == (None, None)


def test_addresses_are_stable_and_the_null_one_is_none() -> None:
    null = MacAddress("00:00:00:00:00:00")
    (first,) = complete(Interface(kind=InterfaceKind.ETHERNET))
    (second,) = complete(Interface(kind=InterfaceKind.ETHERNET, mac=null, host_mac=null))
    assert first == second
    assert complete(first) == (first,)


def test_the_rule_is_written_down() -> None:
    """docs/decisions has it: a change would give every container a new address."""
    assert str(made_up("eth0", CTID, HOST, set())) == "00:18:51:7f:e4:50"


def test_a_collision_is_hashed_again() -> None:
    first = made_up("eth0", CTID, HOST, set())
    second = made_up("eth0", CTID, HOST, {first})
    assert second not in {first, made_up("eth0", CTID, HOST, {first, second})}


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            Interface,
            kind=st.sampled_from([InterfaceKind.ETHERNET, InterfaceKind.BRIDGE]),
            guest_name=st.none(),
        ),
        max_size=6,
    ),
    st.integers(1, CTID_MAX),
)
def test_nothing_is_given_twice(interfaces: list[Interface], number: int) -> None:
    result = complete(*interfaces, ctid=Ctid(number))
    for attribute in ("guest_name", "host_name", "mac", "host_mac"):
        values = [getattr(item, attribute) for item in result]
        assert None not in values
        assert len(set(values)) == len(values)


def test_the_hosts_links_are_listed_only_where_something_is_to_be_made_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = world.define(interfaces=(Interface(kind=InterfaceKind.ETHERNET),)).domain
    listed: list[object] = []
    real = MemoryHost.link_addresses
    monkeypatch.setattr(
        MemoryHost, "link_addresses", lambda self: (listed.append(self), real(self))[1]
    )
    ports = world.manager._world
    assert with_interfaces(ports, whole, CTID, whole) is whole
    assert listed == []
    left_open = dataclasses.replace(whole, interfaces=(Interface(kind=InterfaceKind.ETHERNET),))
    assert with_interfaces(ports, left_open, CTID, whole).interfaces == whole.interfaces
    assert len(listed) == 1
