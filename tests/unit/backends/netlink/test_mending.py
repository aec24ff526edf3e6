"""What of a container's interfaces is missed on the host, and what is left alone."""

from __future__ import annotations

import dataclasses
import ipaddress

from vzvirt.backends.netlink import filters, names
from vzvirt.backends.netlink.mending import Loss, Seen, filled, loss
from vzvirt.backends.netlink.rtnetlink import MAIN, KernelRoute
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.network import Plug

CTID, TAG = Ctid(101), ""
IP = ipaddress.ip_address("10.0.0.5")
ROUTED = Plug(
    interface=Interface(
        kind=InterfaceKind.ROUTED, addresses=(ipaddress.ip_interface("10.0.0.5/32"),)
    )
)
BRIDGED = Plug(
    interface=Interface(
        kind=InterfaceKind.BRIDGE,
        source="br0",
        guest_name="eth0",
        host_name="veth101.0",
        mac=MacAddress("00:18:51:00:00:01"),
    ),
    bridge="br0",
)


def kernel_route(network: str, device: str) -> KernelRoute:
    return KernelRoute(ipaddress.ip_network(network), MAIN, 2, False, False, (device,))


WHOLE = Seen(
    masters={"venet101": None, "veth101.0": "br0", "br0": None, "eth0": None},
    proxies=frozenset({(IP, "eth0")}),
    chains=frozenset(map(names.chain, ("venet101", "veth101.0"))),
    routes={4: [kernel_route("10.0.0.5/32", "venet101"), kernel_route("0.0.0.0/0", "eth0")]},
)


def lost(**seen: object) -> Loss:
    return loss(CTID, TAG, (ROUTED, BRIDGED), dataclasses.replace(WHOLE, **seen))  # type: ignore[arg-type]  # each test names its field


def test_nothing_is_missed_of_what_is_whole() -> None:
    assert not lost()


def test_routes_and_where_an_address_is_answered_for() -> None:
    default = kernel_route("0.0.0.0/0", "eth0")
    assert lost(routes={4: [default]}).lines == ("route replace 10.0.0.5 dev venet101 proto 118",)
    assert lost(proxies=frozenset()).lines == ("neigh replace proxy 10.0.0.5 dev eth0",)
    moved = [WHOLE.routes[4][0], kernel_route("0.0.0.0/0", "eth1")]
    assert lost(routes={4: moved}).lines == ("neigh replace proxy 10.0.0.5 dev eth1",)


LISTING = """
table netdev vzvirt {
	set on_b {
		type ipv4_addr
		elements = { 10.0.0.5 }
	}

	chain on_a {
		type filter hook ingress device "a" priority filter; policy accept;
		ether saddr != 00:18:51:00:00:01 counter packets 0 bytes 0 drop
	}

	chain on_b {
		type filter hook ingress device "b" priority filter; policy accept;
	}
}
"""


def test_chains_that_were_emptied_are_missed() -> None:
    assert filled(LISTING) == {"on_a"}


def test_an_address_that_somebody_else_has_by_now_is_his() -> None:
    theirs = [kernel_route("10.0.0.5/32", "eth7"), kernel_route("0.0.0.0/0", "eth0")]
    assert not lost(routes={4: theirs})


def test_ports_of_a_bridge_that_is_there() -> None:
    masters = {**WHOLE.masters, "veth101.0": None}
    assert lost(masters=masters).lines == ("link set dev veth101.0 master br0",)
    alone = dataclasses.replace(
        BRIDGED, interface=dataclasses.replace(BRIDGED.interface, isolated=True)
    )
    assert loss(CTID, TAG, (alone,), dataclasses.replace(WHOLE, masters=masters)).lines == (
        "link set dev veth101.0 master br0",
        "link set dev veth101.0 type bridge_slave isolated on",
    )
    del masters["br0"]
    assert not lost(masters=masters)


def test_filters() -> None:
    found = lost(chains=frozenset())
    assert found.lines == ()
    assert found.rules == filters.rules(ROUTED, CTID, TAG) + filters.rules(BRIDGED, CTID, TAG)
    assert lost(chains=frozenset({names.chain("venet101")})).rules == filters.rules(
        BRIDGED, CTID, TAG
    )


def test_devices_that_are_gone_cannot_be_mended() -> None:
    assert not lost(masters={"br0": None}, chains=frozenset(), routes={4: []})
