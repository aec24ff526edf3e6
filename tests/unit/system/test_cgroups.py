"""Finding control groups on hosts of every kind, made of folders here."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.system import cgroups
from vzvirt.system.cgroups import Hierarchies, Hierarchy, KnownHierarchies


def host(tmp_path: Path, v1: Sequence[str], v2: str | None) -> Hierarchies:
    """A host with hierarchies of version 1, and one of version 2 with these controllers."""
    lines = ["22 1 0:21 / /proc rw - proc proc rw"]
    for number, options in enumerate(v1):
        top = tmp_path / "cgroup" / options.removeprefix("name=")
        top.mkdir(parents=True)
        lines.append(f"{30 + number} 22 0:{30 + number} / {top} rw - cgroup cgroup rw,{options}")
    if v2 is not None:
        top = tmp_path / "cgroup" / ("unified" if v1 else "")
        top.mkdir(parents=True)
        (top / "cgroup.controllers").write_text(v2 + "\n")
        lines.append(f"60 22 0:60 / {top} rw - cgroup2 cgroup2 rw,nsdelegate")
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text("\n".join(lines) + "\n")
    return Hierarchies.detect(tmp_path / "proc")


def test_unified(tmp_path: Path) -> None:
    found = host(tmp_path, [], "cpuset cpu io memory pids")
    top = tmp_path / "cgroup"
    assert found.kind == "v2"
    assert found.path_for("memory", "vz/101") == top / "vz/101"
    assert found.version("memory") == 2
    assert found.version("freezer") == 2, "every group of version 2 can be frozen"
    assert found.version("devices") == 2
    assert found.version("blkio") == found.version("io") == 2
    assert found.version("hugetlb") is None
    assert found.all_paths("vz/101") == [top / "vz/101"]


def test_legacy(tmp_path: Path) -> None:
    found = host(tmp_path, ["cpu,cpuacct", "memory", "freezer", "blkio", "name=systemd"], None)
    top = tmp_path / "cgroup"
    assert found.kind == "v1"
    assert found.path_for("cpu", "g") == found.path_for("cpuacct", "g") == top / "cpu,cpuacct/g"
    assert found.path_for("io", "g") == found.path_for("blkio", "g") == top / "blkio/g"
    assert found.path_for("pids", "g") is None
    assert found.version("pids") is None
    assert len(found.all_paths("g")) == 5
    assert [tree.name for tree in found.trees] == ["", "", "", "", "systemd"]


def test_hybrid_with_controllers_on_both_sides(tmp_path: Path) -> None:
    found = host(tmp_path, ["cpu", "freezer", "name=systemd"], "memory io pids")
    assert found.kind == "hybrid"
    assert [found.version(name) for name in ("cpu", "freezer", "memory", "io")] == [1, 1, 2, 2]
    assert found.version("devices") == 2
    assert found.path_for("memory", "g") == tmp_path / "cgroup/unified/g"


def test_none_at_all(tmp_path: Path) -> None:
    found = host(tmp_path, [], None)
    assert found.kind == "none"
    assert found.path_for("memory", "g") is None
    assert found.all_paths("g") == []
    found.remove("g")


def test_a_second_mount_of_one_hierarchy_counts_once(tmp_path: Path) -> None:
    host(tmp_path, ["memory"], None)
    table = tmp_path / "proc/self/mountinfo"
    again = f"70 22 0:30 / {tmp_path}/chroot/memory rw - cgroup cgroup rw,memory\n"
    table.write_text(table.read_text() + again)
    found = Hierarchies.detect(tmp_path / "proc")
    assert found.all_paths("g") == [tmp_path / "cgroup/memory/g"]


def test_removal_takes_children_first_everywhere_and_can_be_repeated(tmp_path: Path) -> None:
    found = host(tmp_path, ["cpu", "memory"], "pids")
    for path in found.all_paths("vz/101"):
        (path / "init.scope/inner").mkdir(parents=True)
    found.remove("vz/101")
    found.remove("vz/101")
    assert not any(path.exists() for path in found.all_paths("vz/101"))
    assert all(path.exists() for path in found.all_paths("vz"))


@pytest.mark.parametrize("group", ["", "/", "/abs", "..", "a/../..", "."])
def test_no_group_leads_to_the_top_or_above(tmp_path: Path, group: str) -> None:
    found = host(tmp_path, ["cpu"], None)
    with pytest.raises(errors.InternalError):
        found.remove(group)


def test_a_group_in_use_is_reported_with_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = host(tmp_path, ["cpu"], None)
    group = tmp_path / "cgroup/cpu/g"
    group.mkdir()
    (group / "cgroup.procs").write_text("4711\n")  # a plain folder with a file in it will not go
    with pytest.raises(errors.OperationFailed, match=r"'.*/cpu/g': processes 4711"):
        found.remove("g")
    shutil.rmtree(group)


def test_this_very_host() -> None:
    found = Hierarchies.detect()
    assert found.kind in {"v1", "v2", "hybrid", "none"}
    for tree in found.trees:
        for controller in tree.controllers:
            assert found.version(controller) in {1, 2}


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows with each look at the mount table."""
    made: list[None] = []
    detect = Hierarchies.detect

    def counted() -> Hierarchies:
        made.append(None)
        return detect()

    monkeypatch.setattr(Hierarchies, "detect", counted)
    return made


@contextlib.contextmanager
def something_mounted() -> Iterator[None]:
    place = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        subprocess.run(["mount", "-t", "tmpfs", "vzvirt-test", place], check=True)
        yield
    finally:
        subprocess.run(["umount", place], check=False)
        place.rmdir()


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


def test_known_ones_are_what_there_is(looks: list[None]) -> None:
    known = KnownHierarchies()
    assert known.now() == Hierarchies.detect()
    before = len(looks)
    known.now()
    assert len(looks) <= before + 1  # somebody else may have mounted something meanwhile


@AS_ROOT
def test_known_ones_are_looked_up_again_when_something_is_mounted(
    looks: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "TRUSTED", 0.0)
    known = KnownHierarchies()
    known.now()
    quiet = len(looks)
    with something_mounted():
        known.now()
    assert len(looks) > quiet


@AS_ROOT
def test_known_ones_that_seem_the_same_are_trusted_for_a_while(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks: list[None] = []
    (tmp_path / "cpu").mkdir()

    def detect() -> Hierarchies:
        looks.append(None)
        tops = sorted(tmp_path.iterdir())
        return Hierarchies(tuple(Hierarchy(top, 1, frozenset({top.name})) for top in tops))

    monkeypatch.setattr(Hierarchies, "detect", detect)
    known = KnownHierarchies()
    known.now()
    with something_mounted():
        assert known.now().version("memory") is None
        assert len(looks) == 1
        (tmp_path / "memory").mkdir()
        assert known.now().version("memory") == 1
    (tmp_path / "memory").rmdir()
    assert known.now().version("memory") is None


def test_threads_share_those_that_are_known() -> None:
    known = KnownHierarchies()
    failures: list[BaseException] = []

    def look() -> None:
        try:
            for _ in range(2000):
                known.now()
        except BaseException as error:  # the assertion tells
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
