"""Plain folders with quotas: on disks of their own whose file systems count by project.

The kernel lets root pass limits on ext4, so who writes here is in a user namespace or has given
that right away.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from commandline import Vzvirt, domain_xml
from vzvirt import errors
from vzvirt.backends import storage
from vzvirt.backends.storage import projects
from vzvirt.model.storage import AreaSpec
from vzvirt.model.values import Ctid, SoftHard
from vzvirt.ports.storage import StorageLayout
from vzvirt.system import files, projectquota
from vzvirt.system.root import Root

pytestmark = pytest.mark.root

KIB, MIB = 1 << 10, 1 << 20
WEB, MAIL = Ctid(101), Ctid(102)
MAKE = {"ext4": ("mkfs.ext4", "-q", "-O", "quota,project"), "xfs": ("mkfs.xfs", "-q")}
FULL = {"ext4": "Disk quota exceeded", "xfs": "No space left on device|Disk quota exceeded"}


@pytest.fixture(scope="module", params=MAKE)
def disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Where a disk is mounted; its name is the file system's."""
    folder = Path(tempfile.mkdtemp(prefix="vzvirt-quota.", dir="/var/tmp"))
    folder.chmod(0o755)
    point = folder / request.param
    point.mkdir()
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(512 * MIB)
    subprocess.run([*MAKE[request.param], image], check=True)
    subprocess.run(["mount", "-o", "loop,prjquota", image, point], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)
        shutil.rmtree(folder)


@pytest.fixture
def place(disk: Path) -> Iterator[Path]:
    """A fresh root on a disk."""
    folder = Path(tempfile.mkdtemp(dir=disk))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["umount", "-q", *folder.glob("vz/root/*")], check=False)
    shutil.rmtree(folder)


@pytest.fixture
def simfs(place: Path) -> StorageLayout:
    return storage.layouts(Root(place))["simfs"]


def spec(place: Path, ctid: Ctid = WEB, **limits: SoftHard | int) -> AreaSpec:
    return AreaSpec(
        ctid=ctid,
        private_area=place / f"vz/private/{ctid}",
        root_mount=place / f"vz/root/{ctid}",
        **limits,  # type: ignore[arg-type]
    )


def both(amount: int) -> SoftHard:
    return SoftHard(amount, amount)


def build(simfs: StorageLayout, area: AreaSpec, size: int = 0) -> None:
    with simfs.build(area) as folder, files.mapping_os_errors("write"):
        (folder / "etc").mkdir()
        (folder / "etc/file").write_bytes(b"x" * size)


def write(path: Path, size: int) -> str:
    """Write so many bytes as somebody without special rights; the complaint, if there is one."""
    words = ("setpriv", "--bounding-set=-sys_resource", "--inh-caps=-all", "dd", "if=/dev/zero")
    argv = [*words, f"of={path}", f"bs={64 * KIB}", f"count={size // (64 * KIB)}", "conv=fsync"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def limits(folder: Path, number: int) -> tuple[SoftHard | None, SoftHard | None]:
    with projectquota.opened(folder) as descriptor:
        found = projectquota.quota_of(descriptor, number)
    return found.space, found.inodes


def test_every_promise_of_layouts_is_kept(disk: Path) -> None:
    """The contract again, on a disk where this layout can do more."""
    suite = Path(__file__).parents[2] / "contract/test_storage_layouts.py"
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "simfs and not memory")
    done = subprocess.run(
        [sys.executable, *words, f"--basetemp={disk}/contract", suite],
        capture_output=True,
        text=True,
        check=False,
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout
    assert passed is not None
    assert int(passed[1]) >= 20


def test_it_says_so(simfs: StorageLayout, place: Path) -> None:
    able = simfs.abilities
    assert able.size_quota and able.inode_quota and able.soft_limits
    assert able.grows_live and able.shrinks_live and able.inodes_change_alone
    elsewhere = storage.layouts(Root(place), Path("/vz/private"))["simfs"]
    assert not elsewhere.abilities.size_quota
    with pytest.raises(errors.NoSupport, match="not mounted with project quotas"):
        simfs.resize(replace(spec(place, space=both(MIB)), private_area=Path("/etc")))


def test_size_and_files_are_limited(simfs: StorageLayout, place: Path, disk: Path) -> None:
    area = spec(place, space=both(4 * MIB), inodes=both(40))
    build(simfs, area)
    simfs.mount(area)
    shown = os.statvfs(area.root_mount)
    assert (shown.f_blocks * shown.f_frsize, shown.f_files) == (4 * MIB, 40)
    assert re.search(FULL[disk.name], write(area.root_mount / "big", 5 * MIB))
    assert simfs.usage(area).used_bytes <= 4 * MIB
    simfs.resize(replace(area, space=both(8 * MIB)))
    assert write(area.root_mount / "big", 5 * MIB) == ""
    with pytest.raises(errors.InvalidArgument, match=r"4096 KiB is below the 5\d\d\d KiB"):
        simfs.resize(area)
    for number in range(simfs.usage(area).used_inodes, 40):
        assert write(area.root_mount / f"file{number}", 0) == ""
    assert re.search(FULL[disk.name], write(area.root_mount / "one-more", 0))
    with pytest.raises(errors.InvalidArgument, match="39 is below the 40"):
        simfs.resize(replace(area, space=both(8 * MIB), inodes=both(39)))


def test_a_soft_limit_holds_after_its_grace(simfs: StorageLayout, place: Path, disk: Path) -> None:
    area = spec(place, space=SoftHard(2 * MIB, 8 * MIB), grace=300)
    build(simfs, area)
    simfs.mount(area)
    assert write(area.root_mount / "some", 4 * MIB) == ""
    assert write(area.root_mount / "more", MIB) == ""
    simfs.unmount(area)
    (area.private_area / "some").unlink()
    (area.private_area / "more").unlink()
    simfs.mount(replace(area, grace=1))
    assert write(area.root_mount / "some", 4 * MIB) == ""
    time.sleep(3)
    assert re.search(FULL[disk.name], write(area.root_mount / "more", MIB))
    simfs.unmount(area)
    (area.private_area / "some").unlink()
    simfs.mount(replace(area, grace=0))  # at once
    assert re.search(FULL[disk.name], write(area.root_mount / "some", 4 * MIB))


def test_who_has_been_counted_is_known_by_number(simfs: StorageLayout, place: Path) -> None:
    """Two installations on one disk, each with a container of the same number."""
    areas = {}
    for name in ("one", "other"):
        layout = storage.layouts(Root(place / name))["simfs"]
        areas[name] = spec(place / name, space=both(4 * MIB))
        build(layout, areas[name], MIB)
        assert MIB <= layout.usage(areas[name]).used_bytes < 2 * MIB
    numbers = {projects.number_of(area.private_area) for area in areas.values()}
    assert len(numbers) == 2
    assert None not in numbers
    build(simfs, spec(place), 0)
    assert projects.number_of(spec(place).private_area) not in numbers


def test_a_deleted_one_leaves_no_limits(simfs: StorageLayout, place: Path) -> None:
    area = spec(place, space=both(4 * MIB), inodes=both(40))
    build(simfs, area)
    number = projects.number_of(area.private_area)
    assert number is not None
    assert limits(place, number) == (both(4 * MIB), both(40))
    simfs.delete(area)
    assert limits(place, number) == (None, None)


def test_a_root_too_large_leaves_nothing(simfs: StorageLayout, place: Path) -> None:
    area = spec(place, space=both(2 * MIB))
    with pytest.raises(errors.NoSpace, match=r"101 does not fit its size quota of 2048 KiB"):
        build(simfs, area, 3 * MIB)
    assert list((place / "vz/private").iterdir()) == []


def test_a_folder_from_elsewhere_is_counted_from_its_first_limit_on(
    simfs: StorageLayout, place: Path
) -> None:
    area = spec(place)
    top = area.private_area
    (top / "a/b").mkdir(parents=True)
    (top / "a/b/file").write_bytes(b"x" * MIB)
    (top / "a/link").symlink_to("/etc")
    os.mkfifo(top / "a/pipe")
    os.setxattr(top, "trusted.vzvirt.project", b"101")  # as a copy of another one would have
    simfs.mount(area)
    assert projects.number_of(top) is None, "nothing to limit"
    limited = replace(area, space=both(4 * MIB), inodes=both(100))
    before = simfs.usage(area)
    simfs.resize(limited)
    usage = simfs.usage(limited)
    assert usage.used_bytes == pytest.approx(before.used_bytes, abs=16 * KIB)
    assert usage.used_inodes == before.used_inodes - 2, "all but the link and the pipe"
    assert write(area.root_mount / "a/b/more", 4 * MIB) != ""
    simfs.unmount(area)
    simfs.delete(area)
    assert not top.exists()


def test_half_counted_ones_can_be_deleted(simfs: StorageLayout, place: Path) -> None:
    """What a crash in the midst of the above leaves."""
    area = spec(place)
    (area.private_area / "a/b/c").mkdir(parents=True)
    with projectquota.opened(area.private_area) as folder:
        projectquota.join(folder, 101, inherited=True)
    simfs.delete(area)
    assert not area.private_area.exists()


def test_a_link_is_what_it_leads_to(simfs: StorageLayout, place: Path, tmp_path: Path) -> None:
    """An area on a disk without quotas runs without; one there, from elsewhere, has them."""
    limited = spec(place, space=both(4 * MIB))
    (tmp_path / "area/etc").mkdir(parents=True)
    limited.private_area.parent.mkdir(parents=True)
    limited.private_area.symlink_to(tmp_path / "area")
    simfs.mount(limited)
    simfs.unmount(limited)
    with pytest.raises(errors.NoSupport):
        simfs.resize(limited)
    there = replace(limited, private_area=tmp_path / "link")
    (place / "area/etc").mkdir(parents=True)
    there.private_area.symlink_to(place / "area")
    simfs.resize(there)
    assert write(place / "area/etc/big", 5 * MIB) != ""


def test_in_somebodys_project_there_is_none_of_ours(place: Path) -> None:
    with projectquota.opened(place) as folder:
        projectquota.join(folder, 7, inherited=True)
    simfs = storage.layouts(Root(place))["simfs"]
    assert not simfs.abilities.size_quota
    area = spec(place)
    build(simfs, area)
    simfs.delete(area)


def test_a_container_meets_its_limits(place: Path, disk: Path) -> None:
    vzvirt = Vzvirt(place, "lxc")
    vzvirt("template", "build", "busybox")
    vzvirt("define", "-", stdin=domain_xml("web", 101))
    try:
        vzvirt("start", "web")
        assert vzvirt.json("info", "web")["layout"] == "simfs"
        assert vzvirt("exec", "web", "--", "df", "-k", "/").split()[-5] == "20480"
        fill = ("exec", "web", "--", "dd", "if=/dev/zero", "of=/big", "bs=1M", "count=24")
        assert re.search(FULL[disk.name], vzvirt.call(*fill).stderr)
        vzvirt("quota", "web", "--size", "40M")
        vzvirt.call(*fill)
        size, inodes = vzvirt.json("quota", "web")["quotas"]
        assert (size["used"] > 24 * MIB, size["available"]) == (True, 40 * MIB)
        many = "i=0; while [ $i -lt 2100 ]; do : > /tmp/$i || exit 1; i=$((i+1)); done"
        assert vzvirt.call("exec", "web", "--", "sh", "-c", many).returncode == 1
        assert inodes["hard"] == 2000
        assert "simfs keeps quotas there" in vzvirt.call("doctor").stdout
    finally:
        vzvirt.call("kill", "web")
        vzvirt.call("undefine", "web", "--remove-data")
    assert not (place / "vz/private/101").exists()
