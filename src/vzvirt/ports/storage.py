"""Private areas and OS templates."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from vzvirt.model.progress import Progress
from vzvirt.model.storage import (
    AreaSpec,
    LayoutAbilities,
    OsTemplate,
    ReservedTemplate,
    TemplateDetails,
    Usage,
)
from vzvirt.model.values import IdMap


class StorageLayout(Protocol):
    """One way to store a private area. The caller holds the container's lock."""

    @property
    def abilities(self) -> LayoutAbilities:
        """What this layout enforces here."""

    def holds(self, private_area: Path) -> bool:
        """Whether that folder is a private area of this layout."""

    def build(self, spec: AreaSpec) -> AbstractContextManager[Path]:
        """Make a private area: yields an empty folder to fill with the root.

        On a clean exit the area stands complete, at once, under its final name; on an
        exception nothing of it is left.

        Raises:
            Conflict: The private area exists and is not empty.
            NoSpace: It does not fit.
            InvalidArgument: The quota is too small for the layout.
        """

    def mount(self, spec: AreaSpec) -> None:
        """Mount the root on ``spec.root_mount``; nothing happens if it is mounted.

        Raises:
            OperationFailed: The area is missing or damaged.
        """

    def unmount(self, spec: AreaSpec) -> None:
        """Undo ``mount``: loop devices and the mount point go, too. Idempotent."""

    def is_mounted(self, spec: AreaSpec) -> bool:
        """Whether the root is mounted."""

    def opened(self, spec: AreaSpec) -> AbstractContextManager[Path]:
        """The root's files: where they are mounted, else mounted aside for the while."""

    def resize(self, spec: AreaSpec) -> AreaSpec:
        """Bring the quotas to what ``spec`` says; gives back what was really set.

        Raises:
            InvalidArgument: Below what is in use, or more than the layout can do now.
        """

    def usage(self, spec: AreaSpec) -> Usage:
        """What is used; works whether mounted or not."""

    def adds_up(self, spec: AreaSpec) -> bool:
        """Whether ``usage`` looks at all of the files, which takes long where there are many."""

    def delete(self, spec: AreaSpec) -> None:
        """Remove the private area: out of sight at once, then for good. Idempotent."""

    def clean(self, spec: AreaSpec) -> None:
        """Remove what an interrupted ``build``, ``opened`` or ``delete`` left. Idempotent."""


class TemplateUpload(Protocol):
    """A template that comes in piece by piece; end it with ``finish`` or ``abort``."""

    def write(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            NoSpace: The disk is full.
        """

    def finish(self) -> OsTemplate:
        """Check the whole of it, and put it in the place of what had its name.

        Raises:
            OperationFailed: It is broken, reaches outside its folder, or is no root file
                system; what had its name stands.
        """

    def abort(self) -> None:
        """Forget it; what had its name stands. Nothing happens after ``finish``. Idempotent."""


class TemplateStore(Protocol):
    """The template cache."""

    def templates(self) -> list[OsTemplate]:
        """All templates, by name."""

    def find(self, name: str) -> OsTemplate:
        """One template.

        Raises:
            NoTemplate: It is not in the cache; the hint lists those there, or how to build one.
        """

    def details(self, template: OsTemplate, progress: Progress) -> TemplateDetails:
        """Look inside; reads the whole archive."""

    def unpack(
        self, template: OsTemplate, folder: Path, owners: IdMap, progress: Progress
    ) -> None:
        """Fill an empty folder with the root, owners shifted by ``owners`` if it is not empty.

        Raises:
            OperationFailed: The archive is broken, truncated, or reaches outside the folder.
            NoSpace: The disk or the quota is full.
        """

    def build(
        self, recipe: str, name: str | None, suite: str | None, progress: Progress
    ) -> OsTemplate:
        """Make a template: recipes are ``busybox`` and ``debian``.

        Raises:
            InvalidArgument: No such recipe.
            NoSupport: A program it needs is not installed; the hint names the package.
            OperationFailed: The build failed; the message has its last lines.
        """

    def import_archive(self, archive: Path, name: str, progress: Progress) -> OsTemplate:
        """Take a root tarball into the cache after checking all of it.

        Raises:
            OperationFailed: It is broken, reaches outside its folder, or is no root file system.
            Conflict: The name is taken.
        """

    def name_of(self, file: str) -> str:
        """What a template is called whose file has a certain name; any other word stays."""

    def reserve(self, name: str, size: int) -> ReservedTemplate:
        """Keep a name for a template that is to be uploaded; ``size`` is what to expect.

        Raises:
            Conflict: The name is taken or kept.
            InvalidArgument: It is none for a template.
        """

    def reserved(self) -> list[ReservedTemplate]:
        """All names that are kept, by name."""

    def upload(self, name: str, progress: Progress) -> TemplateUpload:
        """Begin to take in a template, which will replace one of that name.

        Raises:
            Busy: Somebody else is making one of that name.
        """

    def opened(self, name: str) -> BinaryIO:
        """A template's archive, as it is; the caller closes it.

        Raises:
            NoTemplate: It is not in the cache.
        """

    def remove(self, name: str) -> None:
        """Delete a template, or give up a name that is kept.

        Raises:
            NoTemplate: There is neither.
        """
