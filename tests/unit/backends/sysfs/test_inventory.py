"""The host's devices: on a machine made of files, and on this one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from unit.backends.sysfs.machine import BRIDGE, NIC, SATA, USB, VIRTIO, Machine, usual
from vzvirt import errors
from vzvirt.backends.sysfs import SysfsInventory
from vzvirt.codec.xml import write_node_device
from vzvirt.model.nodedev import (
    NetCapability,
    NodeDevice,
    PciCapability,
    StorageCapability,
    SystemCapability,
    UsbDeviceCapability,
)
from vzvirt.model.values import MacAddress, PciAddress
from vzvirt.ports.network import DeviceInventory

NIC_ADDRESS = PciAddress(0, 2, 0x1F, 3)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return usual(tmp_path)


def storage(device: NodeDevice) -> StorageCapability:
    assert isinstance(device.capability, StorageCapability)
    return device.capability


def test_names_and_parents_are_libvirts(machine: Machine) -> None:
    assert {item.name: item.parent for item in machine.inventory.devices()} == {
        "computer": None,
        "pci_0000_00_03_0": "computer",
        "net_eth0_52_54_00_aa_bb_cc": "pci_0000_00_03_0",
        "pci_0000_00_1c_0": "computer",
        "pci_0000_02_1f_3": "pci_0000_00_1c_0",
        "net_eth1_00_16_3e_34_21_9e": "pci_0000_02_1f_3",
        "pci_0000_00_1d_0": "computer",
        "usb_usb1": "pci_0000_00_1d_0",
        "usb_1_1_2": "usb_usb1",
        "pci_0000_00_1f_2": "computer",
        "block_sda": "pci_0000_00_1f_2",
        "net_lo_00_00_00_00_00_00": "computer",
        "net_tun0": "computer",
    }


def test_parents_come_before_children(machine: Machine) -> None:
    seen: set[str | None] = {None}
    for item in machine.inventory.devices():
        assert item.parent in seen
        seen.add(item.name)


def test_the_machine(machine: Machine) -> None:
    assert machine.inventory.find("computer") == NodeDevice(
        name="computer",
        path="",
        parent=None,
        capability=SystemCapability(
            product="PowerEdge R750",
            vendor="Dell",
            version="A1",
            serial="4C4C45",
            uuid="4c4c4544-0042-3510-8052-b9c04f463933",
            firmware_vendor="Dell BIOS",
            firmware_version="1.2.4",
            firmware_date="05/28/2021",
        ),
    )


def test_a_pci_function(machine: Machine) -> None:
    assert machine.inventory.find("pci_0000_02_1f_3") == NodeDevice(
        name="pci_0000_02_1f_3",
        path=str(machine.sysfs / NIC),
        parent="pci_0000_00_1c_0",
        driver="e1000e",
        capability=PciCapability(
            address=NIC_ADDRESS,
            device_class=0x020000,
            product_id=0x10D3,
            vendor_id=0x8086,
            product="82574L Gigabit Network Connection",
            vendor="Intel Corporation",
            iommu_group=7,
            iommu_members=(PciAddress(0, 2, 0x1F, 0), NIC_ADDRESS),
            numa_node=1,
        ),
    )


def test_a_network_device(machine: Machine) -> None:
    assert machine.inventory.find("net_eth1_00_16_3e_34_21_9e") == NodeDevice(
        name="net_eth1_00_16_3e_34_21_9e",
        path=str(machine.sysfs / f"{NIC}/net/eth1"),
        parent="pci_0000_02_1f_3",
        capability=NetCapability(
            interface="eth1", mac=MacAddress("00:16:3e:34:21:9e"), link_state="up", speed=1000
        ),
    )


def test_what_the_kernel_does_not_say_is_not_there(machine: Machine) -> None:
    unplugged = machine.inventory.find("net_eth0_52_54_00_aa_bb_cc").capability
    assert isinstance(unplugged, NetCapability)
    assert unplugged.speed is None  # -1
    tunnel = machine.inventory.find("net_tun0").capability
    assert isinstance(tunnel, NetCapability)
    assert tunnel.mac is None


def test_a_wireless_device(machine: Machine) -> None:
    machine.net("devices/platform/wifi/net/wlan0", "52:54:00:aa:bb:ce", uevent="DEVTYPE=wlan")
    capability = machine.inventory.find("net_wlan0_52_54_00_aa_bb_ce").capability
    assert isinstance(capability, NetCapability)
    assert capability.wireless


def test_a_disk(machine: Machine) -> None:
    disk = machine.inventory.find("block_sda")
    assert disk.devnode == "/dev/sda"
    assert disk.capability == StorageCapability(
        block="/dev/sda",
        drive_type="disk",
        bus="ata",
        model="HARDDISK",
        vendor="QEMU",
        size=2048 * 512,
        block_size=4096,
    )


def test_udev_knows_more_of_a_disk(machine: Machine) -> None:
    (machine.udev / "b8:0").write_text(
        "S:disk/by-id/x\nI:123\nE:ID_SERIAL=QEMU_HARDDISK_S-1\nE:ID_BUS=scsi\nE:ID_TYPE=generic\n"
    )
    disk = machine.inventory.find("block_sda_QEMU_HARDDISK_S_1")
    assert storage(disk).serial == "QEMU_HARDDISK_S-1"
    assert storage(disk).bus == "scsi"
    assert storage(disk).drive_type == "disk"


@pytest.mark.parametrize(
    ("path", "attributes", "name", "kind", "bus"),
    [
        ("0000:00:04.0/virtio3/block/vdb", {"serial": "s 1"}, "block_vdb_s_1", "disk", "virtio"),
        ("0000:00:1f.2/ata2/host1/target1/1:0:0:0/block/sr0", {}, "block_sr0", "cdrom", "ata"),
        ("0000:00:04.0/host7/target7/7:0:0:0/block/sdb", {}, "block_sdb", "disk", "scsi"),
        ("0000:00:1d.0/usb1/1-1/1-1:1.0/host8/block/sdc", {}, "block_sdc", "disk", "usb"),
        (
            "0000:00:05.0/nvme/nvme0/nvme0n1",
            {"device__serial": "N1"},
            "block_nvme0n1_N1",
            "disk",
            "nvme",
        ),
        ("sdhci/mmc_host/mmc0/mmc0:1/block/mmcblk0", {}, "block_mmcblk0", "sd", ""),
    ],
)
def test_drives(
    machine: Machine, path: str, attributes: dict[str, str], name: str, kind: str, bus: str
) -> None:
    attributes = {"device__vendor": "0x1af4", **attributes}
    machine.disk(f"devices/pci0000:00/{path}", "99:1", **attributes)
    found = storage(machine.inventory.find(name))
    assert (found.drive_type, found.bus, found.vendor) == (kind, bus, "")


def test_a_removable_drive(machine: Machine) -> None:
    path = f"{SATA}/ata2/host1/block/sr0"
    machine.disk(path, "11:0", removable="1", size="0", device__type="5")
    (machine.udev / "b11:0").write_text("E:ID_TYPE=cd\n")
    found = storage(machine.inventory.find("block_sr0"))
    assert found.removable
    assert found.drive_type == "cdrom"
    assert found.size == 0


def test_a_hidden_path_to_a_drive_is_no_drive(machine: Machine) -> None:
    machine.disk("devices/x/nvme0c0n1", "259:1", hidden="1", device__model="x")
    assert not [item for item in machine.inventory.devices() if "nvme" in item.name]


def test_usb_devices(machine: Machine) -> None:
    key = machine.inventory.find("usb_1_1_2")
    assert key.path == str(machine.sysfs / f"{USB}/1-1/1-1.2")
    assert key.devnode == "/dev/bus/usb/001/003"
    assert key.capability == UsbDeviceCapability(
        bus=1, device=3, product_id=2, vendor_id=0x1D6B, product="Key", vendor="Linux"
    )


def test_plugging_and_pulling_is_noticed(machine: Machine) -> None:
    name = "net_eth5_52_54_00_00_00_05"
    with pytest.raises(errors.NoDevice, match=name):
        machine.inventory.find(name)
    machine.net(f"{NIC}/net/eth5", "52:54:00:00:00:05")
    assert machine.inventory.find(name).parent == "pci_0000_02_1f_3"
    (machine.sysfs / "class/net/eth5").unlink()
    assert name not in {item.name for item in machine.inventory.devices()}


@pytest.mark.parametrize("gone", [NIC, BRIDGE, f"{NIC}/net/eth1", USB])
def test_a_device_that_goes_meanwhile_is_left_out(machine: Machine, gone: str) -> None:
    """The links to it still stand."""
    shutil.rmtree(machine.sysfs / gone)
    found = machine.inventory.devices()
    assert not [item for item in found if item.path.startswith(str(machine.sysfs / gone))]
    assert "net_eth0_52_54_00_aa_bb_cc" in {item.name for item in found}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (f"{NIC}/vendor", "pci_0000_02_1f_3"),
        (f"{NIC}/net/eth1/ifindex", "net_eth1_00_16_3e_34_21_9e"),
        (f"{USB}/busnum", "usb_usb1"),
        (f"{SATA}/ata1/host0/target0:0:0/0:0:0:0/block/sda/dev", "block_sda"),
    ],
)
def test_a_device_that_is_half_gone_is_left_out(machine: Machine, file: str, name: str) -> None:
    assert machine.inventory.find(name)
    (machine.sysfs / file).unlink()
    with pytest.raises(errors.NoDevice):
        machine.inventory.find(name)


def test_a_machine_that_says_nothing(tmp_path: Path) -> None:
    empty = Machine(tmp_path)
    assert [item.name for item in empty.inventory.devices()] == ["computer"]
    assert empty.inventory.find("computer").capability == SystemCapability()
    assert empty.inventory.pci_address_of("eth0") is None
    assert empty.inventory.interface_at(NIC_ADDRESS) is None


# From a network device to its PCI function and back


@pytest.mark.parametrize(
    ("interface", "address"),
    [
        ("eth1", NIC_ADDRESS),
        ("eth0", PciAddress(0, 0, 3, 0)),  # virtio has a bus between
        ("lo", None),
        ("br0", None),
        ("eth9", None),
        ("..", None),
    ],
)
def test_where_an_interface_sits(
    machine: Machine, interface: str, address: PciAddress | None
) -> None:
    assert machine.inventory.pci_address_of(interface) == address
    if address is not None:
        assert machine.inventory.interface_at(address) == interface


def test_a_function_without_interface(machine: Machine) -> None:
    assert machine.inventory.interface_at(PciAddress(0, 0, 0x1C, 0)) is None  # the bridge above
    assert machine.inventory.interface_at(PciAddress(0, 9, 9, 0)) is None


def test_the_first_of_two_interfaces_of_one_function(machine: Machine) -> None:
    machine.net(f"{VIRTIO}/virtio2/net/eth00", "52:54:00:aa:bb:cf")
    assert machine.inventory.interface_at(PciAddress(0, 0, 3, 0)) == "eth0"


# Names of PCI devices


def test_names_are_those_of_the_vendor(machine: Machine) -> None:
    names = {
        item.name: (item.capability.vendor, item.capability.product)
        for item in machine.inventory.devices()
        if isinstance(item.capability, PciCapability)
    }
    assert names == {
        "pci_0000_00_03_0": ("Red Hat, Inc.", "Virtio 1.0 network device"),
        "pci_0000_00_1c_0": ("Intel Corporation", "6 Series PCI Express Root Port"),
        "pci_0000_02_1f_3": ("Intel Corporation", "82574L Gigabit Network Connection"),
        "pci_0000_00_1d_0": ("Intel Corporation", ""),
        "pci_0000_00_1f_2": ("", ""),
    }


def test_a_host_without_the_database(machine: Machine) -> None:
    machine.pci_ids.unlink()
    function = machine.inventory.find("pci_0000_02_1f_3").capability
    assert isinstance(function, PciCapability)
    assert (function.vendor, function.vendor_id) == ("", 0x8086)


# This machine


def test_this_machine() -> None:
    inventory: DeviceInventory = SysfsInventory()
    found = inventory.devices()
    names = [item.name for item in found]
    assert names[0] == "computer"
    assert len(set(names)) == len(names)
    loopback = inventory.find("net_lo_00_00_00_00_00_00")
    assert loopback.parent == "computer"
    for item in found:
        assert f"<name>{item.name}</name>" in write_node_device(item)
        assert item.parent is None or item.parent in names
        if isinstance(item.capability, NetCapability):
            address = inventory.pci_address_of(item.capability.interface)
            assert (address is not None) == (item.parent or "").startswith("pci_")
