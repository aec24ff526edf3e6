"""Lines of the table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unit(Enum):
    """What a line is about: (word, factor to it, whether more is better)."""

    TIME = ("ms", 1e3, False)
    SHORT = ("us", 1e6, False)
    MEMORY = ("MB", 1e-6, False)
    THROUGHPUT = ("MB/s", 1e-6, True)
    CALLS = ("/s", 1.0, True)

    def write(self, value: float) -> str:
        """An amount, in seconds, bytes, bytes per second or calls per second."""
        word, factor, _ = self.value
        return f"{value * factor:6.0f} {word}"

    @property
    def more_is_better(self) -> bool:
        """Whether a goal is a least amount, not a greatest."""
        return self.value[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line.

    Attributes:
        name: What was done.
        ours: What it took, or what came of it, in the unit's base.
        beside: The same of what it is compared to, measured in the same run.
        unit: What they are.
        goal: What ``ours`` is to be: at most so much, or at least where more is better.
    """

    name: str
    ours: float
    beside: float | None = None
    unit: Unit = Unit.TIME
    goal: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the goal, if there is one, is met."""
        if self.goal is None:
            return True
        return self.ours >= self.goal if self.unit.more_is_better else self.ours <= self.goal

    def __str__(self) -> str:
        beside = self.unit.write(self.beside) if self.beside is not None else ""
        ratio = f"{self.ours / self.beside:.2f}" if self.beside else ""
        goal = ""
        if self.goal is not None:
            word = "at least" if self.unit.more_is_better else "at most"
            met = "met" if self.is_met else "MISSED"
            goal = f"  {word} {self.unit.write(self.goal).strip()}: {met}"
        line = f"{self.name:58} {self.unit.write(self.ours):>11} {beside:>11} {ratio:>5}{goal}"
        return line.rstrip()
