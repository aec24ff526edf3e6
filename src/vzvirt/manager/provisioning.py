"""Make roots from templates."""

from __future__ import annotations

from collections.abc import Sequence

from vzvirt.manager.world import World


class Provisioning:
    """Use cases that fill private areas."""

    def __init__(self, world: World) -> None:
        self._world = world

    def provision(
        self, ref: str, *, password: str | None = None, ssh_keys: Sequence[str] = ()
    ) -> None:
        """Make a container's root from its template and give it an identity of its own.

        Args:
            ref: Which one.
            password: Root's password inside.
            ssh_keys: Public keys that may log in as root.

        Raises:
            NoDomain: There is no such container.
            NoTemplate: Its template is not in the cache.
            OperationInvalid: It is running, has a root already, or needs none.
            NoSpace: The disk or the quota is full.
        """
        raise NotImplementedError
