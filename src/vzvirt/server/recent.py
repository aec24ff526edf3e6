"""What takes long to find out, shared by all who ask for it at about the same time.

State: for each thing whether somebody is finding it out, and what was found if that took long. So
however many clients ask how large folders are, ``AT_ONCE`` threads at most look through some, one
through each, and not too many wait for them: others need threads, too. What is found out quickly
is never kept, and nothing for longer than ``OLDEST``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from vzvirt import errors

T = TypeVar("T")

AT_ONCE: Final = 2
"""Things that are found out at one time."""

QUICK: Final = 0.1
"""Seconds that may be spent for each who asks."""

SHARE: Final = 4
"""What took longer is told for so many times as long as it took."""

OLDEST: Final = 30.0
"""Seconds for which anything is told at most."""


class _Slot(Generic[T]):
    """One thing: its lock is held by who finds it out."""

    __slots__ = ("found", "lock", "until", "users")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.found: list[T] = []
        self.until = 0.0

    @property
    def fresh(self) -> list[T]:
        """What is still told, if anything is."""
        return self.found if time.monotonic() < self.until else []


class Recent(Generic[T]):
    """What was found out, by key; for worker threads.

    Args:
        most: How many may be finding out or waiting at one time; others are refused.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._turns = threading.Semaphore(AT_ONCE)
        self._slots: dict[Hashable, _Slot[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, find: Callable[[], T]) -> T:
        """What was just found out, or is now. Errors are for who met them, and not kept.

        Raises:
            Busy: Too many are waiting already.
        """
        slot = self._enter(key)
        try:
            with slot.lock:
                if slot.fresh:
                    return slot.found[0]
                with self._turns:
                    return _found(slot, find)
        finally:
            self._leave(slot)

    def forget(self, key: Hashable) -> None:
        """Have a thing found out anew; who is at it or waits already gets what is found then."""
        with self._lock:
            self._slots.pop(key, None)

    def forget_all(self) -> None:
        """The same for everything."""
        with self._lock:
            self._slots.clear()

    def _enter(self, key: Hashable) -> _Slot[T]:
        with self._lock:
            slot = self._slots.get(key) or _Slot()
            if self._inside >= self._most and not slot.fresh:
                raise errors.Busy(
                    "too many clients are waiting to be told how large folders are",
                    hint="ask again in a while",
                )
            self._slots[key] = slot
            self._inside += 1
            slot.users += 1
            return slot

    def _leave(self, slot: _Slot[T]) -> None:
        with self._lock:
            self._inside -= 1
            slot.users -= 1
            for key, old in list(self._slots.items()):
                if not old.users and not old.fresh:
                    del self._slots[key]


def _found(slot: _Slot[T], find: Callable[[], T]) -> T:
    begun = time.monotonic()
    found = find()
    now = time.monotonic()
    slot.found = [found] if now - begun > QUICK else []
    slot.until = now + min(SHARE * (now - begun), OLDEST)
    return found
