"""Mounting an image on a folder through a loop device that goes when the mount goes.

State: the kernel's. A crash between attaching and mounting leaves a loop device, which
``free_loops`` finds by its file. What is unmounted while somebody uses it (a shell that stands
in it) lives on, unseen and still writing, until it is let go: so an image is mounted by the
device it has, where it has one, and nobody but its file system writes to it before that is gone.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.storage import area, ext4
from vzvirt.system import files, mounts

_OPTIONS: Final = ("noinit_itable", "discard")
"""The image is made of zeros already, and what a guest deletes is given back to the disk."""

_PATIENCE: Final = 2.0
"""Seconds that the kernel, and whoever looks at a new device, get to let go of an image."""


def mount_image(image: Path, folder: Path, *, readonly: bool = False) -> None:
    """Mount an image; the folder is made where it is missing.

    Raises:
        OperationFailed: The kernel refuses; nothing is left.
        NoSupport: There are no loop devices.
    """
    area.make_mount_point(folder)
    with mounts.held_loop(image) as device:
        # Read-only is this mount, not the file system: another one of it may be writable.
        mounts.mount(device, folder, "ext4", _OPTIONS)
        if readonly:
            mounts.make_readonly(folder)
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


def wait_until_unused(image: Path) -> None:
    """See that no file system in an image is alive, mounted or not.

    Raises:
        OperationInvalid: One is, and stays.
    """
    free_loops(image)
    end = time.monotonic() + _PATIENCE
    while devices := mounts.loops_of(image):
        if time.monotonic() >= end:
            raise errors.OperationInvalid(
                f"'{image}' is in use: somebody holds what was mounted from '{devices[0]}'",
                hint=f"'fuser -vm {devices[0]}' says who",
            )
        time.sleep(0.02)


@contextlib.contextmanager
def mounted_aside(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image on a staging folder for a while."""
    mount_image(image, folder)
    try:
        yield folder
    finally:
        unmount_staging(folder)
