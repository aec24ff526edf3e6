"""THE table of limits: what a definition says, and where the kernel wants it.

No state. A row says for one parameter which files of which controller hold it in version 1
and version 2 of control groups, and how its value is written there. Rows are always written
all, whether set or not, so that taking a limit away is nothing special.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vzvirt.model.domain import Domain
from vzvirt.model.values import UNLIMITED, Limit

_PERIOD: Final = 100_000
"""Microseconds: the kernel's own period, where a definition names none."""

_SHARES: Final = 1024
"""The kernel's own share of version 1; it corresponds to the weight 100 of version 2."""


_DISK_WEIGHT: Final = "100"
"""The kernel's own, of both schedulers that know weights and in both versions."""


@dataclass(frozen=True, slots=True)
class Squeeze:
    """How the kernel is made to take back what is in use above a limit, ending no process.

    Attributes:
        used: The file that says how much is in use.
        mark: The file that it is squeezed by: above its value the kernel takes back, no more.
    """

    used: str
    mark: str


@dataclass(frozen=True, slots=True)
class LimitFile:
    """One file of a control group.

    Attributes:
        name: Its name, the controller's prefix included.
        write: What to write for a definition; an empty text: what the group above has.
        optional: Whether kernels may lack it (swap accounting can be switched off).
        whole_tree: Whether each group below has to be given the value too: the kernel wants a
            group's part of it inside its parent's at every moment, or looks at no parent.
        per_disk: Whether it has a line for each disk: what is written begins with the disk's
            number.
        may_be_refused: Whether the container does without it where the kernel refuses the value.
        squeeze: What goes before a lower value, where the kernel would not refuse one that is
            below what is in use but end processes until it holds.
    """

    name: str
    write: Callable[[Domain], str]
    optional: bool = False
    whole_tree: bool = False
    per_disk: bool = False
    may_be_refused: bool = False
    squeeze: Squeeze | None = None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One parameter.

    Attributes:
        parameter: Its name, for people.
        controller: Which controller keeps it, by version 1's name.
        value: What a definition says, for people; ``None``: nothing.
        v1: Files of version 1, in the order of writing; none: not possible there.
        v2: Files of version 2.
        approximately: In which way the kernel keeps it differently; empty: exactly.
    """

    parameter: str
    controller: str
    value: Callable[[Domain], str | None]
    v1: tuple[LimitFile, ...] = ()
    v2: tuple[LimitFile, ...] = ()
    approximately: str = ""

    def files(self, version: int | None) -> tuple[LimitFile, ...]:
        """The files of one version; ``None``: the host lacks the controller."""
        return {1: self.v1, 2: self.v2}.get(version or 0, ())


def _amount(limit: Limit | None, endless: str) -> str:
    return endless if limit is None or limit is UNLIMITED else str(limit)


def _said(limit: Limit | None) -> str | None:
    return None if limit is None else _amount(limit, "unlimited")


def _memory_and_swap(domain: Domain) -> str:
    memory, swap = domain.memory.limit, domain.memory.swap
    if isinstance(memory, int) and isinstance(swap, int):
        return str(memory + swap)
    return "-1"


def processes(domain: Domain) -> Limit | None:
    """How many tasks a definition allows (OpenVZ's numproc)."""
    for row in domain.openvz.beancounters:
        if row.name == "numproc":
            return row.value.limit
    return None


def cpu_quota(domain: Domain) -> tuple[int | None, int]:
    """Microseconds of processor time per period, and the period; ``None``: no limit.

    The number of virtual processors limits the time too: that many at most run at once.
    """
    cpu = domain.cpu
    period = cpu.period or _PERIOD
    candidates = []
    if cpu.quota is not None:
        if cpu.quota != -1:
            candidates.append(cpu.quota)
    elif cpu.limit_percent:
        candidates.append(cpu.limit_percent * period // 100)
    if cpu.vcpus is not None:
        candidates.append(cpu.vcpus * period)
    return (max(min(candidates), 1000) if candidates else None), period


def _quota_said(domain: Domain) -> str | None:
    quota, period = cpu_quota(domain)
    return None if quota is None else f"{quota} us of {period} us"


def _weight(domain: Domain) -> str:
    shares = _SHARES if domain.cpu.shares is None else domain.cpu.shares
    return str(min(10_000, max(1, round(shares * 100 / _SHARES))))


def _cpus(domain: Domain) -> str:
    given = domain.cpu.affinity
    return "" if given in {None, "all", "auto"} else str(given)


def _nodes(domain: Domain) -> str:
    return "" if domain.numa_nodes in {None, "all"} else str(domain.numa_nodes)


def _quota_v1(domain: Domain) -> str:
    quota = cpu_quota(domain)[0]
    return "-1" if quota is None else str(quota)


def _quota_v2(domain: Domain) -> str:
    quota, period = cpu_quota(domain)
    return f"{'max' if quota is None else quota} {period}"


def _disk_weight(domain: Domain) -> str:
    weight = domain.block_io.weight
    return _DISK_WEIGHT if weight is None else str(weight)


def _rate(domain: Domain, field: str) -> int | None:
    """A limit on the disk; none stands for no limit."""
    rate: int | None = getattr(domain.block_io, field)
    return rate or None


def _rate_said(field: str) -> Callable[[Domain], str | None]:
    def said(domain: Domain) -> str | None:
        rate = _rate(domain, field)
        return None if rate is None else str(rate)

    return said


def _rates_v1(field: str, unit: str) -> tuple[LimitFile, ...]:
    """Reads and writes each get what OpenVZ gives both together."""
    return tuple(
        LimitFile(
            f"blkio.throttle.{direction}_{unit}_device",
            lambda domain: str(_rate(domain, field) or 0),
            whole_tree=True,
            per_disk=True,
        )
        for direction in ("read", "write")
    )


_COUNTED: Final = LimitFile(
    "blkio.throttle.read_bps_device", lambda _: "0", per_disk=True, may_be_refused=True
)
"""Since 6.10 version 1 counts what goes to a disk only once some group was given a line for it."""


def _rates_v2(field: str, unit: str) -> tuple[LimitFile, ...]:
    def write(domain: Domain) -> str:
        rate = _rate(domain, field) or "max"
        return f"r{unit}={rate} w{unit}={rate}"

    return (LimitFile("io.max", write, per_disk=True),)


def _rates(parameter: str, field: str, unit: str, *first_v1: LimitFile) -> LimitRow:
    return LimitRow(
        parameter,
        "blkio",
        _rate_said(field),
        approximately="for reads and for writes; in version 1 not what the kernel writes later",
        v1=(*first_v1, *_rates_v1(field, unit)),
        v2=_rates_v2(field, unit),
    )


_RAISED_FIRST: Final = LimitFile("memory.memsw.limit_in_bytes", lambda _: "-1", optional=True)
"""Version 1 wants memory + swap never below memory, so it steps out of the way first."""

_SWAP: Final = LimitFile(
    "memory.swap.max", lambda domain: _amount(domain.memory.swap, "max"), optional=True
)
"""Written before the memory too: what is taken back for less memory needs the swap for it."""

LIMITS: Final = (
    LimitRow(
        "memory",
        "memory",
        lambda domain: _said(domain.memory.limit),
        v1=(
            _RAISED_FIRST,
            LimitFile("memory.limit_in_bytes", lambda domain: _amount(domain.memory.limit, "-1")),
        ),
        v2=(
            _SWAP,
            LimitFile(
                "memory.max",
                lambda domain: _amount(domain.memory.limit, "max"),
                squeeze=Squeeze(used="memory.current", mark="memory.high"),
            ),
        ),
    ),
    LimitRow(
        "swap",
        "memory",
        lambda domain: _said(domain.memory.swap),
        v1=(LimitFile("memory.memsw.limit_in_bytes", _memory_and_swap, optional=True),),
        v2=(_SWAP,),
    ),
    LimitRow(
        "memory soft limit",
        "memory",
        lambda domain: _said(domain.memory.soft_limit),
        approximately="above it the kernel takes memory back first, or slows the container down",
        v1=(
            LimitFile(
                "memory.soft_limit_in_bytes",
                lambda domain: _amount(domain.memory.soft_limit, "-1"),
                optional=True,
            ),
        ),
        v2=(
            LimitFile(
                "memory.high",
                lambda domain: _amount(domain.memory.soft_limit, "max"),
                optional=True,
            ),
        ),
    ),
    LimitRow(
        "numproc",
        "pids",
        lambda domain: _said(processes(domain)),
        v1=(LimitFile("pids.max", lambda domain: _amount(processes(domain), "max")),),
        v2=(LimitFile("pids.max", lambda domain: _amount(processes(domain), "max")),),
    ),
    LimitRow(
        "cpu shares",
        "cpu",
        lambda domain: None if domain.cpu.shares is None else str(domain.cpu.shares),
        approximately="counts against everything on the host that has a share too",
        v1=(LimitFile("cpu.shares", lambda domain: str(max(2, domain.cpu.shares or _SHARES))),),
        v2=(LimitFile("cpu.weight", _weight),),
    ),
    LimitRow(
        "cpu limit",
        "cpu",
        _quota_said,
        approximately="as processor time; all processors are seen inside",
        v1=(
            LimitFile("cpu.cfs_quota_us", lambda _: "-1"),
            LimitFile("cpu.cfs_period_us", lambda domain: str(cpu_quota(domain)[1])),
            LimitFile("cpu.cfs_quota_us", _quota_v1),
        ),
        v2=(LimitFile("cpu.max", _quota_v2),),
    ),
    LimitRow(
        "cpu affinity",
        "cpuset",
        lambda domain: domain.cpu.affinity,
        v1=(LimitFile("cpuset.cpus", _cpus, whole_tree=True),),
        v2=(LimitFile("cpuset.cpus", _cpus),),
    ),
    LimitRow(
        "memory nodes",
        "cpuset",
        lambda domain: domain.numa_nodes,
        v1=(LimitFile("cpuset.mems", _nodes, whole_tree=True),),
        v2=(LimitFile("cpuset.mems", _nodes),),
    ),
    LimitRow(
        "disk weight",
        "blkio",
        lambda domain: None if domain.block_io.weight is None else str(domain.block_io.weight),
        approximately="on disks whose scheduler is bfq, against everything that has a weight",
        v1=(LimitFile("blkio.bfq.weight", _disk_weight, optional=True),),
        v2=(
            LimitFile("io.weight", _disk_weight, optional=True),
            LimitFile("io.bfq.weight", _disk_weight, optional=True),
        ),
    ),
    _rates("disk bytes per second", "bytes_per_second", "bps", _COUNTED),
    _rates("disk operations per second", "operations_per_second", "iops"),
)
"""In the order they are written."""
