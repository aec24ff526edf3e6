"""Things that are made when they are first used, since making them takes time.

State: what was made. Threads may share it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class _Once(Generic[T]):
    """Something that is made when it is first asked for: one, however many threads ask.

    Args:
        make: Makes it.
        by: What it is made by, such as a setting; where that has changed, it is made anew.
    """

    def __init__(self, make: Callable[[], T], by: Callable[[], object] = lambda: None) -> None:
        self._make = make
        self._by = by
        self._turn = threading.Lock()
        self._known: tuple[object, T] | None = None

    @property
    def _made(self) -> T:
        by, known = self._by(), self._known
        if known is None or known[0] != by:
            with self._turn:
                known = self._known
                if known is None or known[0] != by:
                    known = self._known = (by, self._make())
        return known[1]


class _WhenUsed(_Once[T]):
    def __getattr__(self, name: str) -> object:
        return getattr(self._made, name)


def when_used(make: Callable[[], T], by: Callable[[], object] = lambda: None) -> T:
    """A stand-in for a backend, which is made when something is asked of it.

    Importing all backends takes longer than most commands do.

    Args:
        make: Makes it.
        by: What it is made by, such as a setting; where that has changed, it is made anew.
    """
    return cast("T", _WhenUsed(make, by))


class MappingWhenUsed(_Once[Mapping[str, T]], Mapping[str, T]):
    """The same for a mapping."""

    def __getitem__(self, key: str) -> T:
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
