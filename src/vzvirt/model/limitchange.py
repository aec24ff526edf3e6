"""A change of limits: what is to be set, all at once or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from vzvirt import errors
from vzvirt.model.values import Limit, check_number_list

WEIGHTS = range(100, 1001)
"""Weights of disk accesses: OpenVZ's eight priorities are spread over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """New limits; ``None``: as before. Sizes are bytes.

    Attributes:
        memory: What the container may use.
        soft_limit: Where the kernel begins to take memory back.
        min_guarantee: What is kept for it.
        swap: Swap alone, on top of ``memory``.
        memory_and_swap: Both together; what is above ``memory`` is swap.
        vcpus: How many processors it may keep busy.
        shares: Its part of processor time where there is not enough for all; 1024 is usual.
        quota: Microseconds per period of all processors together; -1: no limit.
        period: Microseconds.
        affinity: Processors of the host it runs on: ``0,2-3``, or ``all``.
        numa_nodes: Memory nodes of the host it takes memory from.
        disk_weight: Its part of disk accesses.
        bytes_per_second: Of reads and of writes; 0: no limit.
        operations_per_second: Of reads and of writes; 0: no limit.
    """

    memory: Limit | None = None
    soft_limit: Limit | None = None
    min_guarantee: Limit | None = None
    swap: Limit | None = None
    memory_and_swap: Limit | None = None
    vcpus: int | None = None
    shares: int | None = None
    quota: int | None = None
    period: int | None = None
    affinity: str | None = None
    numa_nodes: str | None = None
    disk_weight: int | None = None
    bytes_per_second: int | None = None
    operations_per_second: int | None = None

    def __post_init__(self) -> None:
        """Check what can be told from the change alone.

        Raises:
            InvalidArgument: A number is out of range, a list is none, or two say the same.
        """
        if self.swap is not None and self.memory_and_swap is not None:
            raise errors.InvalidArgument(
                "swap is given both alone and together with memory", hint="leave one of them out"
            )
        if self.affinity is not None:
            check_number_list(self.affinity, "processors")
        if self.numa_nodes is not None:
            check_number_list(self.numa_nodes, "memory nodes")
        if self.disk_weight is not None and self.disk_weight not in WEIGHTS:
            raise errors.InvalidArgument(
                f"a disk weight of {self.disk_weight} is not in 100..1000"
            )
        for value in (self.bytes_per_second, self.operations_per_second):
            if value is not None and value < 0:
                raise errors.InvalidArgument(f"a disk limit of {value} is negative")

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return self == _NOTHING


_NOTHING = LimitChange()
