from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

import rows
from vzvirt.codec.xml import write_capabilities, write_domain_capabilities
from vzvirt.codec.xml.capabilities import HOST, PLATFORM
from vzvirt.codec.xml.document import parse
from vzvirt.model.capabilities import (
    NO_SECURITY_MODEL,
    CacheBank,
    CacheKind,
    Capabilities,
    DomainCapabilities,
    HostTopology,
    NumaCell,
    PagePool,
    Processor,
    platforms,
)

GOLDEN = Path(__file__).parents[3] / "golden" / "capabilities"
KIB = 1024


def cell(number: int, *processors: int) -> NumaCell:
    """A cell of processors that are two threads of one core."""
    return NumaCell(
        number=number,
        memory=8 << 30,
        pages=(
            PagePool(size=4 * KIB, total=2097152, free=17),
            PagePool(size=2048 * KIB, total=16, free=3),
        ),
        distances=((0, 10 if number == 0 else 21), (1, 21 if number == 0 else 10)),
        processors=tuple(
            Processor(number=each, socket=number, die=0, core=0, siblings=processors)
            for each in processors
        ),
    )


CAPABILITIES = Capabilities(
    uuid=UUID("8e4df533-2af8-4241-8a00-aef5a2133a71"),
    arch="x86_64",
    topology=HostTopology(
        cells=(cell(0, 0, 2), cell(1, 1, 3)),
        caches=(
            CacheBank(number=0, level=3, kind=CacheKind.BOTH, size=32 << 20, processors=(0, 2)),
            CacheBank(number=1, level=3, kind=CacheKind.DATA, size=8 << 20, processors=(1, 3)),
        ),
        offline=4,
    ),
    security=NO_SECURITY_MODEL,
    platforms=platforms("x86_64"),
    emulator="/usr/bin/vzvirt",
    virtualisation="openvz",
)

DOMAIN = DomainCapabilities(
    emulator="/usr/bin/vzvirt",
    virtualisation="openvz",
    arch="i686",
    vcpus=4,
    hostdev_modes=("subsystem", "capabilities"),
    hostdev_kinds=("pci",),
    hostdev_capabilities=("net", "storage", "misc"),
)


def check(name: str, found: str, *, regenerate: bool) -> None:
    expected = GOLDEN / f"{name}.xml"
    if regenerate:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(found)
    assert found == expected.read_text()


def test_golden_capabilities(regenerate: bool) -> None:
    check("capabilities", write_capabilities(CAPABILITIES), regenerate=regenerate)


def test_golden_domain_capabilities(regenerate: bool) -> None:
    check("domain", write_domain_capabilities(DOMAIN), regenerate=regenerate)


def test_every_field_is_said_and_every_row_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for spec in (*rows.specs(HOST), PLATFORM):
        assert rows.missing(spec) == set()
    seen = rows.exercised(monkeypatch, "write")
    write_capabilities(CAPABILITIES)
    assert rows.unused(HOST, "write", seen) == []
    assert rows.unused(PLATFORM, "write", seen) == []


def test_clients_find_what_they_ask_for_first() -> None:
    """A guest of type ``exe`` for the host's machine, with an emulator."""
    document = parse(write_capabilities(CAPABILITIES))
    arch = document.find("host", "cpu", "arch")
    assert arch
    first = document.find("guest")
    assert first
    (os_type,) = first.find_all("os_type")
    (guest,) = first.find_all("arch")
    assert (os_type.text, guest.attributes["name"]) == ("exe", arch.text)
    (emulator,) = guest.find_all("emulator")
    assert emulator.text == "/usr/bin/vzvirt"


def test_a_machine_without_shared_caches_has_none() -> None:
    text = write_capabilities(
        Capabilities(
            uuid=CAPABILITIES.uuid,
            arch="riscv64",
            topology=HostTopology(cells=(cell(0, 0),)),
            security=NO_SECURITY_MODEL,
            platforms=platforms("riscv64"),
            emulator="/usr/bin/vzvirt",
            virtualisation="openvz",
        )
    )
    assert parse(text).find_all("host", "cache") == []
    assert len(parse(text).find_all("guest")) == 1
