"""What a row of the parameter table says, and how its value is told from the lines of a file."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic, TypeVar

from vzvirt.codec.vzconf.forms import Form, Notes
from vzvirt.codec.vzconf.grammar import is_sayable

T = TypeVar("T")


class Duplicates(enum.Enum):
    """Which of several lines with one key counts."""

    FIRST = "the first counts"
    LAST = "the last counts"
    ACCUMULATE = "they add up"


class Scope(enum.Enum):
    """Which file a key belongs in. A container's key may stand in vz.conf too, as a default."""

    CONTAINER = "a container's config"
    GLOBAL = "vz.conf"


@dataclass(frozen=True, slots=True, eq=False)
class Param(Generic[T]):
    """One parameter.

    Attributes:
        key: As it stands in a file.
        form: How its value is written.
        meaning: What it does, in words.
        field: The one field of ``Domain`` it is, dotted, or ``None``.
        shares: Fields of ``Domain`` it says a part of.
        option: vzctl's option, or ``None``.
        duplicates: Which of several lines counts.
        aliases: Other keys that are read the same way and never written.
        scope: Which file it belongs in.
        ignored: Whether it means nothing to us; its values are not even read.
    """

    key: str
    form: Form[T]
    meaning: str
    field: str | None = None
    shares: tuple[str, ...] = ()
    option: str | None = None
    duplicates: Duplicates = Duplicates.FIRST
    aliases: tuple[str, ...] = ()
    scope: Scope = Scope.CONTAINER
    ignored: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of ``Domain`` it has to do with."""
        return (self.field,) if self.field else self.shares

    def written(self, value: T | None) -> str | None:
        """The text that says a value; ``None``: it cannot be said."""
        return self._said(value)[0]

    def expressed(self, value: T | None) -> T | None:
        """What a value is read back as once it is written; ``None``: it cannot be said."""
        return self._said(value)[1]

    def _said(self, value: T | None) -> tuple[str, T] | tuple[None, None]:
        """A value's text and what that is read as; a text that is not read back says nothing."""
        text = None if value is None else self.form.format(value)
        if text is None or not is_sayable(text):
            return None, None
        notes: Notes = []
        try:
            return text, self.form.join([self.form.parse(text, notes)])
        except ValueError:
            return None, None

    def says(self, found: T | None, wanted: T | None) -> bool:
        """Whether what a file says is what is wanted, as far as the key can say it."""
        return found == wanted or found == self.expressed(wanted)
