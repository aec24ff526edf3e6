"""What every layout does the same way: a private area appears and disappears as a whole.

State on disk, beside the private area ``PRIVATE``:

- ``PRIVATE.tmp``: an area being built, as vzctl names it; renamed once it is complete;
- ``.PRIVATE.aside-XXXXXXXX``: an area being deleted, renamed out of sight first.

On the private area: an attribute that names its layout, for all but plain folders. Only the
host's root can set it, so what a guest puts into its own root never changes its layout.

Whatever a killed process left of either is removed by ``discard``; both are safe to repeat.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.storage import AreaSpec
from vzvirt.system import files, mounts
from vzvirt.system.libc import libc

PARENT_MODE: Final = 0o700
"""Of the folders that all private areas are in, and all mounted roots, where we make them: a
guest's set-user-id programs lie there with their owners unshifted, so the host's users must not
get at them. Neither need a container's: the engine shows its root in a place of its own."""

_MARK: Final = "trusted.vzvirt.layout"


def make_mount_point(folder: Path) -> None:
    """Make a folder that a root is mounted on, out of reach of the host's users.

    Raises:
        SystemFailure: It cannot be made.
    """
    files.make_folder(folder.parent.parent)
    files.make_folder(folder.parent, PARENT_MODE)
    files.make_folder(folder)


def draft_path(private_area: Path) -> Path:
    """Where a private area is built."""
    return private_area.with_name(f"{private_area.name}.tmp")


def mark(private_area: Path, layout: str) -> None:
    """Say durably which layout an area has.

    Raises:
        NoSupport: The file system has no ``trusted`` attributes.
    """
    try:
        os.setxattr(private_area, _MARK, layout.encode())
    except OSError as error:
        raise errors.NoSupport(
            f"'{private_area.parent}' cannot hold areas of layout '{layout}': "
            f"its file system takes no trusted attributes ({error.strerror})"
        ) from error


def mark_of(private_area: Path) -> str | None:
    """The layout that an area is marked with; ``None``: none, or no such folder."""
    try:
        return os.getxattr(private_area, _MARK).decode(errors="replace")
    except OSError:
        return None


def begin(spec: AreaSpec) -> Path:
    """Make an empty draft of a private area, replacing what an earlier attempt left.

    Raises:
        Conflict: The private area exists and is not empty, or is no plain folder.
        OperationFailed: Something is mounted there.
        NoSpace: The disk is full.
    """
    private = spec.private_area
    _refuse_occupied(private)
    files.make_folder(private.parent.parent)
    files.make_folder(private.parent, PARENT_MODE)
    draft = draft_path(private)
    files.remove_tree(draft)
    with files.mapping_os_errors(f"make the folder '{draft}'"):
        draft.mkdir(0o700)
    return draft


def _refuse_occupied(private: Path) -> None:
    if private.is_symlink():
        raise errors.Conflict(
            f"private area '{private}' is a symbolic link",
            hint="remove the link, or name its target as the private area",
        )
    if mounts.is_mounted(private):
        raise errors.Conflict(
            f"private area '{private}' is a mount point", hint="use a folder below it"
        )
    try:
        occupied = any(private.iterdir())
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise errors.Conflict(f"private area '{private}' is not a folder") from None
    if occupied:
        raise errors.Conflict(
            f"private area '{private}' exists and is not empty",
            hint="remove it, or give the container another one",
        )


def remove_mount_point(spec: AreaSpec) -> None:
    """Remove the empty folder that a root was mounted on: it would keep the CTID taken."""
    with contextlib.suppress(OSError):  # not there, not empty, or mounted again meanwhile
        spec.root_mount.rmdir()


def publish(spec: AreaSpec) -> None:
    """Give a complete draft its final name, durably, content first.

    Raises:
        NoSpace: The last of it did not fit.
        SystemFailure: It cannot be written or renamed.
    """
    draft = draft_path(spec.private_area)
    sync_file_system(draft)
    with files.mapping_os_errors(f"complete the private area '{spec.private_area}'"):
        draft.rename(spec.private_area)
        files.sync_folder(spec.private_area.parent)


def sync_file_system(folder: Path) -> None:
    """Make everything on the file system that holds a folder durable.

    Raises:
        NoSpace: What was written does not fit.
        SystemFailure: The disk fails.
    """
    with files.mapping_os_errors(f"write '{folder}' to the disk"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            failed, number = libc("syncfs", descriptor)
            if failed:
                raise OSError(number, os.strerror(number))
        finally:
            os.close(descriptor)


def discard(private_area: Path) -> None:
    """Remove an unfinished draft, and what was deleted and not yet removed. Idempotent."""
    for leftover in (draft_path(private_area), *files.moved_aside(private_area)):
        files.remove_tree(leftover)


def delete(spec: AreaSpec) -> None:
    """Remove a private area: out of sight at once, then for good. Idempotent.

    The folder its root is mounted on goes as well, if it is empty. A symbolic link goes, what
    it points at stays.

    Raises:
        OperationFailed: Something is mounted in it; all of it stays.
    """
    private = spec.private_area
    if private.is_symlink():
        private.unlink(missing_ok=True)
        files.sync_folder(private.parent)
    elif private.exists():
        below = mounts.mounts_below(private)
        if below:
            raise errors.OperationFailed(
                f"private area '{private}' has '{below[0].point}' mounted in it",
                hint="unmount it first",
            )
        files.move_aside(private)
    discard(private)
    with contextlib.suppress(OSError):  # not there, or the user's files are in it
        spec.root_mount.rmdir()
