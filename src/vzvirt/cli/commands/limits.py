"""Limits of containers, and what they use of them."""

from __future__ import annotations

from collections.abc import Sequence

from vzvirt import errors
from vzvirt.cli.limit_reports import USE_FIELDS, UseRow
from vzvirt.cli.output import documents
from vzvirt.cli.reports import ENFORCEMENT_FIELDS
from vzvirt.cli.session import Session, affected, identity, title
from vzvirt.model.affect import Affect
from vzvirt.model.limitchange import LimitChange
from vzvirt.model.resources import NO_QUOTA, PERCENT_PERIOD
from vzvirt.model.statistics import Topic
from vzvirt.model.values import UNLIMITED, Limit


def limits(
    session: Session,
    *,
    ref: str,
    memory: Limit | None,
    swap: Limit | None,
    soft_memory: Limit | None,
    cpus: int | None,
    cpu_limit: int | None,
    cpu_shares: int | None,
    cpu_list: str | None,
    nodes: str | None,
    io_rate: Limit | None,
    io_operations: int | None,
    live: bool,
    config: bool,
    json: bool,
) -> None:
    """Change limits where any are given, else show them."""
    change = LimitChange(
        memory=memory,
        swap=swap,
        soft_limit=soft_memory,
        vcpus=cpus,
        quota=_quota(cpu_limit),
        period=None if cpu_limit is None else PERCENT_PERIOD,
        shares=cpu_shares,
        affinity=cpu_list,
        numa_nodes=nodes,
        bytes_per_second=0 if io_rate is UNLIMITED else io_rate,
        operations_per_second=io_operations,
    )
    if change.is_empty:
        _show(session, ref, live=live, config=config, json=json)
        return
    domain = session.find(ref)
    tuning = session.manager.tuning
    tuning.set(str(domain.ctid), change, affected(live=live, config=config))
    if json:
        session.output.json([{**identity(domain), "done": "changed"}])
    else:
        session.output.note(f"{title(domain)} has other limits")


def _quota(percent: int | None) -> int | None:
    """Microseconds in a period that percent are measured by."""
    if percent is None:
        return None
    return percent * PERCENT_PERIOD // 100 or NO_QUOTA


def _show(session: Session, ref: str, *, live: bool, config: bool, json: bool) -> None:
    if live and config:
        raise errors.InvalidArgument("either the live or the stored limits can be shown")
    domain = session.find(ref)
    affect = Affect.LIVE if live else Affect.STORED if config else Affect.CURRENT
    rows = session.manager.tuning.enforcement(str(domain.ctid), affect)
    if json:
        session.output.json({**identity(domain), "limits": documents(ENFORCEMENT_FIELDS, rows)})
    else:
        session.output.table(ENFORCEMENT_FIELDS, rows)


def stats(session: Session, *, refs: Sequence[str], json: bool) -> None:
    """Show what running containers have used."""
    chosen = {session.find(ref).ctid for ref in refs}
    running = {item.ctid: item for item in session.manager.definitions.summaries()}
    for ctid in chosen - running.keys():
        raise errors.OperationInvalid(f"container {ctid} is not running", hint="start it first")
    topics = Topic.CPU | Topic.MEMORY | Topic.BLOCK | Topic.PROCESSES
    wanted = [ctid for ctid in running if not chosen or ctid in chosen]
    used = session.manager.statistics.of_many(wanted, topics)
    rows = [UseRow(running[ctid], used[ctid]) for ctid in wanted if ctid in used]
    if json:
        session.output.json(documents(USE_FIELDS, rows))
    else:
        session.output.table(USE_FIELDS, rows)
