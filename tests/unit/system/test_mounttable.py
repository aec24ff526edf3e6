"""Reading the kernel's mount table."""

from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.system import mounttable
from vzvirt.system.mounttable import is_mounted, mounts, mounts_below, read_mounts

TABLE = (
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
    "40 27 254:0 /vz/private/101 /vz/root/101 ro,nosuid shared:7 master:2 - ext4 /dev/vda rw\n"
    "41 27 0:40 / /mnt/with\\040blank\\134 rw - tmpfs none rw,size=4k\n"
)


def test_every_field() -> None:
    top, bind, blank = read_mounts(TABLE)
    assert (top.point, top.source, top.fstype, top.device) == (
        Path("/"),
        "/dev/vda",
        "ext4",
        "254:0",
    )
    assert top.options == ("rw", "relatime", "discard")
    assert (bind.root, bind.options) == ("/vz/private/101", ("ro", "nosuid", "rw"))
    assert blank.point == Path("/mnt/with blank\\")


def test_this_host_has_a_proc() -> None:
    assert is_mounted(Path("/proc"))
    assert any(mount.fstype == "proc" for mount in mounts())
    assert not is_mounted(Path("/proc/self"))


def test_mounts_below_come_innermost_first(tmp_path: Path) -> None:
    assert mounts_below(tmp_path) == []
    points = [mount.point for mount in mounts_below(Path("/"))]
    assert points[-1] == Path("/")
    depths = [len(point.parts) for point in points]
    assert depths == sorted(depths, reverse=True)


def test_only_lines_that_could_matter_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["/a", "/a\\040b", "/a\\040b/c", "/a\\134b", "/ab"]
    table = "".join(f"1 2 0:5 / {point} rw - tmpfs t rw\n" for point in lines)
    monkeypatch.setattr(Path, "read_bytes", lambda _path: table.encode())
    monkeypatch.setattr(mounttable, "real_path", lambda path: path)
    assert is_mounted(Path("/a b")) and is_mounted(Path("/a\\b"))
    assert not is_mounted(Path("/a b/d"))
    assert [mount.point for mount in mounts_below(Path("/a b"))] == [Path("/a b/c"), Path("/a b")]
    assert [str(mount.point) for mount in mounts_below(Path("/a"))] == ["/a"]
    assert len(mounts(" - tmpfs")) == len(lines) and mounts(" - ext4") == []
