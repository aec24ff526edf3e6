"""Consoles of simulated containers: they show what was logged, and echo what is typed.

Who has one stands in the run state, so that any number of processes agree. A thread of each
connection watches that, and hangs up when the container ends or the console is taken away.
"""

from __future__ import annotations

import os
import pty
import select
import threading
import time
from typing import Final

from vzvirt import errors
from vzvirt.backends.memory.state import Run, Runs
from vzvirt.model.values import Ctid
from vzvirt.system import process

_GLANCE: Final = 0.05
"""Seconds between two looks at whose the console is."""

_LETTING_GO: Final = 0.3
"""Seconds after which a console that is in use really is."""

_PORTION: Final = 4096


class MemoryConsole:
    """ports.engine.ConsoleLine: our end of a terminal on which nothing runs."""

    def __init__(self, runs: Runs, ctid: Ctid, run: Run) -> None:
        self._runs, self._ctid = runs, ctid
        self._ticket, self._pid = run.console, run.init_pid
        self._ours, its = pty.openpty()
        os.write(its, run.log.replace("\r\n", "\n").encode())
        self._closed = threading.Event()
        self._watcher = threading.Thread(
            target=self._watch, args=(its,), name=f"console {ctid}", daemon=True
        )
        self._watcher.start()

    def fileno(self) -> int:
        """The descriptor to read and write."""
        return self._ours

    def close(self) -> None:
        """Give the console back."""
        if self._ours < 0:
            return
        self._closed.set()
        self._watcher.join()
        os.close(self._ours)
        self._ours = -1
        with self._runs.changing(self._ctid) as run:
            if run.console == self._ticket:
                run.console = ""

    def _watch(self, its: int) -> None:
        """Swallow what is typed (the terminal itself echoes it), until it is over."""
        poll = select.poll()
        poll.register(its, select.POLLIN)
        try:
            while not self._closed.is_set() and self._is_still_ours():
                if poll.poll(_GLANCE * 1000):
                    os.read(its, _PORTION)
        finally:
            os.close(its)

    def _is_still_ours(self) -> bool:
        run = self._runs.one(self._ctid)
        return run.console == self._ticket and run.is_active and run.init_pid == self._pid


def connect(runs: Runs, ctid: Ctid, *, force: bool) -> MemoryConsole:
    """Connect to the console of a container that is said to run.

    Raises:
        Busy: Somebody has it, and is not to lose it.
        OperationInvalid: The container does not run.
    """
    end = time.monotonic() + _LETTING_GO
    while not force and _is_held(runs.one(ctid).console) and time.monotonic() < end:
        time.sleep(_GLANCE)
    with runs.changing(ctid) as run:
        if not run.is_active:
            raise errors.OperationInvalid(f"container {ctid} is not running")
        if not force and _is_held(run.console):
            raise errors.Busy(
                f"the console of container {ctid} is in use",
                hint="whoever uses it leaves it, or loses it by force",
            )
        us = os.getpid()
        run.console = f"{us} {process.started_at(us)} {os.urandom(4).hex()}"
        held = run
    return MemoryConsole(runs, ctid, held)


def _is_held(ticket: str) -> bool:
    if not ticket:
        return False
    pid, started, _ = ticket.split()
    return process.is_alive(int(pid), int(started))
