"""Keeping up with the world: what the kernel tells goes where it is waited for.

On the loop. News is also read whenever somebody asks for a container, so that no answer is older
than the question; then it only makes entries of the snapshot due, and what is due is looked at in
small portions. Since not everything can be heard of (files that links lead to, file systems that
do not tell, more containers than there may be watches), each container is looked at from time to
time anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.manager import Manager
from vzvirt.model.values import Ctid
from vzvirt.ports.watch import Changes, Watch
from vzvirt.server.hostlooks import HostLooks
from vzvirt.server.news import News
from vzvirt.server.service import Service
from vzvirt.server.snapshot import Snapshot
from vzvirt.system import confined
from vzvirt.system.root import Root

LOG: Final = logging.getLogger(__name__)

PORTION: Final = 0.002
"""Seconds for looking at what is due before others have their turn."""

BEGINNING: Final = 0.05
"""Seconds for imprints of definitions before anybody is answered; of thousands, more follow."""

BREATH: Final = 0.002
"""Seconds between two portions."""

ROUND: Final = 60.0
"""Seconds in which each container that runs is looked at once, whatever is heard of it."""

REST_ROUND: Final = 600.0
"""The same for those that are off."""

STEP: Final = 1.0
"""Seconds between two steps of a round."""

MENDING: Final = 1.0
"""Seconds after a change of the host's routes or rules in which more of them may follow."""

CONFINED: Final = 3.0
"""Seconds in which whoever started a container lets it use all processors, if he lives."""

SETTLING: Final = 5.0
"""Seconds that a container's own hook has to clear away what it left."""


class _Round:
    """Walks through containers in equal steps.

    Args:
        members: Gives those that the next round is for.
        steps: How many steps a round has.
    """

    def __init__(self, members: Callable[[], list[Ctid]], steps: float) -> None:
        self._members = members
        self._steps = steps
        self._left: list[Ctid] = []
        self._share = 1

    def step(self) -> list[Ctid]:
        """Those that this step is for."""
        if not self._left:
            self._left = self._members()
            self._share = math.ceil(len(self._left) / self._steps) or 1
        taken = self._left[-self._share :]
        del self._left[-self._share :]
        return taken


class Watching:
    """Keeps a snapshot, and what is told of the host, up to date.

    Args:
        manager: Clears away what containers left whose hooks did not.
        snapshot: What is to be kept up to date.
        host: The same.
        news: Where the kernel's words come from; closed in the end.
        in_worker: Has a function called in a worker thread.
        root: The installation.
    """

    def __init__(
        self,
        manager: Manager,
        snapshot: Snapshot,
        host: HostLooks,
        news: News,
        in_worker: Callable[[Callable[[], None]], None],
        root: Root,
    ) -> None:
        self._root = root
        self._manager = manager
        self._snapshot = snapshot
        self._host = host
        self._news = news
        self._in_worker = in_worker
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeping_up = False
        self._mending = False
        self._unsettled: dict[Ctid, float] = {}
        self._rounds = (
            _Round(lambda: self._standing(active=True), ROUND / STEP),
            _Round(lambda: self._standing(active=False), REST_ROUND / STEP),
        )

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at everything for the first time, then keep up."""
        self._loop = loop
        self._snapshot.load()
        self._snapshot.keep_up(BEGINNING)
        self._host.begin()
        loop.add_reader(self._news.fileno(), self.listen)
        self._keep_up_soon()
        self._in_worker(self._repair)
        self._mend_soon()  # what happened while nobody listened
        loop.call_later(STEP, self._step)

    def end(self) -> None:
        """Listen no more."""
        if self._loop is not None:
            self._loop.remove_reader(self._news.fileno())
            self._loop = None
            self._news.close()

    def boot(self, at_once: int) -> None:
        """Have the containers started that start with the host, so many at one time."""
        if at_once:
            # No worker's job: whoever ends the daemon does not wait for it.
            threading.Thread(target=self._boot, args=(at_once,), name="boot", daemon=True).start()

    def listen(self) -> None:
        """Hear what is new; nothing is looked at yet."""
        changes = self._news.read() if self._loop is not None else None
        if changes is not None:
            self._heed(changes)

    def _heed(self, changes: Changes) -> None:
        self._snapshot.heed(changes)
        self._host.heed(changes)
        if changes.wiring:
            self._mend_soon()
        self._keep_up_soon()

    # -- looking, portion by portion ----------------------------------------------------

    def _keep_up_soon(self) -> None:
        if not self._keeping_up and self._loop is not None:
            self._keeping_up = True
            self._loop.call_soon(self._keep_up)

    def _keep_up(self) -> None:
        self._keeping_up = False
        if self._loop is not None and self._snapshot.keep_up(PORTION):
            self._keeping_up = True
            self._loop.call_later(BREATH, self._keep_up)

    def _step(self) -> None:
        if self._loop is None:
            return
        self._loop.call_later(STEP, self._step)
        due = {ctid for each in self._rounds for ctid in each.step()}
        self._snapshot.heed(Changes(containers=frozenset(due)))
        self._keep_up_soon()
        self._clear_away(self._loop.time())
        confined_long = confined.noted(self._root, CONFINED)
        if confined_long:
            self._in_worker(functools.partial(self._release, confined_long))

    def _standing(self, *, active: bool) -> list[Ctid]:
        return self._snapshot.standing(active=active)

    # -- what the host has lost ----------------------------------------------------------

    def _mend_soon(self) -> None:
        """Have made again what running containers and networks may have lost."""
        if not self._mending and self._loop is not None:
            self._mending = True
            self._loop.call_later(MENDING, self._mend)

    def _mend(self) -> None:
        self._mending = False
        if self._loop is not None:
            self._in_worker(self._reconcile)

    def _reconcile(self) -> None:
        """In a worker thread."""
        with _logging("what the host has lost cannot be made again"):
            self._manager.networks.reconcile()
            self._manager.connections.reconcile()

    # -- what hooks did not do ----------------------------------------------------------

    def _clear_away(self, now: float) -> None:
        """Have what ended containers left cleared away, unless their hooks soon do it."""
        unsettled = self._snapshot.unsettled()
        self._unsettled = {ctid: self._unsettled.get(ctid, now) for ctid in unsettled}
        for ctid, since in self._unsettled.items():
            if now - since >= SETTLING:
                self._unsettled[ctid] = now
                self._in_worker(functools.partial(self._settle, ctid))

    def _settle(self, ctid: Ctid) -> None:
        """In a worker thread."""
        with _logging(f"container {ctid} cannot be cleared away"):
            try:
                cleared = self._manager.lifecycle.clear_away(ctid)
            except errors.Busy:
                return  # somebody is at work on it; if anything is left then, its turn comes again
            if cleared:
                LOG.info("cleared away what container %s left", ctid)

    # -- containers that leave a processor to others ------------------------------------

    def _release(self, notes: Sequence[Path]) -> None:
        """In a worker thread."""
        with _logging("containers cannot be given all processors"):
            for note in notes:
                confined.release(note)

    # -- once ---------------------------------------------------------------------------

    def _boot(self, at_once: int) -> None:
        """In a thread of its own, until all have started or the daemon ends."""
        with _logging("what starts with the host does not"):
            result = self._manager.hostboot.start_all(
                at_once=at_once, go_on=lambda: self._loop is not None
            )
            if result is not None and result.done:
                LOG.info("%d containers started with the host", len(result.done))

    def _repair(self) -> None:
        """In a worker thread: finish what commands began that were killed."""
        with _logging("what was left unfinished cannot be repaired"):
            for ctid in self._manager.repairs.repair_pending():
                LOG.info("container %s: what was left unfinished is done", ctid)


@contextlib.contextmanager
def _logging(what: str) -> Iterator[None]:
    try:
        yield
    except errors.VzvirtError as error:
        LOG.warning("%s: %s", what, error)


def watching(service: Service, watches: Sequence[Watch]) -> Watching:
    """What keeps a daemon up to date; not begun yet."""
    host = HostLooks(
        service.manager,
        service.broker,
        later=service.loop.call_later,
        in_worker=service.in_worker,
        on_loop=service.loop.call_soon_threadsafe,
    )
    made = Watching(
        *(service.manager, service.snapshot, host, News(watches), service.in_worker),
        root=service.root,
    )
    service.snapshot.listen = made.listen
    service.broker.prepare = host.prepare
    service.look_at_networks = host.look_at_networks
    return made
