"""Start, stop and pause containers, and what follows when one ends by itself.

Changes are made under the container's lock, waiting is not: whoever waits for a container to
shut down lets others kill it meanwhile, and looks again afterwards at what has become of it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final

from vzvirt import errors
from vzvirt.manager import guestside, links
from vzvirt.manager.areas import area
from vzvirt.manager.defaults import stop_timeout
from vzvirt.manager.identities import ENDING
from vzvirt.manager.leftovers import end_transient, give_back, is_transient
from vzvirt.manager.locks import exclusive
from vzvirt.manager.runs import refuse_overtaken, refuse_overtaken_shutdown, same_run
from vzvirt.manager.starting import start, start_as
from vzvirt.manager.world import World
from vzvirt.model.domain import Domain
from vzvirt.model.report import Defined
from vzvirt.model.state import Action, DomainState, Observation, Reason, next_state
from vzvirt.model.values import Ctid

LOOK: Final = 0.1
"""Seconds between two looks at whether a container has rebooted."""

_ANY_WAIT: Final = 86_400.0
"""Seconds that a restart by policy waits for a lock: nobody is there to try again."""


class Lifecycle:
    """Use cases over running containers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, ref: str, *, paused: bool = False) -> None:
        """Start a container; its root is made first where it never was.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It runs already, is disabled, or its private area is gone.
            OperationFailed: It did not come up.
        """
        ctid = self._world.store.find(ref)
        with exclusive(self._world, ctid):
            start(self._world, ctid, paused=paused)

    def start_transient(
        self, domain: Domain, *, paused: bool = False, warnings: Iterable[str] = ()
    ) -> Defined:
        """Start a container from a definition that is not stored; it is gone once it ends.

        A root that has to be made from a template goes with it. Where a stored container has
        the same name and UUID and is off, that one is started as this definition says, for
        once.

        Args:
            domain: What to start.
            paused: Whether it stays paused.
            warnings: What reading the document brought up; they come first in what is given
                back.

        Raises:
            Conflict: CTID, name, UUID or an address belongs to another container.
            ConfigUnsupported: It asks for something that cannot be had here.
            OperationInvalid: It runs already.
            OperationFailed: It did not come up; nothing of it is left.
        """
        from vzvirt.manager.transients import announced, take_back  # for few commands

        world = self._world
        with ExitStack() as held:
            one = announced(world, domain, held)
            try:
                start_as(
                    self._world, one.domain, one.own_naming, paused=paused, reason=Reason.BOOTED
                )
            except BaseException:
                take_back(world, one)
                raise
        told = dict.fromkeys((*warnings, *one.warnings))
        return Defined(domain=one.domain, warnings=tuple(told), is_new=one.is_new)

    def shutdown(self, ref: str, *, timeout: float | None = None, kill: bool = True) -> None:
        """Ask a container to shut down and wait until it has.

        Args:
            ref: Which one.
            timeout: Seconds to wait; ``None``: its STOP_TIMEOUT; 0: ask, do not wait.
            kill: Whether one that does not stop in time is killed.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running, or paused; or somebody else has started it anew,
                paused it or asked it to reboot since it was asked to shut down.
            TimedOut: It still runs and was not to be killed.
        """
        world = self._world
        ctid = world.store.find(ref)
        with exclusive(world, ctid):
            before, domain = self._allow(ctid, Action.SHUTDOWN)
            world.engine.request_shutdown(ctid)
            if not world.engine.observe(ctid).is_active:
                self._ended(domain)
                return
        seconds = stop_timeout(domain) if timeout is None else timeout
        if seconds <= 0:
            return
        stopped = world.engine.wait_stopped(ctid, seconds)
        if not stopped and not kill:
            raise errors.TimedOut(
                f"'{domain.name}' has not shut down within {seconds:g} s",
                hint=f"wait longer, or: vzvirt kill {domain.name}",
            )
        with exclusive(world, ctid):
            now = world.engine.observe(ctid)
            if now.is_active:
                refuse_overtaken_shutdown(domain, now, before)
                world.engine.kill(ctid)
            self._ended(domain)

    def kill(self, ref: str) -> None:
        """End a container at once.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        world = self._world
        ctid = world.store.find(ref)
        with exclusive(world, ctid):
            _, domain = self._allow(ctid, Action.KILL)
            world.engine.kill(ctid)
            self._ended(domain)

    def kill_run(self, ctid: Ctid, run: str | None) -> bool:
        """End a container at once if it still is in the run that was seen.

        Returns:
            Whether it was.
        """
        world = self._world
        with exclusive(world, ctid):
            observation = world.engine.observe(ctid)
            if not observation.is_active or observation.run != run:
                return False
            domain = world.current(ctid)
            world.engine.kill(ctid)
            self._ended(domain)
        return True

    def request_reboot(self, ref: str) -> None:
        """Ask a container to reboot, and do not wait until it has.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running, or paused.
        """
        ctid = self._world.store.find(ref)
        with exclusive(self._world, ctid):
            self._allow(ctid, Action.REBOOT)
            self._world.engine.request_reboot(ctid)

    def reboot(self, ref: str, *, timeout: float | None = None) -> None:
        """Ask a container to reboot; one that does not within ``timeout`` is started anew.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running, or paused; or somebody else has ended it, or
                asked it to shut down, since it was asked to reboot.
        """
        world = self._world
        ctid = world.store.find(ref)
        with exclusive(world, ctid):
            before, domain = self._allow(ctid, Action.REBOOT)
            world.engine.request_reboot(ctid)
        if self._rebooted(before, stop_timeout(domain) if timeout is None else timeout):
            return
        with exclusive(world, ctid):
            now = world.engine.observe(ctid)
            if now.is_active and not same_run(now, before):
                return  # it made it, or somebody else started it
            refuse_overtaken(domain, now, before)
            domain = world.current(ctid) if now.is_active else domain
            if now.is_active:
                world.engine.kill(ctid)
            own = world.store.load(ctid).domain.guest_naming
            start_as(self._world, domain, own, paused=False, reason=Reason.BOOTED)

    def pause(self, ref: str) -> None:
        """Freeze all processes of a container; nothing happens if they are.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        ctid = self._world.store.find(ref)
        with exclusive(self._world, ctid):
            before, _ = self._allow(ctid, Action.PAUSE)
            if before.state is not DomainState.PAUSED:
                self._world.engine.pause(ctid)

    def unpause(self, ref: str) -> None:
        """Thaw them; nothing happens if it runs.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        world = self._world
        ctid = world.store.find(ref)
        with exclusive(world, ctid):
            before, _ = self._allow(ctid, Action.UNPAUSE)
            if before.state is not DomainState.PAUSED:
                return
            world.engine.unpause(ctid)
            guestside.catch_up(world, ctid, world.live(ctid))

    def ended(self, ctid: Ctid) -> bool:
        """Record that a container stopped and give back what it held; takes no lock.

        Called by the engine's hook once the container's processes are gone. Its stopper may
        hold the lock and do the same, so everything here can be done twice.

        Returns:
            Whether it is transient and ended by itself, so that ``forget`` has to follow.
        """
        world = self._world
        try:
            domain = world.live(ctid)
        except errors.NoDomain:
            world.engine.settle(ctid)
            return False
        reason = give_back(world, area(world, domain)).reason
        by_itself = reason is not Reason.KILLED and not domain.lifecycle.restarts_after(reason)
        return by_itself and is_transient(world, ctid)

    def clear_away(self, ctid: Ctid) -> bool:
        """Do what the engine's hook has to do, for a container whose hook did not.

        Returns:
            Whether that was to be done: not if it runs again.

        Raises:
            Busy: Somebody is at work on it, and sees to that himself.
        """
        with exclusive(self._world, ctid, wait=0):
            if self._world.engine.observe(ctid).is_active:
                return False
            if self.ended(ctid):
                end_transient(self._world, ctid)
            return True

    def rebooted(self, ctid: Ctid) -> None:
        """Have a container that has rebooted ask DHCP where no program of its own does.

        Called back by the engine; waits for whoever has the container's lock.
        """
        world = self._world
        with exclusive(world, ctid):
            if world.engine.observe(ctid).state is DomainState.RUNNING:
                domain = world.live(ctid)
                unasked = guestside.follow(world, domain, domain.interfaces)
                links.ask_for_addresses(world, ctid, domain, unasked)

    def forget(self, ctid: Ctid) -> None:
        """Forget a transient container that has ended; waits for whoever has its lock."""
        with exclusive(self._world, ctid):
            end_transient(self._world, ctid)

    def restart_by_policy(self, ctid: Ctid) -> bool:
        """Start a container again if the way it ended and its policy say so.

        Returns:
            Whether it was started.
        """
        world = self._world
        if world.engine.observe(ctid).is_active:
            return False  # somebody was faster
        world.engine.wait_stopped(ctid, ENDING)
        with exclusive(dataclasses.replace(world, lock_wait=_ANY_WAIT), ctid):
            try:
                ran = world.live(ctid)
            except errors.NoDomain:
                return False  # somebody was faster, and does not want it any more
            observation = give_back(world, area(world, ran))
            if observation.is_active or not ran.lifecycle.restarts_after(observation.reason):
                return False
            start(world, ctid, reason=Reason.RESTARTED)
        return True

    def _allow(self, ctid: Ctid, action: Action) -> tuple[Observation, Domain]:
        """How a container stands, and what it is, if the table allows an action."""
        domain = self._world.current(ctid)
        observation = self._world.engine.observe(ctid)
        next_state(observation.state, action, domain.name)
        return observation, domain

    def _ended(self, domain: Domain) -> None:
        """Clear away what a container held that we stopped, and one that was transient."""
        place = area(self._world, domain)
        give_back(self._world, place)
        end_transient(self._world, place.spec.ctid)

    def _rebooted(self, before: Observation, timeout: float) -> bool:
        """Wait until a container runs anew; ``False``: it is off, or has not in time."""
        engine = self._world.engine
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            stopped = engine.wait_stopped(before.ctid, LOOK)
            now = engine.observe(before.ctid)
            # Between two boots it is active, but there is no init yet.
            if now.is_active and now.init_pid is not None and not same_run(now, before):
                return True
            if stopped and not now.is_active:
                return False
        return False
