"""What takes long to find out, shared by all who ask for it at about the same time.

State: for each thing whether somebody is finding it out, and what was found if that took long. So
however many clients ask how large a folder is, one thread at a time looks through it, and spends
only a part of its time with that. What is found out quickly is never kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

QUICK: Final = 0.1
"""Seconds that may be spent for each who asks."""

SHARE: Final = 4
"""What took longer is told for so many times as long as it took."""


class _Slot(Generic[T]):
    """One thing: its lock is held by who finds it out."""

    __slots__ = ("found", "lock", "until", "users")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.found: list[T] = []
        self.until = 0.0


class Recent(Generic[T]):
    """What was found out, by key; for worker threads."""

    def __init__(self) -> None:
        self._slots: dict[Hashable, _Slot[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, find: Callable[[], T]) -> T:
        """What was just found out, or is now. Errors are for who met them, and not kept."""
        slot = self._enter(key)
        try:
            with slot.lock:
                if slot.found and time.monotonic() < slot.until:
                    return slot.found[0]
                begun = time.monotonic()
                found = find()
                now = time.monotonic()
                slot.found = [found] if now - begun > QUICK else []
                slot.until = now + SHARE * (now - begun)
                return found
        finally:
            self._leave(slot)

    def _enter(self, key: Hashable) -> _Slot[T]:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            slot.users += 1
            return slot

    def _leave(self, slot: _Slot[T]) -> None:
        with self._lock:
            slot.users -= 1
            now = time.monotonic()
            for key, old in list(self._slots.items()):
                if not old.users and (not old.found or old.until <= now):
                    del self._slots[key]
