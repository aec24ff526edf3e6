from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vzvirt.codec.vzconf import BY_KEY
from vzvirt.codec.vzconf.forms import LONG_MAX, Notes, amount
from vzvirt.model.values import UNLIMITED, BarrierLimit, SoftHard

from .configs import examples


def parse(key: str, text: str) -> Any:
    return BY_KEY[key].form.parse(text, [])


@pytest.mark.parametrize(
    ("key", "text", "expected", "written"),
    [
        ("KMEMSIZE", "100:200", BarrierLimit(100, 200), "100:200"),
        ("KMEMSIZE", "100", BarrierLimit(100, 100), "100"),
        ("KMEMSIZE", "1K:2k", BarrierLimit(1024, 2048), "1024:2048"),
        ("KMEMSIZE", "1.5M", BarrierLimit(1572864, 1572864), "1572864"),
        ("KMEMSIZE", "1.9", BarrierLimit(1, 1), "1"),
        ("KMEMSIZE", "2P", BarrierLimit(8192, 8192), "8192"),
        ("KMEMSIZE", "1T:1g", BarrierLimit(2**40, 2**30), f"{2**40}:{2**30}"),
        ("KMEMSIZE", "7B", BarrierLimit(7, 7), "7"),
        ("KMEMSIZE", "unlimited", BarrierLimit(UNLIMITED, UNLIMITED), "unlimited"),
        ("KMEMSIZE", str(LONG_MAX), BarrierLimit(UNLIMITED, UNLIMITED), "unlimited"),
        ("PRIVVMPAGES", "10000B", BarrierLimit(2, 2), "2"),
        ("PRIVVMPAGES", "1M:unlimited", BarrierLimit(256, UNLIMITED), "256:unlimited"),
        ("PRIVVMPAGES", "5p", BarrierLimit(5, 5), "5"),
        ("NUMPROC", "7:8", BarrierLimit(7, 8), "7:8"),
        ("NUMPROC", "unlimited", BarrierLimit(UNLIMITED, UNLIMITED), "unlimited"),
        ("DISKSPACE", "10:20", SoftHard(10240, 20480), "10:20"),
        ("DISKSPACE", "10", SoftHard(10240, 10240), "10:10"),
        ("DISKSPACE", "2G:2.2G", SoftHard(2 * 2**30, 2306867 * 1024), "2097152:2306867"),
        ("DISKSPACE", "2048B", SoftHard(2048, 2048), "2:2"),
        ("DISKINODES", "200K:300000", SoftHard(204800, 300000), "204800:300000"),
        ("CPUUNITS", "1000", 1024, "1000"),
        ("CPUUNITS", "8", 8, "8"),
        ("CPUUNITS", "5", 5, "8"),
        ("CPUUNITS", "500000", 512000, "500000"),
        ("IOPRIO", "0", 100, "0"),
        ("IOPRIO", "4", 614, "4"),
        ("IOPRIO", "7", 1000, "7"),
        ("IOLIMIT", "10M", 10485760, "10485760"),
        ("IOLIMIT", "unlimited", 0, "0"),
        ("IOLIMIT", "3G", 2**31 - 1, str(2**31 - 1)),
        ("IOPSLIMIT", "500", 500, "500"),
        ("QUOTATIME", "unlimited", LONG_MAX, str(LONG_MAX)),
        ("BOOTORDER", "  10", 10, "10"),
        ("CPULIMIT", "50", 50, "50"),
        ("ONBOOT", "yes", True, "yes"),
        ("ONBOOT", "no", False, "no"),
        ("VE_LAYOUT", "ploop:expanded", "ploop", "ploop"),
        ("VM_OVERCOMMIT", "1.50", 1.5, "1.5"),
        ("CPUMASK", "0,2-3", "0,2-3", "0,2-3"),
        ("MEMINFO", "pages:100", "pages:100", "pages:100"),
    ],
)
def test_a_value(key: str, text: str, expected: object, written: str) -> None:
    value = parse(key, text)
    assert value == expected
    assert BY_KEY[key].form.format(value) == written


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("KMEMSIZE", "-1"),
        ("KMEMSIZE", "1:2:3"),
        ("KMEMSIZE", ":1"),
        ("KMEMSIZE", "1X"),
        ("KMEMSIZE", "0x10"),
        ("KMEMSIZE", "Unlimited"),
        ("NUMPROC", "1M"),
        ("AVNUMPROC", "1K"),
        ("DISKSPACE", "unlimited"),
        ("DISKSPACE", "20:10"),
        ("CPUUNITS", "0"),
        ("CPUUNITS", "1e3"),
        ("CPUS", "0"),
        ("CPUS", "8193"),
        ("CPULIMIT", "101%"),
        ("IOPRIO", "8"),
        ("IOPSLIMIT", "unlimited"),
        ("ONBOOT", "Yes"),
        ("ONBOOT", "true"),
        ("NETFILTER", "none"),
        ("VM_OVERCOMMIT", "nan"),
        ("VM_OVERCOMMIT", "1e999"),
        ("LOCAL_UID", "unlimited"),
        ("LOCAL_UID", "4294967295"),
        ("VE_PRIVATE", "vz/private"),
        ("OSTEMPLATE", "a/b"),
        ("OSTEMPLATE", "..."),
        ("NODEMASK", "auto"),
        ("NAME", "a/b"),
    ],
)
def test_a_bad_value(key: str, text: str) -> None:
    with pytest.raises(ValueError):
        parse(key, text)


def test_numbers_too_large_are_cut_and_noted() -> None:
    notes: Notes = []
    value = BY_KEY["QUOTATIME"].form.parse(str(2**70), notes)
    assert value == LONG_MAX
    assert notes == ["too large value, truncated"]


@examples(100)
@given(st.integers(8, 500000))
def test_cpu_units_come_back_from_shares(units: int) -> None:
    form = BY_KEY["CPUUNITS"].form
    assert form.format(form.parse(str(units), [])) == str(units)


@examples(100)
@given(st.integers(0, 7))
def test_priorities_come_back_from_weights(priority: int) -> None:
    form = BY_KEY["IOPRIO"].form
    assert form.format(form.parse(str(priority), [])) == str(priority)


@examples(100)
@given(st.integers(-(10**6), 10**6))
def test_any_number_of_shares_gives_units_in_range(shares: int) -> None:
    text = BY_KEY["CPUUNITS"].form.format(shares)
    assert text is not None
    assert 8 <= int(text) <= 500000


def test_fractions_are_exact() -> None:
    assert amount("0.3T", 1) == 3 * 2**40 // 10


def test_a_share_of_all_processors_is_what_it_comes_to_here() -> None:
    assert parse("CPULIMIT", "50%") == 50 * os.sysconf("SC_NPROCESSORS_ONLN")
