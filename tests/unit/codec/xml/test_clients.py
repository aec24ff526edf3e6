"""Documents that clients were given, and what they make of them."""

from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.xml import read_domain, write_domain
from vzvirt.model.domain import Domain, OperatingSystem
from vzvirt.model.resources import Memory
from vzvirt.model.values import UNLIMITED, Limit

MIB = 1 << 20


def document(memory: str, now: str) -> str:
    return (
        "<domain type='openvz'><name>web</name>"
        f"<memory unit='MiB'>{memory}</memory>"
        f"<currentMemory unit='KiB'>{now}</currentMemory></domain>"
    )


def read(memory: str, now: str, told: Limit | None) -> Limit | None:
    asked: list[str] = []

    def tell(name: str) -> Limit | None:
        asked.append(name)
        return told

    limit = read_domain(document(memory, now), told_memory=tell).domain.memory.limit
    assert asked in ([], ["web"])
    return limit


def test_what_is_told() -> None:
    text = write_domain(Domain(name="web", memory=Memory(limit=4 * MIB)), arch="riscv64")
    assert "<memory unit='KiB'>4096</memory>\n  <currentMemory unit='KiB'>4096<" in text
    assert "<type arch='riscv64'>exe</type>" in text
    assert "currentMemory" not in write_domain(Domain(name="web"), arch="riscv64")
    other = Domain(name="web", os=OperatingSystem(arch="i686"))
    assert "<type arch='i686'>" in write_domain(other, arch="x86_64")


def test_the_one_that_was_changed_is_meant() -> None:
    assert read("4", "4096", 4 * MIB) == 4 * MIB
    assert read("8", "4096", 4 * MIB) == 8 * MIB
    assert read("4", "2048", 4 * MIB) == 2 * MIB
    assert read("8", "8192", 4 * MIB) == 8 * MIB
    assert read("8", str((1 << 53) - 1), UNLIMITED) == 8 * MIB


@pytest.mark.parametrize("told", [None, 16 * MIB])
def test_both_were_changed_and_disagree(told: Limit | None) -> None:
    with pytest.raises(errors.XmlError, match="currentMemory"):
        read("8", "4096", told)


def test_who_was_told_nothing_says_one_thing() -> None:
    with pytest.raises(errors.XmlError, match="currentMemory"):
        read_domain(document("8", "4096"))
