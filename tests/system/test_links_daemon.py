"""A daemon that keeps containers connected, whatever happens to their host's network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemonlab import Daemon
from linklab import LinkLab, link_lab
from networklab import HOST, OUTSIDE, eventually

pytestmark = pytest.mark.root

ONE, FAR, SPOOFED = "198.51.100.21", "192.0.2.21", "198.51.100.99"
INTERFACES = f"""
<interface type='ethernet'><ip address='{ONE}'/><ip address='{FAR}'/></interface>
<interface type='network'><source network='default'/>
  <ip address='192.168.122.21' prefix='24'/>
</interface>
"""


@pytest.fixture
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        daemon = Daemon(one.root, "lxc")
        daemon.prefix = one.at_host
        daemon.start()
        try:
            yield one
        finally:
            daemon.stop()
            for path in one.root.glob("run/vzvirt/[0-9]*"):
                one.try_vzvirt("kill", path.name)
            one.try_vzvirt("net", "stop", "default")


def spoofs(lab: LinkLab) -> bool:
    return lab.inside_works(101, "ping", "-c1", "-W1", "-I", SPOOFED, HOST)


def test_rules_come_back_after_a_firewall_was_reloaded(lab: LinkLab) -> None:
    lab.start(101, INTERFACES)
    lab.inside(101, "ip", "address", "add", f"{SPOOFED}/32", "dev", "venet0")
    lab.ip("host", "route", "add", SPOOFED, "dev", next(n for n in lab.links() if "venet" in n))
    assert not spoofs(lab)
    before = sorted(lab.run("host", "nft", "-s", "list", "ruleset").split())
    # That it is the rules which drop them is test_links_routed's: here they may be back at once.
    lab.run("host", "nft", "flush", "ruleset")
    assert eventually(lambda: not spoofs(lab), 20)
    assert eventually(
        lambda: sorted(lab.run("host", "nft", "-s", "list", "ruleset").split()) == before
    )


def test_addresses_move_to_another_uplink(lab: LinkLab) -> None:
    lab.start(101, INTERFACES)
    lab._cable("host", "up1", ("198.51.101.2/24",), "router", "in1")
    lab.ip("router", "address", "add", "198.51.101.1/24", "dev", "in1")
    lab.ip("router", "route", "add", FAR, "dev", "in1")
    assert not lab.reaches("router", FAR)
    lab.ip("host", "route", "replace", "default", "via", "198.51.101.1", "dev", "up1")
    assert eventually(lambda: lab.reaches("router", FAR), 20)
    (venet,) = (name for name in lab.links() if "venet" in name)
    lab.ip("host", "route", "del", ONE, "dev", venet)
    assert eventually(lambda: lab.reaches("router", ONE), 20)
    assert lab.guest_reaches(101, OUTSIDE)
