"""Facts about the host, read from the kernel each time they are asked for."""

from __future__ import annotations

from vzvirt.backends.sysfs.host import SysfsHost

__all__ = ["SysfsHost"]
