"""The one way to change a container: take its lock, repair what a crash left, then go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from vzvirt.manager.repairs import repair
from vzvirt.manager.world import World
from vzvirt.model.values import Ctid

LOCK_WAIT: Final = 30.0
"""Seconds to wait for somebody else's change."""


@contextlib.contextmanager
def exclusive(world: World, ctid: Ctid, *, wait: float = LOCK_WAIT) -> Iterator[None]:
    """Hold a container's lock, with nothing unfinished behind it.

    Raises:
        Busy: Not had within ``wait`` seconds.
    """
    with world.store.lock(ctid, wait=wait):
        repair(world, ctid)
        yield
