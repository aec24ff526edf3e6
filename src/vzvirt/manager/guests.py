"""Run commands in containers, and reach their consoles and files."""

from __future__ import annotations

from pathlib import Path

from vzvirt.manager.world import World
from vzvirt.ports.engine import ExecRequest


class Guests:
    """Use cases inside containers. None of these takes the container's lock for long."""

    def __init__(self, world: World) -> None:
        self._world = world

    def execute(self, ref: str, request: ExecRequest) -> int:
        """Run a command inside on our own standard streams.

        Returns:
            Its exit status, or 128 + the signal that ended it.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        raise NotImplementedError

    def console(self, ref: str) -> int:
        """Connect our terminal to the console until it is detached.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        raise NotImplementedError

    def console_log(self, ref: str) -> bytes:
        """What the console has shown since the last start.

        Raises:
            NoDomain: There is no such container.
        """
        raise NotImplementedError

    def push(self, ref: str, local: Path, remote: str) -> None:
        """Copy a file or folder into a container, running or not.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: A source or the target's folder does not exist.
        """
        raise NotImplementedError

    def pull(self, ref: str, remote: str, local: Path) -> None:
        """Copy a file or folder out of a container, running or not.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: The source does not exist.
        """
        raise NotImplementedError

    def set_password(self, ref: str, user: str, password: str) -> None:
        """Set a user's password inside.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: There is no such user.
        """
        raise NotImplementedError
