"""A small machine that never tires, on a real disk: what is simulated there are real files.

Its processors are as many as the real machine's, since limits are checked against those.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from vzvirt.backends.memory.host import MEMORY
from vzvirt.model.capabilities import (
    CacheBank,
    CacheKind,
    HostTopology,
    MemoryUse,
    NumaCell,
    PagePool,
    Processor,
    ProcessorMap,
    ProcessorTimes,
)
from vzvirt.model.storagepool import DiskSpace, FileFacts
from vzvirt.system import disks

_MHZ: Final = 2400
_CACHE: Final = 32 << 20
_PAGE: Final = 4096
_FREE: Final = MEMORY // 2
_CELL: Final = 0
_TO_ITSELF: Final = 10
_TIMES: Final = ProcessorTimes(user=10 * 10**9, kernel=5 * 10**9, idle=985 * 10**9, iowait=10**9)


class MemoryFacts:
    """ports.host.HostFacts: one socket of cores with one cache, one cell of memory."""

    def topology(self) -> HostTopology:
        """Every processor in a core of its own."""
        online = self.processor_map().online
        cell = NumaCell(
            number=_CELL,
            memory=MEMORY,
            pages=self.cell_pages()[_CELL],
            distances=((_CELL, _TO_ITSELF),),
            processors=tuple(
                Processor(number=number, socket=0, die=0, core=number, siblings=(number,))
                for number in online
            ),
        )
        cache = CacheBank(number=0, level=3, kind=CacheKind.BOTH, size=_CACHE, processors=online)
        return HostTopology(cells=(cell,), caches=(cache,))

    def megahertz(self) -> int:
        """Always the same."""
        return _MHZ

    def processor_map(self) -> ProcessorMap:
        """As many as the real machine has, all online."""
        count = os.cpu_count() or 1
        return ProcessorMap(present=count, online=tuple(range(count)))

    def processor_times(self) -> dict[int | None, ProcessorTimes]:
        """Each has done the same, and always will have."""
        online = self.processor_map().online
        together = ProcessorTimes(
            user=_TIMES.user * len(online),
            kernel=_TIMES.kernel * len(online),
            idle=_TIMES.idle * len(online),
            iowait=_TIMES.iowait * len(online),
        )
        return {None: together, **dict.fromkeys(online, _TIMES)}

    def memory_use(self) -> MemoryUse:
        """Half of it is free."""
        return MemoryUse(total=MEMORY, free=_FREE, buffers=MEMORY // 64, cached=MEMORY // 4)

    def cell_memory(self) -> dict[int, MemoryUse]:
        """All of it in one cell."""
        return {_CELL: MemoryUse(total=MEMORY, free=_FREE)}

    def cell_pages(self) -> dict[int, tuple[PagePool, ...]]:
        """No huge pages."""
        pool = PagePool(size=_PAGE, total=MEMORY // _PAGE, free=_FREE // _PAGE)
        return {_CELL: (pool,)}

    def disk_space(self, folder: Path) -> DiskSpace:
        """Room on the disk that holds a folder, for real."""
        return disks.disk_space(folder)

    def file_facts(self, path: Path) -> FileFacts | None:
        """What the file system says of a file or folder, for real."""
        return disks.file_facts(path)

    def names_in(self, folder: Path) -> list[str]:
        """What is in a folder, for real."""
        return disks.names_in(folder)
