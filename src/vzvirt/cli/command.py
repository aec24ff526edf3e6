"""What a command of the command line is made of; the commands themselves are in ``table``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

NAMES: Final = ("container", "template", "network", "nodedev")
"""Kinds of things whose names a shell can offer; vzvirt is asked for them."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument or an option.

    Attributes:
        name: In capitals: positional, as help shows it; with dashes: an option.
        help: A phrase.
        short: An option's short form.
        metavar: Stands for an option's value; empty: a switch.
        values: All possible values; empty: not a choice.
        parse: Makes the value from text.
        optional: Whether a positional one may be left out.
        many: Whether it may be given several times.
        completes: What a shell offers: a word of ``NAMES``, ``file`` or nothing.
        keyword: Name of the function's parameter where it is not ``name``'s own.
    """

    name: str
    help: str
    short: str = ""
    metavar: str = ""
    values: tuple[str, ...] = ()
    parse: Callable[[str], object] = str
    optional: bool = False
    many: bool = False
    completes: str = ""
    keyword: str = ""

    @property
    def is_option(self) -> bool:
        """Whether it is given by name."""
        return self.name.startswith("-")

    @property
    def is_switch(self) -> bool:
        """Whether it is an option without a value."""
        return self.is_option and not self.metavar

    @property
    def parameter(self) -> str:
        """The parameter of the command's function that takes it."""
        return self.keyword or self.name.lstrip("-").replace("-", "_").lower()

    @property
    def usage(self) -> str:
        """As a line of usage shows it."""
        text = f"{self.name} {self.metavar}".strip()
        if self.is_option:
            return f"[{text}]" + ("..." if self.many else "")
        text += "..." if self.many else ""
        return f"[{text}]" if self.optional else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        name: One word, or two.
        runs: ``module:function`` below ``commands``.
        group: Heading it stands under in help; empty: hidden.
        summary: A phrase for the list of commands.
        arguments: What it takes, in the order help shows it.
        details: More for its own help and the reference.
        tail: Metavar of what follows ``--`` word for word; empty: nothing may.
        repairs: Whether it first finishes or undoes what crashed commands left.
        for_anyone: Whether an ordinary user may call it also where real containers run.
    """

    name: str
    runs: str
    group: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    details: str = ""
    tail: str = ""
    repairs: bool = False
    for_anyone: bool = False

    @property
    def usage(self) -> str:
        """One line: how it is called."""
        options = [item.usage for item in self.arguments if item.is_option]
        others = [item.usage for item in self.arguments if not item.is_option]
        tail = [f"-- {self.tail}"] if self.tail else []
        return " ".join(("vzvirt", self.name, *options, *others, *tail))
