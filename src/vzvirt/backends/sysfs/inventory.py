"""ports.network.DeviceInventory over ``/sys``: the machine, PCI, network, block and USB devices.

Names, parents and the choice of devices are libvirt's: a network device that another one makes
(bridge, VLAN) is no device, nor is a block device without hardware (loop, zram, LVM). Nothing is
remembered, so what is plugged in or pulled out shows at the next look.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.sysfs import pciids
from vzvirt.backends.sysfs.attributes import Folder, udev_properties
from vzvirt.model.nodedev import (
    NetCapability,
    NodeDevice,
    PciCapability,
    StorageCapability,
    SystemCapability,
    UsbDeviceCapability,
)
from vzvirt.model.values import MacAddress, PciAddress

COMPUTER: Final = "computer"
"""The device that all others hang on."""

_SECTOR: Final = 512
"""The unit of a block device's ``size``, whatever its own blocks are."""

_PCI: Final = re.compile(r"([0-9a-f]{4,}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")

_UDEV_TYPES: Final = {"disk": "disk", "cd": "cdrom", "floppy": "floppy", "sd": "sd"}
"""What libvirt calls the kinds of drives that udev knows."""

_DRIVE_TYPES: Final = {"sr": "cdrom", "fd": "floppy", "mmcblk": "sd", "": "disk"}
"""The same by the beginning of the kernel's name, where udev says nothing."""

_BUSES: Final = {"usb": "usb", "virtio": "virtio", "nvme": "nvme", "ata": "ata", "host": "scsi"}
"""By the beginning of a folder's name on the way to a drive; the first that fits."""


class SysfsInventory:
    """ports.network.DeviceInventory.

    Args:
        sysfs: Where sysfs is mounted.
        udev: Where udev keeps what it knows.
        pci_ids: Databases of PCI names; the first that is there counts.
    """

    def __init__(
        self,
        sysfs: Path = Path("/sys"),
        udev: Path = Path("/run/udev/data"),
        pci_ids: Iterable[Path] = pciids.DATABASES,
    ) -> None:
        self._sysfs = sysfs
        self._udev = udev
        self._pci_ids = tuple(pci_ids)

    def devices(self) -> list[NodeDevice]:
        """All of them, parents before children."""
        found = [*self._pci(), *self._nets(), *self._blocks(), *self._usb()]
        found.sort(key=lambda device: Path(device.path).parts)
        names = {Path(device.path): device.name for device in found}
        return [
            self._computer(),
            *(dataclasses.replace(device, parent=_parent(device, names)) for device in found),
        ]

    def find(self, name: str) -> NodeDevice:
        """One of them.

        Raises:
            NoDevice: There is none of that name.
        """
        for device in self.devices():
            if device.name == name:
                return device
        raise errors.NoDevice(f"this host has no device '{name}'")

    def pci_address_of(self, interface: str) -> PciAddress | None:
        """Where a network device of the host sits; ``None``: it is gone, or on no PCI bus."""
        folder = Folder(self._sysfs / "class/net").target(interface)
        return _pci_above(folder) if folder is not None else None

    def interface_at(self, address: PciAddress) -> str | None:
        """The network device that sits at a PCI address (the first of several), or ``None``."""
        for folder in self._listed("class/net"):
            if _pci_above(folder.path) == address:
                return folder.path.name
        return None

    # -- kinds of devices ------------------------------------------------------------------

    def _computer(self) -> NodeDevice:
        firmware = Folder(self._sysfs / "class/dmi/id")
        machine = SystemCapability(
            product=firmware.text("product_name"),
            vendor=firmware.text("sys_vendor"),
            version=firmware.text("product_version"),
            serial=firmware.text("product_serial"),
            uuid=firmware.text("product_uuid").lower(),
            firmware_vendor=firmware.text("bios_vendor"),
            firmware_version=firmware.text("bios_version"),
            firmware_date=firmware.text("bios_date"),
        )
        return NodeDevice(name=COMPUTER, path="", parent=None, capability=machine)

    def _pci(self) -> Iterator[NodeDevice]:
        folders = list(self._listed("bus/pci/devices"))
        numbers = {folder.number("vendor", 16) for folder in folders}
        vendors = {number for number in numbers if number is not None}
        names = pciids.names(vendors, self._pci_ids) if vendors else {}
        for folder in folders:
            capability = _pci_function(folder, names)
            if capability is not None:
                yield _device(folder, "pci", capability)

    def _nets(self) -> Iterator[NodeDevice]:
        for folder in self._listed("class/net"):
            kind = folder.event().get("DEVTYPE", "")
            if kind in {"", "wlan"} and folder.text("ifindex"):
                address = folder.text("address")
                capability = NetCapability(
                    interface=folder.path.name,
                    mac=_mac(address),
                    link_state=folder.text("operstate"),
                    speed=folder.number("speed"),
                    wireless=kind == "wlan",
                )
                yield _device(folder, "net", capability, address)

    def _blocks(self) -> Iterator[NodeDevice]:
        for folder in self._listed("block"):
            number, hardware = folder.text("dev"), (folder.path / "device").exists()
            if number and hardware and folder.text("hidden") != "1":
                facts = udev_properties(self._udev, f"b{number}")
                capability = _drive(folder, facts)
                yield _device(folder, "block", capability, capability.serial)

    def _usb(self) -> Iterator[NodeDevice]:
        for folder in self._listed("bus/usb/devices"):
            numbers = [folder.number(name) for name in ("busnum", "devnum")]
            ids = [folder.number(name, 16) for name in ("idProduct", "idVendor")]
            bus, device, product_id, vendor_id = *numbers, *ids
            if bus is None or device is None or product_id is None or vendor_id is None:
                continue  # an interface of a device, or gone meanwhile
            capability = UsbDeviceCapability(
                bus=bus,
                device=device,
                product_id=product_id,
                vendor_id=vendor_id,
                product=folder.text("product"),
                vendor=folder.text("manufacturer"),
            )
            yield _device(folder, "usb", capability)

    def _listed(self, place: str) -> Iterator[Folder]:
        """The devices that a folder full of links leads to, by name."""
        try:
            links = sorted((self._sysfs / place).iterdir())
        except OSError:
            return  # a host without such a bus
        for link in links:
            if link.is_dir():
                yield Folder(link.resolve())


def _device(
    folder: Folder,
    subsystem: str,
    capability: PciCapability | NetCapability | StorageCapability | UsbDeviceCapability,
    mark: str = "",
) -> NodeDevice:
    """A device; its parent is found when all are known."""
    driver, node = folder.target("driver"), folder.event().get("DEVNAME")
    words = [subsystem, folder.path.name, *([mark] if mark else [])]
    return NodeDevice(
        name=re.sub(r"[^A-Za-z0-9]", "_", "_".join(words)),
        path=str(folder.path),
        parent=None,
        driver=driver.name if driver is not None else None,
        devnode=f"/dev/{node}" if node else None,
        capability=capability,
    )


def _parent(device: NodeDevice, names: dict[Path, str]) -> str:
    """The nearest device on the way up."""
    return next((names[above] for above in Path(device.path).parents if above in names), COMPUTER)


def _pci_function(folder: Folder, names: pciids.Names) -> PciCapability | None:
    address = _pci_address(folder.path.name)
    product, vendor = folder.number("device", 16), folder.number("vendor", 16)
    if address is None or product is None or vendor is None:
        return None
    group = folder.target("iommu_group")
    return PciCapability(
        address=address,
        device_class=folder.number("class", 16) or 0,
        product_id=product,
        vendor_id=vendor,
        product=names.get((vendor, product), ""),
        vendor=names.get((vendor, None), ""),
        iommu_group=int(group.name) if group is not None and group.name.isdecimal() else None,
        iommu_members=tuple(_members(group)) if group is not None else (),
        numa_node=folder.number("numa_node"),
    )


def _members(group: Path) -> Iterator[PciAddress]:
    try:
        links = sorted((group / "devices").iterdir())
    except OSError:
        return
    for link in links:
        address = _pci_address(link.name)
        if address is not None:
            yield address


def _drive(folder: Folder, facts: dict[str, str]) -> StorageCapability:
    """A drive; udev knows best, but need not be there."""
    name = folder.path.name
    guess = next(kind for prefix, kind in _DRIVE_TYPES.items() if name.startswith(prefix))
    vendor = folder.text("device/vendor")
    return StorageCapability(
        block=f"/dev/{folder.event().get('DEVNAME', name)}",
        drive_type=_UDEV_TYPES.get(facts.get("ID_TYPE", ""), guess),
        bus=facts.get("ID_BUS") or _bus(folder.path),
        model=folder.text("device/model"),
        vendor="" if vendor.startswith("0x") else vendor,  # the number of a virtio device's
        serial=facts.get("ID_SERIAL") or folder.text("serial") or folder.text("device/serial"),
        size=(folder.number("size") or 0) * _SECTOR,
        block_size=folder.number("queue/logical_block_size") or _SECTOR,
        removable=folder.text("removable") == "1",
    )


def _bus(path: Path) -> str:
    for prefix, bus in _BUSES.items():
        if any(re.fullmatch(f"{prefix}[0-9]+", part) for part in path.parts):
            return bus
    return ""


def _mac(text: str) -> MacAddress | None:
    try:
        return MacAddress(text)
    except errors.InvalidArgument:
        return None  # a tunnel has none, InfiniBand a longer one


def _pci_address(name: str) -> PciAddress | None:
    match = _PCI.fullmatch(name)
    if match is None:
        return None
    try:
        return PciAddress(*(int(part, 16) for part in match.groups()))
    except errors.InvalidArgument:
        return None  # behind a controller that makes up domains beyond 16 bits


def _pci_above(folder: Path) -> PciAddress | None:
    """The PCI function that a device belongs to: the nearest on the way up.

    One on a USB bus belongs to none; it only is behind that bus's controller.
    """
    own = takewhile(lambda above: not above.name.startswith("usb"), folder.parents)
    return next(filter(None, (_pci_address(above.name) for above in own)), None)
