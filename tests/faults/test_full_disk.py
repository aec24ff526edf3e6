"""Nothing half-made stays behind when the disk is full."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from installation import Host

pytestmark = pytest.mark.root

VICTIM = 203
FAILED = 1


@contextmanager
def small_disk(folder: Path, image: Path, megabytes: int) -> Iterator[None]:
    """Mount an ext4 file system of that size over a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
        image.unlink()


def fill(folder: Path) -> Path:
    """Fill the disk a folder is on to the last byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for block in (2**20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * block)
            except OSError:
                continue
    return filler


@pytest.fixture
def victim(host: Host, request: pytest.FixtureRequest) -> Iterator[str]:
    before = host.footprint()
    host.define(VICTIM, request.param)
    yield str(VICTIM)
    host.run("kill", str(VICTIM))
    host.run("undefine", "--remove-data", str(VICTIM))
    assert not host.footprint().beyond(before)


@pytest.mark.parametrize("victim", ["simfs", "image"], indirect=True)
def test_unpacking(host: Host, victim: str, tmp_path: Path) -> None:
    """A root that does not fit leaves nothing; once there is room, it is provisioned."""
    private = host.root / "vz/private"
    hidden = host.root / "vz/aside"
    with small_disk(hidden, tmp_path / "disk", 40):
        # The other container's private area stays where it is; only the victim's is on the disk.
        conf = host.root / "etc/vz/conf" / f"{victim}.conf"
        conf.write_text(conf.read_text() + f'VE_PRIVATE="/vz/aside/{victim}"\n')
        filler = fill(hidden)
        before = host.footprint()
        finished = host.run("provision", victim)
        assert finished.returncode == FAILED
        assert "Traceback" not in finished.stderr
        assert "space" in finished.stderr or "full" in finished.stderr, finished.stderr
        assert not host.footprint().beyond(before)
        assert sorted(path.name for path in hidden.iterdir()) == ["filler", "lost+found"]
        assert not (private / victim).exists()
        filler.unlink()
        host.ok("start", victim)
        host.ok("kill", victim)
        host.ok("undefine", "--remove-data", victim)
    hidden.rmdir()


@pytest.mark.parametrize("victim", ["simfs"], indirect=True)
def test_a_full_quota(host: Host, victim: str) -> None:
    """A template larger than the container's quota is refused by name, and leaves nothing."""
    host.ok("undefine", victim)
    host.define(VICTIM, "image", megabytes=1)
    before = host.footprint()
    finished = host.run("provision", victim)
    assert finished.returncode in {FAILED, 2}, finished
    assert "Traceback" not in finished.stderr
    assert not host.footprint().beyond(before)


@pytest.mark.parametrize("victim", ["simfs"], indirect=True)
def test_writing_a_config(host: Host, victim: str, tmp_path: Path) -> None:
    """The old config stays, whole, when there is no room for the new one."""
    conf = host.root / "etc/vz"
    copy = tmp_path / "conf"
    subprocess.run(["cp", "-a", conf, copy], check=True)
    disk = host.root / "etc/vz"
    image = tmp_path / "disk"
    with small_disk(disk, image, 8):
        subprocess.run(["cp", "-a", f"{copy}/.", disk], check=True)
        filler = fill(disk)
        config = disk / "conf" / f"{victim}.conf"
        whole = config.read_bytes()
        names = sorted(path.name for path in (disk / "conf").iterdir())
        finished = host.run("autostart", victim)
        assert finished.returncode == FAILED, finished
        assert "space" in finished.stderr, finished.stderr
        assert config.read_bytes() == whole
        assert sorted(path.name for path in (disk / "conf").iterdir()) == names

        document = tmp_path / "new.xml"
        document.write_text(
            "<domain type='openvz'><name>new</name><devices><filesystem type='template'>"
            "<source name='busybox'/></filesystem></devices></domain>"
        )
        refused = host.run("define", str(document))
        assert refused.returncode == FAILED, refused
        assert sorted(path.name for path in (disk / "conf").iterdir()) == names
        filler.unlink()
        host.ok("autostart", victim)
        host.ok("define", str(document))
