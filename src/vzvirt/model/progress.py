"""How far long work is: what is called while it goes on."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and how much there is (if known)."""


def no_progress(_what: str, _done: int, _total: int | None) -> None:
    """Show nothing."""
