"""Images are files: making and measuring them needs no mount and no root."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.storage import ext4, resizing
from vzvirt.model.storage import Usage

KIB = 1 << 10
MIB = 1 << 20


@pytest.mark.parametrize(
    ("size", "inodes"),
    [
        (10000 * KIB, 200000),
        (10000 * KIB, 16),
        (MIB, 64),
        (64 * MIB, 16384),
        (1100000 * KIB, 200000),
        (64 << 30, 100000),
    ],
)
def test_an_image_shows_the_size_asked_for(tmp_path: Path, size: int, inodes: int) -> None:
    image = tmp_path / "i"
    ext4.make(image, size, inodes)
    usage = ext4.read_superblock(image).usage
    assert usage.size_bytes is not None
    assert usage.inodes is not None
    assert 0 <= usage.size_bytes - size < ext4.TOLERANCE
    assert inodes <= usage.inodes <= inodes + resizing.inode_rounding(inodes, size)
    assert usage.used_inodes == 11
    assert image.stat().st_blocks * 512 < 40 * MIB, "it is sparse"
    assert image.stat().st_mode & 0o077 == 0
    ext4.check(image)


def test_a_second_image_replaces_the_first(tmp_path: Path) -> None:
    image = tmp_path / "i"
    image.write_bytes(b"x" * (10 * MIB))
    ext4.make(image, MIB, 16)
    assert image.stat().st_size < 2 * MIB


def test_more_inodes_than_ext4_can_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"1024 KiB with \d+ inodes"):
        ext4.make(tmp_path / "i", MIB, 2**32)


def test_where_nothing_is_said_inodes_follow_the_size() -> None:
    assert ext4.default_inodes(MIB) == ext4.FEWEST_INODES
    assert ext4.default_inodes(10 << 30) == (10 << 30) // 16384


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"x" * 1024 + b"\0" * 1024])
def test_what_is_no_file_system(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "i").write_bytes(content)
    with pytest.raises(errors.OperationFailed, match="no ext4"):
        ext4.read_superblock(tmp_path / "i")


def test_errors_the_kernel_has_seen_are_seen(tmp_path: Path) -> None:
    image = tmp_path / "i"
    ext4.make(image, MIB, 16)
    assert not ext4.read_superblock(image).damaged
    with image.open("r+b") as file:
        file.seek(1024 + 0x3A)
        file.write(struct.pack("<H", 0x3))
    assert ext4.read_superblock(image).damaged


def test_damage_that_needs_a_person(tmp_path: Path) -> None:
    image = tmp_path / "i"
    ext4.make(image, 64 * MIB, 1000)
    with image.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))  # the group descriptors
    with pytest.raises(errors.OperationFailed, match="damaged") as caught:
        ext4.check(image)
    assert f"e2fsck -f {image}" in (caught.value.hint or "")


def geometry(total: int, overhead: int) -> ext4.Superblock:
    unknown = Usage(used_bytes=0, size_bytes=0, used_inodes=0, inodes=0)
    return ext4.Superblock(
        file_system_bytes=total,
        usage=unknown,
        group_bytes=128 * MIB,
        group_overhead=overhead,
        damaged=False,
    )


@pytest.mark.parametrize("overhead", [8 * KIB, 2 * MIB, 110 * MIB])
@pytest.mark.parametrize("size", [11 * MIB, 100 * MIB, 50 << 30])
def test_steps_approach_a_size_from_below(overhead: int, size: int) -> None:
    """Every other group costs more than it must, and there is a journal."""

    def shown(total: int) -> int:
        groups = -(-total // (128 * MIB))
        return total - groups * overhead - groups // 2 * MIB - 4 * MIB

    total = 10 * MIB + overhead + 4 * MIB
    for _ in range(12):
        step = ext4.grow_step(size, shown(total), geometry(total, overhead))
        if step is None:
            break
        assert step > total
        assert step % ext4.BLOCK == 0
        total = step
    assert 0 <= size - shown(total) < ext4.TOLERANCE


def test_a_size_that_is_reached_needs_no_step() -> None:
    for shown in (MIB, 2 * MIB):
        assert ext4.grow_step(MIB, shown, geometry(3 * MIB, 8 * KIB)) is None


def test_groups_are_read_from_the_superblock(tmp_path: Path) -> None:
    ext4.make(tmp_path / "i", 1 << 30, 65536)
    found = ext4.read_superblock(tmp_path / "i")
    assert found.group_bytes == 128 * MIB
    # 65536 inodes of 256 bytes over 9 groups, and two bitmaps.
    assert found.group_overhead == pytest.approx(65536 * 256 / 9, rel=0.02)
