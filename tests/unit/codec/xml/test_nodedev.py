from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rows
from vzvirt import errors
from vzvirt.codec import schema
from vzvirt.codec.xml import write_node_device
from vzvirt.codec.xml.document import parse
from vzvirt.codec.xml.nodedev import CAPABILITIES, DEVICE
from vzvirt.model.nodedev import (
    DeviceCapability,
    NetCapability,
    NodeDevice,
    PciCapability,
    StorageCapability,
    SystemCapability,
    UsbDeviceCapability,
)
from vzvirt.model.values import MacAddress, PciAddress

GOLDEN = Path(__file__).parents[3] / "golden" / "nodedev"
SLOT = PciAddress(0, 2, 0x1F, 3)
FOLDER = "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:1f.3"


def device(name: str, capability: DeviceCapability, **fields: Any) -> NodeDevice:
    fields = {"path": f"/sys/devices/{name}", "parent": "computer", **fields}
    return NodeDevice(name=name, capability=capability, **fields)


DEVICES = (
    device(
        "computer",
        SystemCapability(
            product="PowerEdge R750",
            vendor="Dell & Sons",
            version="A1",
            serial="4C4C45",
            uuid="4c4c4544-0042-3510-8052-b9c04f463933",
            firmware_vendor="Dell",
            firmware_version="1.2.4",
            firmware_date="05/28/2021",
        ),
        path="",
        parent=None,
    ),
    device(
        "pci_0000_02_1f_3",
        PciCapability(
            address=SLOT,
            device_class=0x020000,
            product_id=0x10D3,
            vendor_id=0x8086,
            product="82574L Gigabit Network Connection",
            vendor="Intel Corporation",
            iommu_group=7,
            iommu_members=(PciAddress(0, 2, 0x1F, 0), SLOT),
            numa_node=0,
        ),
        path=FOLDER,
        parent="pci_0000_00_1c_0",
        driver="e1000e",
    ),
    device(
        "net_eth1_00_16_3e_34_21_9e",
        NetCapability(
            interface="eth1", mac=MacAddress("00:16:3e:34:21:9e"), link_state="up", speed=1000
        ),
        path=f"{FOLDER}/net/eth1",
        parent="pci_0000_02_1f_3",
    ),
    device(
        "net_wlan0_00_16_3e_34_21_9f",
        NetCapability(
            interface="wlan0",
            mac=MacAddress("00:16:3e:34:21:9f"),
            link_state="down",
            wireless=True,
        ),
    ),
    device(
        "block_sda_QEMU_HARDDISK_S1",
        StorageCapability(
            block="/dev/sda",
            bus="ata",
            model="HARDDISK",
            vendor="QEMU",
            serial="QEMU_HARDDISK_S1",
            size=8 * 1024**3,
            block_size=4096,
        ),
        devnode="/dev/sda",
    ),
    device(
        "block_sr0",
        StorageCapability(block="/dev/sr0", drive_type="cdrom", removable=True, size=700 << 20),
        devnode="/dev/sr0",
    ),
    device(
        "block_sr1",
        StorageCapability(block="/dev/sr1", drive_type="cdrom", removable=True, block_size=2048),
        devnode="/dev/sr1",
    ),
    device(
        "usb_1_1_2",
        UsbDeviceCapability(
            bus=1,
            device=3,
            product_id=2,
            vendor_id=0x1D6B,
            product="EHCI Host Controller",
            vendor="Linux Foundation",
        ),
        driver="usb",
        devnode="/dev/bus/usb/001/003",
    ),
)

SPARE = (
    device("computer", SystemCapability(), path="", parent=None),
    device(
        "pci_0000_02_1f_3",
        PciCapability(address=SLOT, device_class=0, product_id=1, vendor_id=2, iommu_group=0),
    ),
    device("net_tun0", NetCapability(interface="tun0")),
)
"""Devices that say little."""


@pytest.mark.parametrize("item", DEVICES, ids=lambda item: item.name)
def test_golden(item: NodeDevice, regenerate: bool) -> None:
    expected = GOLDEN / f"{item.name}.xml"
    found = write_node_device(item)
    if regenerate:
        expected.write_text(found)
    assert found == expected.read_text()


def test_every_kind_of_device_is_written() -> None:
    assert set(CAPABILITIES) == {type(item.capability) for item in DEVICES}


@pytest.mark.parametrize("spec", [DEVICE, *(spec for _, spec in CAPABILITIES.values())])
def test_every_row_is_exercised_by_some_golden_case(
    monkeypatch: pytest.MonkeyPatch, spec: schema.Spec[Any]
) -> None:
    seen = rows.exercised(monkeypatch, "write")
    for item in DEVICES:
        write_node_device(item)
    assert rows.unused(spec, "write", seen) == []


def capability(item: NodeDevice) -> list[str]:
    """Everything below ``<capability>``, as paths of tags."""
    (node,) = parse(write_node_device(item)).find_all("capability")
    return sorted({child.tag for child in node.walk()} - {"capability"})


@pytest.mark.parametrize(
    ("item", "tags"),
    [
        (SPARE[0], ["firmware", "hardware", "uuid"]),
        (
            SPARE[1],
            [
                *("address", "bus", "class", "domain", "function", "iommuGroup"),
                *("product", "slot", "vendor"),
            ],
        ),
        (SPARE[2], ["interface"]),
    ],
    ids=["system", "pci", "net"],
)
def test_what_is_not_known_is_not_written(item: NodeDevice, tags: list[str]) -> None:
    assert capability(item) == tags


def test_an_iommu_group_holds_the_device_at_least() -> None:
    assert "<address domain='0x0000' bus='0x02' slot='0x1f' function='0x3'/>" in (
        write_node_device(SPARE[1])
    )


def test_a_name_xml_cannot_carry_is_refused() -> None:
    odd = device("usb_1_1", UsbDeviceCapability(bus=1, device=1, product_id=1, vendor_id=1))
    bad = NodeDevice(name=odd.name, path="/sys/\x01", parent=None, capability=odd.capability)
    with pytest.raises(errors.XmlError, match="<path> would hold the character"):
        write_node_device(bad)
