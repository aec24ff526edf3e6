"""Network devices of the host in containers, and what comes back. A veth end stands in for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from linklab import LinkLab, link_lab

pytestmark = pytest.mark.root

NIC = (
    "<hostdev mode='capabilities' type='net'><source><interface>{}</interface></source></hostdev>"
)
ADDRESS, ADDRESS6, FAR = "10.6.0.2/24", "fd06::2/64", "10.6.0.1"
MAC = "02:00:00:00:06:02"


@pytest.fixture
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        one.space("peer")
        one._cable("host", "nic0", (ADDRESS, ADDRESS6), "peer", "far0")
        one.ip("host", "link", "set", "nic0", "down")
        one.ip("host", "link", "set", "nic0", "address", MAC, "mtu", "1400", "up")
        one.ip("host", "address", "replace", ADDRESS6, "dev", "nic0", "nodad")
        one.ip("host", "route", "add", "10.66.0.0/16", "via", FAR, "dev", "nic0")
        one.ip("peer", "address", "add", f"{FAR}/24", "dev", "far0")
        yield one


def like(lab: LinkLab) -> dict[str, Any]:
    """What the NIC is like on the host; empty: it is not there."""
    found = [link for link in lab.ip_json("host", "address", "show") if link["ifname"] == "nic0"]
    if not found:
        return {}
    addresses = {(item["local"], item["prefixlen"]) for item in found[0]["addr_info"]}
    return {
        "mac": found[0]["address"],
        "mtu": found[0]["mtu"],
        "up": "UP" in found[0]["flags"],
        "addresses": addresses,
        "routes": lab.ip("host", "route", "show", "dev", "nic0"),
    }


def settled(lab: LinkLab) -> dict[str, Any]:
    """The same, without the link-local address, which comes by itself and late."""
    found = like(lab)
    if found:
        found["addresses"] = {item for item in found["addresses"] if item[0][:4] != "fe80"}
    return found


def notes(lab: LinkLab) -> list[str]:
    return [path.name for path in lab.root.glob("var/lib/vzvirt/nics/*")]


def test_it_is_inside_while_the_container_runs_and_back_after(lab: LinkLab) -> None:
    before = settled(lab)
    lab.start(101, NIC.format("nic0"))
    assert like(lab) == {} and notes(lab) == ["nic0.json"]
    lab.inside(101, "ip", "address", "add", "10.6.0.3/24", "dev", "nic0")
    assert lab.guest_reaches(101, FAR)
    assert [item["host_name"] for item in lab.look("counters", 101)] == ["nic0"]
    lab.vzvirt("kill", "101")
    assert settled(lab) == before and notes(lab) == []
    assert not [point for point in lab.mounts() if "netns" in point]


def test_it_comes_back_however_it_was_treated_inside(lab: LinkLab) -> None:
    before = settled(lab)
    lab.start(101, NIC.format("nic0"))
    lab.inside(101, "ip", "link", "set", "nic0", "down")
    lab.inside(101, "ip", "link", "set", "nic0", "name", "mine", "mtu", "1300")
    lab.vzvirt("kill", "101")
    assert settled(lab) == before


def test_it_comes_back_after_everything_was_killed(lab: LinkLab) -> None:
    before = settled(lab)
    lab.start(101, NIC.format("nic0"))
    lab.kill_unseen(101)
    assert like(lab) == {}, "nobody is left to bring it back"
    lab.vzvirt("start", "101")
    assert lab.inside_works(101, "ip", "link", "show", "dev", "nic0")
    lab.vzvirt("kill", "101")
    assert settled(lab) == before


def test_another_one_gets_it_after_everything_was_killed(lab: LinkLab) -> None:
    before = settled(lab)
    lab.start(101, NIC.format("nic0"))
    lab.kill_unseen(101)
    lab.start(102, NIC.format("nic0"))
    assert lab.inside_works(102, "ip", "link", "show", "dev", "nic0")
    lab.vzvirt("kill", "102")
    assert settled(lab) == before
    lab.vzvirt("undefine", "--remove-data", "101")  # what is left of its run goes with it


def test_it_stays_with_the_container_when_that_reboots(lab: LinkLab) -> None:
    before = settled(lab)
    lab.start(101, NIC.format("nic0"))
    first = lab.init(101)
    lab.vzvirt("reboot", "101")
    assert lab.init(101) != first
    assert lab.inside_works(101, "ip", "link", "show", "dev", "nic0")
    lab.vzvirt("kill", "101")
    assert settled(lab) == before


def test_live(lab: LinkLab) -> None:
    before = settled(lab)
    lab.start(101, "")
    lab.device("attach", 101, NIC.format("nic0"))
    assert lab.inside_works(101, "ip", "link", "show", "dev", "nic0") and like(lab) == {}
    assert "nic0" in lab.vzvirt("dumpxml", "101")
    lab.device("detach", 101, NIC.format("nic0"))
    assert settled(lab) == before and notes(lab) == []
    lab.device("attach", 101, NIC.format("nic0"), where="live")
    lab.vzvirt("kill", "101")
    assert settled(lab) == before


@pytest.mark.parametrize(
    ("device", "words"),
    [("up0", "default route"), ("gone0", "no network device"), ("port0", "port of"), ("lo", "")],
)
def test_what_is_not_handed_out(lab: LinkLab, device: str, words: str) -> None:
    lab.bridge("br0")
    lab.ip("host", "link", "add", "port0", "type", "veth", "peer", "port1")
    lab.ip("host", "link", "set", "port0", "master", "br0")
    lab.start(101, "")
    refused = lab.try_device("attach", 101, NIC.format(device))
    assert refused.returncode != 0 and words in refused.stderr


def test_one_that_another_container_has(lab: LinkLab) -> None:
    lab.start(101, NIC.format("nic0"))
    lab.define(102, NIC.format("nic0"))
    refused = lab.try_vzvirt("start", "102")
    assert "in use by container 101" in refused.stderr
    assert lab.inside_works(101, "ip", "link", "show", "dev", "nic0")
