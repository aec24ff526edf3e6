"""Signals for processes of running containers."""

from __future__ import annotations

from vzvirt import errors
from vzvirt.manager.world import World


class Processes:
    """Use cases over what runs inside; they take no lock, like a guest's own ``kill``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def signal(self, ref: str, pid: int, number: int) -> None:
        """Send a signal to a process, by the number it has inside; 1 is the container's init.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
            InvalidArgument: It has no such process, or there is no such signal.
        """
        world = self._world
        ctid = world.store.find(ref)
        if not world.engine.observe(ctid).is_active:
            name = world.store.load(ctid).domain.name
            raise errors.OperationInvalid(f"'{name}' is not running", hint="start it first")
        world.engine.signal(ctid, pid, number)
