from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt.backends.sysfs import processors
from vzvirt.model.capabilities import CacheBank, CacheKind, ProcessorMap, ProcessorTimes

TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def put(folder: Path, **attributes: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in attributes.items():
        (folder / name).write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("0", (0,)), ("0-3", (0, 1, 2, 3)), ("0-1,8,10-11", (0, 1, 8, 10, 11))],
)
def test_lists(text: str, expected: tuple[int, ...]) -> None:
    assert processors.numbers(text) == expected


def test_which_there_are(tmp_path: Path) -> None:
    put(tmp_path / "cpu", online="0,2-3", present="0-7")
    assert processors.processor_map(tmp_path) == ProcessorMap(present=8, online=(0, 2, 3))


def test_a_kernel_that_cannot_switch_them_off(tmp_path: Path) -> None:
    found = processors.processor_map(tmp_path)
    assert found.online == tuple(range(os.cpu_count() or 1))
    assert found.present == os.cpu_count()


def test_where_one_sits(tmp_path: Path) -> None:
    put(
        tmp_path / "cpu/cpu5/topology",
        physical_package_id="1",
        die_id="2",
        core_id="9",
        thread_siblings_list="5,13",
    )
    found = processors.processor(5, tmp_path)
    assert (found.number, found.socket, found.die, found.core) == (5, 1, 2, 9)
    assert found.siblings == (5, 13)


def test_one_of_which_nothing_is_known_is_a_core(tmp_path: Path) -> None:
    put(tmp_path / "cpu/cpu5/topology", physical_package_id="-1")
    found = processors.processor(5, tmp_path)
    assert (found.socket, found.die, found.core, found.siblings) == (0, 0, 5, (5,))


def cache(system: Path, number: int, index: int, **attributes: str) -> None:
    put(system / f"cpu/cpu{number}/cache/index{index}", **attributes)


def test_caches_that_are_shared(tmp_path: Path) -> None:
    for number in (0, 1, 2):
        mine = "0-1" if number < 2 else "2"
        cache(tmp_path, number, 0, level="1", type="Data", size="32K", shared_cpu_list=f"{number}")
        cache(
            *(tmp_path, number, 3),
            level="3",
            type="Unified",
            size="8192K",
            shared_cpu_list=mine,
            **({"id": "7"} if number < 2 else {}),
        )
    cache(tmp_path, 2, 4, level="4", type="Unknown", size="1K")
    shared = {"level": 3, "kind": CacheKind.BOTH, "size": 8 << 20}
    assert processors.caches((0, 1, 2), tmp_path) == (
        CacheBank(number=2, processors=(2,), **shared),  # type: ignore[arg-type]  # see above
        CacheBank(number=7, processors=(0, 1), **shared),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("cpuinfo", "frequency", "expected"),
    [
        ("processor\t: 0\ncpu MHz\t\t: 2596.126\n\ncpu MHz\t: 1000.0\n", "3000000", 2596),
        ("processor : 0\nBogoMIPS : 50.0\n", "1800000", 1800),
        ("", None, 0),
    ],
)
def test_speed(tmp_path: Path, cpuinfo: str, frequency: str | None, expected: int) -> None:
    put(tmp_path, cpuinfo=cpuinfo)
    if frequency:
        put(tmp_path / "cpu/cpu0/cpufreq", cpuinfo_max_freq=frequency)
    assert processors.megahertz(tmp_path, tmp_path) == expected


def test_what_they_have_done(tmp_path: Path) -> None:
    put(
        tmp_path,
        stat="cpu  100 10 50 1000 7 3 2 99 5 0\ncpu1 60 6 30 600 4 2 1 50\nintr 5 6\nctxt 7",
    )
    assert processors.times(tmp_path) == {
        None: ProcessorTimes(user=110 * TICK, kernel=55 * TICK, idle=1000 * TICK, iowait=7 * TICK),
        1: ProcessorTimes(user=66 * TICK, kernel=33 * TICK, idle=600 * TICK, iowait=4 * TICK),
    }
