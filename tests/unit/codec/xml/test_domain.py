from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import rows
import strategies
from vzvirt import errors
from vzvirt.codec import schema
from vzvirt.codec.xml import (
    read_domain,
    read_partial,
    validate,
    write_domain,
    write_partial,
)
from vzvirt.codec.xml.domain import DOMAIN, SIDECAR
from vzvirt.model.domain import NOT_IN_XML, Domain, OpenvzSettings
from vzvirt.model.resources import Accounting, Beancounter, Memory
from vzvirt.model.values import UNLIMITED, BarrierLimit, Ctid

GOLDEN = Path(__file__).parents[3] / "golden" / "xml"
CASES = sorted(path.name.removesuffix(".in.xml") for path in GOLDEN.glob("*.in.xml"))

few = settings(max_examples=25)


def golden_out(case: str) -> str:
    """Canonical form, and below it the warnings as comments."""
    read = read_domain((GOLDEN / f"{case}.in.xml").read_bytes())
    warnings = "".join(f"<!-- {line.replace('--', '- -')} -->\n" for line in read.warnings)
    return write_domain(read.domain) + warnings


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, regenerate: bool) -> None:
    expected = GOLDEN / f"{case}.out.xml"
    found = golden_out(case)
    if regenerate:
        expected.write_text(found)

    assert found == expected.read_text()
    again = read_domain(found)
    assert again.domain == read_domain((GOLDEN / f"{case}.in.xml").read_bytes()).domain
    assert [line for line in again.warnings if "reserved" not in line] == []
    validate(found)
    validate((GOLDEN / f"{case}.in.xml").read_bytes())


def test_golden_sidecar() -> None:
    text = (GOLDEN / "sidecar.xml").read_text()
    domain = read_partial(text)

    assert domain.provisioned
    assert domain.idmap_shifted
    assert domain.disposable
    assert write_partial(domain) == text
    validate(text)


@few
@given(strategies.domains())
def test_what_is_written_is_read(domain: Domain) -> None:
    text = write_domain(domain)
    read = read_domain(text, validate=True)

    assert read.domain == domain
    assert read.warnings == ()
    assert write_domain(read.domain) == text


@few
@given(strategies.domains())
def test_what_is_written_for_clients_is_read(domain: Domain) -> None:
    text = write_domain(domain, arch="riscv64")
    read = read_domain(text, validate=True)

    machine = dataclasses.replace(domain.os, arch=domain.os.arch or "riscv64")
    assert read.domain == dataclasses.replace(domain, os=machine)
    assert read.warnings == ()
    assert text.count("\n  <memory ") == text.count("\n  <currentMemory ")


@few
@given(strategies.stored_domains())
def test_the_sidecar_holds_all_but_autostart(domain: Domain) -> None:
    text = write_partial(domain)

    assert read_partial(text) == dataclasses.replace(domain, autostart=None)
    assert len(text) <= len(write_domain(domain)) + 200
    validate(text)


def test_a_sidecar_of_nothing_is_almost_nothing() -> None:
    assert write_partial(Domain(name="x")).splitlines() == [
        "<domain type='openvz'>",
        "  <name>x</name>",
        "</domain>",
    ]


# Every declaration is complete, and used


@pytest.mark.parametrize(
    "spec", rows.specs(SIDECAR), ids=lambda spec: getattr(spec.build, "__name__", "?")
)
def test_every_field_is_claimed(spec: schema.Spec[Any]) -> None:
    assert rows.missing(spec) <= (NOT_IN_XML if spec is SIDECAR else set())


def test_what_is_not_in_the_xml_is_not_declared_there() -> None:
    assert NOT_IN_XML.isdisjoint(row.key for row in DOMAIN.rows)
    assert {field.name for field in dataclasses.fields(Domain)} >= NOT_IN_XML


@pytest.mark.parametrize("how", ["read", "write"])
def test_every_row_is_exercised_by_some_golden_case(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    seen = rows.exercised(monkeypatch, how)
    for case in CASES:
        golden_out(case)
    write_partial(read_partial((GOLDEN / "sidecar.xml").read_text()))

    assert rows.unused(SIDECAR, how, seen) == []


# Single facts


def test_a_numeric_name_is_the_number() -> None:
    read = read_domain("<domain type='openvz'><name>209</name></domain>")
    assert read.domain.ctid == Ctid(209)
    assert "id='209'" in write_domain(read.domain)


def test_a_low_number_is_warned_about() -> None:
    read = read_domain("<domain type='openvz' id='7'><name>x</name></domain>")
    assert [line for line in read.warnings if "reserved" in line and "id='7'" in line]


@pytest.mark.parametrize("limit", [UNLIMITED, 1, 4096, 123456789, 2**45])
@pytest.mark.parametrize("swap", [None, UNLIMITED, 0, 4097, 2**45])
def test_memory_and_swap_survive(limit: Any, swap: Any) -> None:
    domain = Domain(name="x", memory=Memory(limit=limit, swap=swap, min_guarantee=UNLIMITED))
    assert read_domain(write_domain(domain)).domain == domain
    assert read_partial(write_partial(domain)) == domain


def test_swap_without_memory_survives() -> None:
    domain = Domain(name="x", memory=Memory(swap=8192))
    assert read_domain(write_domain(domain)).domain == domain


def test_beancounters_that_memory_holds_become_memory() -> None:
    read = read_domain(
        """<domain type='openvz'><name>x</name>
        <openvz:container xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'
                          accounting='vswap'>
          <openvz:ubc name='physpages' barrier='0' limit='65536'/>
          <openvz:ubc name='swappages' barrier='7' limit='unlimited'/>
        </openvz:container></domain>"""
    )
    assert read.domain.memory == Memory(limit=65536 * 4096, swap=UNLIMITED)
    assert read.domain.openvz.beancounters == (
        Beancounter("swappages", BarrierLimit(7, UNLIMITED)),
    )
    assert len(read.warnings) == 2


def test_a_beancounter_that_says_more_than_memory_stays() -> None:
    rows = (Beancounter("vmguarpages", BarrierLimit(5, 9)),)
    domain = Domain(
        name="x",
        memory=Memory(min_guarantee=5 * 4096),
        openvz=OpenvzSettings(accounting=Accounting.UBC, beancounters=rows),
    )
    assert read_domain(write_domain(domain)).domain == domain


def test_a_text_xml_cannot_carry_is_refused_by_name() -> None:
    with pytest.raises(errors.XmlError, match="<title> would hold the character"):
        write_domain(Domain(name="x", title="a\x07b"))


def test_a_garbage_line_is_carried_all_the_same() -> None:
    from vzvirt.model.domain import ForeignLine

    lines = (ForeignLine(0, "\udcff\x00 #"), ForeignLine(9, "  plain "), ForeignLine(10, ""))
    domain = Domain(name="x", openvz=OpenvzSettings(foreign_lines=lines))
    assert read_domain(write_domain(domain)).domain == domain
