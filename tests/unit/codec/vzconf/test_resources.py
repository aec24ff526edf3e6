from __future__ import annotations

import pytest

from vzvirt.codec.vzconf import EMPTY, Document, apply, read
from vzvirt.codec.vzconf.resources import cpu_percent
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.resources import Accounting, Beancounter, Cpu, Memory
from vzvirt.model.values import UNLIMITED, BarrierLimit, IdMap, IdRange

MIB = 2**20
UBC = OpenvzSettings(accounting=Accounting.UBC)
VSWAP = OpenvzSettings(accounting=Accounting.VSWAP)


def domain(text: str) -> Domain:
    return read(Document.parse(text.encode())).domain


def written(**fields: object) -> str:
    return apply(EMPTY, Domain(name="x", **fields)).serialise().decode()  # type: ignore[arg-type]


class TestVswap:
    def test_a_physpages_limit_makes_it(self) -> None:
        found = domain("PHYSPAGES=0:65536\nSWAPPAGES=0:131072\nPRIVVMPAGES=9\nVMGUARPAGES=8\n")
        assert found.openvz.accounting is Accounting.VSWAP
        assert found.memory == Memory(limit=256 * MIB, swap=512 * MIB)
        rows = {row.name: row.value for row in found.openvz.beancounters}
        assert rows == {"privvmpages": BarrierLimit(9, 9), "vmguarpages": BarrierLimit(8, 8)}

    def test_without_swappages_there_is_no_swap(self) -> None:
        assert domain("PHYSPAGES=0:65536\n").memory.swap == 0

    def test_unlimited_swap(self) -> None:
        assert domain("PHYSPAGES=1:1\nSWAPPAGES=unlimited\n").memory.swap is UNLIMITED

    def test_the_barrier_is_written_as_nought_and_swap_always(self) -> None:
        text = written(openvz=VSWAP, memory=Memory(limit=256 * MIB))
        assert text == 'PHYSPAGES="0:65536"\nSWAPPAGES="0"\nNAME="x"\n'

    def test_memory_without_a_kind_of_accounting_is_vswaps(self) -> None:
        assert 'PHYSPAGES="0:1"' in written(memory=Memory(limit=4096, swap=0))

    def test_soft_limits_are_not_openvzs(self) -> None:
        memory = Memory(limit=4096, swap=0, soft_limit=4096, min_guarantee=4096)
        assert "VM" not in written(openvz=VSWAP, memory=memory)


class TestUbc:
    @pytest.mark.parametrize("ram", ["", "PHYSPAGES=0:unlimited\n", "PHYSPAGES=0:2147483647\n"])
    def test_no_physpages_limit_makes_it(self, ram: str) -> None:
        found = domain(ram + "PRIVVMPAGES=65536:69632\nVMGUARPAGES=33792:unlimited\n")
        assert found.openvz.accounting is Accounting.UBC
        assert found.memory == Memory(
            limit=272 * MIB, soft_limit=256 * MIB, min_guarantee=132 * MIB
        )
        assert [row.name for row in found.openvz.beancounters] == ["physpages"] * bool(ram)

    def test_one_mark_is_no_soft_limit_of_its_own(self) -> None:
        assert domain("PRIVVMPAGES=256\n").memory == Memory(limit=MIB)

    def test_written(self) -> None:
        memory = Memory(limit=272 * MIB, soft_limit=256 * MIB, min_guarantee=132 * MIB)
        text = written(openvz=UBC, memory=memory)
        assert text == 'PRIVVMPAGES="65536:69632"\nVMGUARPAGES="33792:unlimited"\nNAME="x"\n'

    def test_swap_is_a_row(self) -> None:
        found = domain("NUMPROC=1\nSWAPPAGES=0:5\n")
        assert found.memory == Memory()
        assert Beancounter("swappages", BarrierLimit(0, 5)) in found.openvz.beancounters

    def test_a_physpages_limit_is_never_written(self) -> None:
        rows = (Beancounter("physpages", BarrierLimit(0, 5)),)
        assert "PHYS" not in written(
            openvz=OpenvzSettings(accounting=Accounting.UBC, beancounters=rows)
        )


def test_no_beancounter_no_accounting() -> None:
    assert domain('HOSTNAME="a"\n').openvz.accounting is None


@pytest.mark.parametrize(
    ("cpu", "percent"),
    [
        (Cpu(), None),
        (Cpu(limit_percent=50), 50),
        (Cpu(period=100000, quota=50000), 50),
        (Cpu(period=100000, quota=50001), 51),
        (Cpu(period=100000, quota=-1), 0),
        (Cpu(period=100000), None),
    ],
)
def test_cpu_percent(cpu: Cpu, percent: int | None) -> None:
    assert cpu_percent(cpu) == percent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("LOCAL_UID=0\n", IdMap()),
        ("LOCAL_UID=0\nLOCAL_GID=5\n", IdMap()),
        ("LOCAL_GID=5\n", None),
        (
            "LOCAL_UID=100000\n",
            IdMap((IdRange(0, 100000, 65536),), (IdRange(0, 100000, 65536),)),
        ),
        (
            "LOCAL_UID=100000\nLOCAL_GID=200000\n",
            IdMap((IdRange(0, 100000, 65536),), (IdRange(0, 200000, 65536),)),
        ),
    ],
)
def test_idmap(text: str, expected: IdMap | None) -> None:
    assert domain(text).idmap == expected


def test_idmap_written() -> None:
    idmap = IdMap((IdRange(5, 7, 1), IdRange(0, 3000, 5)), (IdRange(0, 4000, 5),))
    assert written(idmap=idmap) == 'LOCAL_UID="3000"\nLOCAL_GID="4000"\nNAME="x"\n'
    assert written(idmap=IdMap()) == 'LOCAL_UID="0"\nLOCAL_GID="0"\nNAME="x"\n'
