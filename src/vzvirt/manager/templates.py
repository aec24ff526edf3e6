"""The template cache."""

from __future__ import annotations

import builtins
from pathlib import Path

from vzvirt import errors
from vzvirt.manager.world import World
from vzvirt.model.devices import FilesystemKind
from vzvirt.model.storage import OsTemplate, TemplateDetails


class Templates:
    """Use cases over OS templates."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list(self) -> builtins.list[OsTemplate]:
        """All templates, by name."""
        return self._world.templates.templates()

    def details(self, name: str) -> TemplateDetails:
        """What is in one; reads the whole archive.

        Raises:
            NoTemplate: It is not in the cache.
        """
        return self._world.templates.details(
            self._world.templates.find(name), self._world.progress
        )

    def build(
        self, recipe: str, *, name: str | None = None, suite: str | None = None
    ) -> OsTemplate:
        """Make a template by a recipe: ``busybox`` or ``debian``.

        Raises:
            InvalidArgument: No such recipe.
            NoSupport: A program it needs is not installed.
            OperationFailed: The build failed.
        """
        return self._world.templates.build(recipe, name, suite, self._world.progress)

    def import_archive(self, archive: Path, name: str) -> OsTemplate:
        """Take a root tarball into the cache after checking all of it.

        Raises:
            OperationFailed: It is broken, or no root file system.
            Conflict: The name is taken.
        """
        return self._world.templates.import_archive(archive, name, self._world.progress)

    def remove(self, name: str) -> None:
        """Delete a template; warns where a container that has no root yet still needs it.

        Raises:
            NoTemplate: It is not in the cache.
        """
        self._world.templates.remove(name)
        waiting = self._waiting_for(name)
        if waiting:
            self._world.warn(
                f"{', '.join(waiting)} cannot be provisioned without the template '{name}'"
            )

    def _waiting_for(self, name: str) -> builtins.list[str]:
        """Containers whose root is yet to be made from a template."""
        waiting = []
        for ctid in self._world.store.ctids():
            try:
                domain = self._world.effective(ctid)
            except errors.VzvirtError:
                continue  # unreadable or gone: no reason to keep a template
            root = domain.root
            if root is None or domain.provisioned is not False:
                continue
            if root.kind is FilesystemKind.TEMPLATE and root.source == name:
                waiting.append(f"'{domain.name}'")
        return waiting
