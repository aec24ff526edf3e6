"""The one way to change a container: take its lock, repair what a crash left, then go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from vzvirt.manager.repairs import repair
from vzvirt.manager.world import World
from vzvirt.model.values import Ctid


@contextlib.contextmanager
def exclusive(world: World, ctid: Ctid, *, wait: float | None = None) -> Iterator[None]:
    """Hold a container's lock, with nothing unfinished behind it.

    Args:
        world: What there is.
        ctid: The container.
        wait: Seconds to wait for it; ``None``: ``world.lock_wait``.

    Raises:
        Busy: Somebody else holds it for longer than that.
    """
    with world.store.lock(ctid, wait=world.lock_wait if wait is None else wait):
        repair(world, ctid)
        yield
