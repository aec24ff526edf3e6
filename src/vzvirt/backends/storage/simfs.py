"""simfs: the private area is a plain folder that holds the root.

State on disk: the folder, and while it is mounted a bind mount of it on the root's mount point.
Where the file system below is mounted with project quotas, the folder is a project of its own
and its quotas are the project's (``projects``); elsewhere nobody can enforce any.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.storage import area, projects
from vzvirt.model.storage import AreaSpec, LayoutAbilities, Usage
from vzvirt.system import files, mounts
from vzvirt.system.projectquota import Quota
from vzvirt.system.root import Root

_NAME: Final = "simfs"

_PLOOP: Final = "root.hdd/DiskDescriptor.xml"
"""What a private area of OpenVZ's other layout has in it."""

_BLOCK: Final = 512
"""The unit of ``st_blocks``, whatever the file system."""


class SimfsLayout:
    """ports.storage.StorageLayout over plain folders.

    Args:
        root: The installation.
        private: The folder that its private areas are in.
    """

    def __init__(self, root: Root, private: Path | None = None) -> None:
        self._private = private or root.path("vz/private")
        self._projects = projects.Projects(root)

    @property
    def abilities(self) -> LayoutAbilities:
        """What is enforced where private areas are."""
        kept = projects.are_kept(self._private / "any")
        return LayoutAbilities(
            name=_NAME,
            size_quota=kept,
            inode_quota=kept,
            soft_limits=kept,
            grows_live=kept,
            shrinks_live=kept,
            shrinks_stopped=kept,
            inodes_change_alone=kept,
        )

    def holds(self, private_area: Path) -> bool:
        """Whether that is a folder with something in it, and no other layout's."""
        try:
            filled = any(private_area.iterdir())
        except OSError:
            return False
        other = area.mark_of(private_area) or (private_area / _PLOOP).exists()
        return filled and not other

    @contextlib.contextmanager
    def build(self, spec: AreaSpec) -> Iterator[Path]:
        """Make a private area: yields an empty folder to fill with the root."""
        draft = area.begin(spec)
        try:
            draft.chmod(0o755)
            if not self._projects.begin(spec, draft) and self.abilities.size_quota:
                _refuse_limits(spec)
            with _naming_the_quota(spec, draft):
                yield draft
                projects.check_fits(spec, draft)
            area.publish(spec)
        except BaseException:
            self.clean(spec)
            raise

    def mount(self, spec: AreaSpec) -> None:
        """Show the private area at the root's mount point; nothing happens if it is."""
        if self.is_mounted(spec):
            return
        if not spec.private_area.is_dir():
            raise errors.OperationFailed(
                f"private area '{spec.private_area}' does not exist",
                hint="is the file system that holds it mounted?",
            )
        self._projects.apply(spec)
        area.make_mount_point(spec.root_mount)
        mounts.bind(spec.private_area, spec.root_mount, readonly=spec.readonly)

    def unmount(self, spec: AreaSpec) -> None:
        """Undo ``mount``, mount point included; nothing happens if it is not mounted."""
        mounts.unmount(spec.root_mount)
        area.remove_mount_point(spec)

    def is_mounted(self, spec: AreaSpec) -> bool:
        """Whether the root is mounted."""
        return mounts.is_mounted(spec.root_mount)

    @contextlib.contextmanager
    def opened(self, spec: AreaSpec) -> Iterator[Path]:
        """The root's files: the private area itself.

        Raises:
            OperationFailed: It does not exist.
        """
        if not spec.private_area.is_dir():
            raise errors.OperationFailed(f"private area '{spec.private_area}' does not exist")
        yield spec.private_area

    def resize(self, spec: AreaSpec) -> AreaSpec:
        """Bring the quotas to what ``spec`` says, whether or not it is mounted.

        Raises:
            NoSupport: A quota is asked for where none is kept.
            InvalidArgument: Below what is in use.
        """
        if not projects.are_kept(spec.private_area):
            _refuse_limits(spec)
            return spec
        if spec.space is not None or spec.inodes is not None:
            self._projects.adopt(spec)
            projects.check_request(spec)
        self._projects.apply(spec)
        return spec

    def usage(self, spec: AreaSpec) -> Usage:
        """What the kernel has counted, or else what a look through the folder adds up.

        Raises:
            SystemFailure: It cannot be read.
        """
        quota = projects.quota_of(spec.private_area)
        with files.mapping_os_errors(f"look through '{spec.private_area}'"):
            if quota is not None:
                return _as_df_shows(spec.private_area, quota)
            used_bytes, used_inodes = _count(spec.private_area)
        return Usage(used_bytes=used_bytes, size_bytes=None, used_inodes=used_inodes, inodes=None)

    def adds_up(self, spec: AreaSpec) -> bool:
        """Whether nobody has counted: the folder has no project of its own."""
        return projects.quota_of(spec.private_area) is None

    def delete(self, spec: AreaSpec) -> None:
        """Remove the private area: out of sight at once, then for good. Idempotent."""
        if self.is_mounted(spec):
            raise errors.OperationFailed(
                f"the root of container {spec.ctid} is mounted on '{spec.root_mount}'",
                hint="stop the container and unmount it first",
            )
        private = spec.private_area
        going = [] if private.is_symlink() else [private]
        gone = _projects_of(going)
        _loosen(going)
        area.delete(spec)
        projects.forget(private.parent, gone)

    def clean(self, spec: AreaSpec) -> None:
        """Remove what an interrupted ``build`` or ``delete`` left. Idempotent."""
        private = spec.private_area
        leftovers = [area.draft_path(private), *files.moved_aside(private)]
        gone = _projects_of(leftovers) - _projects_of([private])
        _loosen(leftovers)
        area.discard(private)
        projects.forget(private.parent, gone)


def _projects_of(areas: list[Path]) -> set[int]:
    return {number for number in map(projects.number_of, areas) if number is not None}


def _loosen(areas: list[Path]) -> None:
    for leaving in areas:
        projects.loosen(leaving)


def _refuse_limits(spec: AreaSpec) -> None:
    if spec.space is not None or spec.inodes is not None:
        raise errors.NoSupport(
            f"layout 'simfs' cannot enforce a quota on '{spec.private_area}': its file system "
            "is not mounted with project quotas",
            hint="the layout 'image' can",
        )


@contextlib.contextmanager
def _naming_the_quota(spec: AreaSpec, draft: Path) -> Iterator[None]:
    """Say which quota is too small, or which disk is full, when a new area cannot be filled."""
    try:
        yield
    except errors.NoSpace as error:
        projects.check_full(spec, draft)
        raise errors.NoSpace(
            f"the disk that holds '{spec.private_area.parent}' is full: {error.message}",
            hint="free some space there",
        ) from error


def _as_df_shows(private: Path, quota: Quota) -> Usage:
    """Limits are what the kernel tells whoever asks inside."""
    shown = os.statvfs(private)
    return Usage(
        used_bytes=quota.used_bytes,
        size_bytes=shown.f_blocks * shown.f_frsize if quota.space else None,
        used_inodes=quota.used_inodes,
        inodes=shown.f_files if quota.inodes else None,
    )


def _count(top: Path) -> tuple[int, int]:
    """Bytes on disk and number of files of one file system, each file once."""
    first = top.stat()
    seen: set[int] = set()
    used = first.st_blocks * _BLOCK
    waiting = [os.fspath(top)]
    inodes = 1
    while waiting:
        with contextlib.suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # a live guest removes files
                    facts = entry.stat(follow_symlinks=False)
                    if facts.st_dev != first.st_dev or facts.st_ino in seen:
                        continue
                    if facts.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                        seen.add(facts.st_ino)
                    used += facts.st_blocks * _BLOCK
                    inodes += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return used, inodes
