from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.backends.liblxc import statistics
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.model.statistics import EVERYTHING, BlockUse, CpuUse, MemoryUse, Topic
from vzvirt.model.values import Ctid
from vzvirt.system.cgroups import Hierarchies, Hierarchy

V1 = {
    "cpuacct/cpuacct.usage": "5000000\n",
    "cpuacct/cpuacct.usage_user": "6000000\n",
    "cpuacct/cpuacct.usage_sys": "4000000\n",
    "cpuacct/cpuacct.usage_percpu": "1000000 4000000 \n",
    "memory/memory.usage_in_bytes": "8192\n",
    "memory/memory.max_usage_in_bytes": "16384\n",
    "memory/memory.stat": "cache 1\nrss 1\nhierarchical_memory_limit 65536\ntotal_cache 4096\n"
    "total_rss 2048\ntotal_swap 512\ntotal_pgfault 10\ntotal_pgmajfault 3\n"
    "total_inactive_file 1000\ntotal_active_file 24\n",
    "blkio/blkio.throttle.io_service_bytes_recursive": "8:0 Read 100\n8:0 Write 200\n8:0 Sync 1\n"
    "8:16 Read 7\nTotal 307\n",
    "blkio/blkio.throttle.io_serviced_recursive": "8:0 Read 1\n8:0 Write 2\n"
    "8:16 Read 3\nTotal 6\n",
    "pids/pids.current": "17\n",
}

V2 = {
    "cpu.stat": "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\n",
    "memory.current": "8192\n",
    "memory.peak": "16384\n",
    "memory.max": "65536\n",
    "memory.swap.current": "512\n",
    "memory.stat": "anon 2048\nfile 4096\npgfault 10\npgmajfault 3\ninactive_file 1000\n"
    "active_file 24\n",
    "io.stat": "8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n"
    "8:16 rbytes=7 wbytes=0 rios=3 wios=0\n7:0 \n",
    "pids.current": "17\n",
}

BLOCK = (
    ("sda", BlockUse(read_bytes=100, read_requests=1, write_bytes=200, write_requests=2)),
    ("8:16", BlockUse(read_bytes=7, read_requests=3)),
)
MEMORY = MemoryUse(
    usage=8192,
    peak=16384,
    resident=2048,
    cache=4096,
    reclaimable=1024,
    swap=512,
    limit=65536,
    major_faults=3,
    minor_faults=7,
)


def _groups(top: Path, files: dict[str, str]) -> Groups:
    """Groups of 101 with files of a hierarchy per folder (version 1) or of one (version 2)."""
    trees: list[Hierarchy] = []
    for name, text in files.items():
        controller, _, file = name.rpartition("/")
        folder = top / controller if controller else top
        path = folder / "vzvirt/101" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if controller:
            tree = Hierarchy(folder, 1, frozenset({controller}))
        else:
            tree = Hierarchy(top, 2, frozenset({"cpu", "memory", "io", "pids"}))
        trees += [] if tree in trees else [tree]
    return Groups(Hierarchies(tuple(trees)), "vzvirt", Ctid(101))


def _devices(tmp_path: Path) -> str:
    """Where one device has a name, and the other has gone."""
    folder = tmp_path / "devices"
    folder.mkdir()
    (folder / "8:0").symlink_to("../../devices/pci0000:00/block/sda")
    return str(folder)


def test_version_1(tmp_path: Path) -> None:
    found = statistics.read(_groups(tmp_path, V1), EVERYTHING, _devices(tmp_path))
    assert found is not None
    cpu = CpuUse(total=5000000, user=3000000, system=2000000, per_cpu=(1000000, 4000000))
    assert (found.ctid, found.cpu, found.memory) == (101, cpu, MEMORY)
    assert (found.block, found.processes) == (BLOCK, 17)
    assert found.all_blocks == BlockUse(
        read_bytes=107, read_requests=4, write_bytes=200, write_requests=2
    )


def test_version_2(tmp_path: Path) -> None:
    found = statistics.read(_groups(tmp_path, V2), EVERYTHING, _devices(tmp_path))
    assert found is not None
    assert found.cpu == CpuUse(total=5000000, user=3000000, system=2000000)
    assert (found.memory, found.block, found.processes) == (MEMORY, BLOCK, 17)


def test_some_in_one_version_some_in_the_other(tmp_path: Path) -> None:
    some = {name: text for name, text in V1.items() if name.startswith("memory/")}
    found = statistics.read(_groups(tmp_path, some | {"cpu.stat": V2["cpu.stat"]}), EVERYTHING)
    assert found is not None
    assert found.memory == MEMORY
    assert found.cpu is not None
    assert found.cpu.total == 5000000
    assert found.block is None  # listed, but without files
    assert found.processes is None


def test_no_limit(tmp_path: Path) -> None:
    stat = V1["memory/memory.stat"].replace("65536", "9223372036854771712")
    found = statistics.read(_groups(tmp_path, V1 | {"memory/memory.stat": stat}), Topic.MEMORY)
    assert found is not None
    assert found.memory is not None
    assert (found.memory.limit, found.memory.unused, found.memory.usable) == (None, None, None)
    newer = statistics.read(_groups(tmp_path / "2", V2 | {"memory.max": "max\n"}), Topic.MEMORY)
    assert newer is not None
    assert newer.memory is not None
    assert newer.memory.limit is None


def test_what_could_still_be_had() -> None:
    assert (MEMORY.unused, MEMORY.usable) == (65536 - 8192, 65536 - 8192 + 1024)


@pytest.mark.parametrize("topic", list(Topic))
def test_only_what_was_asked_for_is_read(tmp_path: Path, topic: Topic) -> None:
    found = statistics.read(_groups(tmp_path, V1), topic)
    assert found is not None
    given = {
        Topic.CPU: found.cpu,
        Topic.MEMORY: found.memory,
        Topic.BLOCK: found.block,
        Topic.PROCESSES: found.processes,
    }
    assert {name for name, value in given.items() if value is not None} == {
        Topic.CPU if topic is Topic.PER_CPU else topic
    }
    if found.cpu is not None:
        assert bool(found.cpu.per_cpu) is (topic is Topic.PER_CPU)


@pytest.mark.parametrize("files", [V1, V2])
def test_one_that_does_not_run(tmp_path: Path, files: dict[str, str]) -> None:
    groups = _groups(tmp_path, files)
    other = Groups(groups.trees, "vzvirt", Ctid(102))
    assert statistics.read(other, EVERYTHING) is None


def test_a_host_without_control_groups() -> None:
    found = statistics.read(Groups(Hierarchies(()), "vzvirt", Ctid(101)), EVERYTHING)
    assert found is not None
    assert (found.cpu, found.memory, found.block, found.processes) == (None, None, None, None)
    assert found.all_blocks is None
