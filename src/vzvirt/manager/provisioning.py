"""Make roots from templates.

A root is built aside and appears complete, under its final name, in one step; only then the
definition says so. The journal's note stands from before the first until after the second, so
a crash in between leaves either nothing or a root that the next command takes into account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vzvirt import errors
from vzvirt.manager.areas import Area, area, held_by, refuse_beyond
from vzvirt.manager.locks import exclusive
from vzvirt.manager.repairs import PROVISION, note, record_root
from vzvirt.manager.world import World
from vzvirt.model.devices import FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.state import Action, next_state
from vzvirt.model.storage import OsTemplate
from vzvirt.model.values import IdMap


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets root log in to a fresh container."""

    password: str | None = None
    ssh_keys: tuple[str, ...] = ()


class Provisioning:
    """Use cases that fill private areas."""

    def __init__(self, world: World) -> None:
        self._world = world

    def provision(
        self, ref: str, *, password: str | None = None, ssh_keys: Sequence[str] = ()
    ) -> None:
        """Make a container's root from its template and give it an identity of its own.

        Args:
            ref: Which one.
            password: Root's password inside.
            ssh_keys: Public keys that may log in as root.

        Raises:
            NoDomain: There is no such container.
            NoTemplate: Its template is not in the cache.
            OperationInvalid: It is running, has a root already, or needs none.
            NoSpace: The disk or the quota is full.
        """
        world = self._world
        ctid = world.store.find(ref)
        with exclusive(world, ctid):
            domain = world.effective(ctid)
            next_state(world.engine.observe(ctid).state, Action.PROVISION, domain.name)
            make_root(world, domain, Credentials(password, tuple(ssh_keys)))


def make_root(world: World, domain: Domain, credentials: Credentials) -> None:
    """Make the root of an effective definition; the caller holds its lock.

    Raises:
        OperationInvalid: It has one, or needs none.
        ConfigUnsupported: Its quotas are beyond its layout.
    """
    place = area(world, domain)
    template = _template(world, domain, place)
    ctid = place.spec.ctid
    world.journal.begin(note(place, PROVISION, shifted="no"))
    built = False
    try:
        with place.layout.build(place.spec) as folder:
            owners = _shift(world, domain, folder)
            if owners:
                world.journal.begin(note(place, PROVISION, shifted="yes"))
            world.templates.unpack(template, folder, owners, world.progress)
            _give_identity(world, domain, folder, owners, credentials)
        built = True
        record_root(world, place, shifted=bool(owners))
    except errors.VzvirtError:
        # What is left is known, so it is undone here. Anything else, down to Ctrl-C, leaves
        # the note, and the next command repairs.
        if built:
            place.layout.delete(place.spec)
        world.journal.done(ctid)
        raise
    world.journal.done(ctid)


def _template(world: World, domain: Domain, place: Area) -> OsTemplate:
    """The template to unpack, once it is sure that there is anything to do."""
    root = domain.root
    if root is None or root.kind is not FilesystemKind.TEMPLATE:
        raise errors.OperationInvalid(
            f"'{domain.name}' runs on the folder '{place.places.private_area}', "
            "there is nothing to provision"
        )
    if held_by(world, place.places) is not None:
        raise errors.OperationInvalid(
            f"'{domain.name}' has a root already, in '{place.places.private_area}'",
            hint="undefine it with its data to start over",
        )
    if not root.source:
        raise errors.ConfigUnsupported(
            f"'{domain.name}' names no template to make its root from",
            hint="add <filesystem type='template'><source name='TEMPLATE'/></filesystem>",
        )
    _check_layout(world, domain, place)
    return world.templates.find(root.source)


def _check_layout(world: World, domain: Domain, place: Area) -> None:
    """Storage that is about to be made can still be made as it was asked for."""
    abilities = place.layout.abilities
    if abilities.unusable is not None:
        raise errors.NoSupport(
            f"the layout '{abilities.name}' cannot be used here: {abilities.unusable}"
        )
    others = (layout.abilities for layout in world.layouts.values())
    error = refuse_beyond(abilities, others, domain.root)
    if error is not None:
        world.warn(f"'{domain.name}': {error.message}")


def _shift(world: World, domain: Domain, folder: Path) -> IdMap:
    """The map by which owners on disk must be shifted; empty where the kernel can do it."""
    if not domain.idmap or world.host.idmapped_mounts(folder):
        return IdMap()
    return domain.idmap


def _give_identity(
    world: World, domain: Domain, folder: Path, owners: IdMap, credentials: Credentials
) -> None:
    files = world.guestfiles
    files.give_identity(folder, owners, domain.hostname)
    if credentials.password is not None:
        files.set_password(folder, owners, "root", credentials.password)
    for key in credentials.ssh_keys:
        files.add_ssh_key(folder, owners, "root", key)
