"""How limits stand in a domain's XML."""

from __future__ import annotations

from typing import Final

from vzvirt import errors
from vzvirt.codec.schema import TEXT, Items, Spec, TagName, Value, Values, as_fields
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.convert import (
    CAPABILITY,
    KIB,
    NODESET,
    NUMBER,
    ON_OFF,
    SIGNED,
    UNLIMITED_KIB,
    Amount,
    one_of,
)
from vzvirt.model.resources import (
    PERCENT_PERIOD,
    BlockIo,
    CapabilityDefault,
    Cpu,
    LinuxCapabilities,
    Memory,
)
from vzvirt.model.values import UNLIMITED, IdMap, IdRange

# Memory. libvirt's swap_hard_limit is memory and swap together, the model's swap is swap alone; it
# is written alone where no sum can be: beside no memory limit.

MOST_MEMORY: Final = UNLIMITED_KIB * KIB


def _gather_memory(values: Values, node: Node) -> None:
    limit, total = values.get("limit"), values.pop("total", None)
    alone = values.pop("swap_alone", None)
    if alone is not None:
        values["swap"] = alone
    if total is None:
        return
    if total is UNLIMITED:
        values["swap"] = UNLIMITED
    elif limit is None:
        raise errors.XmlError(
            "<swap_hard_limit> is memory and swap together, but there is no <memory>",
            hint="say how much of it is <memory>",
        )
    elif not isinstance(limit, int) or not isinstance(total, int) or total < limit:
        raise errors.XmlError(
            "<swap_hard_limit> is less than <memory>, but it is memory and swap together"
        )
    else:
        values["swap"] = total - limit
    if alone is not None and alone != values["swap"]:
        raise errors.XmlError("<swap_hard_limit> less <memory> is not what <openvz:swap> says")


def _spread_memory(memory: Memory) -> Values:
    values = as_fields(memory)
    swap, limit = memory.swap, memory.limit
    if swap is UNLIMITED:
        values["total"] = UNLIMITED
    elif isinstance(swap, int) and isinstance(limit, int) and limit + swap < MOST_MEMORY:
        values["total"] = limit + swap
    else:
        values["swap_alone"] = swap
    return values


MEMORY: Final = Spec(
    Memory,
    Amount("limit", "memory", unlimited=True),
    Amount("soft_limit", "memtune/soft_limit", unlimited=True),
    Amount("min_guarantee", "memtune/min_guarantee", unlimited=True),
    Amount("total", "memtune/swap_hard_limit", unlimited=True),
    Amount("swap_alone", "openvz:container/openvz:swap", unlimited=True),
    gather=_gather_memory,
    spread=_spread_memory,
    claims=frozenset({"swap"}),
)

# Processors. A limit in percent of one processor is a quota in a period of 100 ms.

PERCENT: Final = PERCENT_PERIOD // 100


def _gather_cpu(values: Values, node: Node) -> None:
    quota = values.get("quota")
    if not isinstance(quota, int):
        return
    period = values.setdefault("period", PERCENT_PERIOD)
    if quota == -1 or (period == PERCENT_PERIOD and quota >= 0 and quota % PERCENT == 0):
        values["limit_percent"] = 0 if quota == -1 else quota // PERCENT
        del values["quota"], values["period"]


def _spread_cpu(cpu: Cpu) -> Values:
    values = as_fields(cpu)
    if cpu.quota is None and cpu.limit_percent is not None:
        values["period"] = PERCENT_PERIOD
        values["quota"] = cpu.limit_percent * PERCENT or -1
    return values


CPU: Final = Spec(
    Cpu,
    Value("vcpus", "vcpu", NUMBER, blank=True),
    Value("affinity", "vcpu/@cpuset", NODESET),
    Value("shares", "cputune/shares", NUMBER),
    Value("period", "cputune/period", NUMBER),
    Value("quota", "cputune/quota", SIGNED),
    gather=_gather_cpu,
    spread=_spread_cpu,
    claims=frozenset({"limit_percent"}),
)

# Block I/O. OpenVZ limits reads and writes together, on whatever device the container lives.

ROOT_DEVICE: Final = "/dev/root"
"""Stands for the device that the container lives on."""

_RATES: Final = {
    "bytes_per_second": ("read_bytes_sec", "write_bytes_sec"),
    "operations_per_second": ("read_iops_sec", "write_iops_sec"),
}


def _gather_block_io(values: Values, node: Node) -> None:
    values.pop("path", None)
    for name, (reads, writes) in _RATES.items():
        found = values.pop(reads, None), values.pop(writes, None)
        if found[0] != found[1]:
            raise errors.XmlError(
                f"<{reads}> says {found[0]} and <{writes}> says {found[1]}",
                hint="reads and writes are limited together; give both the same limit",
            )
        if found[0] is not None:
            values[name] = found[0]


def _spread_block_io(block_io: BlockIo) -> Values:
    values = as_fields(block_io)
    for name, rows in _RATES.items():
        if values[name] is not None:
            values["path"] = ROOT_DEVICE
            values.update(dict.fromkeys(rows, values[name]))
    return values


BLOCK_IO: Final = Spec(
    BlockIo,
    Value("weight", "blkiotune/weight", NUMBER),
    Value("path", "blkiotune/device/path", TEXT),
    *(
        Value(row, f"blkiotune/device/{row}", NUMBER)
        for row in ("read_bytes_sec", "write_bytes_sec", "read_iops_sec", "write_iops_sec")
    ),
    gather=_gather_block_io,
    spread=_spread_block_io,
    claims=frozenset(_RATES),
)

# Privileges


def _switch(name: str, state: bool) -> tuple[str, bool]:
    return name, state


def _gather_capabilities(values: Values, node: Node) -> None:
    switches = values.get("switches", ())
    assert isinstance(switches, tuple)  # noqa: S101  # what Items reads; for mypy
    values["switches"] = tuple(dict(switches).items())


LINUX_CAPABILITIES: Final = Spec(
    LinuxCapabilities,
    Value("default", "@policy", one_of(CapabilityDefault), always=True),
    Items(
        "switches",
        "*",
        Spec(
            _switch,
            TagName("name", CAPABILITY),
            Value("state", "@state", ON_OFF),
            spread=lambda pair: {"name": pair[0], "state": pair[1]},
        ),
    ),
    gather=_gather_capabilities,
)

_ID_RANGE: Final = Spec(
    IdRange,
    Value("start", "@start", NUMBER),
    Value("target", "@target", NUMBER),
    Value("count", "@count", NUMBER),
)

IDMAP: Final = Spec(IdMap, Items("uids", "uid", _ID_RANGE), Items("gids", "gid", _ID_RANGE))
