"""The grammar of ``libvirtd.conf``: names, numbers, quoted texts, lists of texts.

No state. A bad line costs that line only, so that all of them can be reported at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

Value = int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting, as the file says it."""

    line: int
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line, counted from 1."""

    line: int
    message: str


_TOKEN: Final = re.compile(
    r"""
      (?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n|;)
    | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
    | (?P<number>-?[0-9]+)
    | \"\"\"(?P<long>.*?)\"\"\"
    | "(?P<double>[^"\n]*)"
    | '(?P<single>[^'\n]*)'
    | (?P<sign>[=\[\],])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    line: int
    kind: str
    text: str


class _Bad(Exception):
    """What is expected at the token that is next."""


class _Reader:
    """Tokens of a text, with a place in them."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at]

    def take(self) -> _Token:
        token = self.next
        if token.kind != "end":
            self._at += 1
        return token

    def skip_newlines(self) -> None:
        while self.next.kind == "newline":
            self.take()

    def skip_line(self) -> None:
        while self.next.kind not in ("newline", "end"):
            self.take()

    def entry(self) -> Entry:
        name = self.next
        if name.kind != "name":
            raise _Bad("a setting is written: name = value")
        self.take()
        if self.next.text != "=":
            raise _Bad(f"'=' is missing after '{name.text}'")
        self.take()
        value = self._value(name.text)
        if self.next.kind not in ("newline", "end"):
            raise _Bad(f"there is more after the value of '{name.text}'")
        return Entry(name.line, name.text, value)

    def _value(self, name: str) -> Value:
        token = self.next
        if token.kind == "number":
            return int(self.take().text)
        if token.kind == "text":
            return self.take().text
        if token.text == "[" and token.kind == "sign":
            self.take()
            return self._list(name)
        raise _Bad(f"'{name}' needs a number, a text in quotes or a list in brackets")

    def _list(self, name: str) -> tuple[str, ...]:
        items: list[str] = []
        while True:
            self.skip_newlines()
            token = self.take()
            if token.kind == "sign" and token.text == "]":
                return tuple(items)
            if token.kind != "text":
                raise _Bad(f"the list of '{name}' must be texts in quotes, and end with ']'")
            items.append(token.text)
            self.skip_newlines()
            if self.next.kind == "sign" and self.next.text == ",":
                self.take()
            elif not (self.next.kind == "sign" and self.next.text == "]"):
                raise _Bad(f"',' or ']' is missing in the list of '{name}'")


def parse(text: str) -> tuple[list[Entry], list[Problem]]:
    """Read a whole file.

    Returns:
        The settings in the order of the file, and what could not be read.
    """
    reader = _Reader(list(_tokens(text)))
    entries: list[Entry] = []
    problems: list[Problem] = []
    while True:
        reader.skip_newlines()
        first = reader.next
        if first.kind == "end":
            return entries, problems
        try:
            entries.append(reader.entry())
        except _Bad as exc:
            problems.append(Problem(first.line, str(exc)))
            reader.skip_line()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            tokens.append(_Token(line, "unknown", text[at]))
            at += 1
            continue
        kind = str(match.lastgroup)
        if kind in ("long", "double", "single"):
            tokens.append(_Token(line, "text", match[kind]))
        elif kind != "blank":
            tokens.append(_Token(line, kind, match[kind]))
        line += match[0].count("\n")
        at = match.end()
    tokens.append(_Token(line, "end", ""))
    return tokens
