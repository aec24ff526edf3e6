"""Containers that start with the host, and all of them when it goes down.

They start in classes by their boot order (OpenVZ's BOOTORDER): highest first, those without one
last, and within a class at the same time, but no more than a few at once. They stop in the
reverse order. Which start: those with autostart, and those that ran when the host went down unless
their autostart is off, as OpenVZ does it.

It happens once in each boot of the host, whoever comes first, and what is still to be started is
noted all the time: if whoever does it is killed, the next one goes on there, and starts nothing
again that somebody stopped meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from vzvirt import errors
from vzvirt.manager.lifecycle import Lifecycle
from vzvirt.manager.networks import Networks
from vzvirt.manager.world import World
from vzvirt.model.state import DomainState, Observation, Reason
from vzvirt.model.values import Ctid

_NO_ORDER: Final = -1
"""Below every boot order that can be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybody:
    """What became of all that were to start or stop.

    Attributes:
        done: Those that did.
        failed: Those that did not, and why.
        left: Those that nobody came to before it was to end.
    """

    done: tuple[Ctid, ...] = ()
    failed: tuple[tuple[Ctid, errors.VzvirtError], ...] = ()
    left: tuple[Ctid, ...] = ()


class HostBoot:
    """Use cases over all containers at once."""

    def __init__(self, world: World, lifecycle: Lifecycle) -> None:
        self._world = world
        self._lifecycle = lifecycle
        self._networks = Networks(world)

    def start_all(
        self,
        *,
        at_once: int,
        again: bool = False,
        go_on: Callable[[], bool] = lambda: True,
    ) -> Everybody | None:
        """Start networks and containers that start with the host.

        Args:
            at_once: How many containers may be starting at one time.
            again: Whether to begin anew after all were stopped in this boot of the host.
            go_on: Asked before each; if not, the rest is left to whoever comes next.

        Returns:
            What became of them; ``None``: it was done in this boot, or somebody is at it.
        """
        marks = self._world.marks
        try:
            with marks.lock(0):
                note = marks.boot_note()
                if note is not None and (not again if note.ended else not note.pending):
                    return None
                if note is None or note.ended:
                    self._begin()
                    pending = tuple(self._wanted())
                    marks.begin_boot(pending)
                    marks.note_stopped(())
                else:
                    pending = note.pending
                return self._start(pending, at_once, go_on)
        except errors.Busy:
            return None

    def stop_all(self, *, at_once: int, wait: float = 60.0) -> Everybody:
        """Stop all containers, because the host goes down.

        Args:
            at_once: How many may be stopping at one time.
            wait: Seconds that somebody who is starting them gets to end.

        Raises:
            Busy: He did not.
        """
        world, marks = self._world, self._world.marks
        marks.end_boot()  # whoever is starting them ends soon
        with marks.lock(wait):
            running = [seen.ctid for seen in self._observed() if seen.is_active]
            marks.note_stopped(running)
            classes = [*reversed(self._classes(running))]
            results = [_each(members, at_once, self._stop) for members in classes]
        for ctid, error in (pair for result in results for pair in result.failed):
            world.warn(f"container {ctid} does not stop: {error.message}")
        return _together(results)

    # -- starting -----------------------------------------------------------------------

    def _begin(self) -> None:
        for step in (self._networks.start_all, self._networks.reconcile):
            try:
                step()
            except errors.VzvirtError as error:
                self._world.warn(f"networks: {error.message}")

    def _wanted(self) -> list[Ctid]:
        """Containers that start with the host and do not run, in their order."""
        stopped = self._world.marks.stopped_with_host()
        autostart = {entry.ctid: entry.autostart for entry in self._world.store.index()}
        wanted = [
            seen.ctid
            for seen in self._observed()
            if not seen.is_active
            and seen.ctid in autostart  # else it was defined between the two looks
            and (
                autostart[seen.ctid]
                or (
                    autostart[seen.ctid] is None
                    and (seen.ctid in stopped or seen.reason is Reason.HOST_STOPPED)
                )
            )
        ]
        return [ctid for members in self._classes(wanted) for ctid in members]

    def _start(
        self, pending: Sequence[Ctid], at_once: int, go_on: Callable[[], bool]
    ) -> Everybody:
        marks, lock = self._world.marks, threading.Lock()
        left = dict.fromkeys(pending)

        def may() -> bool:
            note = marks.boot_note()
            return go_on() and note is not None and not note.ended

        def start(ctid: Ctid) -> None:
            try:
                self._start_one(ctid)
            finally:
                with lock:
                    del left[ctid]
                    marks.note_pending(tuple(left))

        results = [_each(members, at_once, start, may) for members in self._classes(pending)]
        for ctid, error in (pair for result in results for pair in result.failed):
            self._world.warn(f"container {ctid} does not start with the host: {error.message}")
        return _together(results)

    def _start_one(self, ctid: Ctid) -> None:
        if not self._world.engine.observe(ctid).is_active:  # somebody was faster
            self._lifecycle.start(str(ctid))

    def _stop(self, ctid: Ctid) -> None:
        if self._world.engine.observe(ctid).state is DomainState.PAUSED:
            self._lifecycle.unpause(str(ctid))
        try:
            self._lifecycle.shutdown(str(ctid))
        except (errors.OperationInvalid, errors.NoDomain):
            now = self._world.engine.observe(ctid)
            # Somebody else wants it to run, and the host goes down; or it has ended by itself.
            if now.is_active:
                self._lifecycle.kill_run(ctid, now.run)

    # -- order --------------------------------------------------------------------------

    def _observed(self) -> list[Observation]:
        return self._world.engine.observe_all(self._world.store.ctids())

    def _classes(self, ctids: Iterable[Ctid]) -> list[list[Ctid]]:
        """Containers by their boot order, highest first."""
        orders = {ctid: self._order(ctid) for ctid in ctids}
        ranked = sorted(orders, key=lambda ctid: (-orders[ctid], ctid))
        return [list(members) for _, members in groupby(ranked, key=orders.__getitem__)]

    def _order(self, ctid: Ctid) -> int:
        try:
            order = self._world.store.load(ctid).domain.openvz.autostart_priority
        except errors.NoDomain:
            order = None
        return _NO_ORDER if order is None else order


def _each(
    ctids: Sequence[Ctid],
    at_once: int,
    work: Callable[[Ctid], None],
    may: Callable[[], bool] = lambda: True,
) -> Everybody:
    """Do something to each, so many at one time; an error ends nobody's turn but its own."""
    waiting = list(reversed(ctids))
    done: list[Ctid] = []
    failed: list[tuple[Ctid, errors.VzvirtError]] = []

    def some() -> None:
        while waiting and may():
            try:
                ctid = waiting.pop()
            except IndexError:
                return  # another one took it
            try:
                work(ctid)
            except errors.VzvirtError as error:
                failed.append((ctid, error))
            else:
                done.append(ctid)

    # Not those of an executor: a process that ends does not wait for these.
    threads = [
        threading.Thread(target=some, name="boot", daemon=True)
        for _ in range(min(max(1, at_once), len(ctids)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Everybody(done=tuple(done), failed=tuple(failed), left=tuple(reversed(waiting)))


def _together(results: Sequence[Everybody]) -> Everybody:
    return Everybody(
        done=tuple(ctid for item in results for ctid in item.done),
        failed=tuple(pair for item in results for pair in item.failed),
        left=tuple(ctid for item in results for ctid in item.left),
    )
