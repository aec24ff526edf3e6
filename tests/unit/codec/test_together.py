"""Config files and XML say the same things: what one gives, the other can hold."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutations import mutants
from strategies import stored_domains
from unit.codec.vzconf.configs import GOLDEN, configs, examples
from vzvirt import errors
from vzvirt.codec import xml
from vzvirt.codec.vzconf import EMPTY, PARAMS, Document, apply, merge, read, remainder, rounded
from vzvirt.model.domain import NOT_IN_XML, Domain
from vzvirt.model.values import Ctid

CTID = Ctid(101)
DOCUMENTS = Path(__file__).parents[2] / "golden" / "xml"
VALUE_CHARS = "0123456789unlimitedyesnoallKMGTPB.:;,=-%/$ \u00e9"
FACTS = [param.key for param in PARAMS if param.fields]


def through_xml(document: Document) -> tuple[Domain, Domain]:
    """What a config says, before and after it was XML; autostart is a line there."""
    found = read(document, CTID, keep_foreign=True, unsayable=NOT_IN_XML).domain
    found = dataclasses.replace(found, autostart=None)
    return found, xml.read_domain(xml.write_domain(found)).domain


@examples(25)
@given(stored_domains())
def test_config_and_sidecar_on_disk_are_the_definition(domain: Domain) -> None:
    config = Document.parse(apply(EMPTY, domain).serialise())
    sidecar = xml.read_partial(xml.write_partial(remainder(domain)))
    assert merge(read(config, domain.ctid).domain, sidecar) == rounded(domain)


@examples(40)
@given(configs())
def test_xml_can_say_what_any_config_says(document: Document) -> None:
    before, after = through_xml(document)
    assert after == before


@examples(100)
@given(
    st.dictionaries(
        st.sampled_from(FACTS),
        st.text(VALUE_CHARS, max_size=12) | st.integers(0, 2**66).map(str),
        max_size=4,
    )
)
def test_xml_can_say_any_value(values: dict[str, str]) -> None:
    before, after = through_xml(EMPTY.with_values(values))
    assert after == before


def test_a_config_becomes_xml_and_itself_again() -> None:
    document = Document.parse((GOLDEN / "vswap.conf").read_bytes())
    before, after = through_xml(document)
    canonical = apply(EMPTY, before)
    assert apply(EMPTY, after) == canonical
    kept = {line for line in document.lines if line.startswith(("#", "ONBOOT"))}
    assert kept <= {line.rstrip() for line in canonical.lines}


def stored(domain: Domain) -> Domain:
    """What the store gives back of a definition, from its two files."""
    config = Document.parse(apply(EMPTY, domain).serialise())
    sidecar = xml.read_partial(xml.write_partial(remainder(domain)))
    kept = merge(read(config, domain.ctid).domain, sidecar)
    assert apply(config, kept) == config
    return kept


def test_500_mutated_documents_are_refused_or_stored_each() -> None:
    chance = random.Random(20080723)  # noqa: S311  # the same documents each time
    sources = [path.read_text() for path in sorted(DOCUMENTS.glob("*.xml"))]
    good = 0
    for text in mutants(chance, sources, 500):
        try:
            domain = xml.read_domain(text).domain
            kept = stored(domain)
        except errors.CallerError:
            continue
        assert stored(kept) == kept, text
        good += 1
    assert good > 100


@pytest.mark.parametrize(
    "inside",
    [
        "<description>   </description>",
        "<os template=' '/>",
        "<openvz:container><openvz:mount_opts> </openvz:mount_opts></openvz:container>",
    ],
)
def test_what_is_blank_is_no_defect(inside: str) -> None:
    head = "<domain type='openvz' xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>"
    text = f"{head}<name>x</name>{inside}</domain>"
    domain = xml.read_domain(text).domain
    assert stored(domain).description == domain.description
