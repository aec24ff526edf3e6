"""The examples that have interfaces, started on a host that is a namespace of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from linklab import LinkLab, link_lab
from networklab import eventually

pytestmark = pytest.mark.root

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(scope="module")
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        for template in ("fedora-core-5-i386", "slackware-10.2-i386-minimal"):
            one.vzvirt("template", "build", "busybox", "--name", template)
        for bridge in ("br0", "eth10"):
            one.bridge(bridge)
        one.space("far")
        for name in ("eth0", "eth1", "uplink"):
            far = f"{one.tag}-far"
            one.ip("host", "link", "add", name, "type", "veth", "peer", name, "netns", far)
            one.ip("host", "link", "set", name, "up")
            one.ip("far", "link", "set", name, "up")
        one.ip("host", "address", "add", "10.88.0.1/24", "dev", "eth1")
        yield one


@pytest.fixture
def alone(lab: LinkLab) -> Iterator[None]:
    """Nothing is left of one example when the next begins."""
    yield
    for item in json.loads(lab.vzvirt("list", "--all", "--json")):
        lab.try_vzvirt("kill", str(item["ctid"]))
        lab.vzvirt("undefine", str(item["ctid"]), "--remove-data")


def started(lab: LinkLab, name: str) -> int:
    return started_from(lab, (EXAMPLES / f"{name}.xml").read_text())


def started_from(lab: LinkLab, document: str) -> int:
    lab.vzvirt("define", "-", stdin=document)
    (item,) = json.loads(lab.vzvirt("list", "--all", "--json"))
    lab.vzvirt("start", str(item["ctid"]))
    return int(item["ctid"])


def addresses(lab: LinkLab, ctid: int) -> dict[str, list[str]]:
    found = json.loads(lab.vzvirt("domifaddr", str(ctid), "--json"))
    return {
        item["interface"]: [text for text in item["addresses"] if not text.startswith("fe80:")]
        for item in found
    }


@pytest.mark.usefixtures("alone")
def test_routed(lab: LinkLab) -> None:
    ctid = started(lab, "venet")
    routed = ["192.0.2.131/32", "192.0.2.132/32", "2001:db8:2::131/128"]
    assert addresses(lab, ctid) == {"venet0": routed}
    for address in routed:
        assert lab.reaches("host", address.partition("/")[0])


@pytest.mark.usefixtures("alone")
def test_bridged(lab: LinkLab) -> None:
    lab.guest("peer", "br0")
    lab.ip("peer", "address", "add", "198.51.100.1/24", "dev", "eth0")
    ctid = started(lab, "bridge")
    assert addresses(lab, ctid) == {"eth0": ["198.51.100.132/24"]}
    assert eventually(lambda: lab.reaches("peer", "198.51.100.132"), 5)


@pytest.mark.usefixtures("alone")
def test_on_a_virtual_network(lab: LinkLab) -> None:
    lab.vzvirt("net", "define", str(EXAMPLES / "networks" / "lan.xml"))
    lab.vzvirt("net", "start", "lan")
    try:
        ctid = started(lab, "network")
        assert eventually(lambda: addresses(lab, ctid) == {"eth0": ["10.77.0.33/24"]}, 10)
        (lease,) = json.loads(lab.vzvirt("net", "leases", "lan", "--json"))
        assert lease["address"] == "10.77.0.33/24"
        assert lab.guest_reaches(ctid, "10.77.0.1")
    finally:
        lab.vzvirt("net", "stop", "lan")


@pytest.mark.usefixtures("alone")
def test_web_is_behind_nat_and_has_routed_addresses(lab: LinkLab) -> None:
    ctid = started(lab, "web")
    try:
        assert eventually(lambda: len(addresses(lab, ctid)["eth0"]) == 1, 10)
        found = addresses(lab, ctid)
        assert found["venet0"] == ["192.168.122.1/32", "192.168.122.15/32"]
        (lease,) = json.loads(lab.vzvirt("net", "leases", "default", "--json"))
        assert found["eth0"] == [lease["address"]]
        for address in ("192.168.122.15", lease["address"].partition("/")[0]):
            assert lab.reaches("host", address)
    finally:
        lab.try_vzvirt("net", "stop", "default")


@pytest.mark.usefixtures("alone")
def test_a_plain_pair(lab: LinkLab) -> None:
    started(lab, "ethernet")
    (end,) = lab.ip_json("host", "link", "show", "veth134.0")
    assert end["mtu"] == 1400


@pytest.mark.usefixtures("alone")
def test_direct(lab: LinkLab) -> None:
    ctid = started(lab, "direct")
    lab.ip("far", "address", "add", "192.0.2.1/24", "dev", "uplink")
    assert addresses(lab, ctid) == {"eth0": ["192.0.2.135/24"]}
    assert eventually(lambda: lab.reaches("far", "192.0.2.135"), 5)


@pytest.mark.usefixtures("alone")
def test_a_card_of_the_host(lab: LinkLab) -> None:
    ctid = started(lab, "hostdev")
    assert set(addresses(lab, ctid)) == {"eth1"}
    assert "eth1" not in lab.links()
    lab.vzvirt("kill", str(ctid))
    (card,) = lab.ip_json("host", "-4", "address", "show", "eth1")
    assert [item["local"] for item in card["addr_info"]] == ["10.88.0.1"]
    assert "UP" in card["flags"]


@pytest.mark.usefixtures("alone")
def test_the_second_threads_summary_has_all_four(lab: LinkLab) -> None:
    # sysfs is the machine's, which may have a card of that name somewhere else.
    document = (EXAMPLES / "thread-summary.xml").read_text()
    where = '<address domain="0000" bus="00" slot="1f" function="3"/>'
    assert where in document
    ctid = started_from(lab, document.replace(where, ""))
    found = addresses(lab, ctid)
    assert set(found) == {"eth0", "eth1", "eth2", "venet0"}
    assert found["venet0"] == ["192.168.122.1/32", "192.168.122.15/32"]
    kinds = [
        (item["kind"], item["source"])
        for item in json.loads(lab.vzvirt("domiflist", str(ctid), "--json"))
    ]
    assert kinds == [("bridge", "eth10"), ("network", "default"), ("routed", "")]
    assert lab.reaches("host", "192.168.122.15")
    assert "eth0" not in lab.links()


@pytest.mark.usefixtures("alone")
def test_the_first_threads_container_knows_its_names(lab: LinkLab) -> None:
    ctid = str(started(lab, "first-thread"))
    assert addresses(lab, int(ctid)) == {"venet0": ["192.168.1.101/32"]}
    assert lab.vzvirt("exec", ctid, "--", "hostname").strip() == "openvzhost"
    resolvers = lab.vzvirt("exec", ctid, "--", "cat", "/etc/resolv.conf")
    assert "nameserver 192.168.1.1\nnameserver 202.56.250.5\n" in resolvers
