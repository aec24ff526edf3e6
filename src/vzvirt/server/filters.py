"""Which objects a client's list is to have, by the bits it sets and the room it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

Group = Mapping[int, bool]
"""Bits that belong together, such as active and inactive, and which of them are true of one."""


def mask(*groups: Group) -> int:
    """All bits of some groups."""
    bits = 0
    for group in groups:
        for bit in group:
            bits |= bit
    return bits


def wanted(flags: int, *groups: Group) -> bool:
    """Whether an object is to be listed.

    Of each group in which the client sets bits, one that is true must be set. A group of which
    it sets none says nothing.
    """
    for group in groups:
        asked = [holds for bit, holds in group.items() if flags & bit]
        if asked and not any(asked):
            return False
    return True


def at_most(things: Sequence[T], room: int) -> list[T]:
    """As many of them as a client has room for; a room below 0 is none."""
    return list(things[: max(0, room)])
