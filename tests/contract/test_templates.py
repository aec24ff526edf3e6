"""Templates from the cache into private areas: the simulated store, the real one, and faults."""

from __future__ import annotations

import gzip
import io
import os
import platform
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract.test_storage_layouts import leftovers, spec
from unit.backends.templates import archives
from unit.backends.templates.archives import folder, member
from vzvirt import errors
from vzvirt.backends import storage
from vzvirt.backends.guestfiles import RealGuestFiles
from vzvirt.backends.memory.templates import MemoryTemplates
from vzvirt.backends.templates import CachedTemplates
from vzvirt.model.progress import no_progress
from vzvirt.model.storage import OsTemplate
from vzvirt.model.values import IdMap, SoftHard
from vzvirt.ports.storage import StorageLayout, TemplateStore
from vzvirt.system import mounts
from vzvirt.system.root import Root

NOBODY = IdMap()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    mounts.unmount(tmp_path)
    for image in tmp_path.rglob("*.img*"):
        for device in mounts.loops_of(image):
            mounts.detach_loop(device)


def cached(place: Path) -> CachedTemplates:
    return CachedTemplates(Root(place), place / "vz/template")


@pytest.fixture(
    params=[
        pytest.param(cached, id="cache"),
        pytest.param(lambda place: MemoryTemplates(place / "vz/template"), id="memory"),
    ]
)
def templates(request: pytest.FixtureRequest, place: Path) -> TemplateStore:
    make: Callable[[Path], TemplateStore] = request.param
    return make(place)


# -- promises of every store ------------------------------------------------------------


def test_a_template_is_built_found_unpacked_and_removed(
    templates: TemplateStore, place: Path
) -> None:
    assert templates.templates() == []
    built = templates.build("busybox", None, None, no_progress)
    assert built.name == "busybox"
    assert templates.templates() == [built]
    assert templates.find("busybox") == built
    assert templates.details(built, no_progress).entries > 0
    root = place / "root"
    root.mkdir()
    templates.unpack(built, root, NOBODY, no_progress)
    assert (root / "etc/passwd").is_file()
    assert os.path.lexists(root / "sbin/init")
    templates.remove("busybox")
    assert templates.templates() == []


def test_building_again_replaces(templates: TemplateStore) -> None:
    for _ in range(2):
        templates.build("busybox", "mine", None, no_progress)
    assert [template.name for template in templates.templates()] == ["mine"]


def test_what_is_not_there_is_said(templates: TemplateStore) -> None:
    for attempt in (templates.find, templates.remove):
        with pytest.raises(errors.NoTemplate, match="'none'") as caught:
            attempt("none")
        assert caught.value.hint
    with pytest.raises(errors.InvalidArgument, match="no recipe 'gentoo'"):
        templates.build("gentoo", None, None, no_progress)


def test_an_archive_is_imported_once(templates: TemplateStore, place: Path) -> None:
    source = archives.write(place / "a.tar.gz", compression="gzip")
    found = templates.import_archive(source, "mine", no_progress)
    assert (found.name, found.compression) == ("mine", "gzip")
    with pytest.raises(errors.Conflict, match="'mine'"):
        templates.import_archive(source, "mine", no_progress)


def test_what_is_no_archive_is_not_imported(templates: TemplateStore, place: Path) -> None:
    (place / "text").write_text("no archive at all\n" * 1000)
    with pytest.raises(errors.OperationFailed):
        templates.import_archive(place / "text", "mine", no_progress)
    assert templates.templates() == []


# -- uploads: a name is kept, then filled ------------------------------------------------


def uploaded(templates: TemplateStore, name: str, content: bytes) -> OsTemplate:
    upload = templates.upload(name, no_progress)
    for start in range(0, len(content), 1000):
        upload.write(content[start : start + 1000])
    return upload.finish()


def everything(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "vz/template/cache").iterdir())


def test_a_kept_name_is_filled_by_an_upload(templates: TemplateStore, place: Path) -> None:
    kept = templates.reserve("mine", 10 << 40)
    assert templates.reserved() == [kept]
    assert (kept.name, kept.size) == ("mine", 10 << 40)
    assert kept.path.stat().st_blocks == 0
    assert templates.templates() == []
    content = archives.write(place / "a.tar.gz", compression="gzip").read_bytes()
    found = uploaded(templates, "mine", content)
    assert (found.name, found.compression) == ("mine", "gzip")
    assert templates.reserved() == []
    assert everything(place) == ["mine.tar.gz"]
    with templates.opened("mine") as file:
        assert file.read() == content


def test_an_upload_replaces(templates: TemplateStore, place: Path) -> None:
    for compression in ("xz", "gzip"):
        content = archives.write(place / "a", compression=compression).read_bytes()
        assert uploaded(templates, "mine", content).compression == compression
    assert everything(place) == ["mine.tar.gz"]


def test_a_broken_upload_changes_nothing(templates: TemplateStore, place: Path) -> None:
    content = archives.write(place / "a", compression="gzip").read_bytes()
    before = uploaded(templates, "mine", content)
    for broken in (b"", b"no archive at all\n" * 1000, content[: len(content) // 2]):
        with pytest.raises(errors.OperationFailed, match="'mine', as uploaded,"):
            uploaded(templates, "mine", broken)
        assert templates.find("mine") == before
    assert everything(place) == ["mine.tar.gz"]


def test_an_upload_given_up_changes_nothing(templates: TemplateStore, place: Path) -> None:
    templates.reserve("mine", 5)
    upload = templates.upload("mine", no_progress)
    upload.write(b"something")
    upload.abort()
    upload.abort()
    assert everything(place) == [".mine.reserved"]
    content = archives.write(place / "a").read_bytes()
    upload = templates.upload("mine", no_progress)
    upload.write(content)
    upload.finish()
    upload.abort()
    assert everything(place) == ["mine.tar"]


def test_a_name_that_cannot_be_kept_is_not(templates: TemplateStore, place: Path) -> None:
    with pytest.raises(errors.SystemFailure, match="too large"):
        templates.reserve("mine", 1 << 62)
    assert everything(place) == []


def test_files_have_the_names_of_templates(templates: TemplateStore) -> None:
    names = ("web", "web.tar", "web.tar.gz", "web.tar.xz", "web.tar.bz2", "web.tar.zst")
    assert {templates.name_of(name) for name in names} == {"web"}
    assert templates.name_of("web.tar.tar") == "web.tar"
    assert templates.name_of("web.zip") == "web.zip"


def test_a_kept_name_can_be_given_up(templates: TemplateStore, place: Path) -> None:
    templates.reserve("mine", 5)
    with pytest.raises(errors.Conflict, match="'mine'"):
        templates.reserve("mine", 5)
    templates.remove("mine")
    assert everything(place) == []
    templates.build("busybox", None, None, no_progress)
    with pytest.raises(errors.Conflict, match="'busybox'"):
        templates.reserve("busybox", 5)
    for bad in ("../evil", "", ".hidden"):
        with pytest.raises(errors.InvalidArgument):
            templates.reserve(bad, 5)
        with pytest.raises(errors.InvalidArgument):
            templates.upload(bad, no_progress)
        with pytest.raises(errors.NoTemplate):
            templates.opened(bad)


# -- faults on the way into a private area ----------------------------------------------


@pytest.fixture(params=["simfs", "image"])
def layout(request: pytest.FixtureRequest, place: Path) -> StorageLayout:
    return storage.layouts(Root(place))[request.param]


def without(place: Path, *paths: Path) -> list[str]:
    """What is left over, but for what was there before."""
    known = [str(path) for path in paths]
    return [found for found in leftovers(place) if found not in known and ".lock" not in found]


@pytest.mark.root
class TestFaults:
    @pytest.mark.parametrize("compression", archives.COMPRESS)
    def test_a_cut_archive_leaves_nothing(
        self, layout: StorageLayout, place: Path, compression: str
    ) -> None:
        cache = place / "vz/template/cache"
        cache.mkdir(parents=True)
        path = cache / "web.tar"
        content = [*archives.ROOT, member("./data", data=os.urandom(200000))]
        archives.write(path, content, compression)
        os.truncate(path, path.stat().st_size * 2 // 3)
        templates = cached(place)
        with (
            pytest.raises(errors.OperationFailed, match="damaged or cut short"),
            layout.build(spec(place, layout)) as root,
        ):
            templates.unpack(templates.find("web"), root, NOBODY, no_progress)
        assert without(place, path) == []

    def test_an_attack_leaves_nothing(self, layout: StorageLayout, place: Path) -> None:
        cache = place / "vz/template/cache"
        cache.mkdir(parents=True)
        path = archives.write(cache / "web.tar", [folder("."), member("../../evil")])
        templates = cached(place)
        with (
            pytest.raises(errors.OperationFailed, match="reaches outside"),
            layout.build(spec(place, layout)) as root,
        ):
            templates.unpack(templates.find("web"), root, NOBODY, no_progress)
        assert without(place, path) == []

    @pytest.mark.parametrize(
        ("size", "inodes", "quota"),
        [(1 << 20, None, "size quota of 1024 KiB"), (16 << 20, 64, "inode quota of 64")],
    )
    def test_a_quota_too_small_is_named(
        self, place: Path, size: int, inodes: int | None, quota: str
    ) -> None:
        templates = cached(place)
        built = templates.build("busybox", None, None, no_progress)
        image = storage.layouts(Root(place))["image"]
        area = replace(
            spec(place, image, size), inodes=SoftHard(inodes, inodes) if inodes else None
        )
        with pytest.raises(errors.NoSpace, match=quota), image.build(area) as root:
            templates.unpack(built, root, NOBODY, no_progress)
        assert without(place, built.path) == []

    def test_a_full_disk_is_named(self, layout: StorageLayout, place: Path) -> None:
        templates = cached(place)
        built = templates.build("busybox", None, None, no_progress)
        disk = place / "disk"
        disk.mkdir()
        mounts.mount("none", disk, "tmpfs", ["size=1m"])
        area = replace(spec(place, layout, 16 << 20), private_area=disk / "private/101")
        with (
            pytest.raises(errors.NoSpace, match=f"'{disk}/private' is full"),
            layout.build(area) as root,
        ):
            templates.unpack(built, root, NOBODY, no_progress)
        assert list((disk / "private").iterdir()) == []
        mounts.unmount(disk)
        assert without(place, built.path) == []

    def test_a_killed_unpacking_is_cleaned_up(self, layout: StorageLayout, place: Path) -> None:
        templates = cached(place)
        built = templates.build("busybox", None, None, no_progress)
        code = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "sys.path[:0] = ['tests']\n"
            "from contract.test_templates import NOBODY, cached, spec\n"
            "from vzvirt.backends import storage\n"
            "from vzvirt.system.root import Root\n"
            "place, name = Path(sys.argv[1]), sys.argv[2]\n"
            "layout = storage.layouts(Root(place))[name]\n"
            "def stop(what, done, total):\n"
            "    if done > total // 2:\n"
            "        print('half', flush=True)\n"
            "        time.sleep(60)\n"
            "with layout.build(spec(place, layout)) as root:\n"
            "    cached(place).unpack(cached(place).find('busybox'), root, NOBODY, stop)\n"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(place), layout.abilities.name],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"half\n"
            child.send_signal(signal.SIGKILL)
        assert without(place, built.path) != []
        layout.clean(spec(place, layout))
        assert without(place, built.path) == []
        with layout.build(spec(place, layout)) as root:
            templates.unpack(built, root, NOBODY, no_progress)

    def test_a_killed_import_is_forgotten(self, place: Path) -> None:
        """What it leaves has no template's name, and goes with the next attempt."""
        cache = place / "vz/template/cache"
        cache.mkdir(parents=True)
        (cache / ".mine.part").write_bytes(b"half")
        templates = cached(place)
        assert templates.templates() == []
        source = archives.write(place / "a")
        templates.import_archive(source, "mine", no_progress)
        assert sorted(path.name for path in cache.iterdir()) == ["mine.tar"]


@pytest.mark.root
@pytest.mark.slow
def test_a_large_template_unpacks_in_seconds(place: Path) -> None:
    """As many files and bytes as a small Debian has."""
    cache = place / "vz/template/cache"
    cache.mkdir(parents=True)
    noise = os.urandom(1 << 20)
    with (
        gzip.open(cache / "big.tar.gz", "wb", 1) as packed,
        tarfile.TarFile(fileobj=packed, mode="w") as archive,
    ):
        for number in range(10000):
            start = number * 37 % 900000
            info, data = member(f"./d{number % 300}/f{number}", data=noise[start : start + 4000])
            archive.addfile(info, io.BytesIO(data))
    root = place / "root"
    root.mkdir()
    begin = time.monotonic()
    cached(place).unpack(cached(place).find("big"), root, NOBODY, no_progress)
    assert time.monotonic() - begin < 60
    assert sum(1 for _ in root.rglob("f*")) == 10000


@pytest.mark.root
@pytest.mark.slow
def test_a_real_debian(place: Path) -> None:
    """Needs a Debian mirror; takes a minute."""
    templates = cached(place)
    built = templates.build("debian", None, None, no_progress)
    assert built.name == f"debian-12-{platform.machine()}"
    details = templates.details(built, no_progress)
    assert details.init == "systemd"
    assert details.arch == platform.machine()
    assert "bookworm" in details.distribution
    image = storage.layouts(Root(place))["image"]
    area = spec(place, image, 1 << 30)
    with image.build(area) as root:
        templates.unpack(built, root, NOBODY, no_progress)
        assert (root / "etc/machine-id").read_bytes() == b""
        assert list((root / "etc/ssh").glob("ssh_host_*")) == []
        assert (root / "etc/systemd/system/sys-kernel-debug.mount").readlink() == Path("/dev/null")
        guests = RealGuestFiles()
        guests.give_identity(root, NOBODY, "web")
        guests.set_password(root, NOBODY, "root", "geheim")
    with image.opened(area) as root:
        assert len((root / "etc/machine-id").read_text()) == 33
        assert len(list((root / "etc/ssh").glob("ssh_host_*"))) == 4
        assert "root:$6$" in (root / "etc/shadow").read_text()
    image.delete(area)
