"""What is told to the kernel and read from its answers; the calls themselves: ``tests/vm``."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.model.values import SoftHard
from vzvirt.system import projectquota

KIB = 1024


class Kernel:
    """Answers calls with what it was given, and keeps what it was told."""

    def __init__(self, answer: bytes | int = b"") -> None:
        self.answer = answer
        self.told: list[tuple[int, int, bytes]] = []

    def __call__(self, _descriptor: int, command: int, project: int, content: bytes) -> bytes:
        self.told.append((command, project, content))
        if isinstance(self.answer, int):
            raise OSError(self.answer, os.strerror(self.answer))
        return self.answer or content


def put(monkeypatch: pytest.MonkeyPatch, answer: bytes | int = b"") -> Kernel:
    kernel = Kernel(answer)
    monkeypatch.setattr(projectquota, "_quotactl", kernel)
    return kernel


@pytest.mark.parametrize(("flags", "enforced"), [(0x10, False), (0x30, True), (0x0F, False)])
def test_counting_alone_is_not_enforcing(
    monkeypatch: pytest.MonkeyPatch, flags: int, enforced: bool
) -> None:
    put(monkeypatch, struct.pack("=BxH", 1, flags).ljust(160, b"\0"))
    assert projectquota.is_enforced(3) is enforced


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ESRCH, errno.EPERM])
def test_a_kernel_without_quotas_enforces_none(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    put(monkeypatch, number)
    assert not projectquota.is_enforced(3)


def test_a_broken_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        projectquota.is_enforced(3)
    with pytest.raises(errors.SystemFailure, match="quota of project 101"):
        projectquota.quota_of(3, 101)


def test_a_quota_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, struct.pack("=8QI4x", 20, 10, 5000, 300, 0, 7, 0, 0, 0))
    quota = projectquota.quota_of(3, 101)
    assert quota.space == SoftHard(10 * KIB, 20 * KIB)
    assert quota.inodes == SoftHard(300, 300), "no soft limit is the hard one"
    assert (quota.used_bytes, quota.used_inodes) == (5000, 7)


def test_what_nobody_uses_has_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, errno.ENOENT)
    quota = projectquota.quota_of(3, 101)
    assert (quota.space, quota.inodes, quota.used_bytes, quota.used_inodes) == (None, None, 0, 0)


def test_limits_are_rounded_up_to_the_kernels_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = put(monkeypatch)
    projectquota.set_limits(3, 101, SoftHard(1000, 1025), None)
    ((_, project, content),) = kernel.told
    hard, soft, _, inode_hard, inode_soft, _, _, _, counts = struct.unpack("=8QI4x", content)
    assert (project, hard, soft, inode_hard, inode_soft, counts) == (101, 2, 1, 0, 0, 5)


def test_a_grace_is_for_space_and_inodes(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = put(monkeypatch)
    projectquota.set_grace(3, 259200)
    assert struct.unpack("=2Q2I", kernel.told[0][2]) == (259200, 259200, 0, 3)


def test_what_is_there_is_opened(tmp_path: Path) -> None:
    with projectquota.opened(tmp_path) as folder:
        assert os.fstat(folder).st_ino == tmp_path.stat().st_ino
    with pytest.raises(errors.SystemFailure, match="gone"), projectquota.opened(tmp_path / "gone"):
        pass
