"""Limits, changed: of what runs, of what is stored, and of neither if anything is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.manager.tuning import Tuning
from vzvirt.model.affect import Affect
from vzvirt.model.devices import Bandwidth, Interface, InterfaceKind
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.limitchange import LimitChange
from vzvirt.model.resources import Accounting, Cpu, Memory
from vzvirt.model.values import UNLIMITED, Ctid
from worlds import MIB, Fuse, World

CTID = Ctid(101)
LIVE, STORED, BOTH = Affect.LIVE, Affect.STORED, Affect.BOTH


def _running(world: World, **fields: Any) -> World:
    world.define(memory=Memory(limit=256 * MIB, swap=64 * MIB), **fields)
    world.manager.lifecycle.start("web")
    return world


def _stored(world: World) -> Domain:
    return world.store.load(CTID).domain


def _live(world: World) -> Domain:
    return world.store.load(CTID, live=True).domain


def _kernels(world: World) -> int | None:
    """The simulated kernel's limit on memory."""
    found = world.engine.statistics(CTID).memory
    assert found is not None
    return found.limit


@pytest.mark.parametrize(
    ("affect", "now", "later"),
    [(Affect.CURRENT, 128, 256), (LIVE, 128, 256), (STORED, 256, 128), (BOTH, 128, 128)],
)
def test_what_changes_while_it_runs(world: World, affect: Affect, now: int, later: int) -> None:
    tuning = _running(world).manager.tuning
    tuning.set("web", LimitChange(memory=128 * MIB), affect)
    assert _kernels(world) == _live(world).memory.limit == now * MIB
    assert _stored(world).memory == Memory(limit=later * MIB, swap=64 * MIB)
    assert tuning.domain("web").memory.limit == now * MIB
    assert tuning.domain("web", STORED).memory.limit == later * MIB


@pytest.mark.parametrize("affect", [Affect.CURRENT, STORED])
def test_what_changes_while_it_is_off(world: World, affect: Affect) -> None:
    world.define(memory=Memory(limit=256 * MIB, swap=0))
    world.manager.tuning.set("web", LimitChange(memory=128 * MIB), affect)
    assert _stored(world).memory.limit == 128 * MIB


@pytest.mark.parametrize("affect", [LIVE, BOTH])
def test_what_runs_cannot_change_while_it_is_off(world: World, affect: Affect) -> None:
    world.define()
    before = _stored(world)
    with pytest.raises(errors.OperationInvalid, match="'web' is not running"):
        world.manager.tuning.set("web", LimitChange(vcpus=2), affect)
    assert _stored(world) == before
    with pytest.raises(errors.OperationInvalid, match="not running"):
        world.manager.tuning.domain("web", LIVE)


def test_a_transient_container_has_nothing_stored_to_change(world: World) -> None:
    _running(world)
    world.store.save(_stored(world), live=True)
    world.store.delete(CTID)
    with pytest.raises(errors.OperationInvalid, match="'web' is transient"):
        world.manager.tuning.set("web", LimitChange(vcpus=2), BOTH)
    world.manager.tuning.set("web", LimitChange(vcpus=2))
    assert _live(world).cpu.vcpus == 2


WRONG: list[tuple[Callable[[Tuning], None], type[errors.VzvirtError], str]] = [
    (
        lambda t: t.set("web", LimitChange(memory=4096)),
        errors.InvalidArgument,
        "nothing could start",
    ),
    (
        lambda t: t.set("web", LimitChange(memory=UNLIMITED)),
        errors.ConfigUnsupported,
        "finite <memory>",
    ),
    (
        lambda t: t.set("web", LimitChange(soft_limit=512 * MIB)),
        errors.InvalidArgument,
        r"soft_limit \(536870912 bytes\) is above <memory> \(268435456 bytes\)",
    ),
    (
        lambda t: t.set("web", LimitChange(memory_and_swap=128 * MIB)),
        errors.InvalidArgument,
        r"swap_hard_limit \(134217728 bytes\) .* below hard_limit \(268435456 bytes\)",
    ),
    (lambda t: t.set("web", LimitChange(vcpus=0)), errors.InvalidArgument, "not in 1..8192"),
    (lambda t: t.set("web", LimitChange(quota=17)), errors.InvalidArgument, "quota 17"),
    (lambda t: t.set("web", LimitChange(period=17)), errors.InvalidArgument, "period 17"),
    (
        lambda t: t.set("web", LimitChange(affinity="3-1")),
        errors.InvalidArgument,
        "list of processors",
    ),
    (
        lambda t: t.set("web", LimitChange(numa_nodes="a")),
        errors.InvalidArgument,
        "list of memory nodes",
    ),
    (
        lambda t: t.set("web", LimitChange(disk_weight=99)),
        errors.InvalidArgument,
        "not in 100..1000",
    ),
    (lambda t: t.set("web", LimitChange(bytes_per_second=-1)), errors.InvalidArgument, "negative"),
]


@pytest.mark.parametrize(("change", "error", "words"), WRONG)
def test_what_is_wrong_changes_nothing(
    world: World,
    change: Callable[[Tuning], None],
    error: type[errors.VzvirtError],
    words: str,
) -> None:
    _running(world)
    before = _stored(world), _live(world)
    with pytest.raises(error, match=words):
        change(world.manager.tuning)
    assert (_stored(world), _live(world)) == before


def test_limits_on_memory(world: World) -> None:
    world.define(memory=Memory(limit=256 * MIB, swap=64 * MIB))
    tuning = world.manager.tuning
    tuning.set("web", LimitChange(soft_limit=200 * MIB, min_guarantee=100 * MIB))
    tuning.set("web", LimitChange(memory=512 * MIB, memory_and_swap=600 * MIB))
    assert _stored(world).memory == Memory(
        limit=512 * MIB, swap=88 * MIB, soft_limit=200 * MIB, min_guarantee=100 * MIB
    )
    tuning.set(
        "web",
        LimitChange(soft_limit=UNLIMITED, min_guarantee=UNLIMITED, memory_and_swap=UNLIMITED),
    )
    assert _stored(world).memory == Memory(limit=512 * MIB, swap=UNLIMITED)


def test_beancounters_have_no_swap(world: World) -> None:
    world.define(openvz=OpenvzSettings(accounting=Accounting.UBC), memory=Memory(limit=256 * MIB))
    tuning = world.manager.tuning
    with pytest.raises(errors.ConfigUnsupported, match="no limit on swap"):
        tuning.set("web", LimitChange(memory_and_swap=512 * MIB))
    tuning.set("web", LimitChange(memory=UNLIMITED))
    assert _stored(world).memory.limit is UNLIMITED


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (Cpu(), {"shares": 512}, Cpu(shares=512)),
        (Cpu(), {"quota": 50_000}, Cpu(limit_percent=50)),
        (Cpu(limit_percent=50), {"period": 50_000}, Cpu(quota=50_000, period=50_000)),
        (Cpu(limit_percent=50), {"quota": -1}, Cpu(limit_percent=0)),
        (Cpu(limit_percent=0), {"period": 50_000}, Cpu(limit_percent=0)),
        (Cpu(quota=7000, period=9000), {"quota": 8000}, Cpu(quota=8000, period=9000)),
        (Cpu(quota=7000, period=9000), {"period": 100_000}, Cpu(limit_percent=7)),
        (Cpu(vcpus=2), {"quota": 1500, "period": 7000}, Cpu(vcpus=2, quota=1500, period=7000)),
    ],
)
def test_limits_on_processor_time(
    world: World, before: Cpu, change: dict[str, int], after: Cpu
) -> None:
    world.define(cpu=before)
    world.manager.tuning.set("web", LimitChange(**change))
    assert _stored(world).cpu == after


def test_where_it_runs(world: World) -> None:
    world.define()
    tuning = world.manager.tuning
    tuning.set("web", LimitChange(affinity="0,2-3"))
    tuning.set("web", LimitChange(numa_nodes="all"))
    assert (_stored(world).cpu.affinity, _stored(world).numa_nodes) == ("0,2-3", "all")


def test_more_processors_than_there_are_is_told(world: World) -> None:
    world.define()
    world.manager.tuning.set("web", LimitChange(vcpus=8000))
    assert any("asks for 8000 processors" in sentence for sentence in world.warned)


def test_limits_on_disks(world: World) -> None:
    world.define()
    tuning = world.manager.tuning
    tuning.set("web", LimitChange(disk_weight=500, bytes_per_second=1000))
    tuning.set("web", LimitChange(operations_per_second=50, bytes_per_second=0))
    found = _stored(world).block_io
    assert (found.weight, found.bytes_per_second, found.operations_per_second) == (500, 0, 50)


def _bridged() -> Interface:
    return Interface(
        kind=InterfaceKind.BRIDGE,
        source="br0",
        host_name="veth101.0",
        guest_name="eth0",
        outbound=Bandwidth(100),
    )


@pytest.mark.parametrize("device", ["veth101.0", "eth0"])
def test_limits_on_an_interface(world: World, device: str) -> None:
    world.define(interfaces=(_bridged(),))
    tuning = world.manager.tuning
    assert tuning.interface("web", device).outbound == Bandwidth(100)
    tuning.set_bandwidth("web", device, inbound=Bandwidth(1000, peak=2000, burst=500))
    found = tuning.interface("web", device)
    assert (found.inbound, found.outbound) == (Bandwidth(1000, 2000, 500), Bandwidth(100))
    tuning.set_bandwidth("web", device, outbound=Bandwidth(0))
    assert tuning.interface("web", device).outbound is None
    with pytest.raises(errors.InvalidArgument, match="no interface 'eth7'") as refused:
        tuning.set_bandwidth("web", "eth7", inbound=Bandwidth(1))
    assert "veth101.0" in str(refused.value.hint)


@pytest.mark.parametrize("blows_at", [1, 2])
def test_where_it_cannot_be_written_the_kernel_has_the_old_limit(
    world: World, blows_at: int
) -> None:
    _running(world)
    fuse = Fuse(blows_at=blows_at, error=errors.NoSpace("the disk is full"))
    with pytest.raises(errors.NoSpace):
        world.fused(fuse).tuning.set("web", LimitChange(memory=128 * MIB), BOTH)
    assert _kernels(world) == 256 * MIB
    assert _live(world).memory.limit == _stored(world).memory.limit == 256 * MIB
