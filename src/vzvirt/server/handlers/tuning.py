"""Limits of containers: memory, processor time, disks, memory nodes, interfaces."""

from __future__ import annotations

from typing import Final, cast

from vzvirt import errors
from vzvirt.codec.xml.resources import ROOT_DEVICE
from vzvirt.model.devices import Bandwidth
from vzvirt.model.domain import Domain
from vzvirt.model.limitchange import LimitChange
from vzvirt.model.resources import NO_QUOTA, PERCENT_PERIOD, Accounting
from vzvirt.model.values import UNLIMITED, Limit
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.constants import (
    VIR_DOMAIN_AFFECT_CURRENT,
    VIR_DOMAIN_MEM_MAXIMUM,
    VIR_DOMAIN_NUMATUNE_MEM_STRICT,
)
from vzvirt.rpc.typedparams import Kind, Value, values
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.params import FLAGS, Param, from_kib, in_kib, portion
from vzvirt.server.targets import AFFECTS, affect, change, changing, definition, one, reference

SCHEDULER: Final = "posix"
"""What clients call a scheduler that goes by shares and quotas."""

SHARES: Final = 1024
"""What counts where a definition says nothing."""


def _given(params: dict[str, Value], name: str) -> int | None:
    return cast("int | None", params.get(name))


# -- memory ------------------------------------------------------------------------------------


@handles("domain_get_max_memory", where=Where.WORKER)
def get_max_memory(
    call: Call, args: remote.DomainGetMaxMemoryArgs
) -> remote.DomainGetMaxMemoryRet:
    """KiB it may use: there is one such number."""
    domain = definition(call, args.dom, VIR_DOMAIN_AFFECT_CURRENT)
    return remote.DomainGetMaxMemoryRet(in_kib(domain.memory.limit))


@handles("domain_set_memory", where=Where.WORKER)
def set_memory(call: Call, args: remote.DomainSetMemoryArgs) -> None:
    """Set it, of what runs if it runs."""
    _set_memory(call, args.dom, args.memory, VIR_DOMAIN_AFFECT_CURRENT)


@handles("domain_set_max_memory", where=Where.WORKER)
def set_max_memory(call: Call, args: remote.DomainSetMaxMemoryArgs) -> None:
    """The same: what it may use is the most it may use."""
    _set_memory(call, args.dom, args.memory, VIR_DOMAIN_AFFECT_CURRENT)


@handles("domain_set_memory_flags", flags=AFFECTS | VIR_DOMAIN_MEM_MAXIMUM, where=Where.WORKER)
def set_memory_flags(call: Call, args: remote.DomainSetMemoryFlagsArgs) -> None:
    """The same for a definition that the flags name."""
    _set_memory(call, args.dom, args.memory, args.flags)


def _set_memory(call: Call, dom: remote.NonnullDomain, amount: int, flags: int) -> None:
    change(call, dom, LimitChange(memory=from_kib(amount)), flags)


_MEMORY: Final = {
    "hard_limit": Kind.ULLONG,
    "soft_limit": Kind.ULLONG,
    "min_guarantee": Kind.ULLONG,
    "swap_hard_limit": Kind.ULLONG,
}


@handles("domain_get_memory_parameters", flags=FLAGS, where=Where.WORKER)
def get_memory_parameters(
    call: Call, args: remote.DomainGetMemoryParametersArgs
) -> remote.DomainGetMemoryParametersRet:
    """Its limits on memory, in KiB; swap counts together with memory."""
    domain = definition(call, args.dom, args.flags)
    memory = domain.memory
    both: Limit = UNLIMITED
    if isinstance(memory.limit, int) and isinstance(memory.swap, int):
        both = memory.limit + memory.swap
    amounts = [memory.limit, memory.soft_limit, memory.min_guarantee or 0]
    if domain.openvz.accounting is not Accounting.UBC:
        amounts.append(both)
    rows: list[Param] = [
        (name, in_kib(amount), kind)
        for (name, kind), amount in zip(_MEMORY.items(), amounts, strict=False)
    ]
    return remote.DomainGetMemoryParametersRet(*portion(rows, args.nparams, args.flags))


@handles("domain_set_memory_parameters", flags=FLAGS, where=Where.WORKER)
def set_memory_parameters(call: Call, args: remote.DomainSetMemoryParametersArgs) -> None:
    """Set some of them."""
    given = values(args.params, _MEMORY)

    def amount(name: str) -> Limit | None:
        value = _given(given, name)
        return None if value is None else from_kib(value)

    limits = LimitChange(
        memory=amount("hard_limit"),
        soft_limit=amount("soft_limit"),
        min_guarantee=amount("min_guarantee"),
        memory_and_swap=amount("swap_hard_limit"),
    )
    change(call, args.dom, limits, args.flags)


# -- processor time ----------------------------------------------------------------------------

_SCHEDULER: Final = {
    "cpu_shares": Kind.ULLONG,
    "vcpu_period": Kind.ULLONG,
    "vcpu_quota": Kind.LLONG,
}


@handles("domain_get_scheduler_type", where=Where.WORKER)
def get_scheduler_type(
    call: Call, args: remote.DomainGetSchedulerTypeArgs
) -> remote.DomainGetSchedulerTypeRet:
    """The same for all."""
    reference(call, args.dom)
    return remote.DomainGetSchedulerTypeRet(SCHEDULER, len(_SCHEDULER))


@handles("domain_get_scheduler_parameters", where=Where.WORKER)
def get_scheduler_parameters(
    call: Call, args: remote.DomainGetSchedulerParametersArgs
) -> remote.DomainGetSchedulerParametersRet:
    """Its limits on processor time."""
    rows = _scheduler_rows(definition(call, args.dom, VIR_DOMAIN_AFFECT_CURRENT))
    return remote.DomainGetSchedulerParametersRet(portion(rows, args.nparams, 0)[0])


@handles("domain_get_scheduler_parameters_flags", flags=FLAGS, where=Where.WORKER)
def get_scheduler_parameters_flags(
    call: Call, args: remote.DomainGetSchedulerParametersFlagsArgs
) -> remote.DomainGetSchedulerParametersFlagsRet:
    """The same of a definition that the flags name."""
    rows = _scheduler_rows(definition(call, args.dom, args.flags))
    return remote.DomainGetSchedulerParametersFlagsRet(portion(rows, args.nparams, 0)[0])


def _scheduler_rows(domain: Domain) -> list[Param]:
    cpu = domain.cpu
    quota, period = cpu.time_limit
    found = (
        SHARES if cpu.shares is None else cpu.shares,
        PERCENT_PERIOD if period is None else period,
        NO_QUOTA if quota is None else quota,
    )
    return [
        (name, value, kind) for (name, kind), value in zip(_SCHEDULER.items(), found, strict=True)
    ]


@handles("domain_set_scheduler_parameters", where=Where.WORKER)
def set_scheduler_parameters(call: Call, args: remote.DomainSetSchedulerParametersArgs) -> None:
    """Set some of them, of what runs if it runs."""
    _set_scheduler(call, args.dom, values(args.params, _SCHEDULER), VIR_DOMAIN_AFFECT_CURRENT)


@handles("domain_set_scheduler_parameters_flags", flags=FLAGS, where=Where.WORKER)
def set_scheduler_parameters_flags(
    call: Call, args: remote.DomainSetSchedulerParametersFlagsArgs
) -> None:
    """The same of a definition that the flags name."""
    _set_scheduler(call, args.dom, values(args.params, _SCHEDULER), args.flags)


def _set_scheduler(
    call: Call, dom: remote.NonnullDomain, given: dict[str, Value], flags: int
) -> None:
    limits = LimitChange(
        shares=_given(given, "cpu_shares"),
        quota=_given(given, "vcpu_quota"),
        period=_given(given, "vcpu_period"),
    )
    change(call, dom, limits, flags)


# -- disks -------------------------------------------------------------------------------------

_RATES: Final = {
    "operations_per_second": ("device_read_iops_sec", "device_write_iops_sec"),
    "bytes_per_second": ("device_read_bytes_sec", "device_write_bytes_sec"),
}
"""Reads and writes are limited together, on the device that the container lives on."""

_BLKIO: Final = {
    "weight": Kind.UINT,
    **{name: Kind.STRING for pair in _RATES.values() for name in pair},
}


@handles("domain_get_blkio_parameters", flags=FLAGS, where=Where.WORKER)
def get_blkio_parameters(
    call: Call, args: remote.DomainGetBlkioParametersArgs
) -> remote.DomainGetBlkioParametersRet:
    """Its limits on disk accesses; a weight of 0 is none of its own."""
    block_io = definition(call, args.dom, args.flags).block_io
    rows: list[Param] = [("weight", block_io.weight or 0, Kind.UINT)]
    for field, names in _RATES.items():
        rate: int | None = getattr(block_io, field)
        words = f"{ROOT_DEVICE},{rate}" if rate else ""
        rows += [(name, words, Kind.STRING) for name in names]
    return remote.DomainGetBlkioParametersRet(*portion(rows, args.nparams, args.flags))


@handles("domain_set_blkio_parameters", flags=FLAGS, where=Where.WORKER)
def set_blkio_parameters(call: Call, args: remote.DomainSetBlkioParametersArgs) -> None:
    """Set some of them."""
    given = values(args.params, _BLKIO)
    rates = {field: _rate(given, *names) for field, names in _RATES.items()}
    limits = LimitChange(
        disk_weight=_given(given, "weight"),
        bytes_per_second=rates["bytes_per_second"],
        operations_per_second=rates["operations_per_second"],
    )
    change(call, args.dom, limits, args.flags)


def _rate(given: dict[str, Value], reads: str, writes: str) -> int | None:
    """What both directions are limited to; ``None``: nothing is said of them.

    Raises:
        InvalidArgument: They are to differ, or another device than the container's is named.
    """
    found = {name: str(given[name]) for name in (reads, writes) if name in given}
    if not found:
        return None
    if len(set(found.values())) != 1 or len(found) != 2:
        raise errors.InvalidArgument(
            f"parameters '{reads}' and '{writes}' differ",
            hint="reads and writes are limited together; give both the same limit",
        )
    words = found[reads]
    device, _, number = words.rpartition(",")
    if device not in {"", ROOT_DEVICE} or (words and not number.isdecimal()):
        raise errors.InvalidArgument(
            f"parameter '{reads}' is '{words[:80]}'",
            hint=f"write it as {ROOT_DEVICE},NUMBER: the device that the container lives on",
        )
    return int(number or 0)


# -- memory nodes ------------------------------------------------------------------------------

_NUMA: Final = {"numa_nodeset": Kind.STRING, "numa_mode": Kind.INT}


@handles("domain_get_numa_parameters", flags=FLAGS, where=Where.WORKER)
def get_numa_parameters(
    call: Call, args: remote.DomainGetNumaParametersArgs
) -> remote.DomainGetNumaParametersRet:
    """Which memory nodes it takes memory from; none named: from all."""
    nodes = definition(call, args.dom, args.flags).numa_nodes
    rows: list[Param] = [
        ("numa_nodeset", "" if nodes in {None, "all"} else str(nodes), Kind.STRING),
        ("numa_mode", VIR_DOMAIN_NUMATUNE_MEM_STRICT, Kind.INT),
    ]
    return remote.DomainGetNumaParametersRet(*portion(rows, args.nparams, args.flags))


@handles("domain_set_numa_parameters", flags=FLAGS, where=Where.WORKER)
def set_numa_parameters(call: Call, args: remote.DomainSetNumaParametersArgs) -> None:
    """Set them."""
    given = values(args.params, _NUMA)
    if given.get("numa_mode", VIR_DOMAIN_NUMATUNE_MEM_STRICT) != VIR_DOMAIN_NUMATUNE_MEM_STRICT:
        raise errors.ConfigUnsupported(
            "a container takes memory from its nodes alone: the only mode is 'strict'"
        )
    nodes = given.get("numa_nodeset")
    if nodes is not None:
        change(call, args.dom, LimitChange(numa_nodes=str(nodes) or "all"), args.flags)


# -- interfaces --------------------------------------------------------------------------------

_FIELDS: Final = ("average", "peak", "burst", "floor")
_DIRECTIONS: Final = {"inbound": _FIELDS, "outbound": _FIELDS[:3]}
_BANDWIDTH: Final = {
    f"{direction}.{field}": Kind.UINT
    for direction, fields in _DIRECTIONS.items()
    for field in fields
}


@handles("domain_get_interface_parameters", flags=FLAGS, where=Where.WORKER)
def get_interface_parameters(
    call: Call, args: remote.DomainGetInterfaceParametersArgs
) -> remote.DomainGetInterfaceParametersRet:
    """What an interface is limited to, in KiB and KiB per second; 0: no limit."""
    tuning, ref = call.daemon.manager.tuning, reference(call, args.dom)
    interface = tuning.interface(ref, args.device, one(args.flags))
    rows: list[Param] = []
    for direction, fields in _DIRECTIONS.items():
        limit: Bandwidth = getattr(interface, direction) or Bandwidth(0)
        rows += [
            (f"{direction}.{name}", getattr(limit, name, 0) or 0, Kind.UINT) for name in fields
        ]
    return remote.DomainGetInterfaceParametersRet(*portion(rows, args.nparams, args.flags))


@handles("domain_set_interface_parameters", flags=FLAGS, where=Where.WORKER)
def set_interface_parameters(call: Call, args: remote.DomainSetInterfaceParametersArgs) -> None:
    """Set the directions of which something is given."""
    given = values(args.params, _BANDWIDTH)
    inbound, outbound = _bandwidth(given, "inbound"), _bandwidth(given, "outbound")
    with changing(call, args.dom) as ref:
        call.daemon.manager.tuning.set_bandwidth(
            ref, args.device, inbound=inbound, outbound=outbound, affect=affect(args.flags)
        )


def _bandwidth(given: dict[str, Value], direction: str) -> Bandwidth | None:
    """A direction's new limit; ``None``: nothing is given.

    Raises:
        InvalidArgument: There is something beside the average, but not the average.
        ConfigUnsupported: A share of it is to be kept free.
    """
    found = {
        name: _given(given, f"{direction}.{name}")
        for name in _FIELDS
        if f"{direction}.{name}" in given
    }
    if not found:
        return None
    if found.pop("floor", 0):
        raise errors.ConfigUnsupported(
            f"'{direction}.floor' is not possible: nothing keeps a share free for one guest",
            hint="limit the others",
        )
    average = found.pop("average", None)
    rest = {name: value or None for name, value in found.items()}
    if average is None or (not average and any(rest.values())):
        raise errors.InvalidArgument(
            f"'{direction}.{next(iter(found), 'average')}' needs '{direction}.average'",
            hint="give the average too; it is in KiB per second",
        )
    return Bandwidth(average, **rest)
