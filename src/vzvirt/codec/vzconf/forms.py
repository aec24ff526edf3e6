"""What single values look like: each form reads a key's text into a model value and back.

A form converts units at the door: pages and KiB become bytes, CPUUNITS become shares. ``parse``
raises ``ValueError`` for a text vzctl would skip with a warning; what it would mend or drop in
passing goes into ``notes``. ``format`` gives the canonical text, or ``None`` for a value that the
key cannot say at all; a value it can say only roughly comes back rounded.

Forms of lists stand in ``lists``, those of network interfaces in ``netif``.
"""

from __future__ import annotations

import math
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from vzvirt.model.values import PAGE_SIZE, UNLIMITED, BarrierLimit, Limit, SoftHard

T = TypeVar("T")

LONG_MAX: Final = 2**63 - 1
"""vzctl's "unlimited"."""

INT_MAX: Final = 2**31 - 1
KIB: Final = 1024

SUFFIXES: Final = {"T": KIB**4, "G": KIB**3, "M": KIB**2, "K": KIB, "P": PAGE_SIZE, "B": 1}
"""What the letter after a number multiplies it by, in bytes."""

AMOUNT: Final = re.compile(r"[ \t]*([0-9]+)(?:\.([0-9]*))?([TGMKPBtgmkpb])?")
PLAIN: Final = re.compile(r"[ \t]*[0-9]+")

Notes = list[str]
"""What was mended or dropped while a value was read."""


class Form(ABC, Generic[T]):
    """How the value of one key is written."""

    may_be_empty = False
    """Whether vzctl writes ``KEY=""`` where nothing is left, rather than leave the key away."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What it looks like, for people."""

    @abstractmethod
    def parse(self, text: str, notes: Notes) -> T:
        """Read the value of one line.

        Raises:
            ValueError: It is none.
        """

    def join(self, parts: Sequence[T]) -> T:
        """The value that all lines which count give together."""
        return parts[-1]

    @abstractmethod
    def format(self, value: T) -> str | None:
        """Write a value, or ``None`` if the key cannot say it."""


def truncated(number: int, notes: Notes, most: int = LONG_MAX) -> int:
    """A number no larger than vzctl's largest."""
    if number > most:
        notes.append("too large value, truncated")
        return most
    return number


@dataclass(frozen=True, slots=True)
class Number(Form[int]):
    """A plain decimal number, or ``unlimited`` for vzctl's largest.

    Attributes:
        least: Smaller ones are refused.
        most: So are larger ones.
        unit: What is counted, for people.
        unlimited: What the word is read as, or ``None`` where it is not allowed.
    """

    unit: str = ""
    least: int = 0
    most: int = LONG_MAX
    unlimited: int | None = LONG_MAX

    @property
    def words(self) -> str:
        """What it looks like, for people."""
        return self.unit or "number"

    def parse(self, text: str, notes: Notes) -> int:
        """Read a number; blanks before it do no harm."""
        if text == "unlimited" and self.unlimited is not None:
            number = self.unlimited
        elif PLAIN.fullmatch(text):
            number = truncated(int(text), notes)
        else:
            raise ValueError(text)
        if not self.least <= number <= self.most:
            raise ValueError(text)
        return number

    def format(self, value: int) -> str | None:
        """Write a number in range."""
        return str(value) if self.least <= value <= self.most else None


@dataclass(frozen=True, slots=True)
class CpuShare(Number):
    """Percent of one processor, or, with ``%`` behind it, of all that this host has."""

    def parse(self, text: str, notes: Notes) -> int:
        """Read the limit; as in vzctl, a share of the host is what it comes to here."""
        match = re.fullmatch("[ \t]*([0-9]{1,3})%", text)
        if not match:
            return Number.parse(self, text, notes)
        if int(match[1]) > 100:
            raise ValueError(text)
        return int(match[1]) * os.sysconf("SC_NPROCESSORS_ONLN")


@dataclass(frozen=True, slots=True)
class Scaled(Form[int]):
    """A plain number that stands for another: CPUUNITS for shares, IOPRIO for a weight.

    Attributes:
        unit: What is counted, for people.
        lowest: Smallest number that is written; 1, where it is more, is still read.
        highest: Its largest.
        numerator: Of the step in the model that one step of the key makes.
        denominator: Of the same.
        base: The model's number where the key says 0.
    """

    unit: str
    lowest: int
    highest: int
    numerator: int
    denominator: int
    base: int = 0

    @property
    def words(self) -> str:
        """What it looks like, for people."""
        return self.unit

    def parse(self, text: str, _notes: Notes) -> int:
        """Read the key's number as the model's."""
        if not PLAIN.fullmatch(text) or not min(1, self.lowest) <= int(text) <= self.highest:
            raise ValueError(text)
        return self.base + _nearest(int(text) * self.numerator, self.denominator)

    def format(self, value: int) -> str:
        """Write the nearest number of the key."""
        number = _nearest((value - self.base) * self.denominator, self.numerator)
        return str(max(self.lowest, min(number, self.highest)))


def _nearest(dividend: int, divisor: int) -> int:
    """A quotient rounded to the nearest whole number, halves up."""
    return (2 * dividend + divisor) // (2 * divisor)


@dataclass(frozen=True, slots=True)
class Rate(Form[int]):
    """Bytes per second, with an optional suffix; ``unlimited`` is 0."""

    words: str = "bytes per second, suffixes B K M G T P; 0 or `unlimited`: none"

    def parse(self, text: str, notes: Notes) -> int:
        """Read a rate; it is cut to 2 GiB/s as in vzctl."""
        if text == "unlimited":
            return 0
        return truncated(amount(text, 1), notes, INT_MAX)

    def format(self, value: int) -> str | None:
        """Write a rate in bytes per second."""
        return str(min(value, INT_MAX)) if value >= 0 else None


@dataclass(frozen=True, slots=True)
class Flag(Form[bool]):
    """Exactly ``yes`` or ``no``."""

    words: str = "`yes` or `no`"

    def parse(self, text: str, _notes: Notes) -> bool:
        """Read a flag."""
        if text not in {"yes", "no"}:
            raise ValueError(text)
        return text == "yes"

    def format(self, value: bool) -> str:
        """Write a flag."""
        return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Text(Form[str]):
    """Any text of one line; blanks around it are no part of it.

    Attributes:
        pattern: What it must match as a whole.
        words: What it looks like, for people.
    """

    pattern: re.Pattern[str] = re.compile(".+", re.DOTALL)
    words: str = "text"

    def parse(self, text: str, _notes: Notes) -> str:
        """Read a text."""
        text = text.strip()
        if not self.pattern.fullmatch(text):
            raise ValueError(text)
        return text

    def format(self, value: str) -> str | None:
        """Write a text; line feeds become blanks."""
        text = " ".join(value.splitlines()) if "\n" in value or "\r" in value else value
        return text if self.pattern.fullmatch(text) else None


def choice(*values: str) -> Text:
    """One of some words."""
    pattern = "|".join(re.escape(value) for value in values)
    return Text(re.compile(pattern), ", ".join(f"`{value}`" for value in values))


@dataclass(frozen=True, slots=True)
class Layout(Form[str]):
    """A storage layout; the mode of a ploop image after the colon is never written."""

    words: str = "`simfs`, `image`, `ploop`"

    def parse(self, text: str, _notes: Notes) -> str:
        """Read a layout's name."""
        name = text.partition(":")[0]
        if not re.fullmatch("[A-Za-z0-9_-]+", name):
            raise ValueError(text)
        return name

    def format(self, value: str) -> str:
        """Write a layout's name."""
        return value


@dataclass(frozen=True, slots=True)
class Decimal(Form[float]):
    """A decimal fraction, written with six digits at most."""

    words: str = "decimal fraction"

    def parse(self, text: str, _notes: Notes) -> float:
        """Read a fraction."""
        if not re.fullmatch(r"[ \t]*[0-9]*\.?[0-9]+(e[+-]?[0-9]+)?", text):
            raise ValueError(text)
        value = float(text)
        if math.isinf(value):
            raise ValueError(text)
        return value

    def format(self, value: float) -> str | None:
        """Write a fraction."""
        return f"{value:g}" if math.isfinite(value) and value >= 0 else None


def amount(text: str, base: int) -> int:
    """A number with an optional suffix, in units of ``base`` bytes, rounded down.

    Args:
        text: Digits, a fraction only together with a suffix (else it is cut off), a suffix.
        base: Bytes in the unit that a number without suffix counts.

    Raises:
        ValueError: It is no such number.
    """
    match = AMOUNT.fullmatch(text)
    if not match:
        raise ValueError(text)
    whole, fraction, suffix = match.groups()
    if not suffix:
        return int(whole)
    scale: int = 10 ** len(fraction or "")
    bytes_scaled = int(whole + (fraction or "")) * SUFFIXES[suffix.upper()]
    return bytes_scaled // (scale * base)


@dataclass(frozen=True, slots=True)
class Beancount(Form[BarrierLimit]):
    """``X`` or ``X:Y``, barrier and limit, each a number in the key's unit or ``unlimited``.

    Attributes:
        base: Bytes in the key's unit; 0: it counts items, and there are no suffixes.
    """

    base: int

    @property
    def words(self) -> str:
        """What it looks like, for people."""
        unit = {0: "items", 1: "bytes", PAGE_SIZE: "pages"}[self.base]
        suffixes = ", suffixes T G M K P B" if self.base else ""
        return f"barrier[:limit] in {unit}{suffixes}, or `unlimited`"

    def parse(self, text: str, notes: Notes) -> BarrierLimit:
        """Read one or both marks."""
        barrier, colon, limit = text.partition(":")
        first = self._mark(barrier, notes)
        return BarrierLimit(first, self._mark(limit, notes) if colon else first)

    def _mark(self, text: str, notes: Notes) -> Limit:
        if text == "unlimited":
            return UNLIMITED
        if not self.base and text[-1:].isalpha():
            raise ValueError(text)
        number = truncated(amount(text, self.base), notes)
        return UNLIMITED if number == LONG_MAX else number

    def format(self, value: BarrierLimit) -> str:
        """Write one mark if both are the same."""
        barrier, limit = _mark_text(value.barrier), _mark_text(value.limit)
        return barrier if barrier == limit else f"{barrier}:{limit}"


def _mark_text(mark: Limit) -> str:
    return str(mark) if isinstance(mark, int) and mark < LONG_MAX else "unlimited"


@dataclass(frozen=True, slots=True)
class Quota(Form[SoftHard]):
    """``soft[:hard]``, always written as both.

    Attributes:
        unit: Bytes of a block for space, 1 for inodes.
        words: What it looks like, for people.
    """

    unit: int
    words: str

    def parse(self, text: str, notes: Notes) -> SoftHard:
        """Read one or both marks; the model counts bytes, or inodes."""
        first, colon, second = text.partition(":")
        soft = truncated(amount(first, self.unit), notes)
        hard = truncated(amount(second, self.unit), notes) if colon else soft
        if soft > hard:
            raise ValueError(text)
        return SoftHard(soft * self.unit, hard * self.unit)

    def format(self, value: SoftHard) -> str:
        """Write both marks, rounded up to the unit."""
        return f"{-(-value.soft // self.unit)}:{-(-value.hard // self.unit)}"
