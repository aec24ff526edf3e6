"""Routed interfaces, with real packets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linklab import LinkLab, link_lab
from networklab import HOST, HOST6, OUTSIDE, OUTSIDE6, _nodad, assert_about, eventually

pytestmark = pytest.mark.root

ONE, ONE6 = "198.51.100.11", "2001:db8:1::11"
TWO, TWO6 = "198.51.100.12", "2001:db8:1::12"


def routed(*addresses: str) -> str:
    lines = "".join(
        f"<ip family='ipv{6 if ':' in address else 4}' address='{address}'/>"
        for address in addresses
    )
    return f"<interface type='ethernet'>{lines}</interface>"


@pytest.fixture(scope="module")
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        one.start(101, routed(ONE, ONE6))
        one.start(102, routed(TWO, TWO6))
        yield one


@pytest.mark.parametrize("address", [HOST, HOST6, OUTSIDE, OUTSIDE6, TWO, TWO6])
def test_a_container_reaches(lab: LinkLab, address: str) -> None:
    assert lab.guest_reaches(101, address)


@pytest.mark.parametrize("name", ["host", "router", "outside"])
@pytest.mark.parametrize("address", [ONE, ONE6])
def test_a_container_is_reached_from(lab: LinkLab, name: str, address: str) -> None:
    assert eventually(lambda: lab.reaches(name, address), 3)


def test_inside_there_is_venet0(lab: LinkLab) -> None:
    (link,) = lab.ip_inside(101, "address", "show", "dev", "venet0")
    assert {item["local"] for item in link["addr_info"]} == {ONE, ONE6}
    assert "NOARP" in link["flags"]


def test_every_uplink_of_several_is_answered_on(lab: LinkLab) -> None:
    lab._cable("host", "up1", ("198.51.101.2/24",), "router", "in1")
    hops = [
        word
        for near in ("0", "1")
        for word in ("nexthop", "via", f"198.51.{100 + int(near)}.1", "dev", f"up{near}")
    ]
    lab.ip("router", "address", "add", "198.51.101.1/24", "dev", "in1")
    before = lab.ip("host", "route", "show", "default").split()
    lab.ip("host", "route", "replace", "default", *hops)
    lab.start(141, "<interface type='ethernet'><ip address='192.0.2.141'/></interface>")
    proxies = lab.ip("host", "neigh", "show", "proxy")
    assert {line.split()[2] for line in proxies.splitlines() if "192.0.2.141" in line} == {
        "up0",
        "up1",
    }
    lab.vzvirt("kill", "141")
    lab.ip("host", "route", "replace", *before)
    lab.ip("host", "link", "del", "up1")


def test_spoofed_sources_are_dropped(lab: LinkLab) -> None:
    fakes = {"198.51.100.77": HOST, "2001:db8:1::77": HOST6}
    (venet,) = (name for name in lab.links() if name.startswith("venet101"))

    def pass_through() -> list[bool]:
        ping = ("ping", "-c1", "-W1", "-I")
        return [lab.inside_works(101, *ping, fake, target) for fake, target in fakes.items()]

    for fake in fakes:  # answers would find their way
        lab.inside(101, "ip", "address", "add", fake, "dev", "venet0", *_nodad(fake))
        lab.ip("host", "route", "add", fake, "dev", venet)
    try:
        assert pass_through() == [False, False]
        lab.run("host", "nft", "flush", "ruleset")
        assert pass_through() == [True, True], "it is the filter that drops them"
        lab.device("reconcile", 101)
        assert pass_through() == [False, False]
    finally:
        for fake in fakes:
            lab.inside(101, "ip", "address", "del", fake, "dev", "venet0")
            lab.ip("host", "route", "del", fake, "dev", venet)


def test_bandwidth_of_a_routed_interface(lab: LinkLab) -> None:
    limits = "<bandwidth><inbound average='2000'/><outbound average='1000'/></bandwidth>"
    lab.start(103, routed("198.51.100.13").replace("</interface>", f"{limits}</interface>"))
    guest, host = lab.at_guest(103), lab.at_host
    assert_about(lambda: lab.rate(guest, host, HOST), 1000 * 1024)
    assert_about(lambda: lab.rate(host, guest, "198.51.100.13"), 2000 * 1024)
    lab.vzvirt("kill", "103")
    assert not [name for name in lab.links() if name.startswith("ifb")]
