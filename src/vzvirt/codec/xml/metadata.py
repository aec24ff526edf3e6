"""Elements below ``<metadata>``, each told by its namespace: found, set and removed one by one.

A definition keeps them as texts. A client that asks for one names its namespace and gets the
element without it; one that sets an element names the prefix, too.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import (
    Comment,
    Element,
    ProcessingInstruction,
    TreeBuilder,
    XMLParser,
)

from vzvirt import errors
from vzvirt.codec.xml.document import escape, parse

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_PREFIX: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_PROLOG: Final = re.compile(r"^\s*<\?xml\s[^>]*\?>")
_TEXT: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ATTRIBUTE: Final = {**_TEXT, '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}


def namespace(text: str) -> str:
    """The namespace of an element."""
    return _split(_parsed(text).tag)[0]


def find(metadata: tuple[str, ...], uri: str) -> str | None:
    """The element of a namespace, as text without that namespace; ``None``: there is none."""
    for text in metadata:
        element = _parsed(text)
        if _split(element.tag)[0] == uri:
            return _written(element, {uri: "", "": ""})
    return None


def without(metadata: tuple[str, ...], uri: str) -> tuple[str, ...]:
    """What is left when the element of a namespace is removed."""
    return tuple(text for text in metadata if namespace(text) != uri)


def replaced(metadata: tuple[str, ...], text: str, prefix: str, uri: str) -> tuple[str, ...]:
    """What there is when an element of a namespace is set.

    Args:
        metadata: What there is so far.
        text: The element; its own namespace, if it has any, gives way.
        prefix: What stands for the namespace in the document.
        uri: The namespace.

    Raises:
        XmlError: The text is not one element.
        InvalidArgument: The prefix is none.
    """
    if not uri or not _PREFIX.fullmatch(prefix) or prefix.lower().startswith("xml"):
        raise errors.InvalidArgument(
            f"the metadata's prefix '{prefix[:40]}' or its namespace '{uri[:80]}' is not usable"
        )
    document = parse(f"<domain><metadata>{_PROLOG.sub('', text)}</metadata></domain>")
    elements = [text for child in document.children for text in child.verbatim]
    if len(document.children) != 1 or len(elements) != 1:
        raise errors.XmlError("metadata is to be one element")
    element = _parsed(elements[0])
    element.tag = f"{{{uri}}}{_split(element.tag)[1]}"
    return (*without(metadata, uri), _written(element, {uri: prefix, "": ""}, declare=uri))


def _parsed(text: str) -> Element:
    """An element that a document held, so it is known to be harmless."""
    builder = TreeBuilder(insert_comments=True, insert_pis=True)
    parser = XMLParser(target=builder)  # noqa: S314  # what declares types was refused
    parser.feed(text)
    element: Element = parser.close()
    return element


def _split(tag: str) -> tuple[str, str]:
    """Namespace and name."""
    namespace, brace, name = tag.rpartition("}")
    return (namespace[1:], name) if brace else ("", tag)


def _written(element: Element, prefixes: dict[str, str], *, declare: str = "") -> str:
    """An element as text.

    Args:
        element: The element.
        prefixes: What stands for each namespace that is known here.
        declare: One of them, which is declared with this element.
    """
    kind: object = element.tag  # those that are no elements have a function instead
    if kind in {Comment, ProcessingInstruction}:
        mark = "!--{}--" if kind is Comment else "?{}?"
        return f"<{mark.format(element.text or '')}>"
    names = [element.tag, *element.attrib]
    known = {**prefixes, _XML: "xml"}
    before = len(known)
    for name in names:
        known.setdefault(_split(name)[0], f"ns{len(known)}")
    declared = ([declare] if declare else []) + list(known)[before:]
    attributes = [(f"xmlns:{known[uri]}", uri) for uri in declared]
    attributes += [(_named(name, known), value) for name, value in element.attrib.items()]
    head = _named(element.tag, known)
    head += "".join(f' {name}="{escape(value, _ATTRIBUTE)}"' for name, value in attributes)
    inside = escape(element.text or "", _TEXT) + "".join(
        _written(child, known) + escape(child.tail or "", _TEXT) for child in element
    )
    return f"<{head}>{inside}</{_named(element.tag, known)}>" if inside else f"<{head}/>"


def _named(name: str, prefixes: dict[str, str]) -> str:
    uri, local = _split(name)
    return f"{prefixes[uri]}:{local}" if prefixes[uri] else local
