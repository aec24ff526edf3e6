"""The simulated host's devices: three NICs and a disk.

The uplink carries the default route; the other NICs can be moved into containers, and are not
shown while they are there (``wiring`` knows).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vzvirt import errors
from vzvirt.backends.memory.wiring import WiringFile
from vzvirt.model.nodedev import (
    NetCapability,
    NodeDevice,
    PciCapability,
    StorageCapability,
    SystemCapability,
)
from vzvirt.model.values import MacAddress, PciAddress
from vzvirt.system.root import Root

UPLINK: Final = "eth0"
"""The NIC with the default route."""

NICS: Final[Mapping[str, tuple[PciAddress, MacAddress]]] = {
    UPLINK: (PciAddress(0, 0, 0x19, 0), MacAddress("02:00:00:00:00:01")),
    "eth1": (PciAddress(0, 0, 0x1F, 3), MacAddress("00:16:3e:34:21:9e")),
    "eth2": (PciAddress(0, 2, 0, 0), MacAddress("00:16:3e:34:21:9f")),
}
"""NICs of the simulated host: where they sit, and their addresses."""


def name_at(address: PciAddress | None) -> str | None:
    """The NIC that sits at a PCI address, wherever it is right now."""
    return next((name for name, (place, _) in NICS.items() if place == address), None)


class MemoryInventory:
    """ports.network.DeviceInventory of a machine with three NICs and a disk."""

    def __init__(self, root: Root) -> None:
        self._wiring = WiringFile(root)

    def devices(self) -> list[NodeDevice]:
        """All of them, but the NICs that are in containers."""
        away = self._wiring.now().devices
        machine = SystemCapability(product="Simulated machine", vendor="vzvirt")
        found = [NodeDevice(name="computer", path="", parent=None, capability=machine)]
        for name, (address, mac) in NICS.items():
            found.append(_function(address))
            if name not in away:
                found.append(_net(name, found[-1], mac))
        return [*found, _disk()]

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
        """Where a NIC of the host sits; ``None``: it is in a container, or there is none."""
        if interface not in NICS or interface in self._wiring.now().devices:
            return None
        return NICS[interface][0]

    def interface_at(self, address: PciAddress) -> str | None:
        """The NIC that sits at a PCI address, unless it is in a container."""
        name = name_at(address)
        return name if name is not None and self.pci_address_of(name) else None


def _function(address: PciAddress) -> NodeDevice:
    return NodeDevice(
        name="pci_" + str(address).replace(":", "_").replace(".", "_"),
        path=f"/sys/devices/pci0000:00/{address}",
        parent="computer",
        driver="e1000e",
        capability=PciCapability(
            address=address,
            device_class=0x020000,
            product_id=0x10D3,
            vendor_id=0x8086,
            product="82574L Gigabit Network Connection",
            vendor="Intel Corporation",
        ),
    )


def _net(name: str, function: NodeDevice, mac: MacAddress) -> NodeDevice:
    return NodeDevice(
        name=f"net_{name}_{str(mac).replace(':', '_')}",
        path=f"{function.path}/net/{name}",
        parent=function.name,
        capability=NetCapability(interface=name, mac=mac, link_state="up", speed=1000),
    )


def _disk() -> NodeDevice:
    return NodeDevice(
        name="block_vda",
        path="/sys/devices/virtual/block/vda",
        parent="computer",
        devnode="/dev/vda",
        capability=StorageCapability(block="/dev/vda", bus="virtio", size=32 * 1024**3),
    )
