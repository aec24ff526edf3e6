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
from typing import Final

LOG: Final = logging.getLogger(__name__)

SWITCH_INTERVAL: Final = 0.0005
"""Seconds a computing thread may go on while the loop wants to (Python's own is ten times it)."""

_IDLE: Final = 30.0
"""Seconds until a thread that has nothing to do ends."""

Job = Callable[[], None]


class Workers:
    """A pool. Jobs must not raise; one that does is logged, and costs no thread."""

    def __init__(self, ordinary: int, spare: int) -> None:
        """Start no thread yet.

        Args:
            ordinary: How many jobs run at one time.
            spare: How many urgent ones besides.
        """
        self._most = ordinary
        self._most_urgent = ordinary + spare
        self._jobs: deque[Job] = deque()
        self._urgent: deque[Job] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._threads = 0
        self._idle = 0
        self._busy = 0

    @property
    def busy(self) -> int:
        """How many jobs run or wait."""
        return self._busy + len(self._jobs) + len(self._urgent)

    def submit(self, job: Job, *, urgent: bool = False) -> None:
        """Have a job run; urgent ones go first."""
        with self._changed:
            (self._urgent if urgent else self._jobs).append(job)
            most = self._most_urgent if urgent else self._most
            if len(self._jobs) + len(self._urgent) > self._idle and self._threads < most:
                self._threads += 1
                threading.Thread(target=self._work, name="worker", daemon=True).start()
            else:
                self._changed.notify()

    def _may_begin(self, *, urgent: bool) -> bool:
        return self._busy < (self._most_urgent if urgent else self._most)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:
                LOG.exception("a defect, in a job")
            finally:
                with self._changed:
                    self._busy -= 1

    def _next(self) -> Job | None:
        """Wait for a job that may begin; ``None``: there was none for a while."""
        with self._changed:
            while True:
                if self._urgent and self._may_begin(urgent=True):
                    self._busy += 1
                    return self._urgent.popleft()
                if self._jobs and self._may_begin(urgent=False):
                    self._busy += 1
                    return self._jobs.popleft()
                self._idle += 1
                woken = self._changed.wait(_IDLE)
                self._idle -= 1
                if not woken and not self._jobs and not self._urgent:
                    self._threads -= 1
                    return None
