"""What commands print: tables and notes for people, plain when piped, or JSON.

Results go to standard output; warnings, errors and progress to standard error.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, Generic, TypeVar

from vzvirt.model.progress import Progress, no_progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

T = TypeVar("T")

Json = bool | int | float | str | None | Sequence["Json"] | dict[str, "Json"]

_COLOURS: Final = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "bold": 1}

PROGRESS_AFTER: Final = 0.4
"""Seconds of work before a bar is worth showing (and importing)."""


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One fact of a thing that is listed: a key in JSON, and mostly a column for people.

    Attributes:
        key: In JSON; empty: for people only.
        help: What it is, for the reference.
        value: For JSON.
        heading: The column's; empty: not for people.
        shown: For people; ``None``: the value as it is.
        colour: Name of the colour for a value, or empty.
        numeric: Whether the column is aligned to the right.
    """

    key: str
    help: str
    value: Callable[[T], Json]
    heading: str = ""
    shown: Callable[[T], str] | None = None
    colour: Callable[[T], str] | None = None
    numeric: bool = False

    def text(self, item: T) -> str:
        """The value for people; ``-``: there is none."""
        if self.shown is not None:
            return self.shown(item) or "-"
        value = self.value(item)
        return "-" if value is None or value == "" else str(value)


def document(fields: Iterable[Field[T]], item: T) -> dict[str, Json]:
    """A thing as a JSON object."""
    return {field.key: field.value(item) for field in fields if field.key}


def documents(fields: Sequence[Field[T]], items: Iterable[T]) -> list[Json]:
    """Things as a JSON array of objects."""
    return [document(fields, item) for item in items]


class Output:
    """Where a command's words go.

    Attributes:
        quiet: Whether notes are left out.
    """

    def __init__(
        self,
        *,
        program: str = "vzvirt",
        quiet: bool = False,
        colour: str = "auto",
        out: IO[str] | None = None,
        err: IO[str] | None = None,
    ) -> None:
        self._program = program
        self.quiet = quiet
        self._colour = colour
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._warned: set[str] = set()
        self._bar: ProgressBar | None = None

    def text(self, text: str) -> None:
        """Print what was asked for, as it is."""
        self._out.write(text)

    def line(self, text: str) -> None:
        """Print a line that was asked for."""
        self._out.write(f"{text}\n")

    def raw(self, data: bytes) -> None:
        """Print bytes that a container wrote."""
        self._out.flush()
        buffer = getattr(self._out, "buffer", None)
        if buffer is None:
            self._out.write(data.decode("utf-8", "replace"))
        else:
            buffer.write(data)
            buffer.flush()

    def note(self, text: str) -> None:
        """Say what was done, unless quiet."""
        if not self.quiet:
            self.line(text)

    def json(self, value: Json) -> None:
        """Print a document."""
        import json

        self.line(json.dumps(value, indent=2, ensure_ascii=False))

    def warn(self, text: str) -> None:
        """Warn, once for each text."""
        if text not in self._warned:
            self._warned.add(text)
            self._say(self._paint("warning:", "yellow", self._err), text)

    def error(self, message: str, hint: str | None) -> None:
        """Say what failed and the way out."""
        self._say(self._paint(f"{self._program}: error:", "red", self._err), message)
        if hint:
            self._say(self._paint("hint:", "bold", self._err), hint)

    def _say(self, label: str, text: str) -> None:
        self._out.flush()
        self._err.write(f"{label} {_one_line(text)}\n")

    def table(self, fields: Iterable[Field[T]], items: Sequence[T]) -> None:
        """Print a table: aligned with headings; blank-separated columns in a pipe alike."""
        columns = [field for field in fields if field.heading]
        rows = [[_one_line(field.text(item)) for field in columns] for item in items]
        widths = [
            max(len(text) for text in (field.heading, *(row[place] for row in rows)))
            for place, field in enumerate(columns)
        ]
        headings = [
            self._paint(_aligned(field, field.heading, width), "bold", self._out)
            for field, width in zip(columns, widths, strict=True)
        ]
        self.line("  ".join(headings).rstrip())
        for item, row in zip(items, rows, strict=True):
            cells = [
                self._paint(
                    _aligned(field, text, width),
                    field.colour(item) if field.colour else "",
                    self._out,
                )
                for field, text, width in zip(columns, row, widths, strict=True)
            ]
            self.line("  ".join(cells).rstrip())

    def facts(self, fields: Iterable[Field[T]], item: T) -> None:
        """Print one thing: names and values below each other."""
        rows = [(field.heading, _one_line(field.text(item))) for field in fields if field.heading]
        width = max(len(name) for name, _ in rows) + 1
        for name, value in rows:
            self.line(f"{name + ':':{width}}  {value}".rstrip())

    def heading(self, text: str) -> None:
        """Begin a part of a longer report."""
        self.line("")
        self.line(self._paint(text, "bold", self._out))

    def progress(self) -> Progress:
        """What to call during long work: a bar on a terminal, nothing otherwise."""
        if self.quiet or not self._err.isatty():
            return no_progress
        self._bar = self._bar or ProgressBar(self._err)
        return self._bar

    def end_progress(self) -> None:
        """Take the bar away, if there is one."""
        if self._bar is not None:
            self._bar.close()

    def flush(self) -> None:
        """Have everything printed."""
        self._out.flush()
        self._err.flush()

    def _paint(self, text: str, colour: str, stream: IO[str]) -> str:
        if not colour or self._colour == "never":
            return text
        if self._colour == "auto" and ("NO_COLOR" in os.environ or not stream.isatty()):
            return text
        return f"\033[{_COLOURS[colour]}m{text}\033[0m"


class ProgressBar:
    """A bar per kind of work, shown once the work takes long enough to wonder about."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._began: float | None = None
        self._bars: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Show how far the work has come."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        if now - self._began < PROGRESS_AFTER:
            return
        if self._bars is None:
            self._bars = _rich_progress(self._stream)
            self._bars.start()
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)

    def close(self) -> None:
        """Take it off the screen; the next piece of work begins anew."""
        if self._bars is not None:
            self._bars.stop()
        self._began, self._bars, self._tasks = None, None, {}


def _rich_progress(stream: IO[str]) -> RichProgress:
    # Imported only where there is a bar to show: it costs more than most commands.
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(file=stream),
        transient=True,
    )


def _aligned(field: Field[T], text: str, width: int) -> str:
    return text.rjust(width) if field.numeric else text.ljust(width)


def _one_line(text: str) -> str:
    """Text on one line, with nothing in it that could talk to the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)
