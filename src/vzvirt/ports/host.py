"""What the manager needs to know of the host."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from vzvirt.model.host import HostCheck
from vzvirt.model.storage import LayoutAbilities
from vzvirt.model.values import MacAddress


class Host(Protocol):
    """Facts about the host."""

    def arch(self) -> str:
        """Machine, as ``uname -m`` says it."""

    def processors(self) -> int:
        """Processors online."""

    def memory(self) -> int:
        """Bytes of RAM."""

    def machine_id(self) -> str:
        """32 hex digits that name this host; stable."""

    def idmapped_mounts(self, folder: Path) -> bool:
        """Whether the file system that holds a folder can be mounted with shifted owners."""

    def is_own_root(self, folder: Path) -> str | None:
        """Why a folder must never be a container's root, or ``None``.

        It must not be, contain, or be a mount of the host's ``/``.
        """

    def has(self, path: str) -> bool:
        """Whether a path that a user named exists."""

    def link_addresses(self) -> list[MacAddress]:
        """Ethernet addresses of the host's own devices, the first one stable."""

    def checks(self, layouts: list[LayoutAbilities]) -> list[HostCheck]:
        """What this host can and cannot do, for ``vzvirt doctor``."""
