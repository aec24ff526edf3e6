"""Limits: memory, processors, block I/O, processes, and OpenVZ's beancounters."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Final

from vzvirt import errors
from vzvirt.model.values import BarrierLimit, Limit

BEANCOUNTERS: Final = (
    "kmemsize",
    "lockedpages",
    "privvmpages",
    "shmpages",
    "numproc",
    "physpages",
    "vmguarpages",
    "oomguarpages",
    "numtcpsock",
    "numflock",
    "numpty",
    "numsiginfo",
    "tcpsndbuf",
    "tcprcvbuf",
    "othersockbuf",
    "dgramrcvbuf",
    "numothersock",
    "numfile",
    "dcachesize",
    "numiptent",
    "avnumproc",
    "swappages",
)
"""Names of the beancounters, in the order OpenVZ writes them."""


PERCENT_PERIOD: Final = 100_000
"""Microseconds of the period in which a limit in percent of one processor counts."""

NO_QUOTA: Final = -1
"""How a quota of processor time says "no limit"."""


class Accounting(enum.Enum):
    """The two kinds of accounting in OpenVZ."""

    VSWAP = "vswap"  # RAM and swap
    UBC = "ubc"  # classic beancounters


HELD_BY_MEMORY: Final = {
    Accounting.VSWAP: frozenset({"physpages", "swappages"}),
    Accounting.UBC: frozenset({"privvmpages", "vmguarpages"}),
}
"""Beancounters that ``Memory`` says, so that no row does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory limits in bytes; ``None``: not said.

    Attributes:
        limit: What the container may use: PHYSPAGES (vswap) or PRIVVMPAGES (ubc).
        swap: Swap **alone**, on top of ``limit`` (vswap only).
        soft_limit: Where reclaim begins: cgroup high mark (vswap), PRIVVMPAGES barrier (ubc).
        min_guarantee: What is kept for it in any case.
    """

    limit: Limit | None = None
    swap: Limit | None = None
    soft_limit: Limit | None = None
    min_guarantee: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """Processor limits.

    Attributes:
        vcpus: How many processors it sees and may use; ``None``: all of the host's.
        affinity: Host processors it may run on: a cpuset list (``0,2-3``), ``all`` or ``auto``.
        shares: cgroup v1 shares (1024 shares = 1000 CPUUNITS).
        period: Microseconds; given together with ``quota``.
        quota: Microseconds per period of all processors together; -1 is none.
        limit_percent: CPULIMIT: percent of one processor, 0 is none. Says the same as
            ``quota``/``period`` where those are given.
    """

    vcpus: int | None = None
    affinity: str | None = None
    shares: int | None = None
    period: int | None = None
    quota: int | None = None
    limit_percent: int | None = None

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            InvalidArgument: A number is out of the range libvirt or OpenVZ allows.
        """
        if self.vcpus is not None and not 1 <= self.vcpus <= 8192:
            raise errors.InvalidArgument(f"vcpu count {self.vcpus} is not in 1..8192")
        if self.period is not None and not 1000 <= self.period <= 1000000:
            raise errors.InvalidArgument(f"cputune period {self.period} is not in 1000..1000000")
        if self.quota is not None and self.quota != -1 and not 1000 <= self.quota <= 2**44:
            raise errors.InvalidArgument(f"cputune quota {self.quota} is not -1 or above 999")

    @property
    def time_limit(self) -> tuple[int | None, int | None]:
        """Quota and period in microseconds, also where percent say it; ``None``: not said."""
        if self.quota is None and self.limit_percent is not None:
            quota = self.limit_percent * PERCENT_PERIOD // 100 or NO_QUOTA
            return quota, self.period or PERCENT_PERIOD
        return self.quota, self.period

    def with_time_limit(self, quota: int, period: int) -> Cpu:
        """A copy with another limit on processor time; in percent where that says the same."""
        exact = replace(self, quota=quota, period=period, limit_percent=None)
        if quota == NO_QUOTA:
            return replace(exact, quota=None, period=None, limit_percent=0)
        if period == PERCENT_PERIOD and quota * 100 % PERCENT_PERIOD == 0:
            percent = quota * 100 // PERCENT_PERIOD
            return replace(exact, quota=None, period=None, limit_percent=percent)
        return exact


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockIo:
    """Disk limits of the device the container lives on.

    Attributes:
        weight: 100..1000; OpenVZ's IOPRIO 0..7.
        bytes_per_second: Reads and writes together; 0: none.
        operations_per_second: Reads and writes together; 0: none.
    """

    weight: int | None = None
    bytes_per_second: int | None = None
    operations_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class Beancounter:
    """One row of the beancounter table; see ``BEANCOUNTERS`` for names."""

    name: str
    value: BarrierLimit

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            InvalidArgument: OpenVZ has no such beancounter.
        """
        if self.name not in BEANCOUNTERS:
            raise errors.InvalidArgument(f"there is no beancounter '{self.name[:40]}'")


class CapabilityDefault(enum.Enum):
    """Which Linux capabilities a container has before single ones are switched."""

    DEFAULT = "default"  # what OpenVZ leaves a container
    ALLOW = "allow"  # all
    DENY = "deny"  # none


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxCapabilities:
    """Switches on top of a default: lower-case names without ``CAP_``, in the order given."""

    default: CapabilityDefault = CapabilityDefault.DEFAULT
    switches: tuple[tuple[str, bool], ...] = ()
