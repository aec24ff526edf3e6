"""Things that can be made again, kept as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """What was made last, by key; safe from any thread.

    Each thing belongs to an owner, an object that is never changed: with another owner it is
    made anew. What was begun before everything was forgotten is not kept.

    Args:
        room: How much there may be.
        size: How much one takes.

    Attributes:
        era: How often everything was forgotten.
    """

    def __init__(self, room: int, size: Callable[[T], int]) -> None:
        self._room = room
        self._size = size
        self._taken = 0
        self._things: OrderedDict[Hashable, tuple[object, T]] = OrderedDict()
        self._lock = threading.Lock()
        self.era = 0

    def get(self, key: Hashable, owner: object, make: Callable[[], T]) -> T:
        """What was made of an owner, or is now."""
        found, era = self.find(key, owner), self.era
        return self.put(key, owner, make(), era) if found is None else found

    def find(self, key: Hashable, owner: object) -> T | None:
        """What was made of an owner, if it still is there."""
        with self._lock:
            found = self._things.get(key)
            if found is None or found[0] is not owner:
                return None
            self._things.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, owner: object, made: T, era: int) -> T:
        """Keep what was made of an owner, if nothing was forgotten since; gives it back.

        Args:
            key: What it is found by.
            owner: What it was made of.
            made: What was made.
            era: The one that it was begun in.
        """
        with self._lock:
            if era != self.era:
                return made
            self._drop(key)
            self._things[key] = owner, made
            self._taken += self._size(made)
            while self._taken > self._room:
                self._drop(next(iter(self._things)))
        return made

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._things.clear()
            self._taken = 0
            self.era += 1

    def _drop(self, key: Hashable) -> None:
        found = self._things.pop(key, None)
        if found is not None:
            self._taken -= self._size(found[1])
