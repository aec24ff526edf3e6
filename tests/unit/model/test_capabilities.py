from __future__ import annotations

import pytest

from vzvirt.model.capabilities import (
    HostInfo,
    HostTopology,
    NumaCell,
    Processor,
    ProcessorMap,
    platforms,
)


def topology(*cells: list[tuple[int, int, int]], offline: int = 0) -> HostTopology:
    """Cells of processors, each with its socket, die and core."""
    number = 0
    made = []
    for each, places in enumerate(cells):
        members = []
        for socket, die, core in places:
            members.append(
                Processor(number=number, socket=socket, die=die, core=core, siblings=(number,))
            )
            number += 1
        made.append(
            NumaCell(number=each, memory=1, pages=(), distances=(), processors=tuple(members))
        )
    return HostTopology(cells=tuple(made), offline=offline)


def shape(value: HostTopology) -> tuple[int, int, int, int, int]:
    info = HostInfo.of(arch="x86_64", memory=1, mhz=1, topology=value)
    return info.processors, info.cells, info.sockets, info.cores, info.threads


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (topology([(0, 0, 0)]), (1, 1, 1, 1, 1)),
        (topology([(0, 0, 0), (0, 0, 1)]), (2, 1, 1, 2, 1)),
        (topology([(0, 0, 0), (0, 0, 0)]), (2, 1, 1, 1, 2)),
        # Two cells with a socket each, of two cores with two threads each.
        (
            topology([(0, 0, 0), (0, 0, 1)] * 2, [(1, 0, 0), (1, 0, 1)] * 2),
            (8, 2, 1, 2, 2),
        ),
        # One socket in two cells: the product would be twice what there is.
        (topology([(0, 0, 0), (0, 0, 1)], [(0, 0, 2), (0, 0, 3)]), (4, 1, 1, 4, 1)),
        # Cores of two dies may have the same number.
        (topology([(0, 0, 0), (0, 1, 0)]), (2, 1, 1, 2, 1)),
        # A thread that is switched off counts for the product, not for those online.
        (topology([(0, 0, 0), (0, 0, 0), (0, 0, 1)], offline=1), (3, 1, 1, 2, 2)),
        # A core without its second thread: irregular.
        (topology([(0, 0, 0), (0, 0, 0), (0, 0, 1)]), (3, 1, 1, 3, 1)),
        # Memory without processors.
        (topology([(0, 0, 0), (0, 0, 1)], []), (2, 1, 1, 2, 1)),
    ],
)
def test_the_product_is_the_number_of_processors(
    value: HostTopology, expected: tuple[int, int, int, int, int]
) -> None:
    assert shape(value) == expected
    online, *product = expected
    assert product[0] * product[1] * product[2] * product[3] == online + value.offline


@pytest.mark.parametrize(
    ("present", "online", "bits"),
    [(1, (0,), b"\x01"), (8, (0, 2, 4), b"\x15"), (9, (8,), b"\x00\x01"), (10, (), b"\0\0")],
)
def test_a_map_as_bits(present: int, online: tuple[int, ...], bits: bytes) -> None:
    assert ProcessorMap(present=present, online=online).bits == bits


def test_what_runs_on_a_host() -> None:
    def known(arch: str) -> list[tuple[str, int]]:
        return [(platform.arch, platform.word_size) for platform in platforms(arch)]

    assert known("x86_64") == [("x86_64", 64), ("i686", 32)]
    assert known("aarch64") == [("aarch64", 64), ("armv7l", 32)]
    assert known("armv7l") == [("armv7l", 32)]
    assert known("loongarch64") == [("loongarch64", 64)]
