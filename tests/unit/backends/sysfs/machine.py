"""A machine made of files: sysfs, udev's findings and a database of PCI names."""

from __future__ import annotations

import os
from pathlib import Path

from vzvirt.backends.sysfs.inventory import SysfsInventory

BRIDGE = "devices/pci0000:00/0000:00:1c.0"
NIC = f"{BRIDGE}/0000:02:1f.3"
VIRTIO = "devices/pci0000:00/0000:00:03.0"
SATA = "devices/pci0000:00/0000:00:1f.2"
USB = "devices/pci0000:00/0000:00:1d.0/usb1"

PCI_IDS = """\
# comment
8086  Intel Corporation
\t10d3  82574L Gigabit Network Connection
\t\t8086 a01f  Gigabit CT Desktop Adapter
\t1c10  6 Series PCI Express Root Port
1af4  Red Hat, Inc.
\t1041  Virtio 1.0 network device
10ec  Realtek
\t10d3  Not this one

C 02  Network controller
\t00  Ethernet controller
"""


class Machine:
    """Devices are added and pulled as on a real one."""

    def __init__(self, top: Path) -> None:
        self.sysfs = top / "sys"
        self.udev = top / "udev"
        self.pci_ids = top / "pci.ids"
        self.udev.mkdir()
        self.pci_ids.write_text(PCI_IDS)
        self.inventory = SysfsInventory(self.sysfs, self.udev, (top / "missing.ids", self.pci_ids))

    def device(self, path: str, listed: str | None = None, **attributes: str) -> Path:
        """A device's folder; ``listed`` is where a link to it stands."""
        folder = self.sysfs / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in attributes.items():
            file = folder / name.replace("__", "/")
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{text}\n")
        if listed is not None:
            self.link(f"{listed}/{folder.name}", path)
        return folder

    def link(self, link: str, target: str) -> None:
        """A link as the kernel makes them: relative."""
        place = self.sysfs / link
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(self.sysfs / target, place.parent))

    def pci(self, path: str, ids: str, device_class: str = "0x020000", driver: str = "") -> None:
        vendor, product = ids.split(":")
        self.device(
            path,
            "bus/pci/devices",
            vendor=f"0x{vendor}",
            device=f"0x{product}",
            **{"class": device_class},
            numa_node="-1",
        )
        if driver:
            self.device(f"bus/pci/drivers/{driver}")
            self.link(f"{path}/driver", f"bus/pci/drivers/{driver}")

    def net(self, path: str, address: str, **attributes: str) -> None:
        attributes = {"ifindex": "2", "operstate": "up", "uevent": "IFINDEX=2", **attributes}
        self.device(path, "class/net", address=address, **attributes)

    def disk(self, path: str, number: str, **attributes: str) -> None:
        name = path.rpartition("/")[2]
        uevent = f"MAJOR={number.partition(':')[0]}\nDEVNAME={name}\nDEVTYPE=disk"
        attributes = {"size": "2048", "removable": "0", "hidden": "0", **attributes}
        self.device(path, "block", dev=number, uevent=uevent, **attributes)


def usual(top: Path) -> Machine:
    """One of each kind."""
    machine = Machine(top)
    machine.device(
        "devices/virtual/dmi/id",
        product_name="PowerEdge R750",
        sys_vendor="Dell",
        product_version="A1",
        product_serial="4C4C45",
        product_uuid="4C4C4544-0042-3510-8052-B9C04F463933",
        bios_vendor="Dell BIOS",
        bios_version="1.2.4",
        bios_date="05/28/2021",
    )
    machine.link("class/dmi/id", "devices/virtual/dmi/id")
    machine.pci(BRIDGE, "8086:1c10", "0x060400", "pcieport")
    machine.pci(NIC, "8086:10d3", driver="e1000e")
    machine.device(NIC, numa_node="1")
    for name in ("0000:02:1f.0", "0000:02:1f.3"):
        machine.device(f"kernel/iommu_groups/7/devices/{name}")
    machine.link(f"{NIC}/iommu_group", "kernel/iommu_groups/7")
    machine.net(f"{NIC}/net/eth1", "00:16:3e:34:21:9e", speed="1000")
    machine.pci(VIRTIO, "1af4:1041", driver="virtio-pci")
    machine.net(f"{VIRTIO}/virtio2/net/eth0", "52:54:00:aa:bb:cc", speed="-1")
    machine.net("devices/virtual/net/lo", "00:00:00:00:00:00", operstate="unknown")
    machine.net("devices/virtual/net/br0", "52:54:00:aa:bb:cd", uevent="DEVTYPE=bridge")
    machine.net("devices/virtual/net/tun0", "", operstate="unknown")
    machine.pci(SATA, "1234:abcd", "0x010601", "ahci")
    machine.disk(
        f"{SATA}/ata1/host0/target0:0:0/0:0:0:0/block/sda",
        "8:0",
        queue__logical_block_size="4096",
        device__model="HARDDISK   ",
        device__vendor="QEMU    ",
    )
    machine.disk("devices/virtual/block/loop0", "7:0")
    machine.pci("devices/pci0000:00/0000:00:1d.0", "8086:1c26", "0x0c0320")
    for path, number, name in (
        (USB, "1", "EHCI Host Controller"),
        (f"{USB}/1-1/1-1.2", "3", "Key"),
    ):
        machine.device(
            path,
            "bus/usb/devices",
            busnum="1",
            devnum=number,
            idProduct="0002",
            idVendor="1d6b",
            product=name,
            manufacturer="Linux",
            uevent=f"DEVTYPE=usb_device\nDEVNAME=bus/usb/001/00{number}",
        )
    machine.device(f"{USB}/1-1/1-1.2/1-1.2:1.0", "bus/usb/devices", bInterfaceClass="08")
    return machine
