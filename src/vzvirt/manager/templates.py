"""The template cache."""

from __future__ import annotations

from pathlib import Path

from vzvirt.manager.world import World
from vzvirt.model.storage import OsTemplate, TemplateDetails


class Templates:
    """Use cases over OS templates."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list(self) -> list[OsTemplate]:
        """All templates, by name."""
        return self._world.templates.templates()

    def details(self, name: str) -> TemplateDetails:
        """What is in one; reads the whole archive.

        Raises:
            NoTemplate: It is not in the cache.
        """
        raise NotImplementedError

    def build(
        self, recipe: str, *, name: str | None = None, suite: str | None = None
    ) -> OsTemplate:
        """Make a template by a recipe: ``busybox`` or ``debian``.

        Raises:
            InvalidArgument: No such recipe.
            NoSupport: A program it needs is not installed.
            OperationFailed: The build failed.
        """
        raise NotImplementedError

    def import_archive(self, archive: Path, name: str) -> OsTemplate:
        """Take a root tarball into the cache after checking all of it.

        Raises:
            OperationFailed: It is broken, or no root file system.
            Conflict: The name is taken.
        """
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Delete a template; warns where a container that has no root yet still needs it.

        Raises:
            NoTemplate: It is not in the cache.
        """
        raise NotImplementedError
