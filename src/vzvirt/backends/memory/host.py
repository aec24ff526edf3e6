"""A host that can do everything, since nothing is done on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Final

from vzvirt.model.host import HostCheck, Verdict
from vzvirt.model.storage import LayoutAbilities
from vzvirt.model.values import MacAddress

MEMORY: Final = 16 * 1024**3
"""Bytes of RAM that there seem to be."""
_MACHINE_ID: Final = "5dd21fb0aa9c4f1d8f1c4d9d9e6cbe10"
_LINK: Final = MacAddress("02:00:00:00:00:01")


class MemoryHost:
    """ports.host.Host; only paths are looked at for real."""

    def arch(self) -> str:
        """The real machine's."""
        return platform.machine()

    def processors(self) -> int:
        """The real machine's."""
        return os.cpu_count() or 1

    def memory(self) -> int:
        """Bytes of RAM: enough."""
        return MEMORY

    def machine_id(self) -> str:
        """Always the same."""
        return _MACHINE_ID

    def idmapped_mounts(self, folder: Path) -> bool:
        """A simulation shifts nothing."""
        del folder
        return True

    def is_own_root(self, folder: Path) -> str | None:
        """Why a folder must never be a container's root, or ``None``."""
        if Path(os.path.realpath(folder)) == Path("/"):
            return "it is the host's own root"
        return None

    def has(self, path: str) -> bool:
        """Whether a path that a user named exists, for real."""
        return Path(path).exists()

    def link_addresses(self) -> list[MacAddress]:
        """One, always the same."""
        return [_LINK]

    def checks(self, layouts: list[LayoutAbilities]) -> list[HostCheck]:
        """That this is a simulation."""
        names = ", ".join(item.name for item in layouts)
        return [
            HostCheck(
                topic="engine",
                verdict=Verdict.WARNING,
                found="memory: containers are simulated, nothing is run",
                remedy="run it as root without --engine memory",
            ),
            HostCheck(topic="storage layouts", verdict=Verdict.OK, found=names),
        ]
