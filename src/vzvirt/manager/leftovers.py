"""What a container that no longer runs still holds of the host: control groups, mounts.

Giving it back takes no lock and can be done twice, by the hook that runs when a container has
ended, by whoever stopped it, and by whoever finds it later. A transient container is forgotten
under its lock.
"""

from __future__ import annotations

import contextlib

from vzvirt import errors
from vzvirt.manager.areas import Area, area
from vzvirt.manager.defaults import effective
from vzvirt.manager.world import World
from vzvirt.model.domain import Domain
from vzvirt.model.state import Observation
from vzvirt.model.values import Ctid


def give_back(world: World, area: Area) -> Observation:
    """Give back what a container held, unless it runs; gives back how it stands."""
    ctid = area.spec.ctid
    # The engine's notes say that it has ended, so they go last: a NIC must be back by then.
    if not world.engine.observe(ctid).is_active:
        world.links.release(ctid)
    observation = world.engine.settle(ctid)
    if not observation.is_active:
        area.layout.unmount(area.spec)
        _forget_run(world, ctid, observation)
    return observation


def _forget_run(world: World, ctid: Ctid, observation: Observation) -> None:
    """A stored container's live definition goes with its run, once its policy is done with it."""
    with contextlib.suppress(errors.NoDomain):
        ran = world.store.load(ctid, live=True)
        restarts = ran.domain.lifecycle.restarts_after(observation.reason)
        if ran.live and not ran.transient and not restarts:
            world.store.delete(ctid, live=True)


def is_transient(world: World, ctid: Ctid) -> bool:
    """Whether a container has only a live definition."""
    try:
        return world.store.load(ctid).transient
    except errors.NoDomain:
        return False


def end_transient(world: World, ctid: Ctid) -> bool:
    """Forget a transient container that has ended for good; the caller holds its lock.

    A root that was made for it goes with it, since nobody could name it any more. Why it ended
    and its logs stay until its number is taken again.

    Returns:
        Whether there was one to forget.
    """
    if not is_transient(world, ctid):
        return False
    domain = world.effective(ctid)
    observation = world.engine.observe(ctid)
    if observation.is_active or domain.lifecycle.restarts_after(observation.reason):
        return False  # somebody is about to start it again
    _remove(world, domain)
    return True


def remove_orphan(world: World, ctid: Ctid) -> bool:
    """Remove the root of a transient container that a crash of the host ended.

    The caller holds its lock.

    Returns:
        Whether there was one.
    """
    orphans = [domain for domain in world.store.orphans() if domain.ctid == ctid]
    if not orphans or world.engine.observe(ctid).is_active:
        return False
    _remove(world, effective(orphans[0], world.store.global_config()))
    return True


def _remove(world: World, domain: Domain) -> None:
    """Remove a transient container that is off; last what says that there is one."""
    place = area(world, domain)
    give_back(world, place)
    if domain.disposable and not place.places.users_folder:
        place.layout.delete(place.spec)
        place.layout.clean(place.spec)
    world.store.delete(place.spec.ctid, live=True)
    if domain.disposable:
        world.store.drop_former(place.spec.ctid)
