"""Words that a guest chose, made fit for terminals, documents and messages. No state."""

from __future__ import annotations

from typing import Final

MOST: Final = 1024
"""Characters that are passed on."""

_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


def plain(text: str | bytes, most: int = MOST) -> str:
    """Text without what a terminal would obey and what no encoding knows.

    Args:
        text: Bytes, or text in which bytes that are no UTF-8 are kept as Python does.
        most: Characters at most; what is beyond is cut off.
    """
    data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    words = data.decode(errors="replace")[:most]
    return "".join(char if char.isprintable() else _INSTEAD for char in words)
