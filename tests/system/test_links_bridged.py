"""Interfaces with a link address of their own: in bridges, plain pairs, macvlan."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linklab import LinkLab, link_lab
from networklab import assert_about, eventually

pytestmark = pytest.mark.root

MAC = "02:00:00:00:01:03"
LIMIT = 1000  # KiB/s

ONE = """
<interface type='bridge'>
  <source bridge='br0'/><mac address='02:00:00:00:01:01'/>
  <ip address='10.9.0.11' prefix='24'/><ip family='ipv6' address='fd09::11' prefix='64'/>
  <route address='0.0.0.0' prefix='0' gateway='10.9.0.1'/>
  <mtu size='1400'/>
</interface>
"""
TWO = """
<interface type='bridge'>
  <source bridge='br0'/><target dev='port102'/><guest dev='lan0'/>
  <ip address='10.9.0.12' prefix='24'/>
  <bandwidth><inbound average='1000'/><outbound average='1000'/></bandwidth>
</interface>
"""
CLEAN = f"""
<interface type='bridge'>
  <source bridge='br0'/><mac address='{MAC}'/><target dev='port103'/>
  <ip address='10.9.0.13' prefix='24'/>
  <filterref filter='clean-traffic'/>
</interface>
"""
PLAIN = """
<interface type='ethernet'>
  <mac address='02:00:00:00:01:04'/><target dev='port104'/>
</interface>
<interface type='direct'>
  <source dev='phys0' mode='bridge'/><mac address='02:00:00:00:01:05'/>
  <ip address='10.8.0.4' prefix='24'/>
</interface>
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        one.bridge("br0", "10.9.0.1/24", "fd09::1/64")
        one.space("peer")
        one._cable("host", "phys0", (), "peer", "far0")
        one.ip("peer", "address", "add", "10.8.0.1/24", "dev", "far0")
        for ctid, devices in ((101, ONE), (102, TWO), (103, CLEAN), (104, PLAIN)):
            one.start(ctid, devices)
        yield one


def test_containers_on_a_bridge_reach_each_other_and_the_host(lab: LinkLab) -> None:
    assert lab.guest_reaches(101, "10.9.0.12")
    assert lab.guest_reaches(102, "10.9.0.1")
    assert lab.guest_reaches(103, "10.9.0.11")


def test_what_was_asked_for_is_inside(lab: LinkLab) -> None:
    (link,) = lab.ip_inside(101, "address", "show", "dev", "eth0")
    assert (link["address"], link["mtu"]) == ("02:00:00:00:01:01", 1400)
    found = {f"{item['local']}/{item['prefixlen']}" for item in link["addr_info"]}
    assert {"10.9.0.11/24", "fd09::11/64"} <= found
    (route,) = lab.ip_inside(101, "route", "show", "default")
    assert route["gateway"] == "10.9.0.1"
    assert {link["ifname"] for link in lab.ip_inside(102, "link", "show")} >= {"lan0"}


def test_large_packets_need_a_large_mtu(lab: LinkLab) -> None:
    ping = ("ping", "-c1", "-W1", "-M", "do", "10.9.0.1")
    assert lab.inside_works(101, *ping, "-s", "1372")
    assert not lab.inside_works(101, *ping, "-s", "1373")


def test_bandwidth_out(lab: LinkLab) -> None:
    assert_about(lambda: lab.rate(lab.at_guest(102), lab.at_host, "10.9.0.1"), LIMIT * 1024)


def test_bandwidth_in(lab: LinkLab) -> None:
    assert_about(lambda: lab.rate(lab.at_host, lab.at_guest(102), "10.9.0.12"), LIMIT * 1024)


def test_clean_traffic_lets_no_other_address_out(lab: LinkLab) -> None:
    lab.inside(103, "ip", "address", "add", "10.9.0.99/24", "dev", "eth0")
    assert not lab.inside_works(103, "ping", "-c1", "-W1", "-I", "10.9.0.99", "10.9.0.1")
    assert eventually(lambda: lab.guest_reaches(103, "10.9.0.1"))
    lab.ip("host", "neigh", "flush", "dev", "br0")
    assert not lab.reaches("host", "10.9.0.99"), "answers ARP for an address it has not"
    lab.inside(103, "ip", "address", "del", "10.9.0.99/24", "dev", "eth0")
    assert lab.guest_reaches(101, "fd09::1")
    lab.inside(103, "ip", "address", "add", "fd09::99/64", "dev", "eth0", "nodad")
    assert not lab.inside_works(103, "ping", "-c1", "-W1", "-I", "fd09::99", "fd09::1")


def test_clean_traffic_lets_no_other_mac_out(lab: LinkLab) -> None:
    def mac(text: str) -> None:
        lab.inside(103, "ip", "link", "set", "eth0", "address", text)

    mac("02:00:00:00:09:09")
    assert not lab.inside_works(103, "ping", "-c1", "-W1", "10.9.0.1")
    mac(MAC)
    assert lab.guest_reaches(103, "10.9.0.1")


def test_frames_come_from_one_address_unless_it_is_said(lab: LinkLab) -> None:
    """As OpenVZ's own kernel has it."""
    free = "<ip address='10.9.0.21' prefix='24'/><openvz:mac_filter>off</openvz:mac_filter>"
    lab.start(121, f"<interface type='bridge'><source bridge='br0'/>{free}</interface>")
    for ctid, reaches in ((101, False), (121, True)):
        (link,) = lab.ip_inside(ctid, "link", "show", "dev", "eth0")
        lab.inside(ctid, "ip", "link", "set", "eth0", "address", f"02:00:00:09:01:{ctid % 100}")
        lab.inside(ctid, "ip", "neigh", "flush", "dev", "eth0")
        assert lab.guest_reaches(ctid, "10.9.0.1") is reaches
        lab.inside(ctid, "ip", "link", "set", "eth0", "address", link["address"])
    lab.inside(101, "ip", "route", "replace", "default", "via", "10.9.0.1")
    assert eventually(lambda: lab.guest_reaches(101, "10.9.0.1"))
    lab.vzvirt("kill", "121")


def test_a_port_is_as_wide_as_its_bridge(lab: LinkLab) -> None:
    lab.bridge("br8", "10.88.0.1/24")
    lab.ip("host", "link", "set", "br8", "mtu", "9000")
    lab.start(122, "<interface type='bridge'><source bridge='br8'/></interface>")
    lab.device("attach", 122, "<interface type='bridge'><source bridge='br8'/></interface>")
    for name in ("eth0", "eth1"):
        (link,) = lab.ip_inside(122, "link", "show", "dev", name)
        assert link["mtu"] == 9000
    assert lab.ip_json("host", "link", "show", "dev", "br8")[0]["mtu"] == 9000
    lab.vzvirt("kill", "122")
    lab.ip("host", "link", "del", "br8")


@pytest.mark.parametrize(
    ("first", "mode", "reaches_sibling"),
    [(131, "bridge", True), (135, "private", False), (137, "vepa", False)],
)
def test_modes_of_macvlan(lab: LinkLab, first: int, mode: str, reaches_sibling: bool) -> None:
    for ctid in (first, first + 1):
        lab.start(
            ctid,
            f"<interface type='direct'><source dev='phys0' mode='{mode}'/>"
            f"<ip address='10.8.0.{ctid}' prefix='24'/></interface>",
        )
    assert lab.guest_reaches(first, "10.8.0.1")
    assert lab.guest_reaches(first, f"10.8.0.{first + 1}") is reaches_sibling
    for ctid in (first, first + 1):
        lab.vzvirt("kill", str(ctid))


def test_a_device_passed_through_is_one_containers(lab: LinkLab) -> None:
    lab._cable("host", "phys1", (), "peer", "far1")
    lab.ip("peer", "address", "add", "10.81.0.1/24", "dev", "far1")
    one = (
        "<interface type='direct'><source dev='phys1' mode='passthrough'/>"
        "<ip address='10.81.0.{}' prefix='24'/></interface>"
    )
    lab.start(141, one.format(141))
    assert lab.guest_reaches(141, "10.81.0.1")
    lab.define(142, one.format(142))
    assert lab.try_vzvirt("start", "142").returncode != 0
    assert lab.guest_reaches(141, "10.81.0.1")
    lab.vzvirt("kill", "141")
    lab.ip("host", "link", "del", "phys1")


def test_the_host_end_of_a_plain_pair_is_the_users(lab: LinkLab) -> None:
    (link,) = lab.ip_json("host", "link", "show", "dev", "port104")
    assert "UP" in link["flags"] and "master" not in link
    lab.ip("host", "address", "add", "10.7.0.1/24", "dev", "port104")
    lab.inside(104, "ip", "address", "add", "10.7.0.4/24", "dev", "eth0")
    assert lab.guest_reaches(104, "10.7.0.1")


def test_macvlan(lab: LinkLab) -> None:
    assert lab.guest_reaches(104, "10.8.0.1")
    plain, direct = lab.look("counters", 104)
    assert plain["host_name"] == "port104"
    assert direct["tx_packets"] > 0 and direct["rx_packets"] > 0


def test_a_reboot_from_inside_makes_them_anew(lab: LinkLab) -> None:
    before = lab.init(102)
    lab.vzvirt("reboot", "102")
    assert lab.init(102) != before
    assert lab.guest_reaches(102, "10.9.0.1")
    assert_about(lambda: lab.rate(lab.at_guest(102), lab.at_host, "10.9.0.1"), LIMIT * 1024)


@pytest.mark.parametrize(
    ("ctid", "interface", "words"),
    [
        (111, "<source bridge='br7'/>", "no bridge 'br7'"),
        (112, "<source bridge='phys0'/>", "is no bridge"),
        (113, "<source bridge='br0'/><target dev='up0'/>", "device of that name"),
    ],
)
def test_what_cannot_be_is_refused(lab: LinkLab, ctid: int, interface: str, words: str) -> None:
    lab.define(ctid, f"<interface type='bridge'>{interface}</interface>")
    refused = lab.try_vzvirt("start", str(ctid))
    assert refused.returncode != 0 and words in refused.stderr


def test_nothing_stays_behind(lab: LinkLab) -> None:
    for ctid in ("101", "102", "103", "104"):
        lab.vzvirt("kill", ctid)
    assert lab.links() == {"lo", "up0", "br0", "phys0"}
    assert lab.run("host", "nft", "list", "ruleset") == ""
    assert not list(lab.root.glob("run/vzvirt/links/*.json"))
