"""The simulated host's devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.memory import MemoryInventory, MemoryLinks
from vzvirt.model.devices import HostDevice, HostDeviceKind
from vzvirt.model.values import Ctid, PciAddress
from vzvirt.ports.network import DeviceInventory, GuestLinks
from vzvirt.system.root import Root

ONE, TWO = Ctid(101), Ctid(102)
ETH1 = HostDevice(kind=HostDeviceKind.NET, name="eth1")
ETH1_BY_PLACE = HostDevice(kind=HostDeviceKind.PCI, address=PciAddress(0, 0, 0x1F, 3))
FUSE = HostDevice(kind=HostDeviceKind.MISC, name="/dev/fuse")


@pytest.fixture
def links(tmp_path: Path) -> GuestLinks:
    return MemoryLinks(Root(tmp_path))


@pytest.fixture
def inventory(tmp_path: Path) -> DeviceInventory:
    return MemoryInventory(Root(tmp_path))


@pytest.mark.parametrize("device", [ETH1, ETH1_BY_PLACE])
def test_a_nic_is_gone_from_the_host_while_it_is_away(
    links: GuestLinks, inventory: DeviceInventory, device: HostDevice
) -> None:
    name = "net_eth1_00_16_3e_34_21_9e"
    assert inventory.find(name).parent == "pci_0000_00_1f_3"
    links.boot_steps(ONE, (), (device, FUSE))
    with pytest.raises(errors.NoDevice):
        inventory.find(name)
    assert inventory.find("pci_0000_00_1f_3")
    assert inventory.interface_at(PciAddress(0, 0, 0x1F, 3)) is None
    assert inventory.pci_address_of("eth1") is None
    with pytest.raises(errors.OperationInvalid, match=r"eth1.* container 101"):
        links.check(TWO, (), (ETH1,))
    links.check(ONE, (), (ETH1,))
    links.release(ONE)
    assert inventory.find(name)


def test_the_device_list_hangs_together(inventory: DeviceInventory) -> None:
    names: set[str | None] = {None}
    for item in inventory.devices():
        assert item.parent in names
        assert inventory.find(item.name) == item
        names.add(item.name)
    for nic in ("eth0", "eth1", "eth2"):
        address = inventory.pci_address_of(nic)
        assert address is not None
        assert inventory.interface_at(address) == nic
    assert inventory.pci_address_of("lo") is None
