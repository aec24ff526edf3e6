"""Every storage layout keeps the same promises: the real ones, and the simulated ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends import memory, storage
from vzvirt.backends.storage import ext4
from vzvirt.model.storage import AreaSpec
from vzvirt.model.values import Ctid, SoftHard
from vzvirt.ports.storage import StorageLayout
from vzvirt.system import files, mounts
from vzvirt.system.root import Root

KIB = 1 << 10
MIB = 1 << 20


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A root of our own that is left without mounts and loop devices, whatever happens."""
    yield tmp_path
    mounts.unmount(tmp_path)
    for image in tmp_path.rglob("*.img*"):
        for device in mounts.loops_of(image):
            mounts.detach_loop(device)


def real(name: str) -> Callable[[Root], StorageLayout]:
    return lambda root: storage.layouts(root)[name]


def simulated(name: str) -> Callable[[Root], StorageLayout]:
    return lambda root: memory.layouts(root)[name]


EVERY = [
    pytest.param(real("simfs"), id="simfs", marks=pytest.mark.root),
    pytest.param(real("image"), id="image", marks=pytest.mark.root),
    pytest.param(simulated("simfs"), id="memory-simfs"),
    pytest.param(simulated("image"), id="memory-image"),
]

WITH_QUOTAS = [EVERY[1], EVERY[3]]


@pytest.fixture(params=EVERY)
def layout(request: pytest.FixtureRequest, place: Path) -> StorageLayout:
    made: StorageLayout = request.param(Root(place))
    return made


@pytest.fixture
def image(place: Path) -> StorageLayout:
    return storage.layouts(Root(place))["image"]


@pytest.fixture
def simfs(place: Path) -> StorageLayout:
    return storage.layouts(Root(place))["simfs"]


def spec(place: Path, layout: StorageLayout | None = None, size: int = 8 * MIB) -> AreaSpec:
    """A container's storage, with a quota where the layout can keep one."""
    able = layout is not None and layout.abilities.size_quota
    return AreaSpec(
        ctid=Ctid(101),
        private_area=place / "vz/private/101",
        root_mount=place / "vz/root/101",
        space=SoftHard(size, size) if able else None,
    )


def build(layout: StorageLayout, area: AreaSpec, data: bytes = b"hello") -> None:
    with layout.build(area) as folder:
        (folder / "etc").mkdir()
        (folder / "etc/file").write_bytes(data)


def leftovers(place: Path) -> list[str]:
    """Whatever nobody would want to find: files, mounts, loop devices."""
    found = [str(path) for path in place.rglob("*") if not path.is_dir()]
    found += [str(path) for path in (place / "vz/private").glob("*")]
    found += [str(path) for path in (place / "run/vzvirt/storage").glob("*")]
    found += [str(mount.point) for mount in mounts.mounts_below(place)]
    backing = Path("/sys/block").glob("loop*/loop/backing_file")
    for file in backing:
        with suppress(OSError):
            name = file.read_text().strip()
            found += [name] if name.startswith(f"{place}/") else []
    return found


# -- promises of every layout -----------------------------------------------------------


def test_an_area_appears_as_a_whole(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    assert not layout.holds(area.private_area)
    with layout.build(area) as folder:
        assert list(folder.iterdir()) == []
        (folder / "file").write_bytes(b"hello")
        assert not area.private_area.exists()
    assert layout.holds(area.private_area)
    with layout.opened(area) as folder:
        assert (folder / "file").read_bytes() == b"hello"


def test_an_area_that_fails_leaves_nothing(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    with pytest.raises(ZeroDivisionError), layout.build(area) as folder:
        (folder / "file").write_bytes(b"hello")
        raise ZeroDivisionError
    assert leftovers(place) == []
    assert not layout.holds(area.private_area)


def test_an_occupied_area_is_a_conflict_and_stays(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    area.private_area.mkdir(parents=True)
    (area.private_area / "mine").write_bytes(b"precious")
    with pytest.raises(errors.Conflict, match=r"not empty"), layout.build(area):
        raise AssertionError("must not be reached")
    assert (area.private_area / "mine").read_bytes() == b"precious"


def test_an_empty_folder_may_become_an_area(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    area.private_area.mkdir(parents=True)
    build(layout, area)
    assert layout.holds(area.private_area)


def test_mounting_twice_and_unmounting_twice(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area)
    assert not layout.is_mounted(area)
    for _ in range(2):
        layout.mount(area)
        assert layout.is_mounted(area)
    with layout.opened(area) as folder:
        assert (folder / "etc/file").read_bytes() == b"hello"
    assert layout.is_mounted(area), "a look inside must not unmount"
    for _ in range(2):
        layout.unmount(area)
        assert not layout.is_mounted(area)
    assert mounts.mounts_below(place) == []


def test_an_area_that_is_gone_cannot_be_mounted(layout: StorageLayout, place: Path) -> None:
    with pytest.raises(errors.OperationFailed):
        layout.mount(spec(place, layout))
    assert mounts.mounts_below(place) == []


def test_what_is_written_inside_stays(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area)
    with layout.opened(area) as folder:
        (folder / "new").write_bytes(b"x" * 100000)
    with layout.opened(area) as folder:
        assert (folder / "new").stat().st_size == 100000


def test_deleting_leaves_nothing_and_may_be_repeated(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area)
    layout.mount(area)
    layout.unmount(area)
    for _ in range(2):
        layout.delete(area)
        assert not layout.holds(area.private_area)
        assert not area.root_mount.exists()
        assert [path for path in leftovers(place) if "/memory/" not in path] == []


def test_deleting_a_link_keeps_what_it_points_at(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area)
    elsewhere = place / "elsewhere"
    area.private_area.rename(elsewhere)
    area.private_area.symlink_to(elsewhere)
    layout.delete(area)
    assert not area.private_area.is_symlink()
    assert any(elsewhere.iterdir())


def test_cleaning_keeps_a_complete_area(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area)
    for _ in range(2):
        layout.clean(area)
    with layout.opened(area) as folder:
        assert (folder / "etc/file").read_bytes() == b"hello"


def test_usage_counts_what_is_written(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area)
    before = layout.usage(area)
    with layout.opened(area) as folder:
        (folder / "big").write_bytes(b"x" * MIB)
        os.sync()
    after = layout.usage(area)
    assert MIB <= after.used_bytes - before.used_bytes < MIB + 64 * KIB
    assert after.used_inodes == before.used_inodes + 1
    assert layout.adds_up(area) is not layout.abilities.size_quota


def test_a_quota_is_kept_or_refused(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area)
    wanted = replace(area, space=SoftHard(12 * MIB, 12 * MIB))
    if not layout.abilities.size_quota:
        with pytest.raises(errors.VzvirtError, match=r"simfs|quota"):
            layout.resize(wanted)
        return
    assert layout.resize(wanted).space == wanted.space
    size = layout.usage(wanted).size_bytes
    assert size is not None
    assert abs(size - 12 * MIB) <= 64 * KIB


@pytest.mark.parametrize("layout", WITH_QUOTAS, indirect=True)
def test_no_quota_goes_below_what_is_used(layout: StorageLayout, place: Path) -> None:
    area = spec(place, layout)
    build(layout, area, b"x" * 4 * MIB)
    with pytest.raises(errors.InvalidArgument, match=r"(1024 K|1048576).* below the \d+"):
        layout.resize(replace(area, space=SoftHard(MIB, MIB)))
    assert layout.usage(area).size_bytes == pytest.approx(8 * MIB, abs=64 * KIB)


# -- promises of the real ones ----------------------------------------------------------


@pytest.mark.root
class TestReal:
    @pytest.fixture(params=["simfs", "image"])
    def layout(self, request: pytest.FixtureRequest, place: Path) -> StorageLayout:
        return storage.layouts(Root(place))[request.param]

    def test_private_areas_are_out_of_reach_of_users(
        self, layout: StorageLayout, place: Path
    ) -> None:
        area = spec(place, layout)
        build(layout, area)
        layout.mount(area)
        for folder in (area.private_area.parent, area.root_mount.parent):
            assert folder.stat().st_mode & 0o077 == 0

    def test_nor_can_users_reach_what_is_mounted_aside(
        self, layout: StorageLayout, place: Path
    ) -> None:
        area = spec(place, layout)
        with layout.build(area) as folder:
            (folder / "etc").mkdir()
            assert folder.parent.stat().st_mode & 0o077 == 0
        with layout.opened(area) as folder:
            assert folder.parent.stat().st_mode & 0o077 == 0

    def test_a_mounted_area_is_not_deleted(self, layout: StorageLayout, place: Path) -> None:
        area = spec(place, layout)
        build(layout, area)
        layout.mount(area)
        with pytest.raises(errors.OperationFailed, match="mounted"):
            layout.delete(area)
        assert (area.root_mount / "etc/file").read_bytes() == b"hello"

    def test_nothing_is_deleted_across_a_mount(self, layout: StorageLayout, place: Path) -> None:
        area = spec(place, layout)
        build(layout, area)
        other = place / "other"
        other.mkdir()
        (other / "mine").write_bytes(b"precious")
        inside = area.private_area / "inside"
        inside.mkdir()
        mounts.bind(other, inside)
        with pytest.raises(errors.OperationFailed, match=r"inside.* mounted"):
            layout.delete(area)
        assert (other / "mine").exists()
        assert layout.holds(area.private_area), "it must not have been moved either"

    def test_read_only_is_read_only(self, layout: StorageLayout, place: Path) -> None:
        area = replace(spec(place, layout), readonly=True)
        build(layout, area)
        layout.mount(area)
        with pytest.raises(OSError, match="Read-only"):
            (area.root_mount / "new").write_bytes(b"")

    def test_a_link_or_a_mount_point_is_no_place_for_an_area(
        self, layout: StorageLayout, place: Path
    ) -> None:
        area = spec(place, layout)
        elsewhere = place / "elsewhere"
        elsewhere.mkdir()
        area.private_area.parent.mkdir(parents=True)
        area.private_area.symlink_to(elsewhere)
        with pytest.raises(errors.Conflict, match="symbolic link"), layout.build(area):
            pass
        area.private_area.unlink()
        area.private_area.mkdir()
        mounts.bind(elsewhere, area.private_area)
        with pytest.raises(errors.Conflict, match="mount point"), layout.build(area):
            pass
        assert list(elsewhere.iterdir()) == []

    def test_a_killed_build_is_cleaned_up(self, layout: StorageLayout, place: Path) -> None:
        area = spec(place, layout)
        code = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "sys.path[:0] = ['tests']\n"
            "from contract.test_storage_layouts import spec\n"
            "from vzvirt.backends import storage\n"
            "from vzvirt.system.root import Root\n"
            "place, name = Path(sys.argv[1]), sys.argv[2]\n"
            "layout = storage.layouts(Root(place))[name]\n"
            "with layout.build(spec(place, layout)) as folder:\n"
            "    (folder / 'half').write_bytes(b'x' * 1000000)\n"
            "    print('ready', flush=True)\n"
            "    time.sleep(60)\n"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(place), layout.abilities.name],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            child.send_signal(signal.SIGKILL)
        assert leftovers(place) != []
        for _ in range(2):
            layout.clean(area)
            assert leftovers(place) == []
        build(layout, area)
        assert layout.holds(area.private_area)

    def test_a_killed_delete_is_finished(self, layout: StorageLayout, place: Path) -> None:
        area = spec(place, layout)
        build(layout, area)
        files.move_aside(area.private_area)
        layout.clean(area)
        assert leftovers(place) == []

    def test_a_full_disk_is_named(self, layout: StorageLayout, place: Path) -> None:
        """The disk under the private areas is a small one of its own."""
        disk = place / "disk"
        disk.mkdir()
        mounts.mount("none", disk, "tmpfs", ["size=4m"])
        # A file system in memory counts nothing by project, so simfs would refuse a quota there.
        sized = spec(place, layout if layout.abilities.name == "image" else None, 64 * MIB)
        area = replace(sized, private_area=disk / "private/101")
        with (
            pytest.raises(errors.NoSpace, match=f"'{disk}/private' is full") as caught,
            layout.build(area) as folder,
            files.mapping_os_errors("write"),
            (folder / "big").open("wb") as file,
        ):
            for _ in range(32):
                file.write(b"x" * MIB)
                os.fsync(file.fileno())
        assert caught.value.hint
        assert list((disk / "private").iterdir()) == []
        mounts.unmount(disk)
        assert leftovers(place) == []


@pytest.mark.root
class TestSimfs:
    def test_a_root_of_an_old_host_is_one(self, simfs: StorageLayout, place: Path) -> None:
        area = spec(place)
        (area.private_area / "etc").mkdir(parents=True)
        assert simfs.holds(area.private_area)
        simfs.mount(area)
        assert (area.root_mount / "etc").is_dir()

    def test_an_area_of_another_layout_is_none(self, simfs: StorageLayout, place: Path) -> None:
        area = spec(place)
        assert not simfs.holds(area.private_area)
        (area.private_area / "root.hdd").mkdir(parents=True)
        (area.private_area / "root.hdd/DiskDescriptor.xml").write_bytes(b"")
        assert not simfs.holds(area.private_area)

    def test_a_hard_link_is_counted_once(self, simfs: StorageLayout, place: Path) -> None:
        area = spec(place)
        build(simfs, area, b"x" * MIB)
        before = simfs.usage(area)
        (area.private_area / "again").hardlink_to(area.private_area / "etc/file")
        assert simfs.usage(area).used_inodes == before.used_inodes


@pytest.mark.root
class TestImage:
    def test_a_guest_cannot_make_itself_an_image(self, place: Path, image: StorageLayout) -> None:
        area = spec(place)
        area.private_area.mkdir(parents=True)
        ext4.make(area.private_area / "root.img", MIB, 100)
        assert not image.holds(area.private_area)
        assert storage.layouts(Root(place))["simfs"].holds(area.private_area)

    @pytest.mark.parametrize(
        ("size", "inodes"),
        [(10000 * KIB, 200000), (1100000 * KIB, 200000), (MIB, 64), (512 * MIB, None)],
    )
    def test_df_inside_shows_the_quota(
        self, place: Path, image: StorageLayout, size: int, inodes: int | None
    ) -> None:
        area = replace(
            spec(place, image, size), inodes=SoftHard(inodes, inodes) if inodes else None
        )
        with image.build(area):
            pass
        image.mount(area)
        shown = os.statvfs(area.root_mount)
        assert abs(shown.f_blocks * shown.f_frsize - size) <= max(64 * KIB, size // 100)
        assert shown.f_bavail * shown.f_frsize >= size - max(128 * KIB, size // 100)
        if inodes:
            assert inodes <= shown.f_files <= inodes * 1.01 + 32
        assert (area.private_area / "root.img").stat().st_blocks * 512 < 20 * MIB

    def test_a_root_too_large_names_its_size_quota(
        self, place: Path, image: StorageLayout
    ) -> None:
        area = spec(place, image, 2 * MIB)
        with (
            pytest.raises(errors.NoSpace, match=r"size quota of 2048 KiB"),
            image.build(area) as folder,
            files.mapping_os_errors("write"),
        ):
            (folder / "big").write_bytes(b"x" * 4 * MIB)
        assert leftovers(place) == []

    def test_too_many_files_name_the_inode_quota(self, place: Path, image: StorageLayout) -> None:
        area = replace(spec(place, image), inodes=SoftHard(64, 64))
        with (
            pytest.raises(errors.NoSpace, match=r"inode quota of 64"),
            image.build(area) as folder,
            files.mapping_os_errors("write"),
        ):
            for number in range(200):
                (folder / str(number)).touch()
        assert leftovers(place) == []

    def test_growing_and_shrinking_keep_the_files(self, place: Path, image: StorageLayout) -> None:
        area = spec(place, image)
        content = os.urandom(2 * MIB)
        build(image, area, content)
        for mebi in (100, 20, 3000, 5):
            area = image.resize(replace(area, space=SoftHard(mebi * MIB, mebi * MIB)))
            assert area.space == SoftHard(mebi * MIB, mebi * MIB)
            size = image.usage(area).size_bytes or 0
            assert abs(size - mebi * MIB) <= 64 * KIB
            ext4.check(area.private_area / "root.img")
            with image.opened(area) as folder:
                assert (folder / "etc/file").read_bytes() == content
        assert os.listdir(area.private_area) == ["root.img"]  # noqa: PTH208

    def test_the_threads_quota_grows(self, place: Path, image: StorageLayout) -> None:
        """Six blocks in seven of this image are inode tables, and so it goes on."""
        area = replace(spec(place, image, 10000 * KIB), inodes=SoftHard(180000, 200000))
        build(image, area)
        area = image.resize(replace(area, space=SoftHard(20000 * KIB, 20000 * KIB)))
        assert abs((image.usage(area).size_bytes or 0) - 20000 * KIB) <= 64 * KIB
        assert area.inodes is not None
        assert area.inodes.hard == image.usage(area).inodes

    def test_a_mounted_image_grows_or_says_why(self, place: Path, image: StorageLayout) -> None:
        """The kernel lets only those grow it who have CAP_SYS_RESOURCE."""
        area = spec(place, image)
        build(image, area)
        image.mount(area)
        if not image.abilities.grows_live:
            with pytest.raises(errors.OperationInvalid, match="CAP_SYS_RESOURCE") as caught:
                image.resize(replace(area, space=SoftHard(16 * MIB, 16 * MIB)))
            assert caught.value.hint == "stop the container first"
            return
        for mebi in (9, 100, 5000):
            area = image.resize(replace(area, space=SoftHard(mebi * MIB, mebi * MIB)))
            shown = os.statvfs(area.root_mount)
            assert abs(shown.f_blocks * shown.f_frsize - mebi * MIB) <= 64 * KIB
        image.unmount(area)
        ext4.check(area.private_area / "root.img")

    def test_a_mounted_image_does_not_shrink(self, place: Path, image: StorageLayout) -> None:
        area = spec(place, image)
        build(image, area)
        image.mount(area)
        with pytest.raises(errors.OperationInvalid, match="shrink"):
            image.resize(replace(area, space=SoftHard(4 * MIB, 4 * MIB)))

    @pytest.mark.parametrize("readonly", [False, True])
    def test_one_that_somebody_still_stands_in_is_mounted_by_its_one_device(
        self, place: Path, image: StorageLayout, readonly: bool
    ) -> None:
        area = spec(place, image)
        build(image, area)
        image.mount(replace(area, readonly=readonly))
        inside = os.open(area.root_mount / "etc", os.O_RDONLY | os.O_DIRECTORY)
        try:
            image.unmount(area)
            assert not area.root_mount.exists()
            image.mount(area)
            assert len(mounts.loops_of(area.private_area / "root.img")) == 1
            (area.root_mount / "etc/new").write_bytes(b"seen by both")
            assert "new" in os.listdir(inside)  # noqa: PTH208  # of a descriptor
            image.unmount(area)
            with image.opened(area) as folder:
                assert (folder / "etc/new").read_bytes() == b"seen by both"
            assert len(mounts.loops_of(area.private_area / "root.img")) == 1
        finally:
            os.close(inside)
        image.mount(replace(area, readonly=True))
        image.unmount(area)
        ext4.check(area.private_area / "root.img")

    def test_one_that_somebody_still_writes_to_is_not_replaced(
        self, place: Path, image: StorageLayout
    ) -> None:
        area = spec(place, image)
        build(image, area)
        smaller = replace(area, space=SoftHard(4 * MIB, 4 * MIB))
        image.mount(area)
        with (area.root_mount / "log").open("wb") as log:
            image.unmount(area)
            with pytest.raises(errors.OperationInvalid, match="is in use") as caught:
                image.resize(smaller)
            assert "fuser -vm /dev/loop" in (caught.value.hint or "")
            log.write(b"to the last")
        assert image.resize(smaller).space == smaller.space
        with image.opened(area) as folder:
            assert (folder / "log").read_bytes() == b"to the last"

    def test_inodes_go_with_the_size_only(self, place: Path, image: StorageLayout) -> None:
        area = replace(spec(place, image), inodes=SoftHard(1000, 1000))
        build(image, area)
        with pytest.raises(errors.InvalidArgument, match=r"5000.* more than") as caught:
            image.resize(replace(area, inodes=SoftHard(5000, 5000)))
        assert "KiB would do" in (caught.value.hint or "")
        with pytest.raises(errors.InvalidArgument, match=r"500 is less than"):
            image.resize(replace(area, inodes=SoftHard(500, 500)))
        with pytest.raises(errors.InvalidArgument, match=r"inode quota of 5 is below"):
            image.resize(replace(area, inodes=SoftHard(5, 5)))
        assert image.resize(area) == area

    def test_a_killed_resize_is_cleaned_up(self, place: Path, image: StorageLayout) -> None:
        area = spec(place, image)
        build(image, area)
        new = area.private_area / "root.img.new"
        new.write_bytes((area.private_area / "root.img").read_bytes())
        device = mounts.attach_loop(new)
        staging = place / "run/vzvirt/storage/101"
        staging.mkdir(parents=True)
        mounts.mount(device, staging, "ext4")
        image.clean(area)
        assert not new.exists()
        assert mounts.loops_of(new) == []
        assert mounts.mounts_below(place) == []
        with image.opened(area) as folder:
            assert (folder / "etc/file").read_bytes() == b"hello"

    def test_a_grown_file_around_an_old_file_system_is_used(
        self, place: Path, image: StorageLayout
    ) -> None:
        """What a crash between lengthening the file and growing into it leaves."""
        area = spec(place, image)
        build(image, area)
        file = area.private_area / "root.img"
        os.truncate(file, file.stat().st_size + 10 * MIB)
        assert abs((image.usage(area).size_bytes or 0) - 8 * MIB) <= 64 * KIB
        image.mount(area)
        image.unmount(area)
        area = image.resize(replace(area, space=SoftHard(12 * MIB, 12 * MIB)))
        assert abs((image.usage(area).size_bytes or 0) - 12 * MIB) <= 64 * KIB

    def test_a_cut_off_image_is_refused(self, place: Path, image: StorageLayout) -> None:
        area = spec(place, image)
        build(image, area)
        os.truncate(area.private_area / "root.img", 4 * MIB)
        with pytest.raises(errors.OperationFailed, match="shorter than the file system"):
            image.mount(area)
        assert mounts.mounts_below(place) == []

    def test_what_is_no_image_is_refused(self, place: Path, image: StorageLayout) -> None:
        area = spec(place, image)
        build(image, area)
        (area.private_area / "root.img").write_bytes(b"\0" * 100000)
        with pytest.raises(errors.OperationFailed, match="no ext4"):
            image.mount(area)

    def test_a_dirty_image_is_mounted(self, place: Path, image: StorageLayout) -> None:
        """As it is after a power cut: a copy of the image of a mounted root."""
        area = spec(place, image)
        build(image, area)
        image.mount(area)
        (area.root_mount / "new").write_bytes(b"new")
        os.sync()
        file = area.private_area / "root.img"
        snapshot = file.read_bytes()
        image.unmount(area)
        file.write_bytes(snapshot)
        image.mount(area)
        assert (area.root_mount / "new").read_bytes() == b"new"

    def test_space_given_back_by_the_guest_is_given_back_by_the_image(
        self, place: Path, image: StorageLayout
    ) -> None:
        area = spec(place, image, 64 * MIB)
        build(image, area)
        image.mount(area)
        big = area.root_mount / "big"
        big.write_bytes(b"x" * 32 * MIB)
        os.sync()
        file = area.private_area / "root.img"
        full = file.stat().st_blocks
        big.unlink()
        image.unmount(area)
        assert file.stat().st_blocks < full - 16 * MIB // 512
