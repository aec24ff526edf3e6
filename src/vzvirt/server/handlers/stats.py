"""What single containers have used, and what of a machine's troubles they cannot have."""

from __future__ import annotations

import time
from typing import Final

from vzvirt import errors
from vzvirt.model.affect import Affect
from vzvirt.model.statistics import BlockUse, MemoryUse, Topic
from vzvirt.ports.network import LinkCounters
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.constants import (
    VIR_DOMAIN_AFFECT_LIVE,
    VIR_DOMAIN_CONTROL_OK,
    VIR_DOMAIN_JOB_NONE,
    VIR_DOMAIN_JOB_STATS_COMPLETED,
    VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED,
    VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON,
    VIR_DOMAIN_MEMORY_STAT_AVAILABLE,
    VIR_DOMAIN_MEMORY_STAT_DISK_CACHES,
    VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE,
    VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT,
    VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT,
    VIR_DOMAIN_MEMORY_STAT_RSS,
    VIR_DOMAIN_MEMORY_STAT_SWAP_IN,
    VIR_DOMAIN_MEMORY_STAT_SWAP_OUT,
    VIR_DOMAIN_MEMORY_STAT_UNUSED,
    VIR_DOMAIN_MEMORY_STAT_USABLE,
    VIR_DOMAIN_MESSAGE_DEPRECATION,
    VIR_DOMAIN_MESSAGE_TAINTING,
    VIR_TYPED_PARAM_STRING_OKAY,
)
from vzvirt.rpc.typedparams import Kind
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.params import FLAGS, KIB, NO_LIMIT, Param, portion
from vzvirt.server.targets import AFFECTS, active, entry

ROOT: Final = "/"

_UNKNOWN: Final = -1
"""What libvirt's older structures say of what nobody counts."""


# -- memory ------------------------------------------------------------------------------------


@handles("domain_memory_stats", flags=0, where=Where.WORKER)
def memory_stats(call: Call, args: remote.DomainMemoryStatsArgs) -> remote.DomainMemoryStatsRet:
    """What of its memory a running container uses, in KiB, and its page faults."""
    ref = str(active(call, args.dom).ctid)
    used = call.daemon.manager.statistics.of(ref, Topic.MEMORY).memory
    rows = memory_tags(used) if used is not None else []
    return remote.DomainMemoryStatsRet(
        [remote.DomainMemoryStat(tag, value) for tag, value in rows[: args.maxStats]]
    )


def memory_tags(used: MemoryUse) -> list[tuple[int, int]]:
    """Memory in use, by libvirt's tags; what is not counted is left out."""
    limit = NO_LIMIT * KIB if used.limit is None else used.limit
    found: dict[int, int | None] = {
        VIR_DOMAIN_MEMORY_STAT_SWAP_IN: used.swapped_in,
        VIR_DOMAIN_MEMORY_STAT_SWAP_OUT: used.swapped_out,
        VIR_DOMAIN_MEMORY_STAT_UNUSED: used.unused,
        VIR_DOMAIN_MEMORY_STAT_AVAILABLE: used.limit,
        VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON: limit,
        VIR_DOMAIN_MEMORY_STAT_RSS: used.resident,
        VIR_DOMAIN_MEMORY_STAT_USABLE: used.usable,
        VIR_DOMAIN_MEMORY_STAT_DISK_CACHES: used.cache,
    }
    rows = [(tag, amount // KIB) for tag, amount in found.items() if amount is not None]
    return [
        *rows,
        (VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT, used.major_faults),
        (VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT, used.minor_faults),
        (VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE, int(time.time())),
    ]


# -- block devices -----------------------------------------------------------------------------


def _block(call: Call, dom: remote.NonnullDomain, path: str) -> BlockUse:
    """Traffic with one of the host's block devices, or with all.

    Raises:
        InvalidArgument: The container never used such a device.
        NoSupport: This host does not count it.
    """
    ref = str(active(call, dom).ctid)
    used = call.daemon.manager.statistics.of(ref, Topic.BLOCK)
    if used.block is None:
        raise errors.NoSupport("this host does not count what containers read and write")
    if path in {"", ROOT}:
        return used.all_blocks or BlockUse()
    by_name = dict(used.block)
    found = by_name.get(path.removeprefix("/dev/"))
    if found is None:
        raise errors.InvalidArgument(
            f"invalid path: '{path}' is no block device that the container has used",
            hint=f"those are: {', '.join(by_name) or 'none'}; '/' stands for all",
        )
    return found


@handles("domain_block_stats", where=Where.WORKER)
def block_stats(call: Call, args: remote.DomainBlockStatsArgs) -> remote.DomainBlockStatsRet:
    """Requests and bytes."""
    used = _block(call, args.dom, args.path)
    return remote.DomainBlockStatsRet(
        rd_req=used.read_requests,
        rd_bytes=used.read_bytes,
        wr_req=used.write_requests,
        wr_bytes=used.write_bytes,
        errs=_UNKNOWN,
    )


@handles("domain_block_stats_flags", flags=VIR_TYPED_PARAM_STRING_OKAY, where=Where.WORKER)
def block_stats_flags(
    call: Call, args: remote.DomainBlockStatsFlagsArgs
) -> remote.DomainBlockStatsFlagsRet:
    """The same with names."""
    used = _block(call, args.dom, args.path)
    rows: list[Param] = [
        ("rd_operations", used.read_requests, Kind.LLONG),
        ("rd_bytes", used.read_bytes, Kind.LLONG),
        ("wr_operations", used.write_requests, Kind.LLONG),
        ("wr_bytes", used.write_bytes, Kind.LLONG),
    ]
    return remote.DomainBlockStatsFlagsRet(*portion(rows, args.nparams, args.flags))


@handles("domain_get_block_info", flags=0, where=Where.WORKER)
def block_info(call: Call, args: remote.DomainGetBlockInfoArgs) -> remote.DomainGetBlockInfoRet:
    """How full its private area is, and how large it may get.

    Raises:
        InvalidArgument: Another path than that of the root is named.
    """
    found = entry(call, args.dom)
    if args.path != ROOT:
        raise errors.InvalidArgument(
            f"invalid path '{args.path}' not assigned to domain",
            hint="the one disk of a container is its root, '/'",
        )
    daemon = call.daemon
    used = daemon.manager.quotas.usage(str(found.ctid), share=daemon.usages.get)
    return remote.DomainGetBlockInfoRet(
        allocation=used.used_bytes,
        capacity=used.size_bytes or used.used_bytes,
        physical=used.used_bytes,
    )


# -- interfaces --------------------------------------------------------------------------------


@handles("domain_interface_stats", where=Where.WORKER)
def interface_stats(
    call: Call, args: remote.DomainInterfaceStatsArgs
) -> remote.DomainInterfaceStatsRet:
    """Traffic of an interface as the container sees it, by its host end's name or its MAC.

    Raises:
        InvalidArgument: There is no such interface.
    """
    used = _traffic(call, str(active(call, args.dom).ctid), args.device)
    return remote.DomainInterfaceStatsRet(
        rx_bytes=used.rx_bytes,
        rx_packets=used.rx_packets,
        rx_errs=used.rx_errors,
        rx_drop=used.rx_drops,
        tx_bytes=used.tx_bytes,
        tx_packets=used.tx_packets,
        tx_errs=used.tx_errors,
        tx_drop=used.tx_drops,
    )


def _traffic(call: Call, ref: str, device: str) -> LinkCounters:
    manager = call.daemon.manager
    found = manager.connections.counters(ref)
    interfaces = manager.tuning.domain(ref, Affect.LIVE).interfaces
    names = {item.host_name for item in interfaces if str(item.mac) == device.lower()}
    for item in found:
        if item.host_name in {device, *names}:
            return item
    raise errors.InvalidArgument(
        f"invalid path, '{device}' is not a known interface",
        hint=f"there are: {', '.join(item.host_name for item in found) or 'none'}",
    )


# -- what containers never have ----------------------------------------------------------------


@handles("domain_get_job_info")
def job_info(call: Call, args: remote.DomainGetJobInfoArgs) -> remote.DomainGetJobInfoRet:
    """Nothing that takes long is ever done to it."""
    active(call, args.dom)
    return remote.DomainGetJobInfoRet(VIR_DOMAIN_JOB_NONE, *(0 for _ in range(11)))


@handles(
    "domain_get_job_stats",
    flags=VIR_DOMAIN_JOB_STATS_COMPLETED | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED,
)
def job_stats(call: Call, args: remote.DomainGetJobStatsArgs) -> remote.DomainGetJobStatsRet:
    """The same, and nothing ever was."""
    if args.flags:
        entry(call, args.dom)
    else:
        active(call, args.dom)
    return remote.DomainGetJobStatsRet(VIR_DOMAIN_JOB_NONE, [])


@handles("domain_get_control_info", flags=0)
def control_info(
    call: Call, args: remote.DomainGetControlInfoArgs
) -> remote.DomainGetControlInfoRet:
    """No monitor of a machine could hang."""
    active(call, args.dom)
    return remote.DomainGetControlInfoRet(VIR_DOMAIN_CONTROL_OK, 0, 0)


@handles("domain_get_messages", flags=VIR_DOMAIN_MESSAGE_DEPRECATION | VIR_DOMAIN_MESSAGE_TAINTING)
def messages(call: Call, args: remote.DomainGetMessagesArgs) -> remote.DomainGetMessagesRet:
    """Nothing of it is deprecated."""
    entry(call, args.dom)
    return remote.DomainGetMessagesRet([])


@handles("domain_get_disk_errors", flags=0)
def disk_errors(call: Call, args: remote.DomainGetDiskErrorsArgs) -> remote.DomainGetDiskErrorsRet:
    """It sees no disk that could have any."""
    active(call, args.dom)
    return remote.DomainGetDiskErrorsRet([], 0)


@handles("domain_get_iothread_info", flags=AFFECTS)
def iothread_info(
    call: Call, args: remote.DomainGetIothreadInfoArgs
) -> remote.DomainGetIothreadInfoRet:
    """It needs no threads for its disks."""
    (active if args.flags == VIR_DOMAIN_AFFECT_LIVE else entry)(call, args.dom)
    return remote.DomainGetIothreadInfoRet([], 0)


@handles("domain_get_perf_events", flags=FLAGS)
def perf_events(call: Call, args: remote.DomainGetPerfEventsArgs) -> remote.DomainGetPerfEventsRet:
    """None is counted."""
    entry(call, args.dom)
    return remote.DomainGetPerfEventsRet([])


@handles("domain_get_security_label")
def security_label(
    call: Call, args: remote.DomainGetSecurityLabelArgs
) -> remote.DomainGetSecurityLabelRet:
    """It has none."""
    entry(call, args.dom)
    return remote.DomainGetSecurityLabelRet(b"\0", 0)


@handles("domain_get_security_label_list")
def security_label_list(
    call: Call, args: remote.DomainGetSecurityLabelListArgs
) -> remote.DomainGetSecurityLabelListRet:
    """Nor several."""
    entry(call, args.dom)
    return remote.DomainGetSecurityLabelListRet([], 0)


@handles("domain_get_time", flags=0)
def get_time(call: Call, args: remote.DomainGetTimeArgs) -> remote.DomainGetTimeRet:
    """The host's: containers share its clock."""
    active(call, args.dom)
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return remote.DomainGetTimeRet(seconds, nanoseconds)
