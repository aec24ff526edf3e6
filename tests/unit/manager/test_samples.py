"""What one definition says stays; what it leaves open comes from a sample, or from vz.conf."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from vzvirt import errors
from vzvirt.manager.samples import merged
from vzvirt.model.devices import Filesystem, FilesystemKind, GuestNaming
from vzvirt.model.domain import Domain, OpenvzSettings, replace_openvz
from vzvirt.model.resources import Accounting, Beancounter, BlockIo, Cpu, Memory
from vzvirt.model.values import UNLIMITED, BarrierLimit, Ctid, IdMap, SoftHard
from worlds import MIB, TEMPLATE, World, container

BASIC = Domain(
    name="container",
    memory=Memory(limit=272 * MIB, soft_limit=256 * MIB),
    cpu=Cpu(shares=1024, limit_percent=50),
    block_io=BlockIo(weight=400),
    filesystems=(
        Filesystem(
            kind=FilesystemKind.TEMPLATE,
            space=SoftHard(30 * MIB, 33 * MIB),
            inodes=SoftHard(200, 220),
        ),
    ),
    guest_naming=GuestNaming(nameservers=("inherit",)),
    openvz=OpenvzSettings(
        accounting=Accounting.UBC,
        quota_grace=10,
        beancounters=(
            Beancounter("numproc", BarrierLimit(240, 240)),
            Beancounter("kmemsize", BarrierLimit(1, 2)),
        ),
    ),
)

UUID = uuid4()
CTID = Ctid(101)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.at(tmp_path, samples={"basic": BASIC})


def named(**fields: Any) -> Domain:
    return container(openvz=OpenvzSettings(config_sample="basic", **fields))


def test_a_sample_is_taken_over_once(world: World) -> None:
    domain = world.define(named()).domain
    assert domain.memory == BASIC.memory
    assert domain.cpu == BASIC.cpu
    assert domain.block_io == BASIC.block_io
    assert domain.guest_naming == BASIC.guest_naming
    assert domain.openvz.beancounters == BASIC.openvz.beancounters
    assert domain.openvz.accounting is Accounting.UBC
    assert domain.openvz.quota_grace == 10
    root = domain.root
    assert root is not None
    assert (root.source, root.space, root.inodes) == (
        TEMPLATE,
        SoftHard(30 * MIB, 33 * MIB),
        SoftHard(200, 220),
    )
    assert (domain.openvz.config_sample, domain.openvz.origin_sample) == (None, "basic")
    again = dataclasses.replace(domain, memory=Memory(limit=300 * MIB), block_io=BlockIo())
    redefined = world.define(again).domain
    assert redefined.block_io == BlockIo(), "a note of its origin is not expanded again"


def test_what_is_said_stays(world: World) -> None:
    asked = dataclasses.replace(
        named(beancounters=(Beancounter("numproc", BarrierLimit(10, 10)),)),
        memory=Memory(limit=100 * MIB),
        cpu=Cpu(period=100000, quota=25000),
        guest_naming=GuestNaming(nameservers=("10.0.0.1",)),
    )
    domain = world.define(asked).domain
    assert domain.memory == Memory(limit=100 * MIB, soft_limit=100 * MIB)
    assert domain.cpu == Cpu(period=100000, quota=25000, shares=1024)
    assert domain.guest_naming.nameservers == ("10.0.0.1",)
    rows = {row.name: row.value.limit for row in domain.openvz.beancounters}
    assert rows == {"numproc": 10, "kmemsize": 2}


def test_an_unknown_sample_lists_those_there(world: World) -> None:
    with pytest.raises(errors.NoSample, match="basic"):
        world.define(container(openvz=OpenvzSettings(config_sample="nope")))
    assert world.store.ctids() == []


def test_quotas_of_a_sample_do_not_refuse_a_layout(world: World) -> None:
    defined = world.define(named(layout="simfs"))
    assert defined.domain.openvz.layout == "simfs"
    assert any("does not keep a size quota" in text for text in defined.warnings)


def test_a_layout_of_a_sample_that_no_stock_kernel_has(tmp_path: Path) -> None:
    old = Domain(name="container", openvz=OpenvzSettings(layout="ploop:expanded"))
    world = World.at(tmp_path, samples={"basic": old})
    defined = world.define(named())
    assert defined.domain.openvz.layout == "image"
    assert any("ploop" in text for text in defined.warnings)


VSWAP_SAMPLE = Domain(
    name="container",
    memory=Memory(limit=256 * MIB, swap=512 * MIB),
    openvz=OpenvzSettings(
        accounting=Accounting.VSWAP,
        beancounters=(
            Beancounter("numproc", BarrierLimit(9, 9)),
            Beancounter("privvmpages", BarrierLimit(UNLIMITED, UNLIMITED)),
        ),
    ),
)


@pytest.mark.parametrize(
    ("memory", "accounting", "expected"),
    [
        (Memory(), Accounting.UBC, (Accounting.UBC, 256 * MIB, None, {"numproc"})),
        (Memory(limit=UNLIMITED), None, (Accounting.UBC, UNLIMITED, None, {"numproc"})),
        (Memory(), None, (Accounting.VSWAP, 256 * MIB, 512 * MIB, {"numproc", "privvmpages"})),
    ],
)
def test_a_vswap_sample_for_either_kind(
    tmp_path: Path,
    memory: Memory,
    accounting: Accounting | None,
    expected: tuple[object, ...],
) -> None:
    world = World.at(tmp_path, samples={"basic": VSWAP_SAMPLE})
    asked = dataclasses.replace(named(accounting=accounting), memory=memory)
    domain = world.define(asked).domain
    names = {row.name for row in domain.openvz.beancounters}
    assert (domain.openvz.accounting, domain.memory.limit, domain.memory.swap, names) == expected


@pytest.mark.parametrize(
    ("memory", "accounting", "expected"),
    [
        (Memory(limit=MIB), Accounting.VSWAP, Memory(limit=MIB, swap=0)),
        (Memory(), Accounting.VSWAP, Memory(limit=272 * MIB, swap=0)),
        (Memory(limit=MIB, swap=5), None, Memory(limit=MIB, swap=5)),
    ],
)
def test_a_ubc_sample_for_vswap(
    tmp_path: Path, memory: Memory, accounting: Accounting | None, expected: Memory
) -> None:
    rows = (*BASIC.openvz.beancounters, Beancounter("physpages", BarrierLimit(0, UNLIMITED)))
    world = World.at(tmp_path, samples={"basic": replace_openvz(BASIC, beancounters=rows)})
    asked = dataclasses.replace(named(accounting=accounting), memory=memory)
    domain = world.define(asked).domain
    assert domain.memory == expected
    assert {row.name for row in domain.openvz.beancounters} == {"numproc", "kmemsize"}


class TestConfigfile:
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return World.at(
            tmp_path,
            samples={"basic": BASIC},
            change=lambda config: dataclasses.replace(config, default_sample="basic"),
        )

    def test_for_new_ones_that_name_none(self, world: World) -> None:
        domain = world.define().domain
        assert domain.memory == BASIC.memory
        assert domain.openvz.origin_sample == "basic"

    def test_the_same_document_makes_the_same_definition(self, world: World) -> None:
        first = world.define(container(uuid=UUID)).domain
        assert world.define(container(uuid=UUID)).domain == first

    def test_what_an_edited_dump_leaves_out_is_meant_so(self, world: World) -> None:
        first = world.define().domain
        assert first.block_io == BASIC.block_io
        edited = world.define(dataclasses.replace(first, block_io=BlockIo())).domain
        assert edited.block_io == BlockIo()

    def test_not_for_those_that_were_made_without(self, world: World) -> None:
        world.store.save(container(ctid=CTID, uuid=UUID))
        assert world.define(container(uuid=UUID)).domain.openvz.origin_sample is None

    def test_one_that_is_gone_since(self, world: World) -> None:
        moved = container(uuid=UUID, openvz=OpenvzSettings(origin_sample="elsewhere"))
        world.define(moved)
        again = world.define(container(uuid=UUID))
        assert any("came from 'elsewhere'" in text for text in again.warnings)

    def test_not_for_a_dump(self, world: World) -> None:
        dump = container(openvz=OpenvzSettings(origin_sample="elsewhere"))
        assert world.define(dump).domain.memory.limit == 256 * MIB

    def test_an_absent_one_warns(self, tmp_path: Path) -> None:
        world = World.at(
            tmp_path / "other",
            change=lambda config: dataclasses.replace(config, default_sample="gone"),
        )
        assert any("CONFIGFILE=gone" in text for text in world.define().warnings)


def test_vz_conf_stands_behind_every_definition(tmp_path: Path) -> None:
    behind = Domain(
        name="container",
        guest_naming=GuestNaming(nameservers=("10.9.9.9",)),
        idmap=IdMap(),
        openvz=OpenvzSettings(stop_timeout=7),
    )
    world = World.at(tmp_path, change=lambda config: dataclasses.replace(config, defaults=behind))
    world.define()
    effective = world.manager.definitions.effective("web")
    assert effective.guest_naming.nameservers == ("10.9.9.9",)
    assert effective.openvz.stop_timeout == 7
    stored = world.store.load(Ctid(101)).domain
    assert stored.openvz.stop_timeout is None, "a default of the host is not baked in"
    assert stored.idmap == IdMap(), "but who owns the files is"


def test_a_file_without_a_word_on_memory_says_nothing_of_accounting() -> None:
    silent = Domain(name="container", openvz=OpenvzSettings(accounting=Accounting.UBC))
    assert merged(container(), silent).openvz.accounting is None


@pytest.mark.parametrize(
    ("memory", "accounting", "expected"),
    [
        (Memory(), None, (Accounting.VSWAP, 256 * MIB, 0)),
        (Memory(limit=MIB), None, (Accounting.VSWAP, MIB, 0)),
        (Memory(limit=MIB, swap=5), None, (Accounting.VSWAP, MIB, 5)),
        (Memory(limit=UNLIMITED), None, (Accounting.UBC, UNLIMITED, None)),
        (Memory(), Accounting.UBC, (Accounting.UBC, None, None)),
        (Memory(limit=MIB), Accounting.UBC, (Accounting.UBC, MIB, None)),
    ],
)
def test_accounting(
    world: World, memory: Memory, accounting: Accounting | None, expected: tuple[object, ...]
) -> None:
    asked = container(memory=memory, openvz=OpenvzSettings(accounting=accounting))
    domain = world.define(asked).domain
    assert (domain.openvz.accounting, domain.memory.limit, domain.memory.swap) == expected


@pytest.mark.parametrize(
    ("memory", "accounting", "words"),
    [
        (Memory(limit=UNLIMITED), Accounting.VSWAP, "finite <memory>"),
        (Memory(limit=MIB, swap=5), Accounting.UBC, "no limit on swap"),
        (Memory(limit=1000), None, "nothing could start"),
        (Memory(limit=MIB, soft_limit=2 * MIB), None, "soft_limit"),
    ],
)
def test_limits_that_cannot_be(
    world: World, memory: Memory, accounting: Accounting | None, words: str
) -> None:
    with pytest.raises(errors.CallerError, match=words):
        world.define(container(memory=memory, openvz=OpenvzSettings(accounting=accounting)))
