"""What is shown of what containers use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vzvirt.cli.formats import duration_text, size_text
from vzvirt.cli.output import Field
from vzvirt.model.report import DomainSummary
from vzvirt.model.statistics import BlockUse, Statistics

_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class UseRow:
    """A running container and what it has used."""

    summary: DomainSummary
    used: Statistics

    @property
    def cpu(self) -> int | None:
        """Nanoseconds."""
        return self.used.cpu.total if self.used.cpu else None

    @property
    def memory(self) -> int | None:
        """Bytes, page cache included."""
        return self.used.memory.usage if self.used.memory else None

    @property
    def limit(self) -> int | None:
        """Bytes it may use."""
        return self.used.memory.limit if self.used.memory else None

    @property
    def swap(self) -> int | None:
        """Bytes."""
        return self.used.memory.swap if self.used.memory else None

    @property
    def disks(self) -> BlockUse | None:
        """Of all disks together."""
        return self.used.all_blocks


USE_FIELDS: Final[tuple[Field[UseRow], ...]] = (
    Field("ctid", "its number", lambda it: int(it.summary.ctid), "CTID", numeric=True),
    Field("name", "its name", lambda it: it.summary.name, "NAME"),
    Field(
        "cpu_time",
        "nanoseconds of all processors together",
        lambda it: it.cpu,
        "CPU TIME",
        lambda it: duration_text(None if it.cpu is None else it.cpu / _SECOND),
        numeric=True,
    ),
    Field(
        "memory",
        "in use, page cache included",
        lambda it: it.memory,
        "MEMORY",
        lambda it: size_text(it.memory),
        numeric=True,
    ),
    Field(
        "memory_limit",
        "the most there may be; null: no limit",
        lambda it: it.limit,
        "OF",
        lambda it: size_text(it.limit),
        numeric=True,
    ),
    Field(
        "swap",
        "swapped out; null: not counted",
        lambda it: it.swap,
        "SWAP",
        lambda it: size_text(it.swap),
        numeric=True,
    ),
    Field(
        "read_bytes",
        "read from disks; null: not counted",
        lambda it: it.disks.read_bytes if it.disks else None,
        "READ",
        lambda it: size_text(it.disks.read_bytes if it.disks else None),
        numeric=True,
    ),
    Field(
        "write_bytes",
        "written to disks; null: not counted",
        lambda it: it.disks.write_bytes if it.disks else None,
        "WRITTEN",
        lambda it: size_text(it.disks.write_bytes if it.disks else None),
        numeric=True,
    ),
    Field("processes", "tasks", lambda it: it.used.processes, "TASKS", numeric=True),
)
"""``vzvirt stats``."""
