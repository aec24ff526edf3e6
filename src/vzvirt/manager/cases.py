"""Gather the facts that checks hold a definition against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from vzvirt import errors
from vzvirt.manager.areas import area, held_by
from vzvirt.manager.checks import Case
from vzvirt.manager.world import World
from vzvirt.model.devices import FilesystemKind, IpAddress
from vzvirt.model.domain import Domain
from vzvirt.model.host import Places
from vzvirt.model.storage import LayoutAbilities
from vzvirt.ports.store import Identity


def define_case(
    world: World,
    domain: Domain,
    old: Domain | None,
    others: tuple[Identity, ...],
    *,
    from_elsewhere: bool,
) -> Case:
    """The facts for a definition that is complete but not yet stored."""
    places = world.store.places(domain)
    return Case(
        domain=domain,
        old=old,
        places=places,
        layout=_layout(world, domain, places),
        layouts=_layouts(world),
        held=held_by(world, places),
        own_root=_own_root(world, domain, places),
        templates=frozenset(item.name for item in world.templates.templates()),
        others=others,
        addresses=_addresses(world, domain, others),
        processors=world.host.processors(),
        arch=world.host.arch(),
        from_elsewhere=from_elsewhere,
    )


def start_case(world: World, domain: Domain) -> Case:
    """The facts for an effective definition that is to be started."""
    places = world.store.places(domain)
    return Case(
        domain=domain,
        places=places,
        layout=_layout(world, domain, places),
        layouts=_layouts(world),
        held=held_by(world, places),
        own_root=_own_root(world, domain, places),
        missing=_missing(world, domain),
    )


def _layout(world: World, domain: Domain, places: Places) -> LayoutAbilities | None:
    return None if places.users_folder else area(world, domain).layout.abilities


def _layouts(world: World) -> tuple[LayoutAbilities, ...]:
    return tuple(layout.abilities for layout in world.layouts.values())


def _own_root(world: World, domain: Domain, places: Places) -> Mapping[str, str]:
    paths = [places.private_area, places.root_mount]
    root = domain.root
    if root is not None and root.kind is FilesystemKind.MOUNT:
        paths.append(Path(root.source))
    reasons = {str(path): world.host.is_own_root(path) for path in paths}
    return {path: why for path, why in reasons.items() if why is not None}


def _missing(world: World, domain: Domain) -> frozenset[str]:
    sources = (
        item.source
        for item in domain.filesystems
        if item.kind not in {FilesystemKind.TEMPLATE, FilesystemKind.RAM}
    )
    return frozenset(source for source in sources if not world.host.has(source))


def _addresses(
    world: World, domain: Domain, others: Iterable[Identity]
) -> Mapping[IpAddress, str]:
    """Who has which address; asked only if the definition has any, since it reads all others."""
    if not any(item.addresses for item in domain.interfaces):
        return {}
    holders: dict[IpAddress, str] = {}
    for other in others:
        try:
            definitions = [world.store.load(other.ctid, live=live) for live in (False, True)]
        except errors.VzvirtError:
            continue  # gone meanwhile, or unreadable: its own commands will say so
        for item in chain.from_iterable(one.domain.interfaces for one in definitions):
            holders.update((address.ip, other.name) for address in item.addresses)
    return holders
