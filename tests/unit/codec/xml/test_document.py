from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt import errors
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.document import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    NAMESPACE,
    brief,
    is_writable,
    parse,
    serialise,
)


def test_texts_attributes_and_lines() -> None:
    root = parse("<?xml version='1.0'\n?>\n<a b='1 &lt; 2'>\n <c>x<![CDATA[&]]>y</c></a>")

    assert (root.tag, root.attributes, root.line) == ("a", {"b": "1 < 2"}, 3)
    assert [(node.tag, node.text, node.line) for node in root.children] == [("c", "x&y", 4)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_encodings_xml_names(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?><a>é</a>"
    assert parse(text.encode(encoding)).text == "é"
    assert parse(text).text == "é"


def test_our_vocabulary_has_our_prefix_whatever_the_author_calls_it() -> None:
    root = parse(
        f"<a xmlns:o='{NAMESPACE}'><o:b><c xmlns='{NAMESPACE}'/></o:b><x:d xmlns:x='urn:x'/></a>"
    )
    assert [node.tag for node in root.walk()] == ["a", "openvz:b", "openvz:c", "{urn:x}d"]


@pytest.mark.parametrize(
    ("fragment", "kept"),
    [
        ("<m:x a='1'>t</m:x>", '<m:x xmlns:m="urn:m" a="1">t</m:x>'),
        ("<x><!-- c --><?go on?><y/></x>", "<x><!-- c --><?go on?><y/></x>"),
        ("<x xmlns='urn:d'>&amp;&lt;</x>", '<x xmlns="urn:d">&amp;&lt;</x>'),
        (
            "<x xml:lang='en'> <m:y m:z='\"'/></x>",
            '<x xmlns:m="urn:m" xml:lang="en"> <m:y m:z="&quot;"/></x>',
        ),
    ],
)
def test_metadata_is_kept_verbatim_with_the_namespaces_it_uses(fragment: str, kept: str) -> None:
    root = parse(
        f"<domain xmlns:m='urn:m' xmlns:n='urn:n'><metadata>{fragment}</metadata></domain>"
    )
    assert root.children[0].verbatim == (kept,)
    assert parse(serialise(root)).children[0].verbatim == (kept,)


@pytest.mark.parametrize(
    "source",
    [
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x 'ha'><!ENTITY y '&x;&x;&x;'>]><a>&y;</a>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://localhost/'> %p;]><a/>",
    ],
)
def test_a_document_type_is_refused_before_anything_is_expanded(source: str) -> None:
    for each in (source, source.encode(), source.encode("utf-16")):
        with pytest.raises(errors.XmlError, match="line 1: a document type declaration"):
            parse(each)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("<a>" * (MAX_DEPTH + 1), "nested deeper than 64"),
        ("<a>" + "<b/>" * MAX_ELEMENTS + "</a>", "more than 20000 elements"),
        ("<a>" + " " * MAX_BYTES + "</a>", "larger than 1 MiB"),
        ("<a>\n<b></a>", "line 2: mismatched tag"),
        ("<a>&x;</a>", "line 1: undefined entity"),
        ("", "no element found"),
        ("<a/><b/>", "junk after document element"),
        ("<x:a/>", "prefix 'x' is not declared"),
        ("<a x:b='1'/>", "prefix 'x' is not declared"),
        ("<a>\x00</a>", "line 1"),
        ("<a>\ud800</a>", "not Unicode"),
        (b"<a>\xff</a>", "line 1"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "encoding"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "encoding"),
        (b"<?xml version='1.0' encoding='rot13'?><a/>", "encoding"),
    ],
)
def test_what_no_honest_document_has(source: str | bytes, message: str) -> None:
    with pytest.raises(errors.XmlError, match=message):
        parse(source)


def test_a_missing_declaration_of_our_prefix_is_explained() -> None:
    with pytest.raises(errors.XmlError) as caught:
        parse("<openvz:container/>")
    assert NAMESPACE in str(caught.value.hint)


def test_our_namespace_is_declared_once_where_it_begins() -> None:
    tree = Node("a", children=[Node("openvz:b", children=[Node("openvz:c")]), Node("openvz:d")])
    assert serialise(tree).count("xmlns:openvz") == 2
    assert brief(tree) == "<a><openvz:b><openvz:c/></openvz:b><openvz:d/></a>"


@settings(max_examples=50)
@given(text=st.text(), attribute=st.text())
def test_any_text_that_xml_can_carry_survives(text: str, attribute: str) -> None:
    tree = Node("a", {"b": attribute}, text=text)
    if is_writable(text) and is_writable(attribute):
        again = parse(serialise(tree))
        assert (again.text, again.attributes["b"]) == (text, attribute)
    else:
        with pytest.raises(errors.XmlError, match="<a> would hold the character"):
            serialise(tree)


@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text("<a>/&;!-[]'= \n\0é", max_size=40))
def test_any_bytes_are_a_tree_or_an_error(source: bytes | str) -> None:
    try:
        parse(source)
    except errors.XmlError as error:
        assert error.message
