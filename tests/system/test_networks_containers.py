"""Real containers on virtual networks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from linklab import LinkLab, link_lab
from networklab import HOST, OUTSIDE, PORT, eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]


def on_network(name: str, more: str = "<ip family='ipv4' dhcp='yes'/>") -> str:
    return f"<interface type='network'><source network='{name}'/>{more}</interface>"


@pytest.fixture
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        one.serve("outside")
        yield one


def leases(lab: LinkLab, network: str) -> dict[str, str]:
    rows = json.loads(lab.vzvirt("net", "leases", network, "--json"))
    return {row["mac"]: row["address"] for row in rows}


def source_seen(lab: LinkLab, ctid: int) -> str:
    said = lab.vzvirt("exec", str(ctid), "--", "nc", "-w", "3", OUTSIDE, str(PORT))
    return said.split()[0].removeprefix("::ffff:")


def test_the_first_container_makes_the_default_network(lab: LinkLab) -> None:
    lab.start(101, on_network("default"))
    assert eventually(lambda: len(leases(lab, "default")) == 1)
    ((mac, lease),) = leases(lab, "default").items()
    assert mac.startswith("00:18:51:")
    assert lease.startswith("192.168.122.")
    assert eventually(lambda: lease in lab.vzvirt("exec", "101", "--", "ip", "address"))
    assert lab.guest_reaches(101, "192.168.122.1")
    assert source_seen(lab, 101) == HOST
    asked = lab.vzvirt("exec", "101", "--", "cat", "/etc/resolv.conf")
    assert "nameserver 192.168.122.1" in asked

    # The second is on it beside the first, also after the firewall forgot everything.
    lab.run("host", "nft", "flush", "ruleset")
    lab.start(102, on_network("default"))
    assert source_seen(lab, 101) == HOST
    assert eventually(lambda: len(leases(lab, "default")) == 2)
    other = next(item for item in leases(lab, "default").values() if item != lease)
    assert eventually(lambda: lab.guest_reaches(101, other.partition("/")[0]))

    warned = lab.try_vzvirt("net", "stop", "default").stderr
    assert "'c101', 'c102'" in warned
    assert not lab.guest_reaches(101, OUTSIDE)
    lab.vzvirt("kill", "101")
    lab.vzvirt("start", "101")
    assert eventually(lambda: lab.guest_reaches(101, OUTSIDE))
    assert leases(lab, "default")[mac] == lease  # it keeps its address


def test_a_network_that_does_not_run(lab: LinkLab, tmp_path: Path) -> None:
    document = tmp_path / "web.xml"
    document.write_text(
        "<network><name>web</name><forward mode='nat'/>"
        "<ip address='10.7.0.1' netmask='255.255.255.0'/></network>"
    )
    lab.vzvirt("net", "define", str(document))
    static = "<ip address='10.7.0.9' prefix='24'/>"
    static += "<route family='ipv4' address='0.0.0.0' prefix='0' gateway='10.7.0.1'/>"
    lab.define(101, on_network("web", static))
    refused = lab.try_vzvirt("start", "101")
    assert refused.returncode == 4
    assert "network 'web' is not active" in refused.stderr
    assert "vzvirt net start web" in refused.stderr
    lab.vzvirt("net", "autostart", "web")
    lab.vzvirt("start", "101")
    assert source_seen(lab, 101) == HOST
    lab.vzvirt("kill", "101")
    lab.vzvirt("net", "stop", "web")
    assert lab.run("host", "nft", "list", "ruleset") == ""


def test_a_network_without_a_definition(lab: LinkLab, tmp_path: Path) -> None:
    document = tmp_path / "brief.xml"
    document.write_text(
        "<network><name>brief</name><forward mode='route'/><domain name='lab'/>"
        "<ip address='10.8.0.1' netmask='255.255.255.0'>"
        "<dhcp><range start='10.8.0.100' end='10.8.0.199'/></dhcp></ip></network>"
    )
    lab.vzvirt("net", "create", str(document))
    lab.ip("router", "route", "add", "10.8.0.0/24", "via", HOST)
    lab.start(101, on_network("brief"))
    assert eventually(lambda: len(leases(lab, "brief")) == 1)
    (lease,) = leases(lab, "brief").values()
    assert eventually(lambda: lab.guest_reaches(101, OUTSIDE))
    assert source_seen(lab, 101) == lease.partition("/")[0]
    lab.vzvirt("kill", "101")
    lab.vzvirt("net", "stop", "brief")
    assert "brief" not in lab.vzvirt("net", "list", "--all")
