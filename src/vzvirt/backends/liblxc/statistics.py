"""What a container has used, from its control groups; whichever version each controller has.

No state, and no processes: a few small files per topic, since the daemon asks for thousands of
containers at once. In version 1 the counters that include inner groups are those that end in
``_recursive`` or begin with ``total_``; in version 2 all do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from vzvirt.backends.liblxc.groups import GONE, Groups
from vzvirt.model.statistics import (
    EVERYTHING,
    BlockUse,
    CpuUse,
    MemoryUse,
    Statistics,
    Topic,
)
from vzvirt.system.files import os_error

_T = TypeVar("_T")

_Reader = Callable[[str, Topic], _T | None]
"""Reads a controller's files in a folder; ``None``: it counts nothing here."""

_Block = tuple[tuple[str, BlockUse], ...]

_PORTION: Final = 1 << 16
"""Bytes read at once; the kernel gives such a file whole if there is room for it."""

_NO_LIMIT: Final = 1 << 62
"""Version 1 says "no limit" by the largest number of whole pages, which depends on their size."""

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

_MICRO: Final = 1000
"""Nanoseconds in a microsecond."""


DEVICES: Final = "/sys/dev/block"


def read(groups: Groups, topics: Topic | None, devices: str = DEVICES) -> Statistics | None:
    """What the kernel counted; ``None``: the container has no groups, so it does not run.

    Args:
        groups: The container's.
        topics: What is wanted; ``None``: everything.
        devices: Where the kernel names block devices by their numbers.
    """
    topics = EVERYTHING if topics is None else topics
    cpu = topics & (Topic.CPU | Topic.PER_CPU)
    try:
        return Statistics(
            ctid=groups.ctid,
            cpu=_of(groups, "cpuacct", _CPU, topics) if cpu else None,
            memory=_of(groups, "memory", _MEMORY, topics) if topics & Topic.MEMORY else None,
            block=_named(_of(groups, "io", _BLOCK, topics), devices)
            if topics & Topic.BLOCK
            else None,
            processes=_of(groups, "pids", _PROCESSES, topics)
            if topics & Topic.PROCESSES
            else None,
        )
    except OSError as error:
        if error.errno in GONE:
            return None
        raise os_error(error, f"read what container {groups.ctid} has used") from error


def block_name(number: str, devices: str = DEVICES) -> str | None:
    """What a block device is called below ``/dev``, by ``major:minor``; ``None``: it is gone."""
    try:
        return os.readlink(f"{devices}/{number}").rpartition("/")[2]  # noqa: PTH115  # often
    except OSError:
        return None


def _named(found: _Block | None, devices: str) -> _Block | None:
    if found is None:
        return None
    return tuple((block_name(number, devices) or number, use) for number, use in found)


def _of(
    groups: Groups, controller: str, readers: Mapping[int, _Reader[_T]], topics: Topic
) -> _T | None:
    """What a controller's reader finds.

    Raises:
        FileNotFoundError: The container has no group there.
    """
    folder, version = groups.folder(controller), groups.trees.version(controller)
    if folder is None or version is None:
        return None
    found = readers[version](str(folder), topics)
    if found is None:
        folder.stat()
    return found


# -- the kernel's forms ------------------------------------------------------------------------


def _text(folder: str, name: str) -> str | None:
    """A file's content, in a fifth of ``Path.read_text``'s time; ``None``: there is none."""
    try:
        file = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.read(file, _PORTION).decode("ascii")
    finally:
        os.close(file)


def _number(folder: str, name: str) -> int | None:
    """A file with one number; ``None``: there is none, or it says ``max``."""
    text = _text(folder, name)
    return int(text) if text and text.strip().isdecimal() else None


def _table(text: str | None) -> dict[str, int]:
    """Lines of a name and a number."""
    pairs = (line.split() for line in (text or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


# -- processors --------------------------------------------------------------------------------


def _cpu_v1(folder: str, topics: Topic) -> CpuUse | None:
    total = _number(folder, "cpuacct.usage")
    if total is None:
        return None
    each = _text(folder, "cpuacct.usage_percpu") if topics & Topic.PER_CPU else None
    # The total is exact, its parts are counted in ticks: they say how to divide it.
    ticks = [_number(folder, f"cpuacct.usage_{part}") or 0 for part in ("user", "sys")]
    user = total * ticks[0] // (sum(ticks) or 1)
    return CpuUse(
        total=total,
        user=user,
        system=total - user,
        per_cpu=tuple(int(word) for word in (each or "").split()),
    )


def _cpu_v2(folder: str, _topics: Topic) -> CpuUse | None:
    """Version 2 does not tell processors apart."""
    found = _table(_text(folder, "cpu.stat"))
    if "usage_usec" not in found:
        return None
    return CpuUse(
        total=found["usage_usec"] * _MICRO,
        user=found.get("user_usec", 0) * _MICRO,
        system=found.get("system_usec", 0) * _MICRO,
    )


_CPU: Final[Mapping[int, _Reader[CpuUse]]] = {1: _cpu_v1, 2: _cpu_v2}


# -- memory ------------------------------------------------------------------------------------


def _memory_v1(folder: str, _topics: Topic) -> MemoryUse | None:
    usage = _number(folder, "memory.usage_in_bytes")
    if usage is None:
        return None
    found = _table(_text(folder, "memory.stat"))
    limit = found.get("hierarchical_memory_limit", _NO_LIMIT)
    major = found.get("total_pgmajfault", 0)
    return MemoryUse(
        usage=usage,
        peak=_number(folder, "memory.max_usage_in_bytes"),
        resident=found.get("total_rss", 0),
        cache=found.get("total_cache", 0),
        reclaimable=found.get("total_inactive_file", 0) + found.get("total_active_file", 0),
        swap=found.get("total_swap"),
        limit=limit if limit < _NO_LIMIT else None,
        major_faults=major,
        minor_faults=max(0, found.get("total_pgfault", 0) - major),
        swapped_in=_pages(found.get("total_pswpin")),
        swapped_out=_pages(found.get("total_pswpout")),
    )


def _memory_v2(folder: str, _topics: Topic) -> MemoryUse | None:
    usage = _number(folder, "memory.current")
    if usage is None:
        return None
    found = _table(_text(folder, "memory.stat"))
    major = found.get("pgmajfault", 0)
    return MemoryUse(
        usage=usage,
        peak=_number(folder, "memory.peak"),
        resident=found.get("anon", 0),
        cache=found.get("file", 0),
        reclaimable=found.get("inactive_file", 0) + found.get("active_file", 0),
        swap=_number(folder, "memory.swap.current"),
        limit=_number(folder, "memory.max"),
        major_faults=major,
        minor_faults=max(0, found.get("pgfault", 0) - major),
        swapped_in=_pages(found.get("pswpin")),
        swapped_out=_pages(found.get("pswpout")),
    )


def _pages(count: int | None) -> int | None:
    return None if count is None else count * _PAGE


_MEMORY: Final[Mapping[int, _Reader[MemoryUse]]] = {1: _memory_v1, 2: _memory_v2}


# -- block devices -----------------------------------------------------------------------------

_V1_FAMILIES: Final = (
    # Counted by whatever scheduler decides who goes first, or, with none, on the way to it.
    ("blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_serviced_recursive"),
    ("blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced"),
    ("blkio.bfq.io_service_bytes_recursive", "blkio.bfq.io_serviced_recursive"),
)


def _block_v1(folder: str, _topics: Topic) -> _Block | None:
    for names in _V1_FAMILIES:
        amounts, requests = (_text(folder, name) for name in names)
        if amounts is not None and requests is not None:
            break
    else:
        return None
    found: dict[str, dict[str, int]] = {}
    for unit, text in (("bytes", amounts), ("requests", requests)):
        for line in text.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in {"Read", "Write"}:
                found.setdefault(words[0], {})[f"{words[1].lower()}_{unit}"] = int(words[2])
    return tuple((device, BlockUse(**counters)) for device, counters in sorted(found.items()))


_V2_COUNTERS: Final = {
    "rbytes": "read_bytes",
    "rios": "read_requests",
    "wbytes": "write_bytes",
    "wios": "write_requests",
}


def _block_v2(folder: str, _topics: Topic) -> _Block | None:
    text = _text(folder, "io.stat")
    if text is None:
        return None
    found: dict[str, BlockUse] = {}
    for line in text.splitlines():
        device, *words = line.split()
        pairs = (word.partition("=") for word in words)
        counters = {
            _V2_COUNTERS[name]: int(value) for name, _, value in pairs if name in _V2_COUNTERS
        }
        if counters:
            found[device] = BlockUse(**counters)
    return tuple(sorted(found.items(), key=lambda item: item[0]))


_BLOCK: Final[Mapping[int, _Reader[_Block]]] = {1: _block_v1, 2: _block_v2}


# -- processes ---------------------------------------------------------------------------------


def _processes(folder: str, _topics: Topic) -> int | None:
    return _number(folder, "pids.current")


_PROCESSES: Final[Mapping[int, _Reader[int]]] = {1: _processes, 2: _processes}
