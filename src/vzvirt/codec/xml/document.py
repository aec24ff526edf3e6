"""XML text and trees of nodes.

Documents come from strangers, so what could cost more than the document's own size is refused
while it is read: any document type declaration (and with it every entity and every outside
reference), more than a megabyte, deep nesting, masses of elements. The parser of the standard
library is used because it can be stopped at the first such event and is quick to load.

Tags of our own vocabulary carry the prefix ``openvz:`` whatever the author called it; those of
any other namespace carry its name in braces, so nobody takes them for libvirt's. What stands
below ``<metadata>`` is not looked into: it becomes text again, the same as it was but for quotes
and character references.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

from vzvirt import errors
from vzvirt.codec.tree import Node

NAMESPACE: Final = "http://libvirt.org/schemas/domain/openvz/1.0"
"""Namespace of what OpenVZ has beyond libvirt's schema."""

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 20_000

_VERBATIM: Final = "metadata"
_VERBATIM_DEPTH: Final = 3  # our own top, <domain>, <metadata>
_PREDEFINED: Final = {"xml": "http://www.w3.org/XML/1998/namespace"}
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ATTRIBUTE_ESCAPES: Final = {**_ESCAPES, "'": "&apos;", "\t": "&#9;", "\n": "&#10;"}
_FRAGMENT_ESCAPES: Final = {**_ESCAPES, '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}


def parse(source: str | bytes) -> Node:
    """Read a document.

    Raises:
        XmlError: It is malformed, or has what no honest document has; with the line.
    """
    return _Reader().read(as_bytes(source))


def as_bytes(source: str | bytes) -> bytes:
    """A document's bytes; a ``str`` as UTF-8, whatever its declaration says.

    Raises:
        XmlError: It is too large or not Unicode text.
    """
    if isinstance(source, str):
        source = re.sub(r"^\s*<\?xml\s[^>]*\?>", _blanks, source, count=1)
        try:
            source = source.encode()
        except UnicodeEncodeError:
            raise errors.XmlError("the document is not Unicode text") from None
    if len(source) > MAX_BYTES:
        raise errors.XmlError(f"the document is larger than {MAX_BYTES >> 20} MiB")
    return source


def _blanks(match: re.Match[str]) -> str:
    """As many lines, so that line numbers stay right."""
    return "\n" * match[0].count("\n")


class _Reader:
    """One pass over one document.

    ``_open`` are the elements begun and not ended, ``_scopes`` the prefixes each declares.
    ``_fragment`` is the text of the element below ``<metadata>`` that is being put together.
    """

    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._doctype
        self._top = Node("")
        self._open = [self._top]
        self._scopes: list[dict[str, str]] = [_PREDEFINED]
        self._elements = 0
        self._fragment: _Fragment | None = None

    def read(self, source: bytes) -> Node:
        try:
            self._parser.Parse(source, True)
        except expat.ExpatError as failure:
            reason = expat.errors.messages.get(failure.code, "it is not XML")
            raise errors.XmlError(f"line {failure.lineno}: {reason}") from None
        except (ValueError, LookupError):
            raise errors.XmlError("the document's encoding is not supported") from None
        return self._top.children[0]

    def _doctype(self, *_: object) -> None:
        raise errors.XmlError(
            f"line {self._parser.CurrentLineNumber}: a document type declaration is not accepted",
            hint="remove <!DOCTYPE ...>; entities are never expanded",
        )

    def _start(self, name: str, flat: list[str]) -> None:
        line = self._parser.CurrentLineNumber
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise errors.XmlError(f"line {line}: more than {MAX_ELEMENTS} elements")
        if len(self._scopes) > MAX_DEPTH:
            raise errors.XmlError(f"line {line}: elements are nested deeper than {MAX_DEPTH}")
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        self._scopes.append(_declared(pairs))
        used = {name.partition(":")[0] if ":" in name else ""}
        used |= {key.partition(":")[0] for key, _ in pairs if ":" in key} - {"xmlns"}
        for prefix in used - {""}:
            self._namespace(prefix)
        if self._fragment is not None:
            self._fragment.start(name, pairs, used)
        elif len(self._open) == _VERBATIM_DEPTH and self._open[-1].tag == _VERBATIM:
            self._fragment = _Fragment(len(self._scopes))
            self._fragment.start(name, pairs, used)
        else:
            plain = {key: value for key, value in pairs if ":" not in key and key != "xmlns"}
            node = Node(self._tag(name), plain, line=line)
            self._open[-1].children.append(node)
            self._open.append(node)

    def _end(self, name: str) -> None:
        if self._fragment is None:
            self._open.pop()
        else:
            self._fragment.end(name)
            if len(self._scopes) == self._fragment.depth:
                inherited = {
                    prefix: self._namespace(prefix, skip=1) for prefix in self._fragment.inherited
                }
                self._open[-1].verbatim += (self._fragment.finish(inherited),)
                self._fragment = None
        self._scopes.pop()

    def _text(self, data: str) -> None:
        if self._fragment is None:
            self._open[-1].text += data
        else:
            self._fragment.add(escape(data, _ESCAPES))

    def _comment(self, data: str) -> None:
        if self._fragment is not None:
            self._fragment.add(f"<!--{data}-->")

    def _instruction(self, target: str, data: str) -> None:
        if self._fragment is not None:
            self._fragment.add(f"<?{target} {data}?>")

    def _namespace(self, prefix: str, *, skip: int = 0) -> str:
        for scope in reversed(self._scopes[: len(self._scopes) - skip]):
            if prefix in scope:
                return scope[prefix]
        if prefix == "":
            return ""
        raise errors.XmlError(
            f"line {self._parser.CurrentLineNumber}: prefix '{prefix}' is not declared",
            hint=f"declare it: xmlns:{prefix}='{NAMESPACE}'" if prefix == "openvz" else None,
        )

    def _tag(self, name: str) -> str:
        prefix, _, local = name.rpartition(":")
        namespace = self._namespace(prefix)
        if namespace == NAMESPACE:
            return f"openvz:{local}"
        return f"{{{namespace}}}{local}" if namespace else local


def _declared(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The prefixes that an element's attributes declare; the empty one is the default."""
    return {key[6:]: value for key, value in pairs if f"{key}:".startswith("xmlns:")}


class _Fragment:
    """An element below ``<metadata>``, becoming text again."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.inherited: list[str] = []
        self._scopes: list[set[str]] = []
        self._parts: list[str] = []
        self._head = ""
        self._tag_open = False

    def start(self, name: str, pairs: list[tuple[str, str]], used: set[str]) -> None:
        self._scopes.append(set(_declared(pairs)))
        known = set().union(*self._scopes) | set(_PREDEFINED)
        self.inherited += sorted(used - known - set(self.inherited))
        attributes = "".join(
            f' {key}="{escape(value, _FRAGMENT_ESCAPES)}"' for key, value in pairs
        )
        if not self._head:
            self._head = f"<{name}"
            self.add(attributes)
        else:
            self.add(f"<{name}{attributes}")
        self._tag_open = True

    def end(self, name: str) -> None:
        self._scopes.pop()
        if self._tag_open:
            self._tag_open = False
            self._parts.append("/>")
        else:
            self._parts.append(f"</{name}>")

    def add(self, text: str) -> None:
        if self._tag_open:
            self._tag_open = False
            self._parts.append(">")
        self._parts.append(text)

    def finish(self, inherited: dict[str, str]) -> str:
        """The whole text; what it used of its surroundings' declarations comes along."""
        declarations = "".join(
            f' xmlns{":" if prefix else ""}{prefix}="{escape(uri, _FRAGMENT_ESCAPES)}"'
            for prefix, uri in inherited.items()
            if uri
        )
        return self._head + declarations + "".join(self._parts)


def escape(text: str, escapes: dict[str, str]) -> str:
    """Replace what must not stand as it is."""
    for char, instead in escapes.items():
        text = text.replace(char, instead)
    return text


def serialise(root: Node) -> str:
    """Write a document: two blanks per level, our namespace declared where it is used.

    Raises:
        XmlError: A text has a character that XML cannot carry.
    """
    return "\n".join([*_lines(root, "", declared=False), ""])


def brief(node: Node) -> str:
    """An element in one line, for messages."""
    return "".join(line.strip() for line in _lines(node, "", declared=True))


def _lines(node: Node, indent: str, *, declared: bool) -> list[str]:
    head = f"{indent}<{node.tag}"
    if node.tag.startswith("openvz:") and not declared:
        head += f" xmlns:openvz='{NAMESPACE}'"
        declared = True
    for name, value in node.attributes.items():
        head += f" {name}='{escape(_writable(node, value), _ATTRIBUTE_ESCAPES)}'"
    text = escape(_writable(node, node.text), _ESCAPES)
    if node.verbatim or node.children:
        inner = [f"{indent}  {fragment}" for fragment in node.verbatim]
        for child in node.children:
            inner += _lines(child, indent + "  ", declared=declared)
        return [f"{head}>", *inner, f"{indent}</{node.tag}>"]
    return [f"{head}>{text}</{node.tag}>" if text else f"{head}/>"]


def _writable(node: Node, text: str) -> str:
    bad = _UNWRITABLE.search(text)
    if bad:
        raise errors.XmlError(
            f"<{node.tag}> would hold the character {bad[0]!r}, which XML cannot carry"
        )
    return text


def is_writable(text: str) -> bool:
    """Whether XML can carry a text."""
    return not _UNWRITABLE.search(text)
