"""Statistics of all containers, or of some, in one call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from vzvirt import errors
from vzvirt.model.state import Reason
from vzvirt.model.statistics import Statistics, Topic
from vzvirt.model.values import Ctid
from vzvirt.ports.network import LinkCounters
from vzvirt.rpc.protocol import constants, remote
from vzvirt.rpc.xdr import Encoded
from vzvirt.server import statistics
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.handlers.domains import chosen, selected
from vzvirt.server.statistics import Facts, Params

if TYPE_CHECKING:
    from vzvirt.server.snapshot import Entry

_TOPICS: Final = {
    constants.VIR_DOMAIN_STATS_STATE: None,
    constants.VIR_DOMAIN_STATS_CPU_TOTAL: Topic.CPU,
    constants.VIR_DOMAIN_STATS_BALLOON: Topic.MEMORY,
    constants.VIR_DOMAIN_STATS_VCPU: Topic.PER_CPU,
    constants.VIR_DOMAIN_STATS_INTERFACE: None,
    constants.VIR_DOMAIN_STATS_BLOCK: Topic.BLOCK,
    constants.VIR_DOMAIN_STATS_PERF: None,  # nothing is measured
    constants.VIR_DOMAIN_STATS_IOTHREAD: None,
}
"""Groups that there are, and what of them the engine counts."""

_EVERY: Final = sum(_TOPICS)

_OF_DEFINITIONS: Final = (
    constants.VIR_DOMAIN_STATS_BALLOON
    | constants.VIR_DOMAIN_STATS_VCPU
    | constants.VIR_DOMAIN_STATS_INTERFACE
)
"""Groups for which definitions have to be looked at."""

_FILTERS: Final = (
    constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_PERSISTENT
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_TRANSIENT
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_PAUSED
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_SHUTOFF
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_OTHER
)
"""The same bits as those of lists."""

_MANNERS: Final = (
    constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING
    | constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS
)
"""Nothing here waits for anybody, and no disk has others behind it."""


@handles("connect_get_all_domain_stats", flags=_FILTERS | _MANNERS, where=Where.WORKER)
def get_all(
    call: Call, args: remote.ConnectGetAllDomainStatsArgs
) -> remote.ConnectGetAllDomainStatsRet:
    """The groups that are asked for, or all, of the containers that are meant.

    Raises:
        ArgumentUnsupported: A group is asked for by force that there is not.
    """
    unknown = args.stats & ~_EVERY
    if unknown and args.flags & constants.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS:
        raise errors.ArgumentUnsupported(
            f"stats types bits 0x{unknown:x} are not supported by this daemon"
        )
    groups = args.stats & _EVERY if args.stats else _EVERY
    entries = call.daemon.on_loop(lambda: _meant(call, args.doms, args.flags))
    if groups == constants.VIR_DOMAIN_STATS_STATE:  # which monitors ask for all the time
        records = [statistics.state_record(item.encoded, item.observation) for item in entries]
        return remote.ConnectGetAllDomainStatsRet(records)
    used = _counted(call, entries, groups)
    processors = call.daemon.manager.machine.max_vcpus()
    asked = groups, processors, call.daemon.snapshot.era
    records = [
        _running(call, item, groups, used.get(item.ctid), processors)
        if item.observation.is_active
        else _off(item, asked)
        for item in entries
    ]
    return remote.ConnectGetAllDomainStatsRet(records)


def _meant(call: Call, doms: Sequence[remote.NonnullDomain], flags: int) -> list[Entry]:
    """Those that the client's flags choose of its list; without one, of all containers."""
    if not doms:
        return list(selected(call, flags & _FILTERS))
    found = []
    for dom in doms:
        with contextlib.suppress(errors.NoDomain):  # gone meanwhile
            found.append(call.daemon.snapshot.by_uuid(dom.uuid))
    return list(chosen(found, flags & _FILTERS))


def _counted(call: Call, entries: Iterable[Entry], groups: int) -> Mapping[Ctid, Statistics]:
    topics = Topic(0)
    for group, topic in _TOPICS.items():
        if groups & group and topic is not None:
            topics |= topic
    active = [item.ctid for item in entries if item.observation.is_active]
    if not topics or not active:
        return {}
    return call.daemon.manager.statistics.of_many(active, topics)


def _running(
    call: Call, found: Entry, groups: int, used: Statistics | None, processors: int
) -> Encoded:
    """The record of a container that runs."""
    params = Params()
    try:
        known = _facts(found, groups)
    except errors.VzvirtError:
        known = _NOTHING  # gone meanwhile, or unreadable: whoever asks for it alone is told
    _begin(params, groups, found.observation.reason, known, used, processors)
    if groups & constants.VIR_DOMAIN_STATS_INTERFACE:
        statistics.interfaces(params, _traffic(call, found) if known.wired else [])
    if groups & constants.VIR_DOMAIN_STATS_BLOCK:
        statistics.blocks(params, (used.block if used is not None else None) or ())
    if groups & constants.VIR_DOMAIN_STATS_IOTHREAD:
        statistics.iothreads(params)
    return params.record(found.encoded)


def _off(found: Entry, asked: tuple[int, int, int]) -> Encoded:
    """The record of a container that is off: the same as long as the same is asked of it.

    Args:
        found: The container.
        asked: Groups, the host's processors, and the era of the snapshot.
    """
    groups, processors, _ = asked
    try:
        return found.last(
            asked, lambda: _resting(found, groups, _facts(found, groups), processors)
        )
    except errors.VzvirtError:
        return _resting(found, groups, _NOTHING, processors)


def _resting(found: Entry, groups: int, facts: Facts, processors: int) -> Encoded:
    params = Params()
    _begin(params, groups, found.observation.reason, facts, None, processors)
    return params.record(found.encoded)


def _begin(
    params: Params,
    groups: int,
    reason: Reason,
    facts: Facts,
    used: Statistics | None,
    processors: int,
) -> None:
    """The groups that there are whether or not it runs."""
    cpu, memory = (None, None) if used is None else (used.cpu, used.memory)
    if groups & constants.VIR_DOMAIN_STATS_STATE:
        statistics.state(params, reason)
    if groups & constants.VIR_DOMAIN_STATS_CPU_TOTAL and cpu is not None:
        statistics.cpu(params, cpu)
    if groups & constants.VIR_DOMAIN_STATS_BALLOON:
        statistics.balloon(params, facts, memory)
    if groups & constants.VIR_DOMAIN_STATS_VCPU:
        statistics.vcpus(params, facts.processors or processors, cpu)


def _facts(found: Entry, groups: int) -> Facts:
    """What is needed of a definition; kept, since reading thousands of them takes seconds."""
    if not groups & _OF_DEFINITIONS:
        return _NOTHING
    return Facts.unpack(found.kept(Facts, lambda: Facts.of(found.effective()).pack()))


_NOTHING: Final = Facts(memory=0, processors=0, wired=False)


def _traffic(call: Call, found: Entry) -> list[LinkCounters]:
    pid = found.observation.init_pid
    if pid is None:
        return []
    try:
        return call.daemon.manager.statistics.traffic(found.effective(), pid)
    except errors.VzvirtError:
        return []  # it ended meanwhile
