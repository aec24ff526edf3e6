"""A document as a tree: what every row of a spec reads from and writes to.

Nodes change only while a document is read, before the specs look at it, and while one is written.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from vzvirt import errors


@dataclass(slots=True, eq=False)
class Node:
    """An element of a document, without what no format here needs.

    Attributes:
        tag: Its name; those of other vocabularies have a prefix fixed by the format.
        text: All its own character data.
        line: Where it was in the source; 0: it was never in one.
        origin: How the author spelt it, where a rewrite put this node in its place.
        verbatim: Content kept as it was, instead of children.
    """

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""
    line: int = 0
    origin: str = ""
    verbatim: tuple[str, ...] = ()

    @property
    def spelling(self) -> str:
        """The element as its author wrote it, for messages."""
        if self.origin:
            return self.origin
        inside = "".join(f" {key}='{value[:60]}'" for key, value in self.attributes.items())
        where = f" (line {self.line})" if self.line else ""
        return f"<{self.tag}{inside}>{where}"

    def find_all(self, *steps: str) -> list[Node]:
        """All nodes down a path of tags; ``*`` is any."""
        found = [self]
        for step in steps:
            found = [
                child for node in found for child in node.children if step in {child.tag, "*"}
            ]
        return found

    def find(self, *steps: str) -> Node | None:
        """The first node down a path of tags."""
        return next(iter(self.find_all(*steps)), None)

    def reach(self, *steps: str) -> Node:
        """The last node down a path of tags, made as far as it is not there."""
        node = self
        for step in steps:
            same = [child for child in node.children if child.tag == step]
            if not same:
                same = [Node(step)]
                node.children.extend(same)
            node = same[-1]
        return node

    def walk(self) -> Iterator[Node]:
        """The node and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Place:
    """``a/b`` is the text of ``<b>`` in ``<a>``, ``a/@b`` is an attribute of ``<a>``."""

    steps: tuple[str, ...]
    attribute: str | None

    @staticmethod
    @functools.cache
    def parse(path: str) -> Place:
        """Read a path; there are only as many as the specs name."""
        *steps, last = path.split("/")
        if last.startswith("@"):
            return Place(tuple(steps), last[1:])
        return Place((*steps, last) if last else (), None)

    @property
    def shown(self) -> str:
        """For messages: ``<a b=...>``."""
        inside = f" {self.attribute}=..." if self.attribute else ""
        return f"<{self.steps[-1]}{inside}>" if self.steps else f"'{self.attribute}'"

    def found(self, node: Node) -> list[tuple[Node, str]]:
        """Every node that has something here, with its text."""
        nodes = node.find_all(*self.steps)
        if self.attribute is None:
            return [(item, item.text) for item in nodes]
        named = [item for item in nodes if self.attribute in item.attributes]
        return [(item, item.attributes[self.attribute]) for item in named]

    def put(self, node: Node, text: str) -> Node:
        """Put a text here; returns the node that has it."""
        target = node.reach(*self.steps)
        if self.attribute is None:
            target.text = text
        else:
            target.attributes[self.attribute] = text
        return target

    def add(self, node: Node) -> Node:
        """One more element here."""
        made = Node(self.steps[-1])
        node.reach(*self.steps[:-1]).children.append(made)
        return made


def merged(nodes: list[Node]) -> Node:
    """One node with all that several of one kind have.

    Raises:
        XmlError: An attribute of two of them differs.
    """
    if len(nodes) == 1:
        return nodes[0]
    first, *others = nodes
    whole = Node(first.tag, dict(first.attributes), list(first.children), first.text, first.line)
    whole.origin = first.spelling
    for other in others:
        for name, value in other.attributes.items():
            if whole.attributes.setdefault(name, value) != value:
                raise errors.XmlError(f"{first.spelling} and {other.spelling} differ in '{name}'")
        whole.children.extend(other.children)
    return whole
