"""ports.host.Host over ``/sys`` and ``/proc``.

State on disk: ``var/lib/vzvirt/machine-id``, only where the host has no machine id of its own.
Nothing is remembered from one call to the next.
"""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.sysfs import checks, ownroot
from vzvirt.model.host import HostCheck
from vzvirt.model.storage import LayoutAbilities
from vzvirt.model.values import MacAddress
from vzvirt.system import disks, files, idmapped
from vzvirt.system.root import Root

_MACHINE_IDS: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_MACHINE_ID: Final = re.compile(r"[0-9a-f]{32}")
_LINKS: Final = Path("/sys/class/net")
_ETHERNET: Final = "1"
"""What ``type`` says of a device that has an Ethernet address."""


class SysfsHost:
    """ports.host.Host."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def arch(self) -> str:
        """Machine, as ``uname -m`` says it."""
        return platform.machine()

    def processors(self) -> int:
        """Processors online."""
        return os.sysconf("SC_NPROCESSORS_ONLN")

    def memory(self) -> int:
        """Bytes of RAM."""
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def machine_id(self) -> str:
        """32 hex digits that name this host; made once where the host has none."""
        own = self._root.path("var/lib/vzvirt/machine-id")
        for path in (*_MACHINE_IDS, own):
            text = (files.read_bytes(path) or b"").decode(errors="replace").strip().lower()
            if _MACHINE_ID.fullmatch(text):
                return text
        fresh = os.urandom(16).hex()
        files.make_folder(own.parent)
        files.write_atomic(own, f"{fresh}\n".encode())
        return fresh

    def idmapped_mounts(self, folder: Path) -> bool:
        """Whether the file system that holds a folder can be mounted with shifted owners."""
        return idmapped.can_shift(disks.nearest(folder))

    def is_own_root(self, folder: Path) -> str | None:
        """Why a folder must never be a container's root, or ``None``."""
        return ownroot.reason(folder)

    def has(self, path: str) -> bool:
        """Whether a path that a user named exists."""
        return os.path.exists(path)  # noqa: PTH110  # an unreadable one is no error here

    def link_addresses(self) -> list[MacAddress]:
        """Ethernet addresses of the host's hardware, by name (of all devices if it has none)."""
        links = sorted(_LINKS.iterdir()) if _LINKS.is_dir() else []
        hardware = [link for link in links if (link / "device").exists()]
        addresses = (_address(link) for link in hardware or links)
        return [address for address in addresses if address]

    def checks(self, layouts: list[LayoutAbilities]) -> list[HostCheck]:
        """What this host can and cannot do, for ``vzvirt doctor``."""
        return checks.all_checks(layouts, disks.nearest(self._root.path("vz/private")))


def _address(link: Path) -> MacAddress | None:
    try:
        if (link / "type").read_text().strip() != _ETHERNET:
            return None
        address = MacAddress((link / "address").read_text().strip())
    except (OSError, errors.InvalidArgument):
        return None  # gone meanwhile, or no address that could be anybody's
    return None if address.is_null else address
