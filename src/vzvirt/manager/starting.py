"""Bring a container up: look whether it may start, make its root where it has none, mount, start.

No state. All of it happens under the container's lock, which the caller has.
"""

from __future__ import annotations

import dataclasses

from vzvirt import errors
from vzvirt.manager import checks, guestside, links
from vzvirt.manager.areas import Area, area
from vzvirt.manager.cases import start_case
from vzvirt.manager.identities import ENDING
from vzvirt.manager.interfaces import with_interfaces
from vzvirt.manager.leftovers import give_back
from vzvirt.manager.provisioning import Credentials, make_root
from vzvirt.manager.repairs import START, note
from vzvirt.manager.world import World
from vzvirt.model.devices import GuestNaming
from vzvirt.model.domain import Domain, replace_openvz
from vzvirt.model.state import Action, Reason, next_state
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.engine import StartPlan


def start(
    world: World, ctid: Ctid, *, paused: bool = False, reason: Reason = Reason.BOOTED
) -> None:
    """Start a container from its stored definition; the caller has its lock."""
    own = world.store.load(ctid).domain.guest_naming
    start_as(world, world.effective(ctid), own, paused=paused, reason=reason)


def start_as(
    world: World, domain: Domain, own: GuestNaming, *, paused: bool, reason: Reason
) -> None:
    """Start a container; its root is made if it has none.

    The caller has its lock.

    Args:
        world: The ports.
        domain: What to start.
        own: What its own definition says of names, without vz.conf.
        paused: Whether it stays paused.
        reason: What to report while it runs.
    """
    place = area(world, domain)
    ctid = place.spec.ctid
    # A config of others may leave them open.
    domain = with_interfaces(world, domain, ctid, domain)
    next_state(world.engine.observe(ctid).state, Action.START, domain.name)
    if not world.engine.wait_stopped(ctid, ENDING):
        raise errors.TimedOut(
            f"'{domain.name}' is still stopping", hint="try again in a few seconds"
        )
    case = start_case(world, domain)
    checks.refuse(case, checks.AT_START)
    for sentence in checks.warnings(case, checks.WARN_AT_START):
        world.warn(f"'{domain.name}': {sentence}")
    give_back(world, place)  # a crash or a power cut may have left a mount or a group
    links.check(world, domain)
    if case.layout is not None and case.held is None:
        make_root(world, domain, Credentials())
        domain = _with_root_of(world.store.load(ctid).domain, domain)
    _bring_up(world, domain, own, paused=paused, reason=reason)


def _bring_up(
    world: World, domain: Domain, own: GuestNaming, *, paused: bool, reason: Reason
) -> None:
    """Mount the root and start; nothing of either stays if it fails."""
    place = area(world, domain)
    world.journal.begin(note(place, START))
    try:
        place.layout.mount(place.spec)
        live = dataclasses.replace(links.filled_in(world, domain), guest_naming=own)
        unasked = guestside.prepare(world, domain, own, place)
        # Before anybody can change or end what runs.
        world.store.save(live, live=True)
        world.engine.start(
            StartPlan(
                domain=domain,
                root_mount=place.spec.root_mount,
                idmap=_idmap(world, domain, place),
                shifted=domain.idmap_shifted,
                paused=paused,
                reason=reason,
                # Last, since it waits for those who might have an address already.
                boot_steps=(
                    *links.boot_steps(world, domain, strict=True),
                    *links.steps_after(domain, unasked),
                ),
            )
        )
    except BaseException:
        give_back(world, place)
        world.journal.done(place.spec.ctid)
        raise
    world.journal.done(place.spec.ctid)
    if not paused:
        links.ask_for_addresses(world, place.spec.ctid, domain, unasked)


def _with_root_of(stored: Domain, domain: Domain) -> Domain:
    """An effective definition with what its definition says of the root that was just made."""
    made = dataclasses.replace(
        domain, provisioned=stored.provisioned, idmap_shifted=stored.idmap_shifted
    )
    return replace_openvz(made, layout=stored.openvz.layout)


def _idmap(world: World, domain: Domain, place: Area) -> IdMap:
    """The user namespace to start in, asked of the file system as it is mounted.

    Raises:
        NoSupport: Files on disk are not shifted, and the kernel cannot do it while mounting.
    """
    idmap = domain.idmap or IdMap()
    if not idmap or domain.idmap_shifted:
        return idmap
    if not world.host.idmapped_mounts(place.spec.root_mount):
        raise errors.NoSupport(
            f"the files of '{domain.name}' belong to the host's users, and the file system of "
            f"'{place.places.private_area}' cannot be mounted with other owners",
            hint="keep it on ext4, xfs or btrfs, or say LOCAL_UID=0 to do without a namespace",
        )
    return idmap
