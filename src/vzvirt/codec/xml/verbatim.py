"""A row for what is nobody's business but its author's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vzvirt.codec.schema import Values
from vzvirt.codec.tree import Node


@dataclass(frozen=True, eq=False)
class Verbatim:
    """A row for elements that are kept as they were."""

    key: str
    path: str
    always: bool = False

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        found = node.find_all(self.path)
        if found:
            values[self.key] = tuple(text for item in found for text in item.verbatim)

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        texts = values[self.key]
        node.reach(self.path).verbatim = texts if isinstance(texts, tuple) else ()
