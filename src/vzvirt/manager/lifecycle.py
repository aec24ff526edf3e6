"""Start, stop and pause containers, and what follows when one ends by itself."""

from __future__ import annotations

from vzvirt.manager.world import World
from vzvirt.model.values import Ctid


class Lifecycle:
    """Use cases over running containers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, ref: str, *, paused: bool = False) -> None:
        """Start a container; its root is made first where it never was.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It runs already, is disabled, or its private area is gone.
            OperationFailed: It did not come up.
        """
        raise NotImplementedError

    def shutdown(self, ref: str, *, timeout: float | None = None, kill: bool = True) -> None:
        """Ask a container to shut down and wait until it has.

        Args:
            ref: Which one.
            timeout: Seconds to wait; ``None``: its STOP_TIMEOUT; 0: ask, do not wait.
            kill: Whether one that does not stop in time is killed.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running, or paused.
            TimedOut: It still runs and was not to be killed.
        """
        raise NotImplementedError

    def kill(self, ref: str) -> None:
        """End a container at once.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        raise NotImplementedError

    def reboot(self, ref: str, *, timeout: float | None = None) -> None:
        """Ask a container to reboot; one that does not within ``timeout`` is started anew.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running, or paused.
        """
        raise NotImplementedError

    def pause(self, ref: str) -> None:
        """Freeze all processes of a container.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        raise NotImplementedError

    def unpause(self, ref: str) -> None:
        """Thaw them.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not paused.
        """
        raise NotImplementedError

    def ended(self, ctid: Ctid) -> None:
        """Record that a container stopped and give back what it held; takes no lock.

        Called by the engine's hook once the container's processes are gone. Its stopper may
        hold the lock and do the same, so everything here can be done twice.
        """
        raise NotImplementedError

    def restart_by_policy(self, ctid: Ctid) -> bool:
        """Start a container again if the way it ended and its policy say so.

        Returns:
            Whether it was started.
        """
        raise NotImplementedError
