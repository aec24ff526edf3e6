"""What simulated containers use: made up, but of one piece, and growing as they run."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from vzvirt.backends.memory.state import Run
from vzvirt.model.guestinfo import MountUse
from vzvirt.model.statistics import EVERYTHING, BlockUse, CpuUse, MemoryUse, Statistics, Topic
from vzvirt.model.values import Ctid

PROCESSES: Final = 1
"""There is just its init."""

_IDLE: Final = 5_000_000
"""Nanoseconds of processor time that an idle init takes in a second."""

_RESIDENT: Final = 12 << 20
_CACHE: Final = 4 << 20
_READ: Final = 8 << 20
_READS: Final = 256
_DISK: Final = 1 << 30


def statistics(ctid: Ctid, run: Run, topics: Topic | None) -> Statistics:
    """What a container that is said to run has used; everything without ``topics``."""
    topics = EVERYTHING if topics is None else topics
    cpu = topics & (Topic.CPU | Topic.PER_CPU)
    return Statistics(
        ctid=ctid,
        cpu=_cpu(run, topics) if cpu else None,
        memory=_memory(run) if topics & Topic.MEMORY else None,
        block=_BLOCK if topics & Topic.BLOCK else None,
        processes=PROCESSES if topics & Topic.PROCESSES else None,
    )


def _cpu(run: Run, topics: Topic) -> CpuUse:
    total = int((time.time() - (run.started_at or time.time())) * _IDLE)
    user = total // 3
    count = (os.cpu_count() or 1) if topics & Topic.PER_CPU else 0
    each = tuple(total // count for _ in range(count))
    return CpuUse(total=total, user=user, system=total - user, per_cpu=each)


def _memory(run: Run) -> MemoryUse:
    return MemoryUse(
        usage=_RESIDENT + _CACHE,
        peak=_RESIDENT + _CACHE,
        resident=_RESIDENT,
        cache=_CACHE,
        reclaimable=_CACHE,
        swap=0,
        limit=run.memory,
        major_faults=_READS,
        minor_faults=_RESIDENT >> 12,
    )


_BLOCK: Final = (("vda", BlockUse(read_bytes=_READ, read_requests=_READS)),)


def mounts(run: Run) -> list[MountUse]:
    """Its root, as full as the files in it make it."""
    files = [path for path in Path(run.root).rglob("*") if path.is_file()] if run.root else []
    used = sum(path.lstat().st_size for path in files)
    root = MountUse(
        mountpoint="/",
        name="/dev/vda",
        fstype="ext4",
        devices=("vda",),
        total=max(_DISK, used),
        used=used,
    )
    return [root]
