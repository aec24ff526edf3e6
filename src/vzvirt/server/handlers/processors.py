"""Processors of containers: how many, which of the host's, and what they have done.

A container has no processors of its own. What clients call so is how many of the host's it can
keep busy at a time; its processes may run on any that its affinity leaves it.
"""

from __future__ import annotations

from typing import Final

from vzvirt import errors
from vzvirt.model.domain import Domain
from vzvirt.model.limitchange import LimitChange
from vzvirt.model.statistics import Topic
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.constants import (
    VIR_DOMAIN_AFFECT_CURRENT,
    VIR_DOMAIN_AFFECT_LIVE,
    VIR_DOMAIN_VCPU_MAXIMUM,
    VIR_VCPU_INFO_CPU_UNAVAILABLE,
    VIR_VCPU_RUNNING,
)
from vzvirt.rpc.typedparams import Kind
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.params import Param, encoded
from vzvirt.server.targets import AFFECTS, active, affect, change, definition, reference

_TOTAL: Final = -1
"""The ``start_cpu`` that asks for all processors together."""

_MAPS_MAX: Final = 8 << 20
"""Bytes that the maps of a reply may have together."""


# -- how many ----------------------------------------------------------------------------------


@handles("domain_set_vcpus", where=Where.WORKER)
def set_vcpus(call: Call, args: remote.DomainSetVcpusArgs) -> None:
    """Set how many, of what runs if it runs."""
    _set_vcpus(call, args.dom, args.nvcpus, VIR_DOMAIN_AFFECT_CURRENT)


@handles("domain_set_vcpus_flags", flags=AFFECTS | VIR_DOMAIN_VCPU_MAXIMUM, where=Where.WORKER)
def set_vcpus_flags(call: Call, args: remote.DomainSetVcpusFlagsArgs) -> None:
    """The same of a definition that the flags name; how many it has is the most it has."""
    _set_vcpus(call, args.dom, args.nvcpus, args.flags)


def _set_vcpus(call: Call, dom: remote.NonnullDomain, count: int, flags: int) -> None:
    change(call, dom, LimitChange(vcpus=count), flags)


@handles("domain_get_vcpus_flags", flags=AFFECTS | VIR_DOMAIN_VCPU_MAXIMUM, where=Where.WORKER)
def get_vcpus_flags(
    call: Call, args: remote.DomainGetVcpusFlagsArgs
) -> remote.DomainGetVcpusFlagsRet:
    """How many."""
    return remote.DomainGetVcpusFlagsRet(_count(call, definition(call, args.dom, args.flags)))


@handles("domain_get_max_vcpus", where=Where.WORKER)
def get_max_vcpus(call: Call, args: remote.DomainGetMaxVcpusArgs) -> remote.DomainGetMaxVcpusRet:
    """The same."""
    domain = definition(call, args.dom, VIR_DOMAIN_AFFECT_CURRENT)
    return remote.DomainGetMaxVcpusRet(_count(call, domain))


def _count(call: Call, domain: Domain) -> int:
    return domain.cpu.vcpus or call.daemon.manager.machine.max_vcpus()


# -- which -------------------------------------------------------------------------------------


def _allowed(call: Call, domain: Domain) -> list[int]:
    """Processors of the host that a container may run on."""
    there = sorted(call.daemon.manager.machine.processor_map().online)
    given = domain.cpu.affinity
    if given in {None, "all", "auto"}:
        return there
    runs = (part.partition("-") for part in str(given).split(","))
    wanted = {
        number for first, _, last in runs for number in range(int(first), int(last or first) + 1)
    }
    return [number for number in there if number in wanted]


def _maps(numbers: list[int], length: int, count: int) -> bytes:
    """The same map of processors for each of some, in as many bytes as a client has room for.

    Raises:
        InvalidArgument: It has less than no room, or more than a reply can have.
    """
    if length < 0 or count < 0 or length * count > _MAPS_MAX:
        raise errors.InvalidArgument(f"there is no room for {count} maps of {length} bytes")
    bits = bytearray(length)
    for number in numbers:
        if number // 8 < length:
            bits[number // 8] |= 1 << number % 8
    return bytes(bits) * count


def _list(bits: bytes, present: int) -> str:
    """A map of processors as a definition says it.

    Raises:
        InvalidArgument: It is empty.
    """
    numbers = [
        number
        for number in range(min(len(bits) * 8, present))
        if bits[number // 8] >> number % 8 & 1
    ]
    if not numbers:
        raise errors.InvalidArgument("the map of processors has none that this host has")
    return "all" if len(numbers) == present else ",".join(map(str, numbers))


@handles("domain_get_vcpu_pin_info", flags=AFFECTS, where=Where.WORKER)
def get_vcpu_pin_info(
    call: Call, args: remote.DomainGetVcpuPinInfoArgs
) -> remote.DomainGetVcpuPinInfoRet:
    """Where each may run: all at the same places."""
    domain = definition(call, args.dom, args.flags)
    number = min(args.ncpumaps, _count(call, domain))
    maps = _maps(_allowed(call, domain), args.maplen, number)
    return remote.DomainGetVcpuPinInfoRet(maps, number)


@handles("domain_get_emulator_pin_info", flags=AFFECTS, where=Where.WORKER)
def get_emulator_pin_info(
    call: Call, args: remote.DomainGetEmulatorPinInfoArgs
) -> remote.DomainGetEmulatorPinInfoRet:
    """Where the container's processes may run."""
    domain = definition(call, args.dom, args.flags)
    return remote.DomainGetEmulatorPinInfoRet(_maps(_allowed(call, domain), args.maplen, 1), 1)


@handles("domain_pin_emulator", flags=AFFECTS, where=Where.WORKER)
def pin_emulator(call: Call, args: remote.DomainPinEmulatorArgs) -> None:
    """Set where the container's processes may run."""
    _pin(call, args.dom, args.cpumap, args.flags)


@handles("domain_pin_vcpu", where=Where.WORKER)
def pin_vcpu(call: Call, args: remote.DomainPinVcpuArgs) -> None:
    """The same for a container that has just one."""
    _pin_one(call, args.dom, args.vcpu, args.cpumap, VIR_DOMAIN_AFFECT_CURRENT)


@handles("domain_pin_vcpu_flags", flags=AFFECTS, where=Where.WORKER)
def pin_vcpu_flags(call: Call, args: remote.DomainPinVcpuFlagsArgs) -> None:
    """The same of a definition that the flags name."""
    _pin_one(call, args.dom, args.vcpu, args.cpumap, args.flags)


def _pin_one(call: Call, dom: remote.NonnullDomain, vcpu: int, cpumap: bytes, flags: int) -> None:
    ref = reference(call, dom)
    count = _count(call, call.daemon.manager.tuning.domain(ref, affect(flags)))
    if vcpu >= count:
        raise errors.InvalidArgument(f"there is no processor {vcpu}: the container has {count}")
    if count > 1:
        raise errors.ConfigUnsupported(
            "processors of a container cannot be pinned one by one: its processes run on any",
            hint="pin all at once: virsh emulatorpin, or <vcpu cpuset='...'>",
        )
    _pin(call, dom, cpumap, flags)


def _pin(call: Call, dom: remote.NonnullDomain, cpumap: bytes, flags: int) -> None:
    processors = _list(cpumap, call.daemon.manager.machine.processor_map().present)
    change(call, dom, LimitChange(affinity=processors), flags)


# -- what they have done -----------------------------------------------------------------------


@handles("domain_get_vcpus", where=Where.WORKER)
def get_vcpus(call: Call, args: remote.DomainGetVcpusArgs) -> remote.DomainGetVcpusRet:
    """Time and place of each, as far as the kernel tells them apart."""
    found = active(call, args.dom)
    domain = definition(call, args.dom, VIR_DOMAIN_AFFECT_LIVE)
    allowed, count = _allowed(call, domain), _count(call, domain)
    used = call.daemon.manager.statistics.of(str(found.ctid), Topic.CPU | Topic.PER_CPU).cpu
    times = used.per_cpu if used is not None else ()
    total = used.total if used is not None else 0
    infos: list[remote.VcpuInfo] = []
    for number in range(min(args.maxinfo, count)):
        # As many as it may run on: each is one of those. Fewer: they wander.
        fixed = allowed[number] if count == len(allowed) and number < len(allowed) else None
        if fixed is not None and fixed < len(times):
            info = (times[fixed], fixed)
        else:
            info = (total // count, VIR_VCPU_INFO_CPU_UNAVAILABLE)
        infos.append(remote.VcpuInfo(number, VIR_VCPU_RUNNING, *info))
    return remote.DomainGetVcpusRet(infos, _maps(allowed, args.maplen, len(infos)))


_TIMES: Final = ("cpu_time", "user_time", "system_time")


@handles("domain_get_cpu_stats", flags=0b100, where=Where.WORKER)
def get_cpu_stats(call: Call, args: remote.DomainGetCpuStatsArgs) -> remote.DomainGetCpuStatsRet:
    """Nanoseconds of all processors, or of each.

    Asked for no processor, how many there are; for no values, how many there are of each.
    """
    ref = str(active(call, args.dom).ctid)
    topics = Topic.CPU if args.start_cpu == _TOTAL else Topic.PER_CPU
    used = call.daemon.manager.statistics.of(ref, topics).cpu
    if used is None:
        raise errors.NoSupport("this host counts no processor time of containers")
    if args.start_cpu == _TOTAL:
        amounts = (used.total, used.user, used.system)
        rows: list[Param] = [
            (name, amount, Kind.ULLONG) for name, amount in zip(_TIMES, amounts, strict=True)
        ]
        room = args.nparams
        return remote.DomainGetCpuStatsRet(encoded(rows[:room]), min(room, 3) if room else 3)
    if args.ncpus == 0:  # none, where the kernel does not tell them apart: version 2
        return remote.DomainGetCpuStatsRet([], len(used.per_cpu))
    if args.nparams == 0:
        return remote.DomainGetCpuStatsRet([], 1)
    if not 0 <= args.start_cpu < len(used.per_cpu):
        raise errors.InvalidArgument(
            f"there is no time of processor {args.start_cpu}: {len(used.per_cpu)} are counted"
        )
    chosen = used.per_cpu[args.start_cpu : args.start_cpu + args.ncpus]
    each: list[Param] = [(_TIMES[0], amount, Kind.ULLONG) for amount in chosen]
    return remote.DomainGetCpuStatsRet(encoded(each), 1)
