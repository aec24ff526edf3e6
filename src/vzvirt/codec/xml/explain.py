"""Why a document is not valid, in words that name the element.

The library that validates knows only that some whole is wrong once the children of an element may
stand in any order. So a document that failed is walked beside the schema: whatever the schema has
no place for is named, what it asks for and is not there, and what stands more often than it may.
Conditions on several things at once are left to the library's own words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from vzvirt.codec.tree import Node

_RNG: Final = "{http://relaxng.org/ns/structure/1.0}"

_LEAVES: Final = frozenset({"element", "attribute"})
_NEED_NOT_BE: Final = frozenset({"optional", "zeroOrMore"})
_ANY_NUMBER: Final = frozenset({"zeroOrMore", "oneOrMore"})


@dataclass(slots=True)
class _Content:
    """What may stand in an element or attribute, whatever the order and number."""

    elements: list[etree._Element] = field(default_factory=list)
    attributes: list[etree._Element] = field(default_factory=list)
    texts: list[etree._Element] = field(default_factory=list)


class Explainer:
    """Knows one schema; see the module's docstring."""

    def __init__(self, grammar: etree._Element) -> None:
        self._defines = {item.get("name"): item for item in grammar.iter(f"{_RNG}define")}
        (self._start,) = grammar.iter(f"{_RNG}start")

    def reasons(self, root: Node) -> list[str]:
        """All reasons that can be told."""
        outer = _Content()
        self._collect(self._start, outer)
        patterns = [item for item in outer.elements if _matches(item, root.tag)]
        if not patterns:
            return [f"{root.spelling} cannot be the document's root"]
        return list(self._reasons(root, patterns))

    def _reasons(self, node: Node, patterns: list[etree._Element]) -> Iterator[str]:
        inside = self._contents(patterns)
        for name, value in node.attributes.items():
            known = [item for item in inside.attributes if _matches(item, name)]
            if not known:
                yield f"{node.spelling}: there is no attribute '{name}'"
            elif not self._allowed(value, self._contents(known).texts or known):
                yield f"{node.spelling}: {name}='{value[:40]}' is not possible"
        if node.text.strip() and not self._allowed(node.text, inside.texts):
            yield f"{node.spelling}: the text '{node.text.strip()[:40]}' is not possible here"
        yield from self._missing(node, patterns)
        yield from self._repeated(node, patterns)
        for child in node.children:
            known = [item for item in inside.elements if _matches(item, child.tag)]
            if not known:
                yield f"{child.spelling} is not known in <{node.tag}>"
            else:
                yield from self._reasons(child, known)

    def _missing(self, node: Node, patterns: list[etree._Element]) -> Iterator[str]:
        """What each pattern that could be meant asks for."""
        present = {f"<{child.tag}>" for child in node.children}
        present |= {f"{name}=" for name in node.attributes}
        asked = frozenset.intersection(*(self._asked_for(self._parts(item)) for item in patterns))
        yield from (f"{node.spelling} has no {what}" for what in sorted(asked - present))

    def _asked_for(self, parts: list[etree._Element]) -> frozenset[str]:
        return frozenset().union(*map(self._asked, parts))

    def _asked(self, pattern: etree._Element) -> frozenset[str]:
        """The elements and attributes that a pattern cannot do without, as people write them."""
        kind, name = _kind(pattern), pattern.get("name")
        if kind in _NEED_NOT_BE or (kind in _LEAVES and name is None):
            return frozenset()
        if kind in _LEAVES:
            return frozenset({f"<{name}>" if kind == "element" else f"{name}="})
        if kind == "choice":
            return frozenset.intersection(*map(self._asked, self._parts(pattern)))
        return self._asked_for(self._parts(pattern))

    def _repeated(self, node: Node, patterns: list[etree._Element]) -> Iterator[str]:
        found: dict[str, list[Node]] = {}
        for child in node.children:
            found.setdefault(child.tag, []).append(child)
        for tag, same in found.items():
            most = max(
                sum(self._most(part, tag) for part in self._parts(item)) for item in patterns
            )
            if 0 < most < len(same):
                first, *_, last = same
                yield f"{first.spelling} and {last.spelling}: there can be only one"

    def _most(self, pattern: etree._Element, tag: str) -> float:
        """How many elements of a name a pattern has place for."""
        kind = _kind(pattern)
        if kind in _LEAVES:
            return 1 if kind == "element" and _matches(pattern, tag) else 0
        counts = [self._most(part, tag) for part in self._parts(pattern)]
        if kind in _ANY_NUMBER and any(counts):
            return math.inf
        return max(counts, default=0) if kind == "choice" else sum(counts)

    def _parts(self, pattern: etree._Element) -> list[etree._Element]:
        """What a pattern is put together from, comments left out."""
        whole = self._defines[pattern.get("name")] if _kind(pattern) == "ref" else pattern
        return list(whole.iterchildren("*"))

    def _contents(self, patterns: list[etree._Element]) -> _Content:
        found = _Content()
        for pattern in patterns:
            self._collect(pattern, found)
        return found

    def _collect(self, pattern: etree._Element, found: _Content) -> None:
        for item in pattern:
            kind = _kind(item)
            if kind == "element":
                found.elements.append(item)
            elif kind == "attribute":
                found.attributes.append(item)
            elif kind in {"text", "data", "value"}:
                found.texts.append(item)
            elif kind == "ref":
                self._collect(self._defines[item.get("name")], found)
            elif isinstance(item.tag, str):
                self._collect(item, found)

    @staticmethod
    def _allowed(text: str, patterns: list[etree._Element]) -> bool:
        return any(_accepts(pattern, text) for pattern in patterns)


def _kind(pattern: etree._Element) -> str:
    """Its word in the schema's language."""
    return str(pattern.tag).removeprefix(_RNG)


def _matches(pattern: etree._Element, name: str) -> bool:
    own = pattern.get("name")
    return own == name or (own is None and pattern.find(f"{_RNG}anyName") is not None)


def _accepts(pattern: etree._Element, text: str) -> bool:
    """Whether one pattern takes a text; an attribute without any takes all."""
    kind = _kind(pattern)
    if kind == "value":
        return text.strip() == (pattern.text or "").strip()
    expression = pattern.find(f"{_RNG}param[@name='pattern']")
    if expression is not None:
        return re.fullmatch(expression.text or "", text) is not None
    if kind == "data":
        return re.fullmatch(r"\s*-?[0-9.eE+-]+\s*", text) is not None
    return True
