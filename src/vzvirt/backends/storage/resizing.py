"""Changing the size of an image: what may be asked, and how it is done safely.

State on disk: ``root.img.new``, a copy being resized. The image itself changes in one way only
while this runs: it grows, in the kernel, which keeps a journal. A crash leaves the old image,
or one that is somewhat larger than it need be; whoever comes next removes the copy.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.storage import ext4
from vzvirt.backends.storage.loopmount import mounted_aside, wait_until_unused
from vzvirt.model.storage import AreaSpec, LayoutAbilities, Usage
from vzvirt.system import files, mounts
from vzvirt.system.process import run

NEW: Final = "root.img.new"
"""Name of the copy that is being resized."""

_GROUP: Final = 128 << 20
"""Bytes in one of ext4's groups."""

_INODES_PER_BLOCK: Final = 16

_ROUNDS: Final = 40


def inode_rounding(inodes: int, size: int) -> int:
    """How many more inodes than asked for an image of a size may have.

    mke2fs fills whole blocks of them in each of its groups.
    """
    groups = 1 + size // _GROUP
    return 32 + inodes // 100 + groups * _INODES_PER_BLOCK


def check_request(spec: AreaSpec, now: Usage) -> int:
    """The size in bytes that a request comes to.

    Raises:
        InvalidArgument: Below what is in use, or more or fewer inodes than it can have.
    """
    here = now.size_bytes or 0
    size = spec.space.hard if spec.space else here
    if size < now.used_bytes:
        raise errors.InvalidArgument(
            f"size quota of {size // 1024} KiB is below the {now.used_bytes // 1024} KiB "
            f"that container {spec.ctid} uses"
        )
    if spec.inodes:
        _check_inodes(spec.inodes.hard, size, now)
    return size


def _check_inodes(wanted: int, size: int, now: Usage) -> None:
    """Refuse a number of inodes that the image will not have.

    Inodes come and go with the size, so a number that is there today follows it by itself.
    """
    have, here = now.inodes or 0, now.size_bytes or 1
    step = direction(size, now)
    after = have * size // here if step else have
    if wanted < now.used_inodes:
        raise errors.InvalidArgument(
            f"inode quota of {wanted} is below the {now.used_inodes} files there are"
        )
    enough = -(-here * wanted // max(have, 1)) // 1024 + 1
    if wanted > after and not (step and wanted <= have + inode_rounding(have, here)):
        raise errors.InvalidArgument(
            f"inode quota of {wanted} is more than the {after} that this image has "
            f"at a size of {size // 1024} KiB",
            hint=f"inodes grow with the size: {enough} KiB would do",
        )
    if not step and wanted + inode_rounding(wanted, here) < have:
        raise errors.InvalidArgument(
            f"inode quota of {wanted} is less than the {have} inodes of the image, "
            "which go only when the size shrinks"
        )


def direction(size: int, now: Usage) -> int:
    """1: it must grow, -1: it must shrink, 0: it is as large as that, give or take rounding."""
    difference = size - (now.size_bytes or 0)
    if abs(difference) < ext4.TOLERANCE:
        return 0
    return 1 if difference > 0 else -1


def check_live(step: int, abilities: LayoutAbilities) -> None:
    """Refuse what cannot be done while the image is mounted.

    Raises:
        OperationInvalid: It can be done once the container is stopped.
    """
    hint = "stop the container first"
    if step < 0:
        raise errors.OperationInvalid("a mounted image cannot shrink", hint=hint)
    if not abilities.grows_live:
        raise errors.OperationInvalid(
            "a mounted image cannot grow here: ext4 asks for the capability CAP_SYS_RESOURCE, "
            "which this process lacks",
            hint=hint,
        )


def grow_mounted(image: Path, folder: Path, size: int) -> None:
    """Grow a mounted image until ``df`` shows a size.

    Raises:
        NoSpace, SystemFailure: It cannot be done; it may have grown a part of the way.
    """
    devices = mounts.loops_of(image)
    for _ in range(_ROUNDS):
        shown = ext4.mounted_usage(folder).size_bytes or 0
        total = ext4.grow_step(size, shown, ext4.read_superblock(devices[0]))
        if total is None:
            return
        _lengthen(image, total)
        for device in devices:
            mounts.refresh_loop_size(device)
        ext4.resize_mounted(folder, total)


def _lengthen(image: Path, total: int) -> None:
    with files.mapping_os_errors(f"lengthen '{image}'"), image.open("r+b") as file:
        if os.fstat(file.fileno()).st_size < total:
            os.ftruncate(file.fileno(), total)
        os.fsync(file.fileno())


def resize_copy(image: Path, size: int, staging: Path) -> None:
    """Make a copy of an unmounted image of another size, and let it replace the image.

    Args:
        image: The image.
        size: What ``df`` is to show, in bytes.
        staging: A folder to mount the copy on.

    Raises:
        InvalidArgument: It cannot be made that small.
        NoSpace: There is no room for the copy.
        OperationInvalid: Somebody still holds what was mounted from the image.
    """
    wait_until_unused(image)
    new = image.with_name(NEW)
    try:
        _copy_sparse(image, new)
        ext4.check(new)
        _approach(new, size, staging)
        ext4.check(new)
        with files.mapping_os_errors(f"complete '{new}'"):
            _shorten(new)
            new.rename(image)
            files.sync_folder(image.parent)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _copy_sparse(image: Path, new: Path) -> None:
    needed = image.stat().st_blocks * 512
    facts = os.statvfs(image.parent)
    if needed > facts.f_bavail * facts.f_frsize:
        raise errors.NoSpace(
            f"no room beside '{image}' for a copy of its {needed // 1024} KiB to resize",
            hint="free some space there",
        )
    run(["cp", "--reflink=auto", "--sparse=always", "--preserve=mode,ownership", image, new])


def _approach(image: Path, size: int, staging: Path) -> None:
    """Resize until ``df`` would show the size, from whichever side it comes."""
    for _ in range(_ROUNDS):
        # resize2fs forgets how large the overhead is; only a mount tells.
        with mounted_aside(image, staging) as folder:
            shown = ext4.mounted_usage(folder).size_bytes or 0
        wait_until_unused(image)
        if abs(shown - size) < ext4.TOLERANCE:
            return
        now = ext4.read_superblock(image)
        total = ext4.grow_step(size, shown, now)
        if total is None:
            total = now.file_system_bytes - ext4.round_down(shown - size)
        elif image.stat().st_size < total:
            _lengthen(image, total)
        ext4.resize_unmounted(image, total)


def _shorten(image: Path) -> None:
    """Cut off what the file system no longer covers, durably."""
    with image.open("r+b") as file:
        os.ftruncate(file.fileno(), ext4.read_superblock(image).file_system_bytes)
        os.fsync(file.fileno())
