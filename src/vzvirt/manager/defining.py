"""How definitions are taken in, and how they are forgotten."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from contextlib import ExitStack

from vzvirt import errors
from vzvirt.manager import checks
from vzvirt.manager.areas import area, base_name, choose, held_by, replaced
from vzvirt.manager.cases import define_case
from vzvirt.manager.defaults import with_idmap, with_resources, with_root
from vzvirt.manager.identities import Claim, claim
from vzvirt.manager.interfaces import host_ends, with_interfaces
from vzvirt.manager.leftovers import give_back
from vzvirt.manager.locks import exclusive
from vzvirt.manager.quotas import save_with_quotas
from vzvirt.manager.repairs import UNDEFINE, finish_undefine, note
from vzvirt.manager.samples import expanded
from vzvirt.manager.world import World
from vzvirt.model.devices import FilesystemKind
from vzvirt.model.domain import Domain, replace_openvz
from vzvirt.model.report import Defined
from vzvirt.model.state import Action, next_state
from vzvirt.model.values import Ctid, check_name
from vzvirt.ports.store import StoredDomain


def define(
    world: World, domain: Domain, warnings: Iterable[str], replacing: Domain | None
) -> Defined:
    """As ``Definitions.define``."""
    with ExitStack() as held:
        claimed = claim(world, domain, held)
        old = claimed.before
        if replacing is not None and (claimed.old is None or not _unchanged(replacing, old)):
            raise errors.Outdated(
                f"'{domain.name}' was changed by somebody else meanwhile",
                hint=f"see what it is now: vzvirt dumpxml --inactive {domain.name}",
            )
        complete, sentences = completed_definition(world, domain, claimed)
        case = define_case(
            world,
            complete,
            old,
            claimed.others,
            from_elsewhere=_quotas_came_along(domain, old),
        )
        checks.refuse(case, checks.AT_DEFINE)
        told = [*warnings, *sentences, *checks.warnings(case, checks.WARN_AT_DEFINE)]
        if claimed.old is not None:
            _keep_root(world, claimed.old)
        if old is not None:
            replaced_one = claimed.old or StoredDomain(domain=old)
            stored = save_with_quotas(world, replaced_one, complete, lasting=True)
        else:
            stored = world.store.save(complete)
        world.store.drop_former(claimed.ctid)
    return Defined(
        domain=stored.domain,
        warnings=tuple(dict.fromkeys((*told, *stored.roundings))),
        is_new=_is_new(claimed),
    )


def _unchanged(shown: Domain, now: Domain | None) -> bool:
    """Whether a definition still says what it did, facts aside that no document says."""
    return now is not None and _kept(shown, now) == now


def _is_new(claimed: Claim) -> bool:
    """Whether nothing was stored before, though it may run already."""
    return claimed.old is None or claimed.old.transient


def _keep_root(world: World, old: StoredDomain) -> None:
    """The root of a transient container that is defined now does not go with its run."""
    if old.transient and old.domain.disposable:
        world.store.save(dataclasses.replace(old.domain, disposable=False), live=True)


def undefine(world: World, ctid: Ctid, *, remove_data: bool, running: bool) -> None:
    """As ``Definitions.undefine``."""
    with exclusive(world, ctid):
        domain = world.effective(ctid)
        observation = world.engine.observe(ctid)
        if running and observation.is_active and not remove_data:
            _make_transient(world, world.current(ctid))
            return
        next_state(observation.state, Action.UNDEFINE, domain.name)
        place = area(world, domain)
        give_back(world, place)
        world.journal.begin(note(place, UNDEFINE, remove_data="yes" if remove_data else "no"))
        try:
            finish_undefine(world, place, remove_data=remove_data)
        except errors.VzvirtError:
            if not remove_data or place.exists:
                world.journal.done(ctid)  # nothing is lost yet: it stays as it was
            raise
        world.journal.done(ctid)


def _make_transient(world: World, domain: Domain) -> None:
    """Forget the stored definition of a running container; the live one stays."""
    place = area(world, domain)
    ctid = place.spec.ctid
    stored = world.store.load(ctid)
    if stored.transient:
        raise errors.OperationInvalid(
            f"'{domain.name}' is transient: it has no stored definition to forget",
            hint="kill it, and it is gone",
        )
    world.store.save(world.live(ctid), live=True)  # one of an older version has none yet
    if place.owned_and_there:
        world.store.keep_former(stored.domain)
    world.store.delete(ctid)


def rename(world: World, ctid: Ctid, name: str) -> None:
    """As ``Definitions.rename``."""
    with exclusive(world, ctid), world.store.registry_lock():
        stored = world.store.load(ctid)
        old = stored.domain
        if stored.transient or world.engine.observe(ctid).is_active:
            raise errors.OperationInvalid(
                f"'{old.name}' is running, it keeps its name", hint="shut it down first"
            )
        if check_name(name).isdecimal() and name != str(ctid):
            raise errors.InvalidArgument(
                f"'{old.name}' cannot be called '{name}': a number would be the id, and that "
                f"is {ctid}"
            )
        for other in world.store.index():
            if other.name == name:
                raise errors.Conflict(
                    f"the name '{name}' belongs to container {other.ctid} already",
                    hint="choose another one",
                )
        world.store.save(dataclasses.replace(old, name=name))


def completed_definition(world: World, domain: Domain, claimed: Claim) -> tuple[Domain, list[str]]:
    """A definition with nothing left open, and what the user should know of how it was done."""
    config = world.store.global_config()
    stored = None if _is_new(claimed) else claimed.before
    result, sentences = expanded(world.store, domain, stored)
    result = dataclasses.replace(result, ctid=claimed.ctid, uuid=domain.uuid or uuid.uuid4())
    if claimed.before is None:
        result = dataclasses.replace(result, provisioned=False)
    else:
        result = _kept(result, claimed.before)
    result = with_resources(with_idmap(with_root(result, config), config))
    result, more = _with_layout(world, domain.openvz.layout, result)
    complete = with_interfaces(world, result, claimed.ctid, claimed.before, claimed.others)
    more += [
        f"the address {mac} of a host end belongs to another container, a new one is made up"
        for mac in sorted(map(str, host_ends(result) - host_ends(complete)))
    ]
    return complete, [*sentences, *more]


def _kept(domain: Domain, old: Domain) -> Domain:
    """A definition with those facts of the one it replaces that no document says."""
    kept = dataclasses.replace(
        domain,
        autostart=old.autostart,
        provisioned=old.provisioned,
        idmap_shifted=old.idmap_shifted,
        idmap=old.idmap if domain.idmap is None else domain.idmap,
    )
    ours, theirs = kept.openvz, old.openvz
    kept = replace_openvz(kept, root_mount=ours.root_mount or theirs.root_mount)
    if domain.root is not None and domain.root.kind is FilesystemKind.MOUNT:
        return kept  # no private area, no layout: its root is a folder of the user's
    return replace_openvz(
        kept,
        layout=ours.layout or theirs.layout,
        private_area=ours.private_area or theirs.private_area,
    )


def _with_layout(world: World, asked: str | None, domain: Domain) -> tuple[Domain, list[str]]:
    """A definition that says how its private area is stored."""
    layout = domain.openvz.layout
    if asked is None and layout is not None and replaced(layout) != base_name(layout):
        came_along = f"VE_LAYOUT={layout} came along, '{replaced(layout)}' takes its place here"
        return replace_openvz(domain, layout=replaced(layout)), [came_along]
    places = world.store.places(domain)
    if layout or places.users_folder:
        return domain, []
    held = held_by(world, places)
    if held is not None:
        return replace_openvz(domain, layout=held), []
    abilities = [item.abilities for item in world.layouts.values()]
    name, warning = choose(abilities, domain.root, world.default_layout)
    return replace_openvz(domain, layout=name), [warning] if warning else []


def _quotas_came_along(asked: Domain, old: Domain | None) -> bool:
    """Whether a root's quotas are not news: they came with a sample, or stay as they were."""
    root = asked.root
    if root is None or (root.space is None and root.inodes is None):
        return True
    before = old.root if old is not None else None
    return before is not None and (before.space, before.inodes) == (root.space, root.inodes)
