"""Limits on what a container may store.

The area is changed first and the definition after it. The journal's note says what was wanted
and stands until both agree, so that a crash in between is made good by the next command.
"""

from __future__ import annotations

import dataclasses

from vzvirt import errors
from vzvirt.manager.areas import Share, alone, area, refuse_beyond, usage
from vzvirt.manager.defaults import effective
from vzvirt.manager.locks import exclusive
from vzvirt.manager.repairs import RESIZE, note, resize_details, with_quotas
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
            domain = world.current(ctid)
            root = _own_root(domain)
            asked = dataclasses.replace(
                root, space=space or root.space, inodes=inodes or root.inodes
            )
            others = [layout.abilities for layout in world.layouts.values()]
            error = refuse_beyond(area(world, domain).layout.abilities, others, asked)
            if error is not None:
                raise error
            stored = world.store.load(ctid)
            said = stored.domain.root or Filesystem(kind=FilesystemKind.TEMPLATE)
            wanted = dataclasses.replace(asked, source=said.source)
            return save_with_quotas(world, stored, stored.domain.with_root(wanted)).domain

    def usage(self, ref: str, *, share: Share = alone) -> Usage:
        """What a container uses of its quotas.

        Args:
            ref: Which one.
            share: Who else may be told what was added up.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no private area yet.
        """
        world = self._world
        domain = world.current(world.store.find(ref))
        place = area(world, domain)
        if not place.exists:
            raise errors.OperationInvalid(
                f"'{domain.name}' has no root yet", hint=f"vzvirt provision {domain.name}"
            )
        return usage(place, share)


def _own_root(domain: Domain) -> Filesystem:
    root = domain.root
    if root is None or root.kind is not FilesystemKind.TEMPLATE:
        raise errors.ConfigUnsupported(
            f"'{domain.name}' runs on a folder of the host's, which has no quota of its own"
        )
    return root


def save_with_quotas(
    world: World, old: StoredDomain, new: Domain, *, lasting: bool = False
) -> StoredDomain:
    """Replace a definition, its container's area brought to the new quotas first.

    What is stored is what was really set. A container that runs goes by it at once, so its
    live definition says so, too.

    Args:
        world: The ports.
        old: Its definition so far.
        new: What is to replace it.
        lasting: Whether a transient container's becomes a stored one.

    Raises:
        InvalidArgument: Below what is in use, or more than the layout can do now.
    """
    root = new.root
    place = area(world, effective(new, world.store.global_config()))
    transient = old.transient and not lasting
    same = root is None or _quotas(root) == _quotas(old.domain.root)
    if root is None or same or not place.owned_and_there:
        return world.store.save(new, live=transient)
    world.journal.begin(note(place, RESIZE, **resize_details(root)))
    try:
        really = place.layout.resize(place.spec)
    except (errors.CallerError, errors.NoSupport):
        world.journal.done(place.spec.ctid)  # refused before anything was done
        raise
    live = world.store.load(place.spec.ctid, live=True)
    if live.live:
        world.store.save(with_quotas(live.domain, really), live=True)
    stored = world.store.save(with_quotas(new, really), live=transient)
    world.journal.done(place.spec.ctid)
    return stored


def _quotas(root: Filesystem | None) -> tuple[SoftHard | None, SoftHard | None]:
    return (root.space, root.inodes) if root is not None else (None, None)
