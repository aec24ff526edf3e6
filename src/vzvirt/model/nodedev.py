"""The host's devices, as libvirt's node device list shows them."""

from __future__ import annotations

from dataclasses import dataclass

from vzvirt.model.values import MacAddress, PciAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCapability:
    """The machine itself."""

    product: str = ""
    vendor: str = ""
    version: str = ""
    serial: str = ""
    uuid: str = ""
    firmware_vendor: str = ""
    firmware_version: str = ""
    firmware_date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PciCapability:
    """A PCI function; ids and class are the numbers in sysfs, names from the pci.ids database.

    Attributes:
        iommu_members: Functions that can only be handed on together, this one among them.
    """

    address: PciAddress
    device_class: int
    product_id: int
    vendor_id: int
    product: str = ""
    vendor: str = ""
    iommu_group: int | None = None
    iommu_members: tuple[PciAddress, ...] = ()
    numa_node: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetCapability:
    """A network device; speed in Mbit/s."""

    interface: str
    mac: MacAddress | None = None
    link_state: str = ""
    speed: int | None = None
    wireless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCapability:
    """A block device; size in bytes."""

    block: str
    drive_type: str = "disk"
    bus: str = ""
    model: str = ""
    vendor: str = ""
    serial: str = ""
    size: int = 0
    block_size: int = 512
    removable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbDeviceCapability:
    """A USB device."""

    bus: int
    device: int
    product_id: int
    vendor_id: int
    product: str = ""
    vendor: str = ""


DeviceCapability = (
    SystemCapability | PciCapability | NetCapability | StorageCapability | UsbDeviceCapability
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDevice:
    """One device of the host.

    Attributes:
        name: libvirt's name, such as ``net_eth1_00_16_3e_34_21_9e`` or ``pci_0000_00_1f_3``.
        path: Its folder in sysfs; empty for ``computer``.
        parent: Name of the device it hangs on; ``None`` for ``computer``.
        driver: Kernel driver that holds it, or ``None``.
        devnode: Its node below ``/dev``, or ``None``.
    """

    name: str
    path: str
    parent: str | None
    driver: str | None = None
    devnode: str | None = None
    capability: DeviceCapability
