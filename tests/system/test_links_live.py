"""Interfaces that come, change and go while their container runs and packets flow."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from linklab import LinkLab, link_lab
from networklab import HOST, OUTSIDE, assert_about, assert_rate, eventually
from vzvirt.system import process

pytestmark = pytest.mark.root

ONE, TWO, THREE = "198.51.100.21", "198.51.100.22", "2001:db8:1::21"
MAC = "02:00:00:00:02:01"


def routed(*addresses: str, more: str = "") -> str:
    lines = "".join(
        f"<ip family='ipv{6 if ':' in address else 4}' address='{address}'/>"
        for address in addresses
    )
    return f"<interface type='ethernet'>{lines}{more}</interface>"


def bridged(bridge: str, address: str, more: str = "") -> str:
    return (
        f"<interface type='bridge'><source bridge='{bridge}'/><mac address='{MAC}'/>"
        f"<ip address='{address}' prefix='24'/>{more}</interface>"
    )


@pytest.fixture
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        one.bridge("br0", "10.5.0.1/24")
        one.bridge("br1", "10.4.0.1/24")
        yield one


def proxies(lab: LinkLab) -> set[str]:
    both = lab.ip("host", "neigh", "show", "proxy")
    return {line.split()[0] for line in both.splitlines() if line.strip()}


def test_routed_addresses_come_and_go_under_traffic(lab: LinkLab) -> None:
    lab.start(101, routed(ONE))
    assert eventually(lambda: lab.reaches("outside", ONE))
    with lab.traffic(101, OUTSIDE) as answers:
        lab.device("update", 101, routed(ONE, TWO, THREE))
        assert eventually(lambda: lab.reaches("router", TWO))
        assert eventually(lambda: lab.reaches("router", THREE))
        lab.device("update", 101, routed(ONE))
        assert eventually(lambda: not lab.reaches("router", TWO))
    assert answers and all(answers)
    assert proxies(lab) == {ONE}
    assert TWO not in lab.vzvirt("dumpxml", "101")
    lab.device("update", 101, routed(TWO))
    assert eventually(lambda: lab.reaches("router", TWO))
    assert not lab.reaches("host", ONE)
    lab.vzvirt("kill", "101")
    assert proxies(lab) == set()


def test_an_uplink_that_was_down_answers_again(lab: LinkLab) -> None:
    lab.start(101, routed(ONE))
    assert eventually(lambda: lab.reaches("router", ONE))
    lab.ip("host", "link", "set", "up0", "down")
    assert proxies(lab) == set()
    lab.ip("host", "link", "set", "up0", "up")
    assert eventually(lambda: proxies(lab) == {ONE})
    assert eventually(lambda: lab.reaches("router", ONE))


def test_what_the_host_has_lost_is_made_again(lab: LinkLab) -> None:
    lab.start(101, routed(ONE, THREE) + bridged("br0", "10.5.0.5"))
    lab.device("reconcile", 101)
    assert lab.guest_reaches(101, OUTSIDE) and lab.guest_reaches(101, "10.5.0.1")
    (venet,) = (name for name in lab.links() if name.startswith("venet"))
    # An administrator, a firewall and a cable.
    for version, address in (("-4", ONE), ("-6", THREE)):
        lab.ip("host", version, "route", "del", address, "dev", venet)
    lab.run("host", "nft", "flush", "ruleset")
    lab.ip("host", "link", "set", "veth101.0", "nomaster")
    lab.ip("host", "neigh", "del", "proxy", ONE, "dev", "up0")
    assert not lab.reaches("host", ONE)
    lab.device("reconcile", 101)
    assert eventually(lambda: lab.reaches("router", ONE))
    assert eventually(lambda: lab.reaches("router", THREE))
    assert eventually(lambda: lab.guest_reaches(101, "10.5.0.1"))
    lab.inside(101, "ip", "address", "add", f"{TWO}/32", "dev", "venet0")
    assert not lab.inside_works(101, "ping", "-c1", "-W1", "-I", TWO, HOST), "spoofed"
    before = lab.run("host", "nft", "list", "ruleset")
    lab.device("reconcile", 101)
    assert lab.run("host", "nft", "list", "ruleset") == before


def test_another_uplink_takes_the_place_of_one(lab: LinkLab) -> None:
    far = "192.0.2.21"  # of no network of the host's, so by way of the default route
    lab.start(101, routed(far))
    lab._cable("host", "up1", ("198.51.101.2/24",), "router", "in1")
    lab.ip("router", "address", "add", "198.51.101.1/24", "dev", "in1")
    lab.ip("router", "route", "add", far, "dev", "in1")
    lab.ip("host", "route", "replace", "default", "via", "198.51.101.1", "dev", "up1")
    lab.device("reconcile", 101)
    assert eventually(lambda: lab.reaches("router", far))
    for _ in range(3):
        lab.ip("host", "link", "set", "up1", "down")
        lab.ip("host", "link", "set", "up1", "up")
    assert eventually(lambda: lab.reaches("router", far)), "the watch knows of it"
    lab.vzvirt("kill", "101")
    assert proxies(lab) == set()


def test_nobody_watches_uplinks_in_the_end(lab: LinkLab) -> None:
    lab.start(101, routed(ONE))
    pid = int((lab.root / "run/vzvirt/links/watch.pid").read_text().split()[0])
    lab.vzvirt("kill", "101")
    assert not (lab.root / "run/vzvirt/links/watch.pid").exists()
    assert not process.is_alive(pid, None)


def test_an_address_that_somebody_has_is_refused(lab: LinkLab) -> None:
    lab.ip("router", "address", "add", f"{ONE}/24", "dev", "in0")
    lab.define(101, routed(ONE))
    assert f"address {ONE} is in use" in lab.try_vzvirt("start", "101").stderr
    lab.define(102, routed(HOST))
    assert f"address {HOST} is in use" in lab.try_vzvirt("start", "102").stderr
    lab.ip("router", "address", "add", f"{THREE}/64", "dev", "in0", "nodad")
    lab.define(103, routed(THREE))
    assert f"address {THREE} is in use" in lab.try_vzvirt("start", "103").stderr


def test_an_address_that_somebody_has_is_no_running_containers_either(lab: LinkLab) -> None:
    lab.ip("router", "address", "add", f"{TWO}/24", "dev", "in0")
    lab.start(101, routed(ONE))
    refused = lab.try_vzvirt("ip", "add", "101", TWO)
    assert f"address {TWO} is in use" in refused.stderr
    assert TWO not in lab.vzvirt("dumpxml", "101")
    assert proxies(lab) == {ONE}
    lab.vzvirt("ip", "add", "101", THREE)
    assert eventually(lambda: lab.reaches("router", THREE))
    lab.vzvirt("ip", "del", "101", THREE)
    assert eventually(lambda: not lab.reaches("router", THREE))
    assert proxies(lab) == {ONE}


def test_nobody_need_be_asked_who_has_an_address(lab: LinkLab) -> None:
    lab.ip("router", "address", "add", f"{ONE}/24", "dev", "in0")
    lab.define(101, routed(ONE))
    assert lab.try_vzvirt("start", "101").returncode != 0
    lab.vzvirt("--skip-address-probe", "start", "101")
    lab.vzvirt("kill", "101")
    (lab.root / "etc/vz/vz.conf").write_text("SKIP_ARPDETECT=yes\n")
    lab.vzvirt("start", "101")


def test_a_bridged_interface_comes_and_goes(lab: LinkLab) -> None:
    lab.start(101, routed(ONE))
    with lab.traffic(101, HOST) as answers:
        lab.device("attach", 101, bridged("br0", "10.5.0.5"))
        assert lab.guest_reaches(101, "10.5.0.1")
        assert "10.5.0.5" in lab.vzvirt("dumpxml", "101")
        lab.device("detach", 101, bridged("br0", "10.5.0.5"))
    assert answers and all(answers)
    assert lab.links() == {"lo", "up0", "br0", "br1", *(n for n in lab.links() if n[0] == "v")}
    assert {link["ifname"] for link in lab.ip_inside(101, "link", "show")} == {"lo", "venet0"}


def test_the_table_of_filters_goes_with_the_last_container(lab: LinkLab) -> None:
    lab.start(101, "")
    lab.device("attach", 101, bridged("br0", "10.5.0.5"))
    lab.device("detach", 101, bridged("br0", "10.5.0.5"))
    lab.start(102, routed(ONE))
    lab.vzvirt("kill", "101")
    assert "venet102" in lab.run("host", "nft", "list", "ruleset")
    lab.vzvirt("kill", "102")
    assert lab.run("host", "nft", "list", "ruleset") == ""


def test_bridge_address_mtu_link_and_limits_change_in_place(lab: LinkLab) -> None:
    lab.start(101, bridged("br0", "10.5.0.5"))
    assert lab.guest_reaches(101, "10.5.0.1")
    limits = "<bandwidth><inbound average='2000'/><outbound average='2000'/></bandwidth>"
    moved = bridged("br1", "10.4.0.5", f"<mtu size='1300'/>{limits}")
    lab.device("update", 101, moved)
    assert lab.guest_reaches(101, "10.4.0.1")
    (link,) = lab.ip_inside(101, "address", "show", "dev", "eth0")
    assert link["mtu"] == 1300
    assert [item["local"] for item in link["addr_info"] if item["family"] == "inet"] == [
        "10.4.0.5"
    ]
    guest, host = lab.at_guest(101), lab.at_host
    assert_about(lambda: lab.rate(guest, host, "10.4.0.1"), 2000 * 1024)
    lab.device("update", 101, bridged("br1", "10.4.0.5", "<link state='down'/>"))
    assert not lab.guest_reaches(101, "10.4.0.1")
    lab.device("update", 101, bridged("br1", "10.4.0.5"))
    assert eventually(lambda: lab.guest_reaches(101, "10.4.0.1"))
    assert_rate(lambda: lab.rate(guest, host, "10.4.0.1", 1), 4 * 2000 * 1024, math.inf)
    assert not [name for name in lab.links() if name.startswith("ifb")]


def test_what_was_attached_is_there_after_a_reboot(lab: LinkLab) -> None:
    lab.start(101, "", confined=False)
    lab.device("attach", 101, bridged("br0", "10.5.0.5"))
    before = lab.init(101)
    lab.vzvirt("reboot", "101")
    assert lab.init(101) != before
    assert lab.guest_reaches(101, "10.5.0.1")


def test_a_failed_attach_leaves_nothing(lab: LinkLab) -> None:
    lab.start(101, bridged("br0", "10.5.0.5"))
    before = lab.links()
    route = "<route address='10.77.0.0' prefix='16' gateway='10.5.0.{}'/>"
    one = (
        "<interface type='bridge'><source bridge='br0'/><guest dev='{}'/>"
        "<ip address='10.5.0.6' prefix='24'/>{}</interface>"
    )
    assert lab.try_device("attach", 101, one.format("lo", "")).returncode != 0
    refused = lab.try_device("attach", 101, one.format("eth1", route.format(1) + route.format(2)))
    assert "File exists" in refused.stderr
    assert refused.returncode != 0
    assert lab.links() == before
    assert lab.guest_reaches(101, "10.5.0.1")


def test_traffic_is_counted(lab: LinkLab) -> None:
    lab.start(101, routed(ONE) + bridged("br0", "10.5.0.5"))
    lab.inside(101, "ping", "-c3", "-i0.2", HOST)
    lab.inside(101, "ping", "-c5", "-i0.2", "10.5.0.1")
    routed_one, bridged_one = lab.look("counters", 101)
    assert routed_one["tx_packets"] >= 3 and routed_one["rx_bytes"] >= 3 * 84
    assert bridged_one["rx_packets"] >= 5 and bridged_one["host_name"].startswith("veth101")
    found = {item["guest_name"]: item["addresses"] for item in lab.look("addresses", 101)}
    assert found["eth0"][0] == "10.5.0.5/24" and found["venet0"] == [f"{ONE}/32"]
