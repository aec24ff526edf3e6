"""How a device of the host stands in libvirt's ``<device>``; written only.

The order of elements is libvirt's: its schema for these documents insists on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vzvirt.codec.schema import (
    TEXT,
    WORD,
    Constant,
    Flag,
    Items,
    Spec,
    Value,
    Values,
    as_fields,
)
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.convert import MAC, NUMBER, hexadecimal
from vzvirt.codec.xml.devices import PCI_ADDRESS
from vzvirt.codec.xml.document import serialise
from vzvirt.model.nodedev import (
    DeviceCapability,
    NetCapability,
    NodeDevice,
    PciCapability,
    StorageCapability,
    SystemCapability,
    UsbDeviceCapability,
)

_NO_UUID: Final = "00000000-0000-0000-0000-000000000000"
"""What libvirt writes of a machine that has none."""

SYSTEM: Final = Spec(
    SystemCapability,
    Value("product", "product", TEXT),
    Value("vendor", "hardware/vendor", TEXT),
    Value("version", "hardware/version", TEXT),
    Value("serial", "hardware/serial", TEXT),
    Value("uuid", "hardware/uuid", TEXT),
    Flag("firmware", "firmware"),
    Value("firmware_vendor", "firmware/vendor", TEXT),
    Value("firmware_version", "firmware/version", TEXT),
    Value("firmware_date", "firmware/release_date", TEXT),
    spread=lambda item: {**as_fields(item), "uuid": item.uuid or _NO_UUID, "firmware": True},
)


def _spread_pci(item: PciCapability) -> Values:
    group = item.iommu_members or (item.address,)
    return {
        **as_fields(item),
        **as_fields(item.address),
        "iommu_members": () if item.iommu_group is None else group,
    }


PCI: Final = Spec(
    PciCapability,
    Value("device_class", "class", hexadecimal(6)),
    Value("pci_domain", "domain", NUMBER),
    Value("bus", "bus", NUMBER),
    Value("slot", "slot", NUMBER),
    Value("function", "function", NUMBER),
    Value("product_id", "product/@id", hexadecimal(4)),
    Value("product", "product", TEXT),
    Value("vendor_id", "vendor/@id", hexadecimal(4)),
    Value("vendor", "vendor", TEXT),
    Value("iommu_group", "iommuGroup/@number", NUMBER),
    Items("iommu_members", "iommuGroup/address", PCI_ADDRESS),
    Value("numa_node", "numa/@node", NUMBER),
    spread=_spread_pci,
)

NET: Final = Spec(
    NetCapability,
    Value("interface", "interface", TEXT),
    Value("mac", "address", MAC),
    Value("speed", "link/@speed", NUMBER),
    Value("link_state", "link/@state", WORD),
    Value("layer", "capability/@type", WORD),
    spread=lambda item: {**as_fields(item), "layer": "80211" if item.wireless else "80203"},
)


def _spread_storage(item: StorageCapability) -> Values:
    """What is in a drive is said of its medium, what cannot be taken out of the drive."""
    values: Values = {**as_fields(item), "block_size": None, "size": None}
    sizes = (item.size, item.block_size, item.size // item.block_size)
    if item.removable:
        values["medium"] = int(item.size > 0)
    prefix = "medium_" if item.removable else "drive_"
    names = ("size", "block_size", "blocks")
    return {**values, **{prefix + name: size for name, size in zip(names, sizes, strict=True)}}


STORAGE: Final = Spec(
    StorageCapability,
    Value("block", "block", TEXT),
    Value("bus", "bus", TEXT),
    Value("drive_type", "drive_type", TEXT, always=True),
    Value("model", "model", TEXT),
    Value("vendor", "vendor", TEXT),
    Value("serial", "serial", TEXT),
    Value("drive_size", "size", NUMBER),
    Value("drive_block_size", "logical_block_size", NUMBER),
    Value("drive_blocks", "num_blocks", NUMBER),
    Constant("medium", "capability/@type", "removable"),
    Value("medium", "capability/media_available", NUMBER),
    Value("medium_size", "capability/media_size", NUMBER),
    Value("medium_block_size", "capability/logical_block_size", NUMBER),
    Value("medium_blocks", "capability/num_blocks", NUMBER),
    spread=_spread_storage,
)

USB_DEVICE: Final = Spec(
    UsbDeviceCapability,
    Value("bus", "bus", NUMBER),
    Value("device", "device", NUMBER),
    Value("product_id", "product/@id", hexadecimal(4)),
    Value("product", "product", TEXT),
    Value("vendor_id", "vendor/@id", hexadecimal(4)),
    Value("vendor", "vendor", TEXT),
)

CAPABILITIES: Final[Mapping[type[DeviceCapability], tuple[str, Spec[Any]]]] = {
    SystemCapability: ("system", SYSTEM),
    PciCapability: ("pci", PCI),
    NetCapability: ("net", NET),
    StorageCapability: ("storage", STORAGE),
    UsbDeviceCapability: ("usb_device", USB_DEVICE),
}
"""What libvirt calls each kind of device, and how it stands."""

DEVICE: Final = Spec(
    NodeDevice,
    Value("name", "name", TEXT),
    Value("path", "path", TEXT),
    Constant("devnode", "devnode/@type", "dev"),
    Value("devnode", "devnode", TEXT),
    Value("parent", "parent", TEXT),
    Value("driver", "driver/name", TEXT),
    spread=lambda device: {**as_fields(device), "path": device.path or None},
)


def write_node_device(device: NodeDevice) -> str:
    """Write libvirt's XML.

    Raises:
        XmlError: A text has a character that XML cannot carry.
    """
    root = Node("device")
    DEVICE.write(device, root, sparse=False)
    kind, spec = CAPABILITIES[type(device.capability)]
    capability = Node("capability", {"type": kind})
    spec.write(device.capability, capability, sparse=False)
    root.children.append(capability)
    return serialise(root)
