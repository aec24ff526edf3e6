"""What a running container has used, as its kernel counts it.

Counters begin with the container's start and only grow. What a kernel does not count is ``None``
(or an empty tuple), never zero.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from vzvirt.model.values import Ctid


class Topic(enum.Flag):
    """Groups of counters, so that nobody reads what nobody asked for."""

    CPU = enum.auto()
    PER_CPU = enum.auto()
    MEMORY = enum.auto()
    BLOCK = enum.auto()
    PROCESSES = enum.auto()


EVERYTHING = Topic.CPU | Topic.PER_CPU | Topic.MEMORY | Topic.BLOCK | Topic.PROCESSES


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUse:
    """Processor time in nanoseconds.

    Attributes:
        total: Of all processes together.
        user: The part spent in programs.
        system: The part spent in the kernel.
        per_cpu: By the host's processor; empty where the kernel does not tell them apart.
    """

    total: int
    user: int
    system: int
    per_cpu: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Memory in bytes, and page faults.

    Attributes:
        usage: All that is charged to the container, page cache included.
        peak: The most that ever was.
        resident: Memory of processes (no file behind it).
        cache: Page cache, tmpfs included.
        reclaimable: The part of the cache that the kernel can drop at once.
        swap: What is swapped out.
        limit: The most there may be; ``None``: no limit.
        major_faults: Page faults that had to read a disk.
        minor_faults: Those that had not.
        swapped_in: Bytes ever read back from swap.
        swapped_out: Bytes ever written to it.
    """

    usage: int
    peak: int | None = None
    resident: int = 0
    cache: int = 0
    reclaimable: int = 0
    swap: int | None = None
    limit: int | None = None
    major_faults: int = 0
    minor_faults: int = 0
    swapped_in: int | None = None
    swapped_out: int | None = None

    @property
    def unused(self) -> int | None:
        """Bytes below the limit that nothing is charged for; ``None``: there is no limit."""
        return None if self.limit is None else max(0, self.limit - self.usage)

    @property
    def usable(self) -> int | None:
        """Bytes that processes could still have; ``None``: there is no limit."""
        unused = self.unused
        return None if unused is None else unused + min(self.reclaimable, self.usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockUse:
    """Traffic with one block device of the host: bytes and requests."""

    read_bytes: int = 0
    read_requests: int = 0
    write_bytes: int = 0
    write_requests: int = 0

    def __add__(self, other: BlockUse) -> BlockUse:
        return BlockUse(
            read_bytes=self.read_bytes + other.read_bytes,
            read_requests=self.read_requests + other.read_requests,
            write_bytes=self.write_bytes + other.write_bytes,
            write_requests=self.write_requests + other.write_requests,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What one container has used; ``None`` for topics not asked for, or not counted here.

    Attributes:
        block: By name of the host's block devices below ``/dev``; ``major:minor`` of those gone.
        processes: How many tasks there are right now.
    """

    ctid: Ctid
    cpu: CpuUse | None = None
    memory: MemoryUse | None = None
    block: tuple[tuple[str, BlockUse], ...] | None = None
    processes: int | None = None

    @property
    def all_blocks(self) -> BlockUse | None:
        """Traffic with all block devices together."""
        if self.block is None:
            return None
        return sum((use for _, use in self.block), BlockUse())
