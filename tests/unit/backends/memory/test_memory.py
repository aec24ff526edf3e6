"""The simulation's own promises; those it shares with real backends are in tests/contract."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.memory import MemoryEngine, MemoryGuestFiles, MemoryHost, MemoryTemplates
from vzvirt.backends.memory.storage import MemoryLayout, layouts
from vzvirt.backends.memory.store import MemoryStore
from vzvirt.model.domain import Domain
from vzvirt.model.progress import no_progress
from vzvirt.model.state import Reason
from vzvirt.model.storage import AreaSpec
from vzvirt.model.values import Ctid, IdMap, SoftHard
from vzvirt.ports.engine import ExecRequest, StartPlan
from vzvirt.system.root import Root

CTID = Ctid(101)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def spec(root: Root, *, space: int | None = None, inodes: int | None = None) -> AreaSpec:
    return AreaSpec(
        ctid=CTID,
        private_area=root.path("vz/private/101"),
        root_mount=root.path("vz/root/101"),
        space=SoftHard(space, space) if space is not None else None,
        inodes=SoftHard(inodes, inodes) if inodes is not None else None,
    )


def build(layout: MemoryLayout, area: AreaSpec) -> None:
    with layout.build(area) as folder:
        (folder / "etc").mkdir()
        (folder / "etc/hostname").write_text("x" * 1000)


def start(root: Root) -> MemoryEngine:
    engine = MemoryEngine(root)
    layout = layouts(root)["simfs"]
    build(layout, spec(root))
    layout.mount(spec(root))
    plan = StartPlan(
        domain=Domain(name="web", ctid=CTID),
        root_mount=root.path("vz/root/101"),
        idmap=IdMap(),
        shifted=False,
    )
    engine.start(plan)
    return engine


def test_processes_see_one_world(root: Root) -> None:
    start(root)
    script = (
        "import sys; from pathlib import Path\n"
        "from vzvirt.backends.memory import MemoryEngine\n"
        "from vzvirt.model.values import Ctid\n"
        "from vzvirt.system.root import Root\n"
        "engine = MemoryEngine(Root(Path(sys.argv[1])))\n"
        "assert engine.observe(Ctid(101)).is_active\n"
        "engine.kill(Ctid(101))\n"
    )
    subprocess.run([sys.executable, "-c", script, root.prefix], check=True)
    assert MemoryEngine(root).observe(CTID).reason is Reason.KILLED


def test_a_host_that_goes_down(root: Root) -> None:
    engine = start(root)
    assert engine.settle(CTID).is_active
    assert engine.settle(CTID, host_went_down=True).reason is Reason.HOST_STOPPED


def test_it_says_that_it_simulates(root: Root) -> None:
    engine = start(root)
    with pytest.raises(errors.NoSupport, match="simulation") as caught:
        engine.execute(CTID, ExecRequest(argv=("sh", "-c", "exit 1; rm -rf /")))
    assert "exit N" in (caught.value.hint or "")


class TestLayouts:
    @pytest.mark.parametrize("name", ["simfs", "image"])
    def test_only_its_own_areas(self, root: Root, name: str) -> None:
        known = layouts(root)
        private = spec(root).private_area
        assert not any(layout.holds(private) for layout in known.values())
        private.mkdir(parents=True)
        assert not any(layout.holds(private) for layout in known.values())
        build(known[name], spec(root, space=4096 if name == "image" else None))
        assert [item for item, layout in known.items() if layout.holds(private)] == [name]

    @pytest.mark.parametrize(("space", "inodes"), [(100, None), (None, 2)])
    def test_a_quota_too_small_to_begin_with(
        self, root: Root, space: int | None, inodes: int | None
    ) -> None:
        area = spec(root, space=space, inodes=inodes)
        with pytest.raises(errors.InvalidArgument, match="in use"):
            build(layouts(root)["image"], area)
        assert list(area.private_area.parent.iterdir()) == []

    def test_what_is_there_is_never_overwritten(self, root: Root) -> None:
        area = spec(root)
        area.private_area.mkdir(parents=True)
        (area.private_area / "mine").touch()
        with pytest.raises(errors.Conflict):
            build(layouts(root)["simfs"], area)
        assert (area.private_area / "mine").exists()

    def test_a_mounted_one_is_not_deleted(self, root: Root) -> None:
        layout = layouts(root)["simfs"]
        build(layout, spec(root))
        layout.mount(spec(root))
        with pytest.raises(errors.OperationFailed, match="mounted"):
            layout.delete(spec(root))
        layout.unmount(spec(root))
        layout.delete(spec(root))
        layout.delete(spec(root))
        assert not spec(root).private_area.exists()


class TestTemplates:
    @pytest.fixture
    def templates(self, tmp_path: Path) -> MemoryTemplates:
        return MemoryTemplates(tmp_path / "template")

    @pytest.mark.parametrize("name", ["../outside", "/../outside", "etc/link/outside"])
    def test_nothing_reaches_outside(
        self, templates: MemoryTemplates, tmp_path: Path, name: str
    ) -> None:
        cache = tmp_path / "template/cache"
        cache.mkdir(parents=True)
        with tarfile.open(cache / "bad.tar", "w") as archive:
            link = tarfile.TarInfo("etc/link")
            link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
            archive.addfile(link)
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
        folder = tmp_path / "root"
        folder.mkdir()
        with pytest.raises(errors.OperationFailed, match="outside"):
            templates.unpack(templates.find("bad"), folder, IdMap(), no_progress)
        assert not (tmp_path / "outside").exists()

    @pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a b"])
    def test_names(self, templates: MemoryTemplates, name: str) -> None:
        archive = templates.build("busybox", None, None, no_progress).path
        with pytest.raises(errors.InvalidArgument):
            templates.import_archive(archive, name, no_progress)

    def test_no_such_recipe(self, templates: MemoryTemplates) -> None:
        with pytest.raises(errors.InvalidArgument, match="'gentoo'"):
            templates.build("gentoo", None, None, no_progress)


def test_links_do_not_lead_out_of_a_guest(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to("/etc")
    (tmp_path / "file").touch()
    with pytest.raises(errors.InvalidArgument, match="leads out"):
        MemoryGuestFiles().push(root, IdMap(), tmp_path / "file", "/out/x", no_progress)
    with pytest.raises(errors.InvalidArgument, match="leads out"):
        MemoryGuestFiles().pull(root, IdMap(), "/out/passwd", tmp_path / "x", no_progress)


def test_the_hosts_own_root(tmp_path: Path) -> None:
    host = MemoryHost()
    (tmp_path / "link").symlink_to("/")
    assert host.is_own_root(Path("/"))
    assert host.is_own_root(tmp_path / "link")
    assert host.is_own_root(tmp_path) is None


def test_names_come_before_uuids(root: Root) -> None:
    import uuid

    store = MemoryStore(root)
    first, second = uuid.uuid4(), uuid.uuid4()
    store.save(Domain(name=f"x{second}"[1:], ctid=Ctid(7), uuid=first))
    store.save(Domain(name="b", ctid=Ctid(8), uuid=second))
    assert store.find(str(second)) == 7
    assert store.find("8") == 8
    assert store.find(str(first)) == 7
