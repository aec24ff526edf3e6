"""A container's lock, in the form that real vzctl takes and honours.

State: ``LOCKDIR/CTID.lck`` holds the holder's pid, a line end, a status text, a line end. It
appears by ``link(2)`` of a finished file, so it is never seen half written. We put ``vzvirt``
and the moment our process started into the status, which vzctl leaves to whoever holds the
lock: by it a dead holder is told from another process that was given its pid.

Promises: one thread of one process holds a lock at a time; that thread may take it again, and
leave in any order: the lock is given back when it has left as often as it came. A stale lock (no
such process, no readable pid, or a pid used again) is removed, and only by whoever holds
``run/vzvirt/stale-locks.lck`` and has looked again, so no waiter ever removes a lock that
another of ours has just taken. Nobody has to clean up after a killed holder.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.system.files import exclusive, make_folder, mapping_os_errors, read_bytes
from vzvirt.system.process import is_alive, started_at

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.1
"""Seconds between two looks at somebody else's lock, growing from the one to the other."""

_CONTENT: Final = re.compile(rb"([1-9][0-9]{0,9})\n(?:vzvirt ([0-9]+)\n)?")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a lock file says holds it.

    Attributes:
        pid: Its pid; ``None``: unreadable.
        started: When it started, in ticks since boot; ``None``: not said (real vzctl).
    """

    pid: int | None
    started: int | None = None

    @classmethod
    def read(cls, lock: Path) -> Holder | None:
        """The holder of a lock, or ``None`` where nobody holds it."""
        content = read_bytes(lock)
        if content is None:
            return None
        match = _CONTENT.match(content)
        if match is None:
            return cls(None)
        return cls(int(match[1]), int(match[2]) if match[2] else None)

    @property
    def content(self) -> bytes:
        """What the lock file holds."""
        status = "" if self.started is None else f"vzvirt {self.started}"
        return f"{self.pid}\n{status}\n".encode()

    @property
    def is_gone(self) -> bool:
        """Whether the lock is stale."""
        return self.pid is None or not is_alive(self.pid, self.started)

    def __str__(self) -> str:
        words = read_bytes(Path(f"/proc/{self.pid}/cmdline")) or b""
        command = words.replace(b"\0", b" ").decode(errors="replace").strip()
        return f"pid {self.pid}" + (f" ({command[:120]})" if command else "")


class _Shared:
    """What the times that one thread takes one lock have in common."""

    def __init__(self) -> None:
        self.turn = threading.RLock()
        # Only the thread whose turn it is touches these.
        self.times = 0
        self.held = contextlib.ExitStack()


class ThreadLocks:
    """Locks between processes that a thread may take again, by name; threads take turns."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, _Shared] = {}

    @contextlib.contextmanager
    def hold(
        self,
        name: str,
        wait: float,
        what: str,
        take: Callable[[float], contextlib.AbstractContextManager[object]],
    ) -> Iterator[bool]:
        """Hold a lock; yields whether this thread has taken it only now.

        It is given back when the last of the times that the thread took it ends, whichever that
        is.

        Args:
            name: Its name.
            wait: Seconds to wait for other threads and other processes.
            what: Named in the error.
            take: Makes what holds it against other processes, given the seconds that are left.

        Raises:
            Busy: Another thread held it for ``wait`` seconds, or what ``take`` raises.
        """
        end = time.monotonic() + wait
        with self._guard:
            shared = self._locks.setdefault(name, _Shared())
        if not shared.turn.acquire(timeout=max(0.0, wait)):
            raise errors.Busy(f"{what} is locked by another thread of this process")
        try:
            first = shared.times == 0
            if first:
                shared.held.enter_context(take(max(0.0, end - time.monotonic())))
            shared.times += 1
            try:
                yield first
            finally:
                shared.times -= 1
                if shared.times == 0:
                    shared.held.close()
        finally:
            shared.turn.release()


_THREADS: Final = ThreadLocks()


@contextlib.contextmanager
def lock_file(lock: Path, guard: Path, wait: float, what: str) -> Iterator[bool]:
    """Hold a lock of vzctl's kind; yields whether this thread has taken it only now.

    Args:
        lock: The lock file.
        guard: File that those who remove stale locks take turns by.
        wait: Seconds to wait for another holder; 0: not at all.
        what: Named in the error.

    Raises:
        Busy: Not had in time; the message names the holder.
    """

    @contextlib.contextmanager
    def taken(seconds: float) -> Iterator[None]:
        _take(lock, guard, time.monotonic() + seconds, what)
        try:
            yield
        finally:
            _release(lock)

    with _THREADS.hold(str(lock), wait, what, taken) as first:
        yield first


@contextlib.contextmanager
def flock_file(path: Path, wait: float, what: str) -> Iterator[None]:
    """Hold a ``flock`` that only we know of, re-entrant within a thread.

    Raises:
        Busy: Not had in ``wait`` seconds.
    """
    with _THREADS.hold(str(path), wait, what, lambda left: exclusive(path, left, what)):
        yield


def _take(lock: Path, guard: Path, end: float, what: str) -> None:
    """Make the lock file ours."""
    make_folder(lock.parent)
    pause = _FIRST_PAUSE
    with mapping_os_errors(f"lock {what}"):
        while True:
            holder = Holder.read(lock)
            if holder is None:
                if _link(lock):
                    _remove_drafts(lock)
                    return
            elif holder.is_gone:
                _remove_stale(lock, guard)
            elif time.monotonic() >= end:
                raise errors.Busy(
                    f"{what} is locked by {holder}", hint="wait until that command has ended"
                )
            else:
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)


def _link(lock: Path) -> bool:
    """Make the lock file appear with our pid in it; gives back whether we were first."""
    # The name is ours alone: other threads wait for the thread lock. A draft that a killed
    # process of our pid left may be a stale lock's second name: it is removed, not reused.
    draft = lock.with_name(f".{lock.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with draft.open("xb") as file:
        file.write(_ourselves().content)
    try:
        lock.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _remove_drafts(lock: Path) -> None:
    """Remove what processes left that were killed while they took this lock."""
    for draft in lock.parent.glob(f".{lock.name}.*"):
        pid = draft.suffix.removeprefix(".")
        if pid.isdecimal() and not is_alive(int(pid), None):
            draft.unlink(missing_ok=True)


def _ourselves() -> Holder:
    return Holder(os.getpid(), started_at(os.getpid()))


def _remove_stale(lock: Path, guard: Path) -> None:
    with exclusive(guard, 30, "the removal of stale locks"):
        holder = Holder.read(lock)
        if holder is not None and holder.is_gone:
            lock.unlink(missing_ok=True)


def _release(lock: Path) -> None:
    """Give the lock back, unless somebody took it from us by force."""
    with mapping_os_errors(f"unlock '{lock}'"):
        if Holder.read(lock) == _ourselves():
            lock.unlink(missing_ok=True)
