"""Threads for what may block: a bounded number, and a few more for what finishes quickly.

Calls that the protocol marks as of high priority finish quickly whatever others do: they have
spare threads, so that twenty slow starts do not keep a client from asking how things are. The
threads mostly wait for programs, files and locks; only one thread at a time computes in Python,
which is why ``SWITCH_INTERVAL`` is short: the loop gets its turn soon.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

LOG: Final = logging.getLogger(__name__)

SWITCH_INTERVAL: Final = 0.0005
"""Seconds a computing thread may go on while the loop wants to (Python's own is ten times it)."""

_IDLE: Final = 30.0
"""Seconds until a thread that has nothing to do ends."""

Job = Callable[[], None]


class Lane(Enum):
    """Jobs of one kind; those of a lane that stands further up go first."""

    URGENT = auto()
    """Finishes quickly."""

    ORDINARY = auto()


class Workers:
    """A pool. Jobs must not raise; one that does is logged, and costs no thread."""

    def __init__(self, ordinary: int, spare: int) -> None:
        """Start no thread yet.

        Args:
            ordinary: How many jobs run at one time.
            spare: How many urgent ones besides.
        """
        self._most = {Lane.URGENT: ordinary + spare, Lane.ORDINARY: ordinary}
        self._waiting: dict[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._changed = threading.Condition(threading.Lock())
        self._threads = 0
        self._idle = 0
        self._busy = 0
        self._when_idle: list[Callable[[], None]] = []

    @property
    def busy(self) -> int:
        """How many jobs run or wait."""
        return self._busy + self._left

    @property
    def _left(self) -> int:
        return sum(len(jobs) for jobs in self._waiting.values())

    def submit(self, job: Job, *, lane: Lane = Lane.ORDINARY) -> None:
        """Have a job run."""
        with self._changed:
            self._waiting[lane].append(job)
            if self._left > self._idle and self._threads < self._most[lane]:
                self._threads += 1
                threading.Thread(target=self._work, name="worker", daemon=True).start()
            else:
                self._changed.notify()

    def when_idle(self, function: Callable[[], None]) -> None:
        """Have a function that never waits called, from any thread, once no job runs or waits."""
        with self._changed:
            self._when_idle.append(function)
            self._tell_if_idle()

    def _tell_if_idle(self) -> None:
        if not self.busy:
            told, self._when_idle = self._when_idle, []
            for function in told:
                function()

    def _may_begin(self, lane: Lane) -> bool:
        return self._busy < self._most[lane]

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:
                LOG.exception("a defect, in a job")
            finally:
                with self._changed:
                    self._busy -= 1
                    self._tell_if_idle()

    def _next(self) -> Job | None:
        """Wait for a job that may begin; ``None``: there was none for a while."""
        with self._changed:
            while True:
                for lane, jobs in self._waiting.items():
                    if jobs and self._may_begin(lane):
                        self._busy += 1
                        return jobs.popleft()
                self._idle += 1
                woken = self._changed.wait(_IDLE)
                self._idle -= 1
                if not woken and not self._left:
                    self._threads -= 1
                    return None
