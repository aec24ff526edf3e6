"""ext4 in image files: making, measuring, growing and shrinking.

No state: sizes are read from the superblock on the disk, or from the kernel where the file
system is mounted. Sizes are bytes *as ``df`` shows them*, without ext4's own overhead (inode
tables, bitmaps, journal), unless a name says otherwise.
"""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.storage import Usage
from vzvirt.system import files
from vzvirt.system.process import run

BLOCK: Final = 4096
"""Bytes in a block of every file system we make."""

BYTES_PER_INODE: Final = 16 << 10
"""How many files a file system gets for its size where nothing is said: mke2fs's own ratio."""

FEWEST_INODES: Final = 16384
"""Where nothing is said, no file system gets fewer."""

PROGRAMS: Final = ("mke2fs", "e2fsck", "resize2fs")
"""What we need of e2fsprogs."""

TOLERANCE: Final = 64 << 10
"""How far ``df`` may be off what was asked for."""

FEWEST_KEPT_BACK: Final = 16
"""Blocks that ext4 always keeps for writing what it has promised to write."""

_INODE: Final = 256
"""Bytes of an inode on the disk: what times beyond 2038 need."""

_JOURNALS: Final = ((64 << 20, 4), (1 << 30, 16))
"""Journal size in MiB for file systems up to a size; 4 MiB is the least ext4 can do."""

_LARGEST_JOURNAL: Final = 64

_MAGIC: Final = 0xEF53
_BITMAPS: Final = 2
"""Blocks in each group that say what is free: of blocks, and of inodes."""

_ERRORS_SEEN: Final = 0x2
_IOC_RESIZE_FS: Final = 0x40086610
_CAP_SYS_RESOURCE: Final = 24
_ROUNDS: Final = 12
"""Steps in which a size is approached; two or three do."""


@dataclass(frozen=True, slots=True)
class Superblock:
    """What a file system says of itself.

    Attributes:
        file_system_bytes: Its whole size, overhead included.
        usage: As ``df`` would show it; after resizing unmounted only once it has been mounted.
        group_bytes: Size of a full group.
        group_overhead: Bytes that at least go for overhead in each group.
        damaged: Whether the kernel has seen errors in it.
    """

    file_system_bytes: int
    usage: Usage
    group_bytes: int
    group_overhead: int
    damaged: bool


def read_superblock(image: Path) -> Superblock:
    """Read the superblock of an image; that of a mounted one from its device, which is live.

    Raises:
        OperationFailed: There is no ext4 in it.
    """
    with files.mapping_os_errors(f"read '{image}'"), image.open("rb") as file:
        file.seek(1024)
        raw = file.read(1024)
    if len(raw) < 1024 or _word(raw, 0x38, "H") != _MAGIC:
        raise errors.OperationFailed(f"'{image}' holds no ext4 file system")
    block = 1024 << _word(raw, 0x18)
    blocks = _word(raw, 0x150) << 32 | _word(raw, 0x04)
    free = _word(raw, 0x158) << 32 | _word(raw, 0x0C)
    inodes, overhead = _word(raw, 0x00), _word(raw, 0x248)
    tables = -(-_word(raw, 0x28) * _word(raw, 0x58, "H") // block)
    return Superblock(
        file_system_bytes=blocks * block,
        usage=Usage(
            used_bytes=(blocks - overhead - free) * block,
            size_bytes=(blocks - overhead) * block,
            used_inodes=inodes - _word(raw, 0x10),
            inodes=inodes,
        ),
        group_bytes=_word(raw, 0x20) * block,
        group_overhead=(tables + _BITMAPS) * block,
        damaged=bool(_word(raw, 0x3A, "H") & _ERRORS_SEEN),
    )


def _word(raw: bytes, offset: int, kind: str = "I") -> int:
    number: int = struct.unpack_from(f"<{kind}", raw, offset)[0]
    return number


def mounted_usage(folder: Path) -> Usage:
    """What ``df`` shows of a mounted file system.

    Raises:
        SystemFailure: It cannot be asked.
    """
    with files.mapping_os_errors(f"ask for the usage of '{folder}'"):
        facts = os.statvfs(folder)
    return Usage(
        used_bytes=(facts.f_blocks - facts.f_bfree) * facts.f_frsize,
        size_bytes=facts.f_blocks * facts.f_frsize,
        used_inodes=facts.f_files - facts.f_ffree,
        inodes=facts.f_files,
    )


def grows_mounted() -> bool:
    """Whether the kernel lets us grow a mounted ext4: it asks for CAP_SYS_RESOURCE."""
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    return bool(effective >> _CAP_SYS_RESOURCE & 1)


def keep_little_back(device: Path, folder: Path) -> None:
    """Let a guest use nearly all of its quota.

    ext4 keeps 2 % of a file system, metadata included, for its own needs in the last moment;
    with many inode tables that is much of a small quota.
    """
    knob = Path(f"/sys/fs/ext4/{device.name}/reserved_clusters")
    with files.mapping_os_errors(f"set '{knob}'"):
        most = max(FEWEST_KEPT_BACK, os.statvfs(folder).f_blocks // 200)
        if int(knob.read_text()) > most:
            knob.write_text(str(most))


def default_inodes(size: int) -> int:
    """How many files a file system of a size gets where nothing is said."""
    return max(FEWEST_INODES, size // BYTES_PER_INODE)


def make(image: Path, size: int, inodes: int) -> None:
    """Make a sparse image whose ``df`` shows ``size`` and at least ``inodes``.

    Raises:
        InvalidArgument: No ext4 can have that many inodes.
        NoSpace: The disk is full.
        NoSupport: mkfs.ext4 is not installed.
    """
    total = _blocks(size) + inodes * _INODE + (_journal(size) << 20) + (1 << 20)
    for _ in range(_ROUNDS):
        _make_once(image, total, size, inodes)
        shown = read_superblock(image).usage.size_bytes or 0
        if 0 <= shown - size < TOLERANCE // 2:
            return
        total = _blocks(total + size - shown)
    raise errors.InternalError(f"no ext4 with {size} bytes of room and {inodes} inodes was found")


def _make_once(image: Path, total: int, size: int, inodes: int) -> None:
    with files.mapping_os_errors(f"make the image '{image}'"):
        image.unlink(missing_ok=True)
        descriptor = os.open(image, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(descriptor, total)
        finally:
            os.close(descriptor)
    shape = ["-b", str(BLOCK), "-I", str(_INODE), "-N", str(inodes), "-m", "0"]
    journal = ["-J", f"size={_journal(size)}", "-E", "lazy_journal_init=1"]
    done = run(
        ["mke2fs", "-q", "-F", "-t", "ext4", *shape, *journal, image],
        check=False,
    )
    if done.status:
        raise errors.InvalidArgument(
            f"no ext4 can have {size // 1024} KiB with {inodes} inodes: {done.last_words}"
        )


def _journal(size: int) -> int:
    return next((mebi for most, mebi in _JOURNALS if size <= most), _LARGEST_JOURNAL)


def _blocks(size: int) -> int:
    """Round up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def round_down(size: int) -> int:
    """Round down to whole blocks."""
    return size // BLOCK * BLOCK


def check(image: Path) -> None:
    """Repair what a crash left, as far as that is safe without asking.

    Raises:
        OperationFailed: It needs a person.
    """
    done = run(["e2fsck", "-f", "-p", image], check=False)
    if done.status & ~3:  # 1: repaired; 2: repaired, and reboot if it was mounted
        raise errors.OperationFailed(
            f"the file system in '{image}' is damaged: {done.last_words}",
            hint=f"make a copy of the file, then run: e2fsck -f {image}",
        )


def grow_step(size: int, shown: int, now: Superblock) -> int | None:
    """The next whole size on the way up to ``size``, or ``None`` when it is reached.

    What the last group lacks is all gain; each further group first costs its overhead. Some
    groups cost more, for copies of the superblock, so the size is approached from below.
    """
    missing = size - shown
    if missing < TOLERANCE // 2:
        return None
    slack = -now.file_system_bytes % now.group_bytes
    total = now.file_system_bytes + min(missing, slack)
    groups, rest = divmod(max(0, missing - slack), now.group_bytes - now.group_overhead)
    total += groups * now.group_bytes + (now.group_overhead + rest if rest else 0)
    return _blocks(total)


def resize_mounted(folder: Path, total: int) -> None:
    """Grow a mounted file system to a whole size.

    Raises:
        NoSupport: We lack the capability the kernel asks for.
        SystemFailure: It cannot be done.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with files.mapping_os_errors(f"grow the file system on '{folder}'"):
            fcntl.ioctl(descriptor, _IOC_RESIZE_FS, struct.pack("=Q", total // BLOCK))
    finally:
        os.close(descriptor)


def resize_unmounted(image: Path, total: int) -> None:
    """Give the file system of an unmounted image another whole size.

    Raises:
        InvalidArgument: It holds too much for that.
    """
    done = run(["resize2fs", "-f", image, str(total // BLOCK)], check=False)
    if done.status:
        raise errors.InvalidArgument(
            f"the file system in '{image}' cannot take {total // 1024} KiB: {done.last_words}"
        )
