"""image: the private area holds an ext4 image, mounted through a loop device.

State on disk, in the private area: ``root.img``, sparse; ``root.img.new`` while a copy of it is
resized, which replaces it once it is complete. On the private area: the layout's mark, which no
guest can make, lest a guest on a plain folder had us mount an image of its own writing.

State elsewhere: a loop device and a mount while the root is mounted, either on its mount point
or, for a short while, on a staging folder below ``run/vzvirt/storage``. The loop device frees
itself when the mount goes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.storage import area, ext4, resizing
from vzvirt.backends.storage.loopmount import (
    free_loops,
    mount_image,
    mounted_aside,
    unmount_staging,
    wait_until_unused,
)
from vzvirt.model.storage import AreaSpec, LayoutAbilities, Usage
from vzvirt.model.values import SoftHard
from vzvirt.system import mounts
from vzvirt.system.process import which
from vzvirt.system.root import Root

_NAME: Final = "image"

IMAGE: Final = "root.img"
"""Name of the image in the private area."""

_NEARLY_FULL: Final = 1 << 20
"""Bytes left on a disk that can take no more of an image."""

DEFAULT_SIZE: Final = 10 << 30
"""Bytes that a root may take where no quota says so; the image is sparse."""


class ImageLayout:
    """ports.storage.StorageLayout over ext4 images."""

    def __init__(self, root: Root) -> None:
        self._staging = root.path("run/vzvirt/storage")

    @property
    def abilities(self) -> LayoutAbilities:
        """What this layout enforces here."""
        return LayoutAbilities(
            name=_NAME,
            size_quota=True,
            inode_quota=True,
            grows_live=ext4.grows_mounted(),
            shrinks_stopped=True,
            unusable=_unusable(),
        )

    def holds(self, private_area: Path) -> bool:
        """Whether that folder bears our mark and has an image."""
        return area.mark_of(private_area) == _NAME and _image(private_area).is_file()

    @contextlib.contextmanager
    def build(self, spec: AreaSpec) -> Iterator[Path]:
        """Make a private area: yields an empty folder to fill with the root."""
        size = spec.space.hard if spec.space else DEFAULT_SIZE
        inodes = spec.inodes.hard if spec.inodes else ext4.default_inodes(size)
        draft = area.begin(spec)
        staging = self._staging_of(spec)
        try:
            area.mark(draft, _NAME)
            ext4.make(draft / IMAGE, size, inodes)
            mount_image(draft / IMAGE, staging)
            (staging / "lost+found").rmdir()
            with _naming_the_quota(spec, staging):
                yield staging
                area.sync_file_system(staging)
            unmount_staging(self._staging_of(spec))
            area.publish(spec)
        except BaseException:
            self.clean(spec)
            raise

    def mount(self, spec: AreaSpec) -> None:
        """Mount the image on the root's mount point; nothing happens if it is."""
        if not self.is_mounted(spec):
            self._recover(spec)
            mount_image(_image(spec.private_area), spec.root_mount, readonly=spec.readonly)

    def unmount(self, spec: AreaSpec) -> None:
        """Undo ``mount``, loop device and mount point included. Idempotent."""
        mounts.unmount(spec.root_mount)
        area.remove_mount_point(spec)
        free_loops(_image(spec.private_area))

    def is_mounted(self, spec: AreaSpec) -> bool:
        """Whether the root is mounted."""
        return mounts.is_mounted(spec.root_mount)

    @contextlib.contextmanager
    def opened(self, spec: AreaSpec) -> Iterator[Path]:
        """The root's files: where they are mounted, else mounted aside for the while."""
        if self.is_mounted(spec):
            yield spec.root_mount
            return
        self._recover(spec)
        with mounted_aside(_image(spec.private_area), self._staging_of(spec)) as folder:
            yield folder

    def resize(self, spec: AreaSpec) -> AreaSpec:
        """Bring the quotas to what ``spec`` says; gives back what was really set.

        The image grows while it is mounted, where the kernel lets us; everything else works
        on a copy, which then replaces it.
        """
        before = self.usage(spec)
        size = resizing.check_request(spec, before)
        step = resizing.direction(size, before)
        if step and self.is_mounted(spec):
            resizing.check_live(step, self.abilities)
            resizing.grow_mounted(_image(spec.private_area), spec.root_mount, size)
        elif step > 0 and self.abilities.grows_live:
            with self.opened(spec) as folder:
                resizing.grow_mounted(_image(spec.private_area), folder, size)
        elif step:
            self._recover(spec)
            resizing.resize_copy(_image(spec.private_area), size, self._staging_of(spec))
        return _really_set(spec, self.usage(spec))

    def usage(self, spec: AreaSpec) -> Usage:
        """What is used; works whether mounted or not."""
        if self.is_mounted(spec):
            return ext4.mounted_usage(spec.root_mount)
        return ext4.read_superblock(_image(spec.private_area)).usage

    def adds_up(self, _spec: AreaSpec) -> bool:
        """Never: a file system knows what it has given away."""
        return False

    def delete(self, spec: AreaSpec) -> None:
        """Remove the private area: out of sight at once, then for good. Idempotent."""
        if self.is_mounted(spec):
            raise errors.OperationFailed(
                f"the root of container {spec.ctid} is mounted on '{spec.root_mount}'",
                hint="stop the container and unmount it first",
            )
        unmount_staging(self._staging_of(spec))
        free_loops(_image(spec.private_area))
        area.delete(spec)

    def clean(self, spec: AreaSpec) -> None:
        """Remove what an interrupted ``build``, ``opened``, ``resize`` or ``delete`` left."""
        unmount_staging(self._staging_of(spec))
        draft = area.draft_path(spec.private_area)
        free_loops(draft / IMAGE)
        new = spec.private_area / resizing.NEW
        free_loops(new)
        new.unlink(missing_ok=True)
        if not self.is_mounted(spec):
            free_loops(_image(spec.private_area))
        area.discard(spec.private_area)

    def _recover(self, spec: AreaSpec) -> None:
        """See that the image can be mounted; repair it where the kernel has seen errors."""
        image = _image(spec.private_area)
        if not image.is_file():
            raise errors.OperationFailed(
                f"private area '{spec.private_area}' has no '{IMAGE}'",
                hint="is the file system that holds it mounted?",
            )
        superblock = ext4.read_superblock(image)
        missing = superblock.file_system_bytes - image.stat().st_size
        if missing > 0:
            raise errors.OperationFailed(
                f"'{image}' is {missing} bytes shorter than the file system in it",
                hint="restore it from a backup",
            )
        if superblock.damaged:
            wait_until_unused(image)
            ext4.check(image)

    def _staging_of(self, spec: AreaSpec) -> Path:
        return self._staging / str(spec.ctid)


def _image(private_area: Path) -> Path:
    return private_area / IMAGE


def _unusable() -> str | None:
    missing = [name for name in ext4.PROGRAMS if which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed (package e2fsprogs)"
    if not Path("/dev/loop-control").exists():
        return "no loop devices (modprobe loop)"
    return None


@contextlib.contextmanager
def _naming_the_quota(spec: AreaSpec, folder: Path) -> Iterator[None]:
    """Say which quota is too small, or which disk is full, when a new area cannot be filled."""
    try:
        yield
    except errors.NoSpace as error:
        now = ext4.mounted_usage(folder)
        if now.inodes is not None and now.used_inodes >= now.inodes:
            quota = f"inode quota of {spec.inodes.hard if spec.inodes else now.inodes}"
        else:
            quota = (
                f"size quota of {(spec.space.hard if spec.space else DEFAULT_SIZE) // 1024} KiB"
            )
        raise errors.NoSpace(
            f"the root of container {spec.ctid} does not fit its {quota}",
            hint="give it a larger quota",
        ) from error
    except errors.SystemFailure as error:
        # A sparse image on a full disk fails as a broken disk would.
        above = spec.private_area.parent
        facts = os.statvfs(above)
        if facts.f_bavail * facts.f_frsize >= _NEARLY_FULL:
            raise
        raise errors.NoSpace(
            f"the disk that holds '{above}' is full: {error.message}",
            hint="free some space there",
        ) from error


def _really_set(spec: AreaSpec, now: Usage) -> AreaSpec:
    """The spec with what ``df`` shows, where that is more than rounding away from it."""
    if spec.inodes is None or now.inodes is None:
        return spec
    rounding = resizing.inode_rounding(spec.inodes.hard, now.size_bytes or 0)
    if abs(now.inodes - spec.inodes.hard) <= rounding:
        return spec
    return replace(spec, inodes=SoftHard(min(spec.inodes.soft, now.inodes), now.inodes))
