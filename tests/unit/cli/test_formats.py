"""Amounts in and out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt import errors
from vzvirt.cli.formats import (
    duration_text,
    read_assignment,
    read_ctid,
    read_inodes,
    read_number,
    read_percent,
    read_seconds,
    read_size,
    read_size_limit,
    read_space,
    size_text,
)
from vzvirt.model.values import UNLIMITED, Ctid, SoftHard


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "-"),
        (UNLIMITED, "unlimited"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1 << 30, "1 GiB"),
        ((1 << 30) - 1, "1 GiB"),
        (256 << 20, "256 MiB"),
        (1 << 62, "4096 PiB"),
    ],
)
def test_sizes_for_people(size: int | None, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0, "0s"), (59.9, "59s"), (3661, "1h 1m"), (90061, "1d 1h"), (-3, "0s")],
)
def test_durations_for_people(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10", 10240),
        ("10K", 10240),
        ("10KiB", 10240),
        ("1.5m", 3 << 19),
        ("2G", 2 << 30),
        ("2gb", 2 << 30),
        ("1T", 1 << 40),
        ("4096B", 4096),
        ("4096b", 4096),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert read_size(text) == size


@settings(max_examples=50)
@given(st.integers(0, 1 << 50))
def test_a_size_in_bytes_is_exact(size: int) -> None:
    assert read_size(f"{size}B") == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "1 G x", "1e3", "10X", "\u0661", "1GG", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        read_size(text)


def test_quotas_are_read() -> None:
    assert read_space("1G:2G") == SoftHard(1 << 30, 2 << 30)
    assert read_space("1G") == SoftHard(1 << 30, 1 << 30)
    assert read_inodes("10:20") == SoftHard(10, 20)
    for bad in ("20:10", ":5", "a:b", "1:2:3"):
        with pytest.raises(errors.InvalidArgument):
            read_inodes(bad)
        with pytest.raises(errors.InvalidArgument):
            read_space(bad)


def test_the_rest_is_read() -> None:
    assert read_seconds("1.5") == 1.5
    assert read_ctid("101") == Ctid(101)
    assert read_assignment("A=b=c") == ("A", "b=c")
    for bad in ("x", "-1", "inf", "nan"):
        with pytest.raises(errors.InvalidArgument):
            read_seconds(bad)
    for bad in ("A", "=b"):
        with pytest.raises(errors.InvalidArgument):
            read_assignment(bad)


def test_limits() -> None:
    assert read_size_limit("unlimited") is UNLIMITED
    assert read_size_limit("2M") == 2 << 20
    assert (read_number("12"), read_percent("150%"), read_percent("50")) == (12, 150, 50)
    for wrong in ("", "-1", "1.5", "x", "5%"):
        with pytest.raises(errors.InvalidArgument):
            read_number(wrong)
