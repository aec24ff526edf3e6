"""How NICs are recognized: by name, by place, and by what they are when they come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.backends.netlink import nics
from vzvirt.backends.netlink.held import Held, HeldFile
from vzvirt.model.devices import HostDevice, HostDeviceKind
from vzvirt.model.values import Ctid, PciAddress
from vzvirt.system.root import Root

MAC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
WEB, MAIL = Ctid(101), Ctid(102)
ON_THE_BUS = "0000:00:05.0/net/vztn5"
BEHIND_VIRTIO = "0000:00:06.0/virtio2/net/vztn6"
ON_USB = "0000:00:14.0/usb1/1-2/1-2:1.0/net/vztn7"


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two NICs on a PCI bus, two on none."""
    nets = tmp_path / "class/net"
    nets.mkdir(parents=True)
    on_pci = [f"pci0000:00/{place}" for place in (ON_THE_BUS, BEHIND_VIRTIO, ON_USB)]
    for place in (*on_pci, "virtual/net/br0"):
        folder = tmp_path / "devices" / place
        folder.mkdir(parents=True)
        (nets / folder.name).symlink_to(folder)
    monkeypatch.setattr(nics, "_NETS", nets)
    return nets


def note(**facts: Any) -> nics.NicNote:
    usual = {"ctid": 101, "name": "vztn5", "mac": MAC, "mtu": 1500, "up": True}
    return nics.NicNote(**{**usual, "boot_id": nics.boot_id(), **facts})


def at(slot: int) -> HostDevice:
    return HostDevice(kind=HostDeviceKind.PCI, address=PciAddress(0, 0, slot, 0))


@pytest.mark.parametrize(
    ("name", "place"),
    [("vztn5", "0000:00:05.0"), ("vztn6", "0000:00:06.0"), ("vztn7", ""), ("br0", "")],
)
@pytest.mark.usefixtures("sysfs")
def test_where_a_nic_sits(name: str, place: str) -> None:
    assert nics._pci_of(name) == place


@pytest.mark.usefixtures("sysfs")
def test_a_nic_is_found_by_its_place(tmp_path: Path) -> None:
    here = nics.Nics(Root(tmp_path))
    assert [here.name_of(WEB, at(slot)) for slot in (5, 6)] == ["vztn5", "vztn6"]
    with pytest.raises(errors.NoDevice, match=r"0000:00:07\.0"):
        here.name_of(WEB, at(7))


def test_one_that_is_out_is_found_by_its_place_too(sysfs: Path, tmp_path: Path) -> None:
    here = nics.Nics(Root(tmp_path))
    here.write(note(pci="0000:00:05.0"))
    (sysfs / "vztn5").unlink()
    assert here.name_of(WEB, at(5)) == "vztn5"
    with pytest.raises(errors.OperationInvalid, match=r"'vztn5' is in use by container 101"):
        here.check(MAIL, at(5))
    named = HostDevice(kind=HostDeviceKind.NET, name="vztn5")
    assert here.holders([at(5)]) == here.holders([named]) == {WEB}
    assert here.holders([at(6)]) == frozenset()


@pytest.mark.usefixtures("sysfs")
def test_who_shares_one_holds_it_too(tmp_path: Path) -> None:
    root = Root(tmp_path)
    here, named = nics.Nics(root), HostDevice(kind=HostDeviceKind.NET, name="vztn5")
    held = HeldFile(root, MAIL)
    held.add(Held(shared={"eth0": "vztn5", "eth1": "vztn5"}))
    held.add(Held(shared={"eth1": "vztn5"}))  # as mending does
    assert here.holders([at(5)]) == here.holders([named]) == {MAIL}
    assert here.holders([at(6), at(7)]) == frozenset()


def test_a_note_of_an_earlier_run_of_the_host_is_void(sysfs: Path, tmp_path: Path) -> None:
    here = nics.Nics(Root(tmp_path))
    here.write(note(pci="0000:00:05.0", boot_id="earlier"))
    (sysfs / "vztn5").unlink()
    with pytest.raises(errors.NoDevice):
        here.name_of(MAIL, at(5))


BRIDGE = {"ifname": "br0", "address": MAC}
VLAN = {"ifname": "vztn5.2", "address": MAC, "link": "vztn5"}
ANOTHER = {"ifname": "vztn5", "address": OTHER}


@pytest.mark.parametrize(
    "real",
    [
        {"ifname": "vztn5", "address": MAC},
        {"ifname": "mine", "address": MAC, "parentdev": "0000:00:05.0"},
        {"ifname": "mine", "address": OTHER, "permaddr": MAC, "parentdev": "0000:00:05.0"},
    ],
)
def test_it_is_recognized_whatever_it_has_become(real: dict[str, Any]) -> None:
    others = [VLAN] if real["ifname"] == "vztn5" else [VLAN, BRIDGE, ANOTHER]
    assert nics._recognized(note(), [*others, real]) is real
    assert nics._recognized(note(), [real, *others]) is real


def test_one_whose_address_the_host_had_changed_is_recognized_by_its_own() -> None:
    real = {"ifname": "mine", "address": "52:54:00:00:00:03", "permaddr": OTHER}
    assert nics._recognized(note(permanent=OTHER), [real]) is real


def test_without_another_sign_its_name_is_one() -> None:
    assert nics._recognized(note(), [ANOTHER]) is ANOTHER
    assert nics._recognized(note(), [BRIDGE | {"address": OTHER}]) is None
