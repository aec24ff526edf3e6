from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from vzvirt import errors
from vzvirt.backends.memory.facts import MemoryFacts
from vzvirt.manager.capabilities import Machine
from vzvirt.model.capabilities import MemoryUse, PagePool
from worlds import World

KIB = 1024


class TwoCells(MemoryFacts):
    """A machine whose second cell has the number 2; cells may be missing."""

    def cell_memory(self) -> dict[int, MemoryUse]:
        (one,) = super().cell_memory().values()
        return {0: one, 2: replace(one, free=7)}

    def cell_pages(self) -> dict[int, tuple[PagePool, ...]]:
        (one,) = super().cell_pages().values()
        huge = PagePool(size=2048 * KIB, total=4, free=3)
        return {0: (*one, huge), 2: (*one, replace(huge, free=0))}


@pytest.fixture
def machine(world: World) -> Machine:
    return world.manager.machine


@pytest.fixture
def large(machine: Machine) -> Machine:
    return Machine(replace(machine._world, facts=TwoCells()))


def test_what_it_is(machine: Machine, world: World) -> None:
    info = machine.info()
    assert info.memory == world.host.memory()
    assert info.processors == world.host.processors()
    found = machine.capabilities()
    assert found.uuid == UUID(world.host.machine_id())
    assert found.virtualisation == "openvz"
    assert found.platforms[0].arch == found.arch == world.host.arch()
    assert machine.security_model().name == "none"


def test_what_a_container_may_have(machine: Machine, world: World) -> None:
    found = machine.domain_capabilities()
    assert found == machine.domain_capabilities(
        virtualisation="openvz", arch=world.host.arch(), emulator=found.emulator
    )
    assert found.vcpus == world.host.processors()
    assert found.hostdev_kinds == ("pci",)
    assert "net" in found.hostdev_capabilities


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"virtualisation": "kvm"}, "'kvm' is not to be had"),
        ({"arch": "s390x"}, "'s390x' do not run"),
        ({"machine": "pc"}, "'pc'"),
        ({"emulator": "/usr/bin/qemu"}, "no emulator '/usr/bin/qemu'"),
    ],
)
def test_what_none_may_have(machine: Machine, asked: dict[str, Any], why: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=why) as caught:
        machine.domain_capabilities(**asked)
    assert caught.value.hint


def test_processors(machine: Machine, world: World) -> None:
    assert machine.max_vcpus() == machine.max_vcpus("openvz") == world.host.processors()
    with pytest.raises(errors.InvalidArgument, match="'lxc'"):
        machine.max_vcpus("lxc")
    assert len(machine.processor_map().online) == world.host.processors()
    assert machine.processor_times().idle >= machine.processor_times(0).idle > 0
    with pytest.raises(errors.InvalidArgument, match="no processor 4711"):
        machine.processor_times(4711)


def test_memory(large: Machine) -> None:
    assert large.memory_use().buffers
    assert large.memory_use(2).free == 7
    with pytest.raises(errors.InvalidArgument, match="no NUMA cell 1"):
        large.memory_use(1)


def test_free_memory_of_cells(large: Machine) -> None:
    first = large.memory_use(0).free
    assert large.cells_free_memory(0, 1) == [first]
    assert large.cells_free_memory(0, 99) == [first, 0, 7]
    assert large.cells_free_memory(2, 1) == [7]
    for start, count in ((1, 1), (3, 1), (0, 0), (-1, 1)):
        with pytest.raises(errors.InvalidArgument, match=f"no NUMA cell {start}"):
            large.cells_free_memory(start, count)


def test_free_pages(large: Machine) -> None:
    small = large.free_pages([4 * KIB], 0, 1)
    assert large.free_pages([2048 * KIB, 4 * KIB], 0, 1) == [3, *small]
    assert large.free_pages([2048 * KIB], 2, 9) == [0]
    with pytest.raises(errors.InvalidArgument, match="cell 0 has no pages of 64 KiB"):
        large.free_pages([64 * KIB], 0, 1)
    with pytest.raises(errors.InvalidArgument, match="no NUMA cell 7"):
        large.free_pages([4 * KIB], 7, 1)
