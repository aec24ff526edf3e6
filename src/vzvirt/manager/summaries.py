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
    from vzvirt.ports.store import StoredDomain


def summaries(world: World, *, everything: bool) -> list[DomainSummary]:
    """One line for each container, by CTID; nothing is read that no line shows."""
    observations = world.engine.observe_all(world.store.ctids())
    result = []
    for observation in observations:
        if not everything and not observation.is_active:
            continue
        try:
            stored = world.store.load(observation.ctid)
        except errors.NoDomain:
            continue  # undefined meanwhile
        result.append(_summary(stored, observation))
    return result


def _summary(stored: StoredDomain, observation: Observation) -> DomainSummary:
    domain = stored.domain
    if domain.uuid is None:
        raise errors.InternalError(f"the store gave '{domain.name}' no UUID")
    root = domain.root
    return DomainSummary(
        ctid=observation.ctid,
        name=domain.name,
        uuid=domain.uuid,
        observation=observation,
        description=domain.description or "",
        hostname=domain.guest_naming.hostname or "",
        memory=domain.memory.limit,
        addresses=tuple(chain.from_iterable(item.addresses for item in domain.interfaces)),
        template=root.source if root and root.kind is FilesystemKind.TEMPLATE else "",
        autostart=domain.autostart,
        transient=stored.transient,
    )
