"""Addresses that a guest asks for, and device nodes of the host."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from linklab import LinkLab, link_lab
from networklab import eventually

pytestmark = pytest.mark.root

NODE = "/dev/loop-control"
MISC = "<hostdev mode='capabilities' type='misc'><source><char>{}</char></source></hostdev>"
ASKING = """
<interface type='network'><source network='default'/><ip family='ipv4' dhcp='yes'/></interface>
"""


@pytest.fixture
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        yield one
        one.try_vzvirt("net", "stop", "default")


def leased(lab: LinkLab, ctid: int, name: str = "eth0") -> list[str]:
    (link,) = lab.ip_inside(ctid, "-4", "address", "show", "dev", name) or ({},)
    return [item["local"] for item in link.get("addr_info", ())]


def test_a_container_on_the_default_network_gets_its_lease(lab: LinkLab) -> None:
    lab.start(101, ASKING)
    assert eventually(lambda: bool(leased(lab, 101)))
    assert leased(lab, 101)[0].startswith("192.168.")
    assert lab.guest_reaches(101, "203.0.113.2"), "outside, through NAT"


def test_it_asks_by_its_name_and_again_after_a_reboot(lab: LinkLab) -> None:
    named = ASKING.replace("</interface>", "<hostname>asker</hostname></interface>")
    lab.start(101, named)
    assert eventually(lambda: "asker" in lab.vzvirt("net", "leases", "default"))
    (before,), init = leased(lab, 101), lab.init(101)
    lab.vzvirt("reboot", "101")
    assert lab.init(101) != init
    assert eventually(lambda: leased(lab, 101) == [before])


def test_one_that_comes_live_asks_and_so_it_does_after_a_reboot(lab: LinkLab) -> None:
    lab.start(101, "")
    lab.device("attach", 101, ASKING)
    assert eventually(lambda: bool(leased(lab, 101)))
    lab.vzvirt("reboot", "101")
    assert eventually(lambda: bool(leased(lab, 101)))


def test_a_device_node_from_the_start(lab: LinkLab) -> None:
    lab.start(101, MISC.format(NODE), confined=False)
    assert lab.vzvirt("exec", "101", "--", "sh", "-c", f"test -c {NODE} && : < {NODE} && echo ok")


def test_a_device_node_comes_and_goes(lab: LinkLab) -> None:
    lab.start(101, "", confined=False)
    opens = ("exec", "101", "--", "sh", "-c", f": < {NODE}")
    assert lab.try_vzvirt(*opens).returncode != 0
    lab.device("attach", 101, MISC.format(NODE))
    assert lab.try_vzvirt(*opens).returncode == 0
    inside = Path(f"/proc/{lab.init(101)}/root{NODE}").stat()
    assert stat.S_ISCHR(inside.st_mode) and inside.st_rdev == Path(NODE).stat().st_rdev
    assert NODE in lab.vzvirt("dumpxml", "101")
    lab.device("detach", 101, MISC.format(NODE))
    assert lab.try_vzvirt(*opens).returncode != 0


def test_a_node_cannot_come_into_a_user_namespace(lab: LinkLab) -> None:
    lab.start(101, "")
    refused = lab.try_device("attach", 101, MISC.format(NODE))
    assert "user namespace" in refused.stderr
    assert NODE not in lab.vzvirt("dumpxml", "101")
