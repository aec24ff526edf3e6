"""Limits on what a container may store."""

from __future__ import annotations

from vzvirt.manager.world import World
from vzvirt.model.domain import Domain
from vzvirt.model.storage import Usage
from vzvirt.model.values import SoftHard


class Quotas:
    """Use cases over disk quotas."""

    def __init__(self, world: World) -> None:
        self._world = world

    def set(
        self, ref: str, *, space: SoftHard | None = None, inodes: SoftHard | None = None
    ) -> Domain:
        """Change quotas, on the running container as far as its layout can; ``None``: keep.

        Args:
            ref: Which one.
            space: Bytes.
            inodes: Files.

        Returns:
            The definition as it stands now.

        Raises:
            NoDomain: There is no such container.
            ConfigUnsupported: Its layout cannot keep such a quota; the message names one that can.
            InvalidArgument: Below what is in use.
        """
        raise NotImplementedError

    def usage(self, ref: str) -> Usage:
        """What a container uses of its quotas.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no private area yet.
        """
        raise NotImplementedError
