from __future__ import annotations

import pytest

from vzvirt.codec.lxcconf.limits import LIMITS, cpu_quota
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.resources import Beancounter, BlockIo, Cpu, Memory
from vzvirt.model.values import UNLIMITED, BarrierLimit, Limit


def _written(domain: Domain, version: int) -> dict[str, str]:
    return {file.name: file.write(domain) for row in LIMITS for file in row.files(version)}


def _numproc(limit: Limit) -> OpenvzSettings:
    return OpenvzSettings(beancounters=(Beancounter("numproc", BarrierLimit(1, limit)),))


FULL = Domain(
    name="web",
    memory=Memory(limit=1 << 30, swap=1 << 20, soft_limit=1 << 29),
    cpu=Cpu(vcpus=2, shares=2048, affinity="0,2-3", limit_percent=150),
    numa_nodes="0",
    block_io=BlockIo(weight=700, bytes_per_second=1000, operations_per_second=50),
    openvz=_numproc(240),
)


def test_version_1() -> None:
    assert _written(FULL, 1) == {
        "memory.memsw.limit_in_bytes": str((1 << 30) + (1 << 20)),
        "memory.limit_in_bytes": str(1 << 30),
        "memory.soft_limit_in_bytes": str(1 << 29),
        "pids.max": "240",
        "cpu.shares": "2048",
        "cpu.cfs_quota_us": "150000",
        "cpu.cfs_period_us": "100000",
        "cpuset.cpus": "0,2-3",
        "cpuset.mems": "0",
        "blkio.bfq.weight": "700",
        "blkio.throttle.read_bps_device": "1000",
        "blkio.throttle.write_bps_device": "1000",
        "blkio.throttle.read_iops_device": "50",
        "blkio.throttle.write_iops_device": "50",
    }


def test_version_2() -> None:
    rows = {row.parameter: row for row in LIMITS}
    (rate,) = rows["disk bytes per second"].v2
    assert (rate.name, rate.write(FULL)) == ("io.max", "rbps=1000 wbps=1000")
    assert _written(FULL, 2) == {
        "memory.max": str(1 << 30),
        "memory.swap.max": str(1 << 20),
        "memory.high": str(1 << 29),
        "pids.max": "240",
        "cpu.weight": "200",
        "cpu.max": "150000 100000",
        "cpuset.cpus": "0,2-3",
        "cpuset.mems": "0",
        "io.weight": "700",
        "io.bfq.weight": "700",
        "io.max": "riops=50 wiops=50",
    }


@pytest.mark.parametrize(
    "domain",
    [
        Domain(name="web"),
        Domain(
            name="web",
            memory=Memory(limit=UNLIMITED, swap=UNLIMITED, soft_limit=UNLIMITED),
            cpu=Cpu(affinity="all", quota=-1),
            numa_nodes="all",
            block_io=BlockIo(bytes_per_second=0),
            openvz=_numproc(UNLIMITED),
        ),
    ],
)
def test_no_limits(domain: Domain) -> None:
    assert set(_written(domain, 1).values()) == {"-1", "max", "1024", "100", "100000", "0", ""}
    none = "riops=max wiops=max"
    assert set(_written(domain, 2).values()) == {"max", "100", "max 100000", none, ""}


def test_memory_comes_before_swap_and_after_swap_stepped_aside() -> None:
    files = [file for row in LIMITS[:2] for file in row.v1]
    assert [(file.name, file.write(FULL)) for file in files] == [
        ("memory.memsw.limit_in_bytes", "-1"),
        ("memory.limit_in_bytes", str(1 << 30)),
        ("memory.memsw.limit_in_bytes", str((1 << 30) + (1 << 20))),
    ]
    assert [file.optional for file in files] == [True, False, True]


def test_swap_of_version_2_is_there_before_less_memory_needs_it() -> None:
    files = [(file.name, file.write(FULL)) for file in LIMITS[0].v2]
    assert files == [("memory.swap.max", str(1 << 20)), ("memory.max", str(1 << 30))]


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        (Cpu(), (None, 100000)),
        (Cpu(limit_percent=0), (None, 100000)),
        (Cpu(limit_percent=50), (50000, 100000)),
        (Cpu(period=50000, quota=20000), (20000, 50000)),
        (Cpu(period=50000, quota=-1), (None, 50000)),
        (Cpu(vcpus=2), (200000, 100000)),
        (Cpu(vcpus=2, limit_percent=150), (150000, 100000)),
        (Cpu(vcpus=1, limit_percent=150), (100000, 100000)),
    ],
)
def test_processor_time(cpu: Cpu, expected: tuple[int | None, int]) -> None:
    assert cpu_quota(Domain(name="web", cpu=cpu)) == expected


def test_each_row_has_a_place_in_either_version() -> None:
    for row in LIMITS:
        assert row.v1, row.parameter
        assert row.v2, row.parameter
        assert row.files(None) == ()
