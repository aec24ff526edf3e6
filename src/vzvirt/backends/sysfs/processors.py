"""Processors, their caches and their times, as the kernel tells of them. No state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt.backends.sysfs.attributes import Folder
from vzvirt.model.capabilities import (
    CacheBank,
    CacheKind,
    Processor,
    ProcessorMap,
    ProcessorTimes,
)

SYSTEM: Final = Path("/sys/devices/system")
PROC: Final = Path("/proc")

_SHARED_LEVEL: Final = 3
"""Caches from this level on are worth telling: those below belong to one core."""

_KINDS: Final = {
    "Unified": CacheKind.BOTH,
    "Instruction": CacheKind.CODE,
    "Data": CacheKind.DATA,
}
"""What the kernel calls each kind of cache."""

_NANOSECONDS: Final = 1_000_000_000
_KHZ_IN_MHZ: Final = 1000


def numbers(text: str) -> tuple[int, ...]:
    """A list of the kernel's, such as ``0-3,8``; empty where there is none."""
    found: list[int] = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return tuple(found)


def processor_map(system: Path = SYSTEM) -> ProcessorMap:
    """Which processors there are, and which of them are switched on."""
    cpu = Folder(system / "cpu")
    online = numbers(cpu.text("online")) or tuple(range(os.cpu_count() or 1))
    present = numbers(cpu.text("present")) or online
    return ProcessorMap(present=max(*present, *online) + 1, online=online)


def processor(number: int, system: Path = SYSTEM) -> Processor:
    """One that is online; a kernel that tells nothing of it has it in a core of its own."""
    topology = Folder(system / f"cpu/cpu{number}/topology")
    core = topology.number("core_id")
    return Processor(
        number=number,
        socket=topology.number("physical_package_id") or 0,
        die=topology.number("die_id") or 0,
        core=number if core is None else core,
        siblings=numbers(topology.text("thread_siblings_list")) or (number,),
    )


def caches(online: tuple[int, ...], system: Path = SYSTEM) -> tuple[CacheBank, ...]:
    """The caches that cores share, each once."""
    found: dict[tuple[int, CacheKind, int], CacheBank] = {}
    for number in online:
        for bank in _caches_of(number, system):
            found.setdefault((bank.level, bank.kind, bank.number), bank)
    return tuple(
        found[key] for key in sorted(found, key=lambda key: (key[0], key[1].value, key[2]))
    )


def _caches_of(number: int, system: Path) -> Iterator[CacheBank]:
    for folder in sorted((system / f"cpu/cpu{number}/cache").glob("index*")):
        index = Folder(folder)
        level, kind = index.number("level") or 0, _KINDS.get(index.text("type"))
        sharers = numbers(index.text("shared_cpu_list")) or (number,)
        if level >= _SHARED_LEVEL and kind is not None:
            given = index.number("id")  # old kernels have none
            yield CacheBank(
                number=sharers[0] if given is None else given,
                level=level,
                kind=kind,
                size=int(index.text("size").removesuffix("K") or 0) * 1024,
                processors=sharers,
            )


def megahertz(proc: Path = PROC, system: Path = SYSTEM) -> int:
    """How fast the first processor is; 0: nobody says."""
    for line in Folder(proc).text("cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "cpu MHz":
            return int(float(value))
    return (Folder(system / "cpu/cpu0/cpufreq").number("cpuinfo_max_freq") or 0) // _KHZ_IN_MHZ


def times(proc: Path = PROC) -> dict[int | None, ProcessorTimes]:
    """What each processor has done, by its number, and ``None`` for all of them together."""
    found = {}
    for line in Folder(proc).text("stat").splitlines():
        name, *amounts = line.split()
        if not name.startswith("cpu"):
            continue
        user, nice, system, idle, iowait, irq, softirq = (_time(text) for text in amounts[:7])
        found[int(name[3:]) if name[3:] else None] = ProcessorTimes(
            user=user + nice, kernel=system + irq + softirq, idle=idle, iowait=iowait
        )
    return found


def _time(ticks: str) -> int:
    return int(ticks) * (_NANOSECONDS // os.sysconf("SC_CLK_TCK"))
