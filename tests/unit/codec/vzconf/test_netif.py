from __future__ import annotations

from vzvirt.codec.vzconf.forms import Notes
from vzvirt.codec.vzconf.params import NETIF
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.values import MacAddress

FULL = (
    "ifname=eth0,bridge=br0,mac=00:18:51:AA:BB:01,"
    "host_ifname=veth101.0,host_mac=00:18:51:AA:BB:02,mac_filter=on"
)
ETH0 = Interface(
    kind=InterfaceKind.BRIDGE,
    source="br0",
    guest_name="eth0",
    host_name="veth101.0",
    mac=MacAddress("00:18:51:aa:bb:01"),
    host_mac=MacAddress("00:18:51:aa:bb:02"),
    mac_filter=True,
)
ETH1 = Interface(kind=InterfaceKind.ETHERNET, guest_name="eth1", mac_filter=False)


def parse(text: str) -> tuple[tuple[Interface, ...], Notes]:
    notes: Notes = []
    return NETIF.form.parse(text, notes), notes


def test_all_fields() -> None:
    assert parse(FULL) == ((ETH0,), [])
    assert NETIF.form.format((ETH0,)) == FULL


def test_fields_in_any_order_and_pairs_with_loose_ends() -> None:
    found, notes = parse("; mac_filter=off, colour=red ,ifname=eth1,bridge= ;;" + FULL + ";")
    assert found == (ETH1, ETH0)
    assert notes == []


def test_a_bad_field_costs_the_field_a_bad_name_the_pair() -> None:
    found, notes = parse("ifname=eth1,mac=1,mac_filter=off;ifname=much_too_long_a_name")
    assert found == (ETH1,)
    assert len(notes) == 3


def test_a_network_is_written_without_its_bridge() -> None:
    network = Interface(kind=InterfaceKind.NETWORK, source="default", guest_name="eth0")
    assert NETIF.form.format((network,)) == "ifname=eth0"


def test_a_bridge_name_that_would_break_the_line_is_left_out() -> None:
    odd = Interface(kind=InterfaceKind.BRIDGE, source="br,0", guest_name="eth0")
    assert NETIF.form.format((odd,)) == "ifname=eth0"
