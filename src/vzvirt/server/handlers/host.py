"""The host: what it is, what it does right now, and what can be had on it."""

from __future__ import annotations

from typing import Final

from vzvirt.codec.xml import write_capabilities, write_domain_capabilities
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.constants import (
    VIR_NODE_CPU_STATS_ALL_CPUS,
    VIR_NODE_MEMORY_STATS_ALL_CELLS,
)
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.filters import at_most

_KIB: Final = 1024
_MODEL: Final = 32
"""Characters of the machine's name that fit its field."""


@handles("node_get_info", where=Where.WORKER)
def get_info(call: Call, args: None) -> remote.NodeGetInfoRet:
    """The host in eight numbers."""
    info = call.daemon.manager.machine.info()
    return remote.NodeGetInfoRet(
        model=info.arch.encode()[: _MODEL - 1].ljust(_MODEL, b"\0"),
        memory=info.memory // _KIB,
        cpus=info.processors,
        mhz=info.mhz,
        nodes=info.cells,
        sockets=info.sockets,
        cores=info.cores,
        threads=info.threads,
    )


@handles("connect_get_capabilities", where=Where.WORKER)
def get_capabilities(call: Call, args: None) -> remote.ConnectGetCapabilitiesRet:
    """The document of that name."""
    return remote.ConnectGetCapabilitiesRet(
        write_capabilities(call.daemon.manager.machine.capabilities())
    )


@handles("connect_get_domain_capabilities", flags=0, where=Where.WORKER)
def get_domain_capabilities(
    call: Call, args: remote.ConnectGetDomainCapabilitiesArgs
) -> remote.ConnectGetDomainCapabilitiesRet:
    """What one container may have."""
    found = call.daemon.manager.machine.domain_capabilities(
        virtualisation=args.virttype,
        arch=args.arch,
        machine=args.machine,
        emulator=args.emulatorbin,
    )
    return remote.ConnectGetDomainCapabilitiesRet(write_domain_capabilities(found))


@handles("connect_get_max_vcpus", where=Where.WORKER)
def get_max_vcpus(call: Call, args: remote.ConnectGetMaxVcpusArgs) -> remote.ConnectGetMaxVcpusRet:
    """The most processors a container can use."""
    return remote.ConnectGetMaxVcpusRet(call.daemon.manager.machine.max_vcpus(args.type))


@handles("node_get_security_model")
def get_security_model(call: Call, args: None) -> remote.NodeGetSecurityModelRet:
    """How processes are labelled."""
    found = call.daemon.manager.machine.security_model()
    return remote.NodeGetSecurityModelRet(
        model=found.name.encode() + b"\0", doi=found.doi.encode() + b"\0"
    )


@handles("node_get_cpu_map", flags=0, where=Where.WORKER)
def get_cpu_map(call: Call, args: remote.NodeGetCpuMapArgs) -> remote.NodeGetCpuMapRet:
    """Which processors are online."""
    found = call.daemon.manager.machine.processor_map()
    return remote.NodeGetCpuMapRet(
        cpumap=found.bits if args.need_map else b"",
        online=len(found.online) if args.need_online else 0,
        ret=found.present,
    )


@handles("node_get_cpu_stats", flags=0, where=Where.WORKER)
def get_cpu_stats(call: Call, args: remote.NodeGetCpuStatsArgs) -> remote.NodeGetCpuStatsRet:
    """What processors have done, in nanoseconds; asked for no values, how many there are."""
    number = None if args.cpuNum == VIR_NODE_CPU_STATS_ALL_CPUS else args.cpuNum
    found = call.daemon.manager.machine.processor_times(number)
    params = [
        remote.NodeGetCpuStats(field, value)
        for field, value in (
            ("kernel", found.kernel),
            ("user", found.user),
            ("idle", found.idle),
            ("iowait", found.iowait),
        )
    ]
    return remote.NodeGetCpuStatsRet(at_most(params, args.nparams), len(params))


@handles("node_get_memory_stats", flags=0, where=Where.WORKER)
def get_memory_stats(
    call: Call, args: remote.NodeGetMemoryStatsArgs
) -> remote.NodeGetMemoryStatsRet:
    """Memory of the host or a cell, in KiB; asked for no values, how many there are."""
    cell = None if args.cellNum == VIR_NODE_MEMORY_STATS_ALL_CELLS else args.cellNum
    found = call.daemon.manager.machine.memory_use(cell)
    params = [
        remote.NodeGetMemoryStats(field, value // _KIB)
        for field, value in (
            ("total", found.total),
            ("free", found.free),
            ("buffers", found.buffers),
            ("cached", found.cached),
        )
        if value is not None
    ]
    return remote.NodeGetMemoryStatsRet(at_most(params, args.nparams), len(params))


@handles("node_get_free_memory", where=Where.WORKER)
def get_free_memory(call: Call, args: None) -> remote.NodeGetFreeMemoryRet:
    """Bytes that nobody uses."""
    return remote.NodeGetFreeMemoryRet(call.daemon.manager.machine.memory_use().free)


@handles("node_get_cells_free_memory", where=Where.WORKER)
def get_cells_free_memory(
    call: Call, args: remote.NodeGetCellsFreeMemoryArgs
) -> remote.NodeGetCellsFreeMemoryRet:
    """Bytes that nobody uses, cell by cell."""
    machine = call.daemon.manager.machine
    return remote.NodeGetCellsFreeMemoryRet(
        machine.cells_free_memory(args.startCell, args.maxcells)
    )


@handles("node_get_free_pages", flags=0, where=Where.WORKER)
def get_free_pages(call: Call, args: remote.NodeGetFreePagesArgs) -> remote.NodeGetFreePagesRet:
    """Pages that nobody uses, by cell and size."""
    found = call.daemon.manager.machine.free_pages(
        [size * _KIB for size in args.pages], args.startCell, args.cellCount
    )
    return remote.NodeGetFreePagesRet(found)
