"""The host's memory and how it is spread over NUMA cells. No state."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from vzvirt.backends.sysfs.attributes import Folder
from vzvirt.backends.sysfs.processors import PROC, SYSTEM, numbers, processor, processor_map
from vzvirt.model.capabilities import MemoryUse, NumaCell, PagePool

HUGE_PAGES: Final = Path("/sys/kernel/mm/hugepages")
"""Where a kernel without NUMA tells of its huge pages."""

_POOL: Final = re.compile(r"hugepages-([0-9]+)kB")
_KIB: Final = 1024
_TO_ITSELF: Final = 10
"""A cell's distance to itself, by the convention of ACPI."""


def host_memory(proc: Path = PROC) -> MemoryUse:
    """Memory of the whole host."""
    found = _amounts(Folder(proc).text("meminfo"))
    return MemoryUse(
        total=found.get("MemTotal", 0),
        free=found.get("MemFree", 0),
        buffers=found.get("Buffers", 0),
        cached=found.get("Cached", 0),
    )


def cell_numbers(system: Path = SYSTEM) -> tuple[int, ...]:
    """The NUMA cells there are; one where the kernel knows of none."""
    return numbers(Folder(system / "node").text("online")) or (0,)


def cell_memory(number: int, system: Path = SYSTEM, proc: Path = PROC) -> MemoryUse:
    """Memory of one cell."""
    if not (system / f"node/node{number}").is_dir():
        whole = host_memory(proc)
        return MemoryUse(total=whole.total, free=whole.free)
    text = Folder(system / f"node/node{number}").text("meminfo")
    found = _amounts(text.replace(f"Node {number} ", ""))
    return MemoryUse(total=found.get("MemTotal", 0), free=found.get("MemFree", 0))


def _amounts(text: str) -> dict[str, int]:
    """Bytes by their name; what is no amount of KiB is left out."""
    lines = (line.partition(":") for line in text.splitlines())
    return {
        name.strip(): int(words[0]) * _KIB
        for name, _, value in lines
        if len(words := value.split()) == 2 and words[1] == "kB"
    }


def pages(
    number: int, system: Path = SYSTEM, proc: Path = PROC, huge: Path = HUGE_PAGES
) -> tuple[PagePool, ...]:
    """The pages of one cell, the smallest first; what huge ones take is none of the small."""
    own = system / f"node/node{number}/hugepages"
    pools = sorted(_huge_pools(own if own.is_dir() else huge), key=lambda pool: pool.size)
    memory = cell_memory(number, system, proc)
    size = os.sysconf("SC_PAGE_SIZE")
    taken = sum(pool.size * pool.total for pool in pools)
    small = PagePool(size=size, total=(memory.total - taken) // size, free=memory.free // size)
    return (small, *pools)


def _huge_pools(folder: Path) -> list[PagePool]:
    pools = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        match = _POOL.fullmatch(entry.name)
        if match:
            pool = Folder(entry)
            pools.append(
                PagePool(
                    size=int(match[1]) * _KIB,
                    total=pool.number("nr_hugepages") or 0,
                    free=pool.number("free_hugepages") or 0,
                )
            )
    return pools


def cells(
    system: Path = SYSTEM, proc: Path = PROC, huge: Path = HUGE_PAGES
) -> tuple[NumaCell, ...]:
    """All cells with the processors in them that are online."""
    online = processor_map(system).online
    known = cell_numbers(system)
    found = []
    for number in known:
        node = Folder(system / f"node/node{number}")
        members = set(numbers(node.text("cpulist"))) if node.path.is_dir() else set(online)
        measured = tuple(int(word) for word in node.text("distance").split())
        whole = len(measured) == len(known)
        found.append(
            NumaCell(
                number=number,
                memory=cell_memory(number, system, proc).total,
                pages=pages(number, system, proc, huge),
                distances=tuple(zip(known, measured, strict=True))
                if whole
                else ((number, _TO_ITSELF),),
                processors=tuple(processor(each, system) for each in online if each in members),
            )
        )
    return tuple(found)
