"""Limits on what a container may store.

The area is changed first and the definition after it. The journal's note says what was wanted
and stands until both agree, so that a crash in between is made good by the next command.
"""

from __future__ import annotations

import dataclasses

from vzvirt import errors
from vzvirt.manager.areas import area, refuse_beyond
from vzvirt.manager.defaults import effective
from vzvirt.manager.locks import exclusive
from vzvirt.manager.repairs import RESIZE, note, resize_details
from vzvirt.manager.world import World
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.storage import Usage
from vzvirt.model.values import SoftHard
from vzvirt.ports.store import StoredDomain


class Quotas:
    """Use cases over disk quotas."""

    def __init__(self, world: World) -> None:
        self._world = world

    def set(
        self, ref: str, *, space: SoftHard | None = None, inodes: SoftHard | None = None
    ) -> Domain:
        """Change quotas, on the running container as far as its layout can; ``None``: keep.

        Args:
            ref: Which one.
            space: Bytes.
            inodes: Files.

        Returns:
            The definition as it stands now.

        Raises:
            NoDomain: There is no such container.
            ConfigUnsupported: Its layout cannot keep such a quota; the message names one that can.
            InvalidArgument: Below what is in use.
        """
        world = self._world
        ctid = world.store.find(ref)
        with exclusive(world, ctid):
            domain = world.effective(ctid)
            root = _own_root(domain)
            asked = dataclasses.replace(
                root, space=space or root.space, inodes=inodes or root.inodes
            )
            others = [layout.abilities for layout in world.layouts.values()]
            error = refuse_beyond(area(world, domain).layout.abilities, others, asked)
            if error is not None:
                raise error
            stored = world.store.load(ctid).domain
            said = stored.root or Filesystem(kind=FilesystemKind.TEMPLATE)
            wanted = dataclasses.replace(asked, source=said.source)
            return save_with_quotas(world, stored, stored.with_root(wanted)).domain

    def usage(self, ref: str) -> Usage:
        """What a container uses of its quotas.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no private area yet.
        """
        world = self._world
        domain = world.effective(world.store.find(ref))
        place = area(world, domain)
        if not place.exists:
            raise errors.OperationInvalid(
                f"'{domain.name}' has no root yet", hint=f"vzvirt provision {domain.name}"
            )
        return place.layout.usage(place.spec)


def _own_root(domain: Domain) -> Filesystem:
    root = domain.root
    if root is None or root.kind is not FilesystemKind.TEMPLATE:
        raise errors.ConfigUnsupported(
            f"'{domain.name}' runs on a folder of the host's, which has no quota of its own"
        )
    return root


def save_with_quotas(world: World, old: Domain, new: Domain) -> StoredDomain:
    """Replace a stored definition, its container's area brought to the new quotas first.

    What is stored is what was really set.

    Raises:
        InvalidArgument: Below what is in use, or more than the layout can do now.
    """
    root = new.root
    place = area(world, effective(new, world.store.global_config()))
    if root is None or _quotas(root) == _quotas(old.root) or not place.owned_and_there:
        return world.store.save(new)
    world.journal.begin(note(place, RESIZE, **resize_details(root)))
    try:
        really = place.layout.resize(place.spec)
    except (errors.CallerError, errors.NoSupport):
        world.journal.done(place.spec.ctid)  # refused before anything was done
        raise
    changed = dataclasses.replace(root, space=really.space, inodes=really.inodes)
    stored = world.store.save(new.with_root(changed))
    world.journal.done(place.spec.ctid)
    return stored


def _quotas(root: Filesystem | None) -> tuple[SoftHard | None, SoftHard | None]:
    return (root.space, root.inodes) if root is not None else (None, None)
