"""Containers that are started without being defined.

Their identity is taken by writing the live definition, before anything else is made. A root
that has to be made for one is its own: that is noted before it is made, so it is never left
behind with nobody who knows of it.
"""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from dataclasses import dataclass

from vzvirt.manager import checks
from vzvirt.manager.areas import area
from vzvirt.manager.cases import define_case
from vzvirt.manager.defaults import effective
from vzvirt.manager.defining import completed_definition
from vzvirt.manager.identities import claim
from vzvirt.manager.leftovers import end_transient
from vzvirt.manager.locks import exclusive
from vzvirt.manager.world import World
from vzvirt.model.devices import GuestNaming
from vzvirt.model.domain import Domain
from vzvirt.model.state import Action, next_state
from vzvirt.model.values import Ctid


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A container that is about to be started from a definition of its own.

    Attributes:
        domain: What to start, as it takes effect.
        own_naming: What its own definition says of names, without vz.conf.
        is_new: Whether no stored container is started by it.
    """

    ctid: Ctid
    domain: Domain
    own_naming: GuestNaming
    warnings: tuple[str, ...]
    is_new: bool


def announced(world: World, domain: Domain, held: ExitStack) -> Announced:
    """Take the identity of a container that is about to be started from a definition.

    Args:
        world: The ports.
        domain: The definition.
        held: Gets the container's lock.

    Raises:
        Conflict: A part of its identity belongs to another container.
        OperationInvalid: It runs already.
    """
    with ExitStack() as registry:
        claimed = claim(world, domain, registry)
        ctid = claimed.ctid
        held.enter_context(exclusive(world, ctid))
        if claimed.old is not None:
            next_state(world.engine.observe(ctid).state, Action.START, domain.name)
        complete, sentences = completed_definition(world, domain, claimed)
        case = define_case(world, complete, claimed.before, claimed.others, from_elsewhere=True)
        checks.refuse(case, checks.AT_DEFINE)
        sentences += checks.warnings(case, checks.WARN_AT_DEFINE)
        if claimed.old is None:
            place = area(world, complete)
            makes_root = not (place.exists or place.places.users_folder)
            complete = dataclasses.replace(complete, disposable=makes_root)
            if makes_root:
                world.store.keep_former(complete)
            world.store.save(complete, live=True)
    return Announced(
        ctid=ctid,
        domain=effective(complete, world.store.global_config()),
        own_naming=complete.guest_naming,
        warnings=tuple(dict.fromkeys(sentences)),
        is_new=claimed.old is None,
    )


def take_back(world: World, one: Announced) -> None:
    """Forget a container that did not come up; one that is stored stays as it is."""
    if one.is_new:
        end_transient(world, one.ctid)
