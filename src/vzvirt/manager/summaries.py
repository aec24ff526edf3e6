"""One line for each container: what lists show, and nothing that no line shows."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from vzvirt import errors
from vzvirt.model.devices import FilesystemKind
from vzvirt.model.report import DomainSummary

if TYPE_CHECKING:
    from vzvirt.manager.world import World
    from vzvirt.model.state import Observation
    from vzvirt.ports.store import IndexEntry, StoredDomain


def summaries(world: World, *, everything: bool) -> list[DomainSummary]:
    """One line for each container, by CTID; nothing is read that no line shows."""
    entries = world.store.index()
    observations = world.engine.observe_all(entry.ctid for entry in entries)
    result = []
    for entry, observation in zip(entries, observations, strict=True):
        if not everything and not observation.is_active:
            continue
        try:
            found = world.store.load(entry.ctid, live=observation.is_active)
        except errors.NoDomain:
            continue  # undefined meanwhile
        result.append(_summary(entry, found, observation))
    return result


def _summary(entry: IndexEntry, found: StoredDomain, observation: Observation) -> DomainSummary:
    domain, root = found.domain, found.domain.root
    return DomainSummary(
        ctid=entry.ctid,
        name=entry.name,
        uuid=entry.uuid,
        observation=observation,
        description=domain.description or "",
        hostname=domain.guest_naming.hostname or "",
        memory=domain.memory.limit,
        addresses=tuple(chain.from_iterable(item.addresses for item in domain.interfaces)),
        template=root.source if root and root.kind is FilesystemKind.TEMPLATE else "",
        autostart=entry.autostart,
        transient=entry.transient,
    )
