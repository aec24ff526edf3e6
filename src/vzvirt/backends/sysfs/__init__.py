"""Facts about the host, read from the kernel each time they are asked for."""

from __future__ import annotations

from vzvirt.backends.sysfs.host import SysfsHost
from vzvirt.backends.sysfs.inventory import SysfsInventory

__all__ = ["SysfsHost", "SysfsInventory"]
