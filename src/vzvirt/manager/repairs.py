"""Finish or undo what crashed commands left.

Each piece of work that touches more than one place is noted in the journal before it begins.
A note whose container's lock is free belongs to a command that died. What follows is a row of
``_REPAIRS``: a root that stands complete is kept, one that does not goes; what was to be
removed is removed; a quota becomes what was asked for.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vzvirt import errors
from vzvirt.manager.areas import Area, named_layout
from vzvirt.manager.leftovers import end_transient, give_back, remove_orphan
from vzvirt.manager.world import World
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain, replace_openvz
from vzvirt.model.host import Places
from vzvirt.model.storage import AreaSpec
from vzvirt.model.values import Ctid, SoftHard
from vzvirt.ports.journal import JournalEntry

PROVISION: Final = "provision"
UNDEFINE: Final = "undefine"
RESIZE: Final = "resize"
START: Final = "start"
OPEN: Final = "open"
"""Kinds of work that are noted."""


def note(area: Area, work: str, **more: str) -> JournalEntry:
    """A journal entry that says where the container's files are, even if its config is gone."""
    details = {
        "layout": area.layout.abilities.name,
        "private_area": str(area.places.private_area),
        "root_mount": str(area.places.root_mount),
        "users_folder": _word(area.places.users_folder),
    }
    return JournalEntry(ctid=area.spec.ctid, work=work, details={**details, **more})


def _word(truth: bool) -> str:
    return "yes" if truth else "no"


class Repairs:
    """What is done first wherever a container's lock is had."""

    def __init__(self, world: World) -> None:
        self._world = world

    def repair_pending(self) -> list[Ctid]:
        """Repair every container with unfinished work whose lock is free; a cheap look.

        Transient containers that have ended unseen, perhaps with the host, are forgotten. A
        repair that fails is warned of and tried again next time.

        Returns:
            Those repaired.
        """
        world = self._world
        work = {entry.ctid: entry.work for entry in world.journal.pending()}
        for ctid in world.store.transients():
            if not world.engine.observe(ctid).is_active:
                work.setdefault(ctid, "end")
        for orphan in world.store.orphans():
            if orphan.ctid is not None:
                work.setdefault(orphan.ctid, "end")
        return [ctid for ctid, what in work.items() if self._repaired(ctid, what)]

    def _repaired(self, ctid: Ctid, work: str) -> bool:
        try:
            with self._world.store.lock(ctid, wait=0):
                return repair(self._world, ctid)
        except errors.Busy:
            return False  # it is under way, not left over
        except errors.VzvirtError as error:
            self._world.warn(
                f"container {ctid}: an unfinished {work} is still in the way: {error.message}"
            )
            return False


def repair(world: World, ctid: Ctid) -> bool:
    """Repair one container whose lock is held; gives back whether there was anything to do."""
    entries = [entry for entry in world.journal.pending() if entry.ctid == ctid]
    for entry in entries:
        known = _REPAIRS.get(entry.work)
        if known is None:
            raise errors.OperationFailed(
                f"container {ctid} has an unfinished '{entry.work}' that this version "
                "does not know how to finish",
                hint="use the version of vzvirt that began it",
            )
        known(world, _area(world, entry), entry.details)
        world.journal.done(ctid)
    ended = end_transient(world, ctid) or remove_orphan(world, ctid)
    return ended or bool(entries)


def _area(world: World, entry: JournalEntry) -> Area:
    """The storage that a note speaks of."""
    try:
        places = Places(
            private_area=Path(entry.details["private_area"]),
            root_mount=Path(entry.details["root_mount"]),
            users_folder=entry.details["users_folder"] == "yes",
        )
        layout = named_layout(world, entry.details["layout"])
    except KeyError as error:
        raise errors.OperationFailed(
            f"the note on an unfinished {entry.work} of container {entry.ctid} lacks {error}"
        ) from None
    spec = AreaSpec(
        ctid=entry.ctid, private_area=places.private_area, root_mount=places.root_mount
    )
    return Area(layout=layout, spec=spec, places=places)


def _stored(world: World, ctid: Ctid) -> Domain | None:
    try:
        return world.store.load(ctid).domain
    except errors.NoDomain:
        return None


def _finish_provision(world: World, area: Area, details: Mapping[str, str]) -> None:
    """A root appears complete or not at all: keep it, or clear away what there is of it."""
    area.layout.clean(area.spec)
    if area.exists:
        record_root(world, area, shifted=details["shifted"] == "yes")


def record_root(world: World, area: Area, *, shifted: bool) -> None:
    """Say in a container's definition, if it has one, that its root stands."""

    def provisioned(domain: Domain) -> Domain:
        changed = dataclasses.replace(domain, provisioned=True, idmap_shifted=shifted)
        return replace_openvz(changed, layout=area.layout.abilities.name)

    with contextlib.suppress(errors.NoDomain):
        change_all(world, area.spec.ctid, provisioned)


def change_all(world: World, ctid: Ctid, edit: Callable[[Domain], Domain]) -> None:
    """Change every definition of a container whose lock is held.

    Raises:
        NoDomain: It has none.
    """
    live = world.store.load(ctid, live=True)
    if live.live:
        world.store.save(edit(live.domain), live=True)
    if not live.transient:
        world.store.save(edit(world.store.load(ctid).domain))


def _finish_undefine(world: World, area: Area, details: Mapping[str, str]) -> None:
    """Its user asked for it, so it is done."""
    observation = give_back(world, area)
    if observation.is_active:
        return  # somebody started it with other tools meanwhile; nothing of it may go
    finish_undefine(world, area, remove_data=details["remove_data"] == "yes")


def finish_undefine(world: World, area: Area, *, remove_data: bool) -> None:
    """Remove a container that is off: first its data, last its definition. Idempotent.

    A private area that stays is kept for whoever defines that very container again.
    """
    if remove_data and not area.places.users_folder:
        area.layout.delete(area.spec)
        world.store.drop_former(area.spec.ctid)
    area.layout.clean(area.spec)
    stored = _stored(world, area.spec.ctid)
    if stored is not None and area.owned_and_there:
        world.store.keep_former(stored)
    world.store.delete(area.spec.ctid)
    world.store.delete(area.spec.ctid, live=True)
    world.engine.forget(area.spec.ctid)


def resize_details(root: Filesystem) -> dict[str, str]:
    """The quotas that are wanted, for the journal."""
    return {"space": _pair(root.space), "inodes": _pair(root.inodes)}


def _pair(quota: SoftHard | None) -> str:
    return "" if quota is None else f"{quota.soft}:{quota.hard}"


def _quota(text: str) -> SoftHard | None:
    soft, _, hard = text.partition(":")
    return SoftHard(int(soft), int(hard)) if text else None


def _finish_resize(world: World, area: Area, details: Mapping[str, str]) -> None:
    """Bring area and definition to what was wanted, or else to what the definition says."""
    area.layout.clean(area.spec)
    domain = _stored(world, area.spec.ctid)
    if domain is None or domain.root is None or not area.exists:
        return
    wanted = (_quota(details["space"]), _quota(details["inodes"]))
    for space, inodes in (wanted, (domain.root.space, domain.root.inodes)):
        try:
            really = area.layout.resize(dataclasses.replace(area.spec, space=space, inodes=inodes))
        except (errors.CallerError, errors.NoSupport):
            continue  # not as things are now, so it was not done before either
        change_all(world, area.spec.ctid, partial(with_quotas, root=really))
        return


def with_quotas(domain: Domain, root: AreaSpec) -> Domain:
    """A definition with the quotas that were really set."""
    old = domain.root or Filesystem(kind=FilesystemKind.TEMPLATE)
    return domain.with_root(dataclasses.replace(old, space=root.space, inodes=root.inodes))


def _undo_start(world: World, area: Area, details: Mapping[str, str]) -> None:
    """Either it runs, or nothing of the attempt stays."""
    del details
    give_back(world, area)


def _clean(world: World, area: Area, details: Mapping[str, str]) -> None:
    """Unmount what was mounted aside."""
    del world, details
    area.layout.clean(area.spec)


_REPAIRS: Final[Mapping[str, Callable[[World, Area, Mapping[str, str]], None]]] = MappingProxyType(
    {
        PROVISION: _finish_provision,
        UNDEFINE: _finish_undefine,
        RESIZE: _finish_resize,
        START: _undo_start,
        OPEN: _clean,
    }
)
"""What to do about each kind of work."""
