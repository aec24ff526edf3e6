"""Warnings about spellings that are not the canonical ones."""

from __future__ import annotations

from vzvirt.codec.tree import Node
from vzvirt.codec.xml.document import brief


class Notes:
    """What to tell the author, in the order it was noticed.

    The canonical form is shown as it stands when everything is settled, not when it was noticed:
    another rule may have more to say about the same element.
    """

    def __init__(self) -> None:
        self._notes: list[tuple[str, tuple[Node, ...]]] = []

    def say(self, text: str) -> None:
        """A plain note."""
        self._notes.append((text, ()))

    def canonical(self, old: Node, *new: Node) -> None:
        """``new`` stands for ``old`` from here on, and remembers how that was spelt."""
        spelling = old.spelling
        for node in new:
            node.origin, node.line = spelling, old.line
        self._notes.append((f"{spelling}: the canonical form is ", new))

    def texts(self) -> tuple[str, ...]:
        """All notes; for after reading."""
        return tuple(text + "".join(map(brief, nodes)) for text, nodes in self._notes)
