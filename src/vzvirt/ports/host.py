"""What the manager needs to know of the host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vzvirt.model.host import HostCheck
from vzvirt.model.storage import LayoutAbilities
from vzvirt.model.values import MacAddress

if TYPE_CHECKING:  # no command needs any of it
    from vzvirt.model.capabilities import (
        HostTopology,
        MemoryUse,
        PagePool,
        ProcessorMap,
        ProcessorTimes,
    )
    from vzvirt.model.storagepool import DiskSpace, FileFacts


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


class HostFacts(Protocol):
    """What clients of libvirt ask about the host, and no command of ours needs."""

    def topology(self) -> HostTopology:
        """Processors, memory and caches."""

    def megahertz(self) -> int:
        """How fast the processors are; 0: unknown."""

    def processor_map(self) -> ProcessorMap:
        """Which processors there are, and which are online."""

    def processor_times(self) -> Mapping[int | None, ProcessorTimes]:
        """What each processor has done, by its number; ``None`` is all of them together."""

    def memory_use(self) -> MemoryUse:
        """Memory of the whole host."""

    def cell_memory(self) -> Mapping[int, MemoryUse]:
        """Memory of each NUMA cell, by its number."""

    def cell_pages(self) -> Mapping[int, tuple[PagePool, ...]]:
        """Memory pages of each NUMA cell, by its number."""

    def disk_space(self, folder: Path) -> DiskSpace:
        """Room on the disk that holds a folder, or will once it is made."""

    def file_facts(self, path: Path) -> FileFacts | None:
        """What the file system says of a file or folder; ``None``: there is none."""

    def names_in(self, folder: Path) -> list[str]:
        """What is in a folder, sorted; nothing where there is no such folder."""
