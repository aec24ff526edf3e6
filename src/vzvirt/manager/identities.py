"""Who a definition is: which container it replaces, or which number it gets.

Locks are taken in one order, a container's before the registry's, so that two defines never
wait for each other. A fresh number's lock is only tried: whoever holds it is about to take it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import Final

from vzvirt import errors
from vzvirt.manager.areas import area
from vzvirt.manager.defaults import effective
from vzvirt.manager.locks import exclusive
from vzvirt.manager.world import World
from vzvirt.model.domain import Domain
from vzvirt.model.state import Reason
from vzvirt.model.values import FIRST_FREE_CTID, Ctid
from vzvirt.ports.store import Identity, StoredDomain

ENDING: Final = 10.0
"""Seconds that the hooks of a container which has just ended may take."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that is ours to write, under locks that the caller holds.

    Attributes:
        ctid: The number.
        old: The definition that is replaced, be it transient, or ``None``.
        former: What it was before it was undefined, if its private area is still there.
        others: Identities of all other containers.
    """

    ctid: Ctid
    old: StoredDomain | None
    others: tuple[Identity, ...]
    former: Domain | None = None

    @property
    def before(self) -> Domain | None:
        """What it is or once was; its root is that of this one."""
        return self.old.domain if self.old is not None else self.former


def claim(world: World, domain: Domain, held: ExitStack) -> Claim:
    """Find or choose a definition's number; its lock and the registry's go onto ``held``.

    Raises:
        Conflict: Its number, name or UUID belongs to another container.
        Busy: Somebody else is at it.
    """
    wanted = wanted_ctid(domain)
    guess = wanted if wanted is not None else _by_name(world, domain.name)
    former = _former(world, domain)
    if guess is None and former is not None:
        guess = former.ctid
    if guess is not None:
        held.enter_context(exclusive(world, guess))
    held.enter_context(world.store.registry_lock())
    identities = world.store.identities()
    known = identify(domain, identities)
    others = tuple(item for item in identities if known is None or item.ctid != known.ctid)
    free = guess is not None and all(item.ctid != guess for item in identities)
    if former is not None and guess is not None and former.ctid == guess and free:
        return Claim(guess, None, others, former)
    if known is None:
        ctid = _take_free(world, identities, held) if wanted is None else _taken(world, wanted)
        _forget_last_words(world, ctid)
        return Claim(ctid, None, others)
    if known.ctid != guess:
        raise errors.Busy(
            f"'{domain.name}' was defined by another command just now", hint="try again"
        )
    return Claim(known.ctid, world.store.load(known.ctid), others)


def _former(world: World, domain: Domain) -> Domain | None:
    """What a container was before it was undefined, if its private area stayed.

    Its UUID is what tells that it is the same one.
    """
    for former in world.store.formers() if domain.uuid is not None else []:
        if former.uuid == domain.uuid and wanted_ctid(domain) in {None, former.ctid}:
            whole = effective(former, world.store.global_config())
            return former if area(world, whole).owned_and_there else None
    return None


def _forget_last_words(world: World, ctid: Ctid) -> None:
    """Why a transient container of a number ended, and its logs, are not those of the next."""
    if world.engine.observe(ctid).reason is not Reason.NEVER_STARTED:
        world.engine.wait_stopped(ctid, ENDING)
        world.engine.forget(ctid)


def wanted_ctid(domain: Domain) -> Ctid | None:
    """The number that a definition asks for, by its id or by a numeric name.

    Raises:
        InvalidArgument: The name is a number that no container can have.
    """
    if domain.ctid is not None or not domain.name.isdecimal():
        return domain.ctid
    return Ctid(domain.name)


def _by_name(world: World, name: str) -> Ctid | None:
    try:
        return world.store.find(name)
    except errors.NoDomain:
        return None


def identify(domain: Domain, identities: Iterable[Identity]) -> Identity | None:
    """The container that a definition replaces: the one with all of its identity.

    Raises:
        Conflict: A part of its identity belongs to a container that it does not replace.
    """
    wanted = wanted_ctid(domain)
    for item in identities:
        shared = [
            what
            for what, same in (
                (f"the id {item.ctid}", wanted == item.ctid),
                (f"the name '{item.name}'", domain.name == item.name),
                (f"the UUID {item.uuid}", domain.uuid == item.uuid),
            )
            if same
        ]
        if not shared:
            continue
        if domain.name == item.name and domain.uuid == item.uuid and wanted in {None, item.ctid}:
            return item
        raise errors.Conflict(
            f"{' and '.join(shared)} of '{domain.name}' "
            f"{'belongs' if len(shared) == 1 else 'belong'} to container '{item.name}' "
            f"(id {item.ctid}, UUID {item.uuid})",
            hint=_way_out(domain, item),
        )
    return None


def _way_out(domain: Domain, holder: Identity) -> str:
    if domain.name == holder.name and domain.uuid is None:
        return f"to replace its definition add <uuid>{holder.uuid}</uuid>, else choose a new name"
    return f"choose another one or leave it out, or undefine '{holder.name}' first"


def _taken(world: World, ctid: Ctid) -> Ctid:
    """A number that was asked for, if nobody has it.

    Raises:
        Conflict: Something of an earlier container is still there.
    """
    if world.store.is_free(ctid):
        return ctid
    former = next((item for item in world.store.formers() if item.ctid == ctid), None)
    known = f"; if it is to be '{former.name}' again: <uuid>{former.uuid}</uuid>" if former else ""
    raise errors.Conflict(
        f"the id {ctid} is not free: a private area, root, dump or sidecar of it is still there",
        hint=f"leave the id out, or move away what is left of that container{known}",
    )


def _take_free(world: World, identities: Iterable[Identity], held: ExitStack) -> Ctid:
    """The lowest free number, locked."""
    taken = {item.ctid for item in identities}
    for number in count(FIRST_FREE_CTID):
        ctid = Ctid(number)
        if ctid in taken or not world.store.is_free(ctid):
            continue
        try:
            held.enter_context(world.store.lock(ctid, wait=0))
        except errors.Busy:
            continue  # somebody is about to take it
        return ctid
    raise AssertionError  # Ctid() ends the count
