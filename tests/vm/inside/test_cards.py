"""Network cards on a PCI bus: listed, handed to containers, and back as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from networklab import eventually
from vm.inside.cards import Card, CardLab, card_lab, cards, hostdev_at

pytestmark = pytest.mark.root

ADDRESS, ADDRESS6, INSIDE, FAR = "10.7.0.2/24", "fd07::2/64", "10.7.0.3", "10.7.0.1"
FIRST, SECOND = cards()


@pytest.fixture(scope="module")
def guest() -> Iterator[CardLab]:
    with card_lab() as one:
        yield one


@pytest.fixture
def lab(guest: CardLab) -> Iterator[CardLab]:
    """Both cards up with addresses of their own; both bare and no container in the end."""
    ip = guest.ip
    ip("host", "link", "set", FIRST.name, "mtu", "1400", "up")
    ip("host", "address", "add", ADDRESS, "dev", FIRST.name)
    ip("host", "address", "add", ADDRESS6, "dev", FIRST.name, "nodad")
    ip("host", "route", "add", "10.77.0.0/16", "via", FAR, "dev", FIRST.name)
    ip("host", "link", "set", SECOND.name, "up")
    ip("host", "address", "add", f"{FAR}/24", "dev", SECOND.name)
    yield guest
    guest.forget()
    for card in (FIRST, SECOND):
        ip("host", "address", "flush", "dev", card.name)
        ip("host", "link", "set", card.name, "down", "mtu", "1500")


def received(card: Card) -> int:
    return int(Path(f"/sys/class/net/{card.name}/statistics/rx_packets").read_text())


def given_address(lab: CardLab, ctid: int, card: Card, address: str) -> None:
    lab.inside(ctid, "ip", "address", "add", f"{address}/24", "dev", card.name)
    assert eventually(
        lambda: lab.ip_inside(ctid, "link", "show", card.name)[0]["operstate"] == "UP"
    )


def test_they_are_two_kinds_of_card() -> None:
    """One right on the bus, one behind a device of its own; else these tests say less."""
    assert {FIRST.driver, SECOND.driver} == {"virtio-pci", "vmxnet3"}


@pytest.mark.parametrize("card", [FIRST, SECOND], ids=lambda card: card.driver)
def test_the_list_has_them_on_their_bus(guest: CardLab, card: Card) -> None:
    names = guest.vzvirt("-q", "nodedev", "list", "--cap", "net").split()
    (name,) = [item for item in names if item.endswith(card.mac.replace(":", "_"))]
    assert name.startswith(f"net_{card.name}_")
    device = etree.fromstring(guest.vzvirt("nodedev", "dumpxml", name))
    assert device.findtext("capability/interface") == card.name
    function = device.findtext("parent")
    assert function == "pci_" + card.pci.replace(":", "_").replace(".", "_")
    bus = etree.fromstring(guest.vzvirt("nodedev", "dumpxml", function))
    assert bus.findtext("driver/name") == card.driver
    numbers = [int(bus.findtext(f"capability/{part}", "")) for part in ("bus", "slot", "function")]
    assert "{:02x}:{:02x}.{}".format(*numbers) == card.pci.partition(":")[2]


@pytest.mark.parametrize("way", ["by_name", "by_address"])
def test_it_is_inside_while_the_container_runs_and_back_after(lab: CardLab, way: str) -> None:
    before = lab.like(FIRST)
    lab.start(101, getattr(FIRST, way))
    assert lab.like(FIRST) == {}
    given_address(lab, 101, FIRST, INSIDE)
    count = received(SECOND)
    assert lab.guest_reaches(101, FAR)
    assert received(SECOND) > count, "what it sent came over the wire"
    lab.vzvirt("kill", "101")
    assert lab.like(FIRST) == before


def test_two_containers_talk_over_their_cards_and_all_die(lab: CardLab) -> None:
    before = [lab.like(card) for card in (FIRST, SECOND)]
    lab.start(101, FIRST.by_address)
    lab.start(102, SECOND.by_name)
    given_address(lab, 101, FIRST, INSIDE)
    given_address(lab, 102, SECOND, FAR)
    assert lab.guest_reaches(101, FAR)
    # The worst that can be done to it: another name, another address, and nobody left.
    lab.inside(101, "ip", "link", "set", FIRST.name, "down")
    lab.inside(
        101, "ip", "link", "set", FIRST.name, "name", "mine", "address", "02:00:00:00:00:07"
    )
    lab.kill_unseen(101)
    lab.vzvirt("undefine", "101", "--remove-data")
    lab.vzvirt("shutdown", "102")
    assert [lab.like(card) for card in (FIRST, SECOND)] == before


def test_live_and_in_use(lab: CardLab) -> None:
    before = lab.like(FIRST)
    lab.start(101, "")
    lab.device("attach", 101, FIRST.by_address, where="live")
    assert lab.like(FIRST) == {}
    given_address(lab, 101, FIRST, INSIDE)
    assert lab.guest_reaches(101, FAR)
    lab.define(102, FIRST.by_address)
    for document in (FIRST.by_address, FIRST.by_name):
        lab.define(102, document)
        refused = lab.try_vzvirt("start", "102")
        assert "in use by container 101" in refused.stderr
    lab.device("detach", 101, FIRST.by_address, where="live")
    assert lab.like(FIRST) == before


def test_what_is_not_handed_out(lab: CardLab) -> None:
    lab.start(101, "")
    lab.ip("host", "route", "add", "default", "via", "10.7.0.9", "dev", SECOND.name)
    nobody = hostdev_at("0000", "00", "1e", "0")
    (bridge,) = [
        path.name for path in Path("/sys/bus/pci/devices").iterdir() if "00.0" in path.name
    ]
    no_card = hostdev_at(*bridge.replace(".", ":").split(":"))
    both = SECOND.by_name.replace("</interface>", f"</interface>{_address(FIRST.by_address)}")
    for document, words in {
        SECOND.by_address: "default route",
        nobody: "no network device",
        no_card: "no network device",
        both: f"is at PCI address {SECOND.pci}, not at {FIRST.pci}",
    }.items():
        refused = lab.try_device("attach", 101, document)
        assert refused.returncode != 0
        assert words in refused.stderr
    assert lab.like(FIRST) and lab.like(SECOND)
    assert json.loads(lab.vzvirt("info", "101", "--json"))["state"] == "running"


def _address(document: str) -> str:
    return document.partition("<source>")[2].partition("</source>")[0]
