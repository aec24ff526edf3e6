"""ports.host.HostFacts over ``/sys``, ``/proc`` and the file systems. No state."""

from __future__ import annotations

from pathlib import Path

from vzvirt.backends.sysfs import memory, processors
from vzvirt.model.capabilities import (
    HostTopology,
    MemoryUse,
    PagePool,
    ProcessorMap,
    ProcessorTimes,
)
from vzvirt.model.storagepool import DiskSpace, FileFacts
from vzvirt.system import disks


class SysfsFacts:
    """ports.host.HostFacts."""

    def topology(self) -> HostTopology:
        """Processors, memory and caches."""
        there = processors.processor_map()
        return HostTopology(
            cells=memory.cells(),
            caches=processors.caches(there.online),
            offline=there.present - len(there.online),
        )

    def megahertz(self) -> int:
        """How fast the processors are; 0: unknown."""
        return processors.megahertz()

    def processor_map(self) -> ProcessorMap:
        """Which processors there are, and which are online."""
        return processors.processor_map()

    def processor_times(self) -> dict[int | None, ProcessorTimes]:
        """What each processor has done, by its number; ``None`` is all of them together."""
        return processors.times()

    def memory_use(self) -> MemoryUse:
        """Memory of the whole host."""
        return memory.host_memory()

    def cell_memory(self) -> dict[int, MemoryUse]:
        """Memory of each NUMA cell, by its number."""
        return {number: memory.cell_memory(number) for number in memory.cell_numbers()}

    def cell_pages(self) -> dict[int, tuple[PagePool, ...]]:
        """Memory pages of each NUMA cell, by its number."""
        return {number: memory.pages(number) for number in memory.cell_numbers()}

    def disk_space(self, folder: Path) -> DiskSpace:
        """Room on the disk that holds a folder, or will once it is made."""
        return disks.disk_space(folder)

    def file_facts(self, path: Path) -> FileFacts | None:
        """What the file system says of a file or folder; ``None``: there is none."""
        return disks.file_facts(path)

    def names_in(self, folder: Path) -> list[str]:
        """What is in a folder, sorted; nothing where there is no such folder."""
        return disks.names_in(folder)
