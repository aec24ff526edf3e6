"""Network cards on a PCI bus: listed, handed to containers, and back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from networklab import eventually
from vm.inside.cards import Card, CardLab, card_lab, cards, hostdev_at
from vzvirt import errors
from vzvirt.model.nodedev import PciCapability

pytestmark = pytest.mark.root

ADDRESS, ADDRESS6, INSIDE, FAR = "10.7.0.2/24", "fd07::2/64", "10.7.0.3", "10.7.0.1"
FIRST, SECOND = cards()
PCI = Path("/sys/bus/pci/devices")


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
    guest.kill_all()
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
    inventory = guest.manager.inventory
    mark = card.mac.replace(":", "_")
    (net,) = [device for device in inventory.devices() if device.name.endswith(mark)]
    assert net.name == f"net_{card.name}_{mark}"
    assert net.parent == "pci_" + card.pci.replace(":", "_").replace(".", "_")
    function = inventory.find(net.parent)
    assert function.driver == card.driver
    assert isinstance(function.capability, PciCapability)
    assert str(function.capability.address) == card.pci


def test_it_is_inside_while_the_container_runs_and_back_after(lab: CardLab) -> None:
    """With commands as a user gives them."""
    before = lab.like(FIRST)
    lab.define(101, FIRST.by_name)
    lab.vzvirt("start", "101")
    assert lab.like(FIRST) == {}
    given_address(lab, 101, FIRST, INSIDE)
    count = received(SECOND)
    assert lab.guest_reaches(101, FAR)
    assert received(SECOND) > count, "what it sent came over the wire"
    lab.vzvirt("kill", "101")
    assert lab.like(FIRST) == before


def test_two_containers_talk_over_their_cards_and_all_die(lab: CardLab) -> None:
    before = [lab.like(card) for card in (FIRST, SECOND)]
    lab.start(102, FIRST.by_address)
    lab.start(103, SECOND.by_address)
    given_address(lab, 102, FIRST, INSIDE)
    given_address(lab, 103, SECOND, FAR)
    assert lab.guest_reaches(102, FAR)
    (live,) = lab.manager.definitions.live("102").domain.host_devices
    assert (live.name, str(live.address)) == (FIRST.name, FIRST.pci)
    # The worst that can be done to it: another name, another address, and nobody left.
    lab.inside(102, "ip", "link", "set", FIRST.name, "down")
    lab.inside(
        102, "ip", "link", "set", FIRST.name, "name", "mine", "address", "02:00:00:00:00:07"
    )
    lab.kill_unseen(102)
    lab.manager.definitions.undefine("102", remove_data=True)
    lab.manager.lifecycle.shutdown("103")
    assert [lab.like(card) for card in (FIRST, SECOND)] == before


def test_live_and_in_use(lab: CardLab) -> None:
    before = lab.like(FIRST)
    lab.start(104, "")
    lab.attach(104, FIRST.by_address)
    assert lab.like(FIRST) == {}
    given_address(lab, 104, FIRST, INSIDE)
    assert lab.guest_reaches(104, FAR)
    lab.start(105, "")
    for document in (FIRST.by_address, FIRST.by_name):
        with pytest.raises(errors.OperationInvalid, match="in use by container 104"):
            lab.attach(105, document)
    lab.detach(104, FIRST.by_name)
    assert lab.like(FIRST) == before

    # One that is not handed out, for whatever reason, stays where it is.
    lab.ip("host", "route", "add", "default", "via", "10.7.0.9", "dev", SECOND.name)
    (bridge,) = [path.name for path in PCI.iterdir() if path.name.endswith(":00.0")]
    no_card = hostdev_at(*bridge.replace(".", ":").split(":"))
    both = SECOND.by_name.replace("</interface>", f"</interface>{_address(FIRST.by_address)}")
    for document, words in {
        SECOND.by_address: "default route",
        hostdev_at("0000", "00", "1e", "0"): "no network device",
        no_card: "no network device",
        both: f"is at PCI address {SECOND.pci}, not at {FIRST.pci}",
    }.items():
        with pytest.raises(errors.VzvirtError, match=words):
            lab.attach(105, document)
    assert lab.like(FIRST) == before
    assert lab.like(SECOND)["up"]


def _address(document: str) -> str:
    return document.partition("<source>")[2].partition("</source>")[0]
