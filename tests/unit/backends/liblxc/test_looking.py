from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import looking
from vzvirt.backends.liblxc.runfolder import Process
from vzvirt.system.mounttable import read_mounts

US = Process.read(Path("/proc/self/stat").read_bytes())
NOBODY = Process(4194305, 1)


def _mount(point: str, fstype: str, device: str) -> str:
    return f"1 0 {device} / {point} rw - {fstype} source rw\n"


def test_mounts_with_files_of_their_own() -> None:
    table = read_mounts(
        _mount("/", "ext4", "8:1")
        + _mount("/proc", "proc", "0:5")
        + _mount("/dev/shm", "tmpfs", "0:6")
        + _mount("/run", "tmpfs", "0:7")
        + _mount("/srv", "btrfs", "0:8")
        + _mount("/sys/kernel/tracing", "tracefs", "0:9")
        + _mount("/net", "nfs4", "0:10")
        + _mount("/net/below", "ext4", "8:2")
        + _mount("/home", "fuse.sshfs", "0:11")
    )
    slow = [Path("/net"), Path("/home")]
    assert [str(item.point) for item in table if looking._counts(item, slow)] == [
        "/",
        "/run",
        "/srv",
    ]


def test_our_own_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("another process's root is root's to see")
    root = next(item for item in looking.mounts(US) if item.mountpoint == "/")
    there = os.statvfs("/")
    assert root.total == there.f_blocks * there.f_frsize
    assert root.used is not None
    assert looking.hostname(US) == socket.gethostname()


def test_one_that_has_ended() -> None:
    with pytest.raises(errors.OperationInvalid, match="has ended"):
        looking.mounts(NOBODY)
    with pytest.raises(errors.OperationInvalid, match="has ended"):
        looking.hostname(NOBODY)
    with pytest.raises(errors.OperationInvalid, match="has ended"), looking.held_root(NOBODY):
        pass


def test_files_of_somebody_else_by_now_are_never_looked_at() -> None:
    if os.geteuid() != 0:
        pytest.skip("another process's root is root's to see")
    later = Process(US.pid, US.started - 1)
    with pytest.raises(errors.OperationInvalid, match="has ended"), looking.held_root(later):
        pass
    with pytest.raises(errors.InternalError, match="the host's own"), looking.held_root(US):
        pass
