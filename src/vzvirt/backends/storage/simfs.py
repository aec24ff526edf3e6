"""simfs: the private area is a plain folder that holds the root.

State on disk: the folder, and while it is mounted a bind mount of it on the root's mount point.
Nothing is enforced on its size: no kernel without project quotas could.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.storage import area
from vzvirt.model.storage import AreaSpec, LayoutAbilities, Usage
from vzvirt.system import files, mounts
from vzvirt.system.root import Root

_PLOOP: Final = "root.hdd/DiskDescriptor.xml"
"""What a private area of OpenVZ's other layout has in it."""

_BLOCK: Final = 512
"""The unit of ``st_blocks``, whatever the file system."""


class SimfsLayout:
    """ports.storage.StorageLayout over plain folders."""

    abilities = LayoutAbilities(name="simfs", size_quota=False, inode_quota=False)

    def __init__(self, root: Root) -> None:
        self._root = root

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
            yield draft
            area.publish(spec)
        except errors.NoSpace as error:
            self.clean(spec)
            raise errors.NoSpace(
                f"the disk that holds '{spec.private_area.parent}' is full: {error.message}",
                hint="free some space there",
            ) from error
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
        area.make_mount_point(spec)
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
        """Refuse any quota: a folder has none.

        Raises:
            NoSupport: A quota is asked for.
        """
        if spec.space is not None or spec.inodes is not None:
            raise errors.NoSupport(
                f"layout 'simfs' cannot enforce a quota on '{spec.private_area}'",
                hint="the layout 'image' can",
            )
        return spec

    def usage(self, spec: AreaSpec) -> Usage:
        """Add up what is in the folder.

        Raises:
            SystemFailure: It cannot be read.
        """
        with files.mapping_os_errors(f"look through '{spec.private_area}'"):
            used_bytes, used_inodes = _count(spec.private_area)
        return Usage(used_bytes=used_bytes, size_bytes=None, used_inodes=used_inodes, inodes=None)

    def delete(self, spec: AreaSpec) -> None:
        """Remove the private area: out of sight at once, then for good. Idempotent."""
        if self.is_mounted(spec):
            raise errors.OperationFailed(
                f"the root of container {spec.ctid} is mounted on '{spec.root_mount}'",
                hint="stop the container and unmount it first",
            )
        area.delete(spec)

    def clean(self, spec: AreaSpec) -> None:
        """Remove what an interrupted ``build`` or ``delete`` left. Idempotent."""
        area.discard(spec.private_area)


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
