"""Mounting an image on a folder through a loop device that goes when the mount goes.

State: the kernel's. A crash between attaching and mounting leaves a loop device, which
``free_loops`` finds by its file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt.backends.storage import area, ext4
from vzvirt.system import files, mounts

_OPTIONS: Final = ("noinit_itable", "discard")
"""The image is made of zeros already, and what a guest deletes is given back to the disk."""


def mount_image(image: Path, folder: Path, *, readonly: bool = False) -> None:
    """Mount an image; the folder is made where it is missing.

    Raises:
        OperationFailed: The kernel refuses; nothing is left.
        NoSupport: There are no loop devices.
    """
    area.make_mount_point(folder)
    device = mounts.attach_loop(image)
    try:
        mounts.mount(device, folder, "ext4", (*_OPTIONS, "ro" if readonly else "rw"))
    finally:
        # In use by the mount it is not freed now, but as soon as the mount goes.
        mounts.detach_loop(device)
    ext4.keep_little_back(device, folder)


def unmount_staging(folder: Path) -> None:
    """Unmount a staging folder and remove it; nothing happens if it is gone."""
    mounts.unmount(folder)
    with files.mapping_os_errors(f"remove '{folder}'"), contextlib.suppress(FileNotFoundError):
        folder.rmdir()


def free_loops(image: Path) -> None:
    """Free all loop devices of an image that no mount uses; the others follow their mounts."""
    for device in mounts.loops_of(image):
        mounts.detach_loop(device)


@contextlib.contextmanager
def mounted_aside(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image on a staging folder for a while."""
    mount_image(image, folder)
    try:
        yield folder
    finally:
        unmount_staging(folder)
