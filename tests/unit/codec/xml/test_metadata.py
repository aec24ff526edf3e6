"""Elements below <metadata>, told by their namespaces."""

from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.xml import read_domain, write_domain
from vzvirt.codec.xml.metadata import find, replaced, without
from vzvirt.model.domain import Domain

APP = "http://app.example/1"
OTHER = "urn:other"


@pytest.mark.parametrize(
    ("text", "stored", "found"),
    [
        ("<a/>", f'<k:a xmlns:k="{APP}"/>', "<a/>"),
        (
            "<?xml version='1.0'?>\n<a b='1 &lt; 2'><c>x &amp; y</c> z</a>",
            f'<k:a xmlns:k="{APP}" b="1 &lt; 2"><c>x &amp; y</c> z</k:a>',
            '<a b="1 &lt; 2"><c>x &amp; y</c> z</a>',
        ),
        (
            f"<q:a xmlns:q='{APP}'><q:b/></q:a>",
            f'<k:a xmlns:k="{APP}"><k:b/></k:a>',
            "<a><b/></a>",
        ),
        (
            f"<a xmlns:o='{OTHER}'><o:b o:c='d' xml:lang='en'/><!-- e --><?f g?></a>",
            f'<k:a xmlns:k="{APP}"><ns3:b xmlns:ns3="{OTHER}" ns3:c="d" xml:lang="en"/>'
            "<!-- e --><?f g?></k:a>",
            f'<a><ns3:b xmlns:ns3="{OTHER}" ns3:c="d" xml:lang="en"/><!-- e --><?f g?></a>',
        ),
    ],
)
def test_set_and_found(text: str, stored: str, found: str) -> None:
    assert replaced((), text, "k", APP) == (stored,)
    assert find((stored,), APP) == found


def test_each_namespace_has_one_element() -> None:
    first = replaced((), "<a/>", "k", APP)
    both = replaced(first, "<b/>", "o", OTHER)
    again = replaced(both, "<c/>", "q", APP)
    assert find(again, APP) == "<c/>"
    assert find(again, OTHER) == "<b/>"
    assert without(again, APP) == both[1:]
    assert find(both, "urn:none") is None
    assert without(both, "urn:none") == both


def test_it_stands_in_the_document() -> None:
    domain = Domain(name="web", metadata=replaced((), "<a><b>c</b></a>", "k", APP))
    again = read_domain(write_domain(domain)).domain
    assert find(again.metadata, APP) == "<a><b>c</b></a>"


@pytest.mark.parametrize(
    "text",
    ["", "a", "<a/><b/>", "<a>", "<!DOCTYPE a><a/>", "</metadata>", "<a/></metadata><metadata>"],
)
def test_what_is_no_element(text: str) -> None:
    with pytest.raises(errors.XmlError):
        replaced((), text, "k", APP)


@pytest.mark.parametrize(
    ("prefix", "uri"), [("", APP), ("1", APP), ("a:b", APP), ("k", ""), ("xmlns", APP)]
)
def test_what_is_no_namespace(prefix: str, uri: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        replaced((), "<a/>", prefix, uri)
