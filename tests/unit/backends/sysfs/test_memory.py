from __future__ import annotations

import os
from pathlib import Path

from unit.backends.sysfs.test_processors import put
from vzvirt.backends.sysfs import memory
from vzvirt.model.capabilities import MemoryUse, PagePool

KIB = 1024
PAGE = os.sysconf("SC_PAGE_SIZE")
MEMINFO = """\
MemTotal:        8000000 kB
MemFree:         2000000 kB
MemAvailable:    5000000 kB
Buffers:          100000 kB
Cached:           900000 kB
HugePages_Total:       3
Hugepagesize:       2048 kB
"""


def node(number: int, total: int, free: int) -> str:
    return f"Node {number} MemTotal: {total} kB\nNode {number} MemFree:  {free} kB"


def huge(folder: Path, size: int, total: int, free: int) -> None:
    put(folder / f"hugepages-{size}kB", nr_hugepages=str(total), free_hugepages=str(free))


class TestWithoutNuma:
    def test_all_of_it(self, tmp_path: Path) -> None:
        put(tmp_path, meminfo=MEMINFO)
        assert memory.host_memory(tmp_path) == MemoryUse(
            total=8000000 * KIB, free=2000000 * KIB, buffers=100000 * KIB, cached=900000 * KIB
        )
        assert memory.cell_numbers(tmp_path) == (0,)
        assert memory.cell_memory(0, tmp_path, tmp_path) == MemoryUse(
            total=8000000 * KIB, free=2000000 * KIB
        )

    def test_is_one_cell(self, tmp_path: Path) -> None:
        put(tmp_path, meminfo=MEMINFO)
        put(tmp_path / "cpu", online="0-1", present="0-1")
        huge(tmp_path / "huge", 2048, 3, 1)
        (cell,) = memory.cells(tmp_path, tmp_path, tmp_path / "huge")
        assert (cell.number, cell.memory, cell.distances) == (0, 8000000 * KIB, ((0, 10),))
        assert [processor.number for processor in cell.processors] == [0, 1]
        assert cell.pages == (
            PagePool(
                size=PAGE,
                total=(8000000 - 3 * 2048) * KIB // PAGE,
                free=2000000 * KIB // PAGE,
            ),
            PagePool(size=2048 * KIB, total=3, free=1),
        )


class TestNuma:
    def machine(self, top: Path) -> None:
        put(top, meminfo=MEMINFO)
        put(top / "cpu", online="0-2", present="0-3")
        put(top / "node", online="0-1")
        put(top / "node/node0", meminfo=node(0, 5000, 100), cpulist="0,2", distance="10 21")
        put(top / "node/node1", meminfo=node(1, 3000, 200), cpulist="1,3", distance="21 10")
        for size in (1048576, 2048):
            huge(top / "node/node0/hugepages", size, 0, 0)

    def test_cells(self, tmp_path: Path) -> None:
        self.machine(tmp_path)
        first, second = memory.cells(tmp_path, tmp_path, tmp_path / "none")
        assert (first.memory, second.memory) == (5000 * KIB, 3000 * KIB)
        assert second.distances == ((0, 21), (1, 10))
        assert [processor.number for processor in first.processors] == [0, 2]
        # The fourth is switched off.
        assert [processor.number for processor in second.processors] == [1]
        assert [pool.size for pool in first.pages] == [PAGE, 2048 * KIB, 1048576 * KIB]

    def test_memory_of_one(self, tmp_path: Path) -> None:
        self.machine(tmp_path)
        assert memory.cell_memory(1, tmp_path, tmp_path) == MemoryUse(
            total=3000 * KIB, free=200 * KIB
        )
