from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import limits
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.host import Enforcement
from vzvirt.model.resources import Beancounter, BlockIo, Cpu, Memory
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
    assert limits.lines(DOMAIN, groups, None).splitlines() == [
        f"?{top}/memory.swap.max 0",
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
    assert limits.lines(Domain(name="web"), groups, None).splitlines() == [
        f"*{top}/cpuset.cpus 0-3",
        f"*{top}/cpuset.mems 0",
    ]


def test_a_processor_set_of_version_2_is_widened_since_it_cannot_be_emptied(
    tmp_path: Path,
) -> None:
    groups = _groups(tmp_path, 2, "cpuset")
    (tmp_path / "cpuset.cpus.effective").write_text("0-3\n")
    group = tmp_path / "vzvirt/101"
    assert f"{group}/cpuset.cpus \n" in limits.lines(Domain(name="web"), groups, None)
    group.mkdir(parents=True)
    (group / "cpuset.cpus").write_text("1\n")
    assert f"{group}/cpuset.cpus 0-3\n" in limits.lines(Domain(name="web"), groups, None)


def test_a_limit_this_host_cannot_keep(tmp_path: Path) -> None:
    domain = Domain(name="web", cpu=Cpu(shares=512))
    with pytest.raises(errors.NoSupport, match=r"'cpu shares'.*control group 'cpu'"):
        limits.lines(domain, _groups(tmp_path, 2, "memory"), None)


DISK_LIMITS = Domain(name="web", block_io=BlockIo(bytes_per_second=1000))


def test_limits_on_the_disk_below_the_root(tmp_path: Path) -> None:
    v1, v2 = _groups(tmp_path, 1, "blkio"), _groups(tmp_path, 2, "io")
    top = tmp_path / "blkio/vzvirt/101"
    assert limits.lines(DISK_LIMITS, v1, "8:0").splitlines() == [
        f"?{top}/blkio.bfq.weight 100",
        f"~{top}/blkio.throttle.read_bps_device 8:0 0",
        f"*{top}/blkio.throttle.read_bps_device 8:0 1000",
        f"*{top}/blkio.throttle.write_bps_device 8:0 1000",
    ]
    top = tmp_path / "vzvirt/101"
    assert limits.lines(DISK_LIMITS, v2, "8:0").splitlines() == [
        f"?{top}/io.weight 100",
        f"?{top}/io.bfq.weight 100",
        f"{top}/io.max 8:0 rbps=1000 wbps=1000",
    ]
    assert "throttle" not in limits.lines(DISK_LIMITS, v1, None)
    assert limits.lines(DISK_LIMITS, _groups(tmp_path, 1), "8:0") == ""


def test_limits_on_a_disk_are_lifted_where_there_are_any(tmp_path: Path) -> None:
    groups = _groups(tmp_path, 2, "io")
    file = tmp_path / "vzvirt/101/io.max"
    file.parent.mkdir(parents=True)
    file.write_text("8:16 rbps=1 wbps=1 riops=max wiops=max\n")
    limits.apply(Domain(name="web"), groups, "8:0")
    assert file.read_text().startswith("8:16 ")
    limits.apply(Domain(name="web"), groups, "8:16")
    assert file.read_text() == "8:16 riops=max wiops=max"


def test_a_disk_is_counted_without_a_limit_and_never_let_go_for_it(tmp_path: Path) -> None:
    groups = _groups(tmp_path, 1, "blkio")
    read = tmp_path / "blkio/vzvirt/101/blkio.throttle.read_bps_device"
    unlimited = Domain(name="web")
    assert f"~{read} 8:0 0\n" in limits.lines(unlimited, groups, "8:0")
    read.parent.mkdir(parents=True)
    read.write_text("8:0 77\n")
    assert "~" not in limits.lines(DISK_LIMITS, groups, "8:0")


def test_a_kernel_that_does_not_count_a_disk(tmp_path: Path) -> None:
    groups = _groups(tmp_path, 1, "blkio")
    read = tmp_path / "blkio/vzvirt/101/blkio.throttle.read_bps_device"
    read.mkdir(parents=True)  # writing it fails
    limits.apply(Domain(name="web"), groups, "8:0")


def test_limits_on_a_disk_are_put_back(tmp_path: Path) -> None:
    groups = _groups(tmp_path, 1, "blkio")
    top = tmp_path / "blkio/vzvirt/101"
    (top / "blkio.throttle.write_bps_device").mkdir(parents=True)  # writing it fails
    read = top / "blkio.throttle.read_bps_device"
    for before, after in (("8:0 77\n8:16 5\n", "8:0 77"), ("", "8:0 0")):
        read.write_text(before)
        with pytest.raises(errors.OperationFailed, match="disk bytes per second"):
            limits.apply(DISK_LIMITS, groups, "8:0")
        assert read.read_text() == after


def test_the_disk_of_a_folder(tmp_path: Path) -> None:
    disk = limits.disk_of(tmp_path)
    if disk is not None:
        assert (Path("/sys/dev/block") / disk).exists()
        assert not (Path("/sys/dev/block") / disk / "partition").exists()
    assert limits.disk_of(Path("/proc")) is None
    assert limits.disk_of(tmp_path / "nowhere") is None


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
    (top / "memory.current").write_text("0\n")
    (top / "pids.max").mkdir()  # reading and writing it fail
    with pytest.raises(errors.OperationFailed):
        limits.apply(DOMAIN, groups, None)
    assert (top / "memory.max").read_text().strip() == "max"


class Squeezed:
    """A group of version 2 whose kernel takes memory back down to ``least``."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int) -> None:
        self.groups = _groups(tmp_path, 2, "memory")
        self.top = tmp_path / "vzvirt/101"
        self.top.mkdir(parents=True)
        for name in ("memory.max", "memory.high"):
            (self.top / name).write_text("max\n")
        (self.top / "memory.current").write_text("9000\n")
        self.written: list[str] = []
        write_text = Path.write_text

        def write(path: Path, text: str, encoding: str | None = None) -> int:
            self.written.append(f"{path.name} {text.strip()}")
            if path.name == "memory.high" and text.isdecimal():
                write_text(self.top / "memory.current", str(max(least, int(text))))
            return write_text(path, text, encoding)

        monkeypatch.setattr(Path, "write_text", write)

    def apply(self, limit: int) -> None:
        domain = Domain(name="web", ctid=Ctid(101), memory=Memory(limit=limit))
        limits.apply(domain, self.groups, None)


def test_version_2_is_asked_for_memory_before_it_would_end_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Squeezed(tmp_path, monkeypatch, least=100)
    kernel.apply(4096)
    assert kernel.written == [
        *("memory.high 4096", "memory.max 4096", "memory.high max"),
        "memory.high max",  # the soft limit, of which nothing is said
    ]


def test_version_2_is_not_given_less_memory_than_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Squeezed(tmp_path, monkeypatch, least=5000)
    with pytest.raises(errors.OperationFailed, match=r"'4096' for 'memory'.*busy"):
        kernel.apply(4096)
    assert "memory.max 4096" not in kernel.written
    assert (kernel.top / "memory.max").read_text().strip() == "max"
    assert (kernel.top / "memory.high").read_text().strip() == "max"


def test_memory_that_is_not_in_use_goes_without_ado(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Squeezed(tmp_path, monkeypatch, least=100)
    kernel.apply(9000)
    assert kernel.written == ["memory.max 9000", "memory.high max"]
