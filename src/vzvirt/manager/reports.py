"""Put together what people want to know of one container."""

from __future__ import annotations

import dataclasses

from vzvirt import errors
from vzvirt.manager import checks, connections
from vzvirt.manager.areas import Area, area
from vzvirt.manager.cases import start_case
from vzvirt.manager.world import World
from vzvirt.model.domain import Domain
from vzvirt.model.report import DomainInfo, InterfaceReport
from vzvirt.model.state import Observation
from vzvirt.model.storage import Usage
from vzvirt.model.values import Ctid


def info(world: World, ctid: Ctid) -> DomainInfo:
    """Everything there is to know of one container."""
    stored = world.store.load(ctid)
    domain = dataclasses.replace(world.current(ctid), autostart=stored.domain.autostart)
    place: Area | None = None
    notes = list(stored.warnings)
    try:
        place = area(world, domain)
        notes += checks.warnings(start_case(world, domain), checks.NOTES)
    except errors.ConfigUnsupported as error:
        notes.append(error.message)
    usage, problem = _usage(place)
    observation = world.engine.observe(ctid)
    interfaces, unseen = _interfaces(world, domain, observation)
    owned = place is not None and not place.places.users_folder
    return DomainInfo(
        domain=domain,
        observation=observation,
        places=world.store.places(domain),
        layout=place.layout.abilities if place is not None and owned else None,
        mounted=place is not None and place.layout.is_mounted(place.spec),
        usage=usage,
        enforcement=tuple(world.engine.enforcement(domain)),
        interfaces=interfaces,
        notes=(*notes, *problem, *unseen),
        transient=stored.transient,
    )


def _interfaces(
    world: World, domain: Domain, observation: Observation
) -> tuple[tuple[InterfaceReport, ...], list[str]]:
    """A container's interfaces, and why one cannot tell what they have right now."""
    try:
        return connections.reports(world, domain, observation.init_pid), []
    except errors.HostError as error:
        return connections.reports(world, domain, None), [error.message]


def _usage(place: Area | None) -> tuple[Usage | None, list[str]]:
    """What is used of a private area, or why that cannot be told."""
    if place is None or place.places.users_folder or not place.exists:
        return None, []
    try:
        return place.layout.usage(place.spec), []
    except errors.VzvirtError as error:
        return None, [error.message]
