"""Finish or undo what crashed commands left."""

from __future__ import annotations

from vzvirt.manager.world import World
from vzvirt.model.values import Ctid


class Repairs:
    """What is done first wherever a container's lock is had."""

    def __init__(self, world: World) -> None:
        self._world = world

    def repair_pending(self) -> list[Ctid]:
        """Repair every container with unfinished work whose lock is free; a cheap look.

        Returns:
            Those repaired.
        """
        raise NotImplementedError
