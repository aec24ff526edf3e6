from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import limits
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.host import Enforcement
from vzvirt.model.resources import Beancounter, Cpu, Memory
from vzvirt.model.values import BarrierLimit, Ctid
from vzvirt.system.cgroups import Hierarchies, Hierarchy

DOMAIN = Domain(name="web", ctid=Ctid(101), memory=Memory(limit=4096, swap=0))


def _groups(tmp_path: Path, version: int, *controllers: str) -> Groups:
    if version == 2:
        trees = (Hierarchy(tmp_path, 2, frozenset(controllers)),)
    else:
        trees = tuple(Hierarchy(tmp_path / name, 1, frozenset({name})) for name in controllers)
    return Groups(Hierarchies(trees), "vzvirt", Ctid(101))


def test_lines_for_version_2(tmp_path: Path) -> None:
    groups = _groups(tmp_path, 2, "memory", "pids")
    top = tmp_path / "vzvirt/101"
    assert limits.lines(DOMAIN, groups).splitlines() == [
        f"{top}/memory.max 4096",
        f"?{top}/memory.swap.max 0",
        f"?{top}/memory.high max",
        f"{top}/pids.max max",
    ]


def test_version_1_nests_processor_sets(tmp_path: Path) -> None:
    groups = _groups(tmp_path, 1, "cpuset")
    (tmp_path / "cpuset").mkdir()
    (tmp_path / "cpuset/cpuset.cpus").write_text("0-3\n")
    (tmp_path / "cpuset/cpuset.mems").write_text("0\n")
    top = tmp_path / "cpuset/vzvirt/101"
    assert limits.lines(Domain(name="web"), groups).splitlines() == [
        f"*{top}/cpuset.cpus 0-3",
        f"*{top}/cpuset.mems 0",
    ]


def test_a_processor_set_of_version_2_is_widened_since_it_cannot_be_emptied(
    tmp_path: Path,
) -> None:
    groups = _groups(tmp_path, 2, "cpuset")
    (tmp_path / "cpuset.cpus.effective").write_text("0-3\n")
    group = tmp_path / "vzvirt/101"
    assert f"{group}/cpuset.cpus \n" in limits.lines(Domain(name="web"), groups)
    group.mkdir(parents=True)
    (group / "cpuset.cpus").write_text("1\n")
    assert f"{group}/cpuset.cpus 0-3\n" in limits.lines(Domain(name="web"), groups)


def test_a_limit_this_host_cannot_keep(tmp_path: Path) -> None:
    domain = Domain(name="web", cpu=Cpu(shares=512))
    with pytest.raises(errors.NoSupport, match=r"'cpu shares'.*control group 'cpu'"):
        limits.lines(domain, _groups(tmp_path, 2, "memory"))


def test_the_table_says_what_is_missing(tmp_path: Path) -> None:
    domain = Domain(
        name="web",
        memory=Memory(limit=4096, swap=0, min_guarantee=1),
        openvz=OpenvzSettings(beancounters=(Beancounter("numproc", BarrierLimit(5, 5)),)),
    )
    (tmp_path / "memory").mkdir()
    for name in ("memory.limit_in_bytes", "memory.soft_limit_in_bytes"):
        (tmp_path / "memory" / name).touch()
    table = {
        row.parameter: (row.enforcement, row.how)
        for row in limits.enforcement(domain, _groups(tmp_path, 1, "memory"))
    }
    assert table == {
        "memory": (Enforcement.EXACT, "memory.limit_in_bytes"),
        "swap": (Enforcement.KEPT, "this kernel has no 'memory.memsw.limit_in_bytes'"),
        "numproc": (Enforcement.KEPT, "this host has no control group 'pids'"),
        "memory guarantee": (Enforcement.KEPT, ""),
    }


def test_what_was_set_is_put_back(tmp_path: Path) -> None:
    groups = _groups(tmp_path, 2, "memory", "pids")
    top = tmp_path / "vzvirt/101"
    top.mkdir(parents=True)
    for name in ("memory.max", "memory.swap.max", "memory.high"):
        (top / name).write_text("max\n")
    (top / "pids.max").mkdir()  # reading and writing it fail
    with pytest.raises(errors.OperationFailed):
        limits.apply(DOMAIN, groups)
    assert (top / "memory.max").read_text().strip() == "max"
