"""The grammar of OpenVZ's config files: lines of ``KEY="value"``, kept byte for byte.

A ``Document`` is the file's text, line by line, and nothing else: what is not understood is not
touched. ``Document.parse(data).serialise() == data`` for any bytes at all; changing a value
replaces one line and leaves the others alone. Which keys there are, and what their values mean,
stands in ``params``; here a value is a string.

Reading follows vzctl: per physical line, backslashes are dropped (the next character is kept),
blanks around the line are cut, comments and empty lines skipped; the key is all before the first
``=``; a value that begins with a double quote runs to the **last** one on the line, any other is
the rest of the line.

Text that XML could not hold (bytes that are no UTF-8, control characters) must still survive a
trip through it. ``decode`` gives each such byte a private-use character, U+F700 + byte, and
``encode`` turns them back; the two are exact inverses for any bytes. The other way round they
are not: text from a document may hold private-use characters that ``decode`` never makes. Those
stay characters, so no text becomes a line feed or a quote; ``is_sayable`` tells which texts come
back as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

BLANKS: Final = " \t\n\v\f\r\uf70b\uf70c"
"""What C's ``isspace`` takes for white space, as ``decode`` gives it too."""

PRIVATE: Final = 0xF700
UNUSUAL: Final = re.compile(rb"[^\t\n\r -~]")
UNSAFE: Final = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\uf700-\uf7ff\ufffe\uffff]"
"""Characters XML cannot hold, and those that stand for bytes of them."""

STANDINS: Final = re.compile("[\uf700-\uf7ff]")
"""Characters that could stand for a byte, and those of them that ``decode`` makes."""

MADE: Final = re.compile("[\uf700-\uf708\uf70b\uf70c\uf70e-\uf71f\uf780-\uf7ff]")
ESCAPED: Final = re.compile(r"\\(.?)", re.DOTALL)


def decode(data: bytes) -> str:
    """A file's bytes as text that any format can hold."""
    if UNUSUAL.search(data) is None:
        return data.decode("ascii")
    return re.sub(UNSAFE, _standins, data.decode("utf-8", "surrogateescape"))


def encode(text: str) -> bytes:
    """The bytes that ``decode`` read, or those of a text of ours."""
    if STANDINS.search(text):
        text = MADE.sub(_original, text)
    return text.encode("utf-8", "surrogateescape")


def is_sayable(text: str) -> bool:
    """Whether a value of one line comes back from a file as it was."""
    if "\n" in text or "\r" in text:
        return False
    return not STANDINS.search(text) or decode(encode(text)) == text


def _standins(match: re.Match[str]) -> str:
    data = match[0].encode("utf-8", "surrogateescape")
    return "".join(chr(PRIVATE + byte) for byte in data)


def _original(match: re.Match[str]) -> str:
    byte = ord(match[0]) - PRIVATE
    return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)


class Assignment(NamedTuple):
    """One line that gives a key a value.

    Attributes:
        position: Which line, from 0.
        key: All before the first ``=``, blanks before it included.
        value: As vzctl understands it: unescaped, unquoted.
    """

    position: int
    key: str
    value: str

    @property
    def where(self) -> str:
        """The line, for people."""
        return f"line {self.position + 1}"


@dataclass(frozen=True)
class Document:
    r"""A config file.

    Attributes:
        lines: The text between line feeds. A carriage return before the line feed is part of its
            line. The last item is empty unless the file does not end in a line feed.
    """

    lines: tuple[str, ...] = ("",)

    @staticmethod
    def parse(data: bytes) -> Document:
        """Read a file; no bytes are ever refused."""
        return Document(tuple(decode(data).split("\n")))

    def serialise(self) -> bytes:
        """The file's bytes."""
        return encode("\n".join(self.lines))

    @property
    def is_empty(self) -> bool:
        """Whether there is not even a line feed."""
        return self.lines == ("",)

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """Every line that gives a value, in order."""
        return self._read[0]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with lines that are neither comments nor assignments."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[tuple[Assignment, ...], tuple[str, ...]]:
        assignments: list[Assignment] = []
        warnings: list[str] = []
        for position, line in enumerate(self.lines):
            found = read_line(line)
            if isinstance(found, tuple):
                assignments.append(Assignment(position, *found))
            elif found is not None:
                warnings.append(f"line {position + 1}: {found}, skipped")
        return tuple(assignments), tuple(warnings)

    def first(self, key: str) -> str | None:
        """The value of the first line with a key."""
        return next((item.value for item in self.assignments if item.key == key), None)

    def last(self, key: str) -> str | None:
        """The value of the last line with a key."""
        return next((item.value for item in reversed(self.assignments) if item.key == key), None)

    def all(self, key: str) -> tuple[str, ...]:
        """The values of all lines with a key, in order."""
        return tuple(item.value for item in self.assignments if item.key == key)

    def with_values(self, values: Mapping[str, str | None]) -> Document:
        """A copy with other values, written as vzctl does.

        The first line that begins, without a blank, with ``KEY=`` is replaced; where there is
        none, a line is appended, in the order of ``values``. ``None`` removes every line that a
        reader would take for the key. Values must be of one line; see ``assignment_line``.
        """
        removed = {key for key, value in values.items() if value is None}
        pending = {key: value for key, value in values.items() if value is not None}
        lines = list(self.lines)
        for position, line in enumerate(lines):
            key, found, _rest = line.partition("=")
            if found and key in pending:
                lines[position] = assignment_line(key, pending.pop(key)) + _ending(line)
        document = Document(tuple(lines))
        if removed:
            document = document.without(
                item.position for item in document.assignments if item.key in removed
            )
        return document.with_appended(
            [assignment_line(key, value) for key, value in pending.items()]
        )

    def with_appended(self, lines: Sequence[str]) -> Document:
        """A copy with more lines at the end; they end as its last line does."""
        if not lines:
            return self
        *before, last = self.lines
        if last:
            before.append(last)
        ending = _ending(before[-1]) if before else ""
        return Document((*before, *(line + ending for line in lines), ""))

    def with_line(self, position: int, line: str) -> Document:
        """A copy in which one line is another; its line end stays."""
        lines = list(self.lines)
        lines[position] = line + _ending(lines[position])
        return Document(tuple(lines))

    def without(self, positions: Iterable[int]) -> Document:
        """A copy without some lines."""
        gone = set(positions)
        kept = [line for position, line in enumerate(self.lines) if position not in gone]
        return Document(tuple(kept) or ("",))


def read_line(line: str) -> tuple[str, str] | str | None:
    """What vzctl makes of one line.

    Returns:
        Key and value, or what is wrong with the line, or ``None`` for a comment or empty line.
    """
    if "\\" in line:
        line = ESCAPED.sub(r"\1", line)
    line = line.strip(BLANKS)
    if not line or line[0] == "#":
        return None
    key, equals, value = line.partition("=")
    if not equals:
        return "'=' not found"
    if value[:1] == '"':
        end = value.rfind('"')
        if end == 0:
            return "unmatched quotes"
        value = value[1:end]
    return key, value


def assignment_line(key: str, value: str) -> str:
    r"""The line that gives a key a value: ``KEY="value"``.

    Inner quotes and dollars are not escaped, as in vzctl: they read back as they are. Backslashes
    are doubled, since they would not. Line feeds cannot be said; they become blanks.
    """
    value = value.replace("\\", "\\\\").replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    return f'{key}="{value}"'


def _ending(line: str) -> str:
    return "\r" if line.endswith("\r") else ""


EMPTY: Final = Document()
"""A file without a single byte."""
