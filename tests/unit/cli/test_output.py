"""What is printed where."""

from __future__ import annotations

import io
import json

import pytest

from vzvirt.cli.output import Field, Output, ProgressBar, document, documents
from vzvirt.model.progress import no_progress

Row = tuple[int, str]

FIELDS: tuple[Field[Row], ...] = (
    Field("number", "a number", lambda it: it[0], "NUMBER", numeric=True),
    Field("word", "a word", lambda it: it[1], "WORD", colour=lambda it: "green"),
    Field("hidden", "not for people", lambda it: it[1].upper()),
    Field("", "for people only", lambda it: None, "LAST", lambda it: ""),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def streams() -> tuple[io.StringIO, io.StringIO]:
    return io.StringIO(), io.StringIO()


def output(
    streams: tuple[io.StringIO, io.StringIO], *, quiet: bool = False, colour: str = "auto"
) -> Output:
    out, err = streams
    return Output(quiet=quiet, colour=colour, out=out, err=err)


def test_a_table_is_aligned(streams: tuple[io.StringIO, io.StringIO]) -> None:
    output(streams).table(FIELDS, [(1, "a longer word"), (1000000, "")])
    assert streams[0].getvalue() == (
        "NUMBER   WORD           LAST\n      1  a longer word  -\n1000000  -              -\n"
    ).replace("NUMBER   WORD", " NUMBER  WORD")


def test_a_table_of_nothing_has_headings(streams: tuple[io.StringIO, io.StringIO]) -> None:
    output(streams).table(FIELDS, [])
    assert streams[0].getvalue() == "NUMBER  WORD  LAST\n"


def test_a_cell_never_breaks_its_line(streams: tuple[io.StringIO, io.StringIO]) -> None:
    output(streams).table(FIELDS, [(1, "two\nlines\x1b[31m")])
    assert len(streams[0].getvalue().splitlines()) == 2
    assert "\x1b" not in streams[0].getvalue()


def test_one_thing_stands_below_itself(streams: tuple[io.StringIO, io.StringIO]) -> None:
    output(streams).facts(FIELDS, (5, "five"))
    assert streams[0].getvalue() == "NUMBER:  5\nWORD:    five\nLAST:    -\n"


def test_json_has_all_but_what_is_for_people(streams: tuple[io.StringIO, io.StringIO]) -> None:
    output(streams).json(documents(FIELDS, [(1, "één")]))
    assert json.loads(streams[0].getvalue()) == [{"number": 1, "word": "één", "hidden": "ÉÉN"}]
    assert "één" in streams[0].getvalue()
    assert document(FIELDS, (2, "x")) == {"number": 2, "word": "x", "hidden": "X"}


def test_quiet_leaves_out_notes_alone(streams: tuple[io.StringIO, io.StringIO]) -> None:
    quiet = output(streams, quiet=True)
    quiet.note("done")
    quiet.line("asked for")
    quiet.warn("careful")
    assert streams[0].getvalue() == "asked for\n"
    assert streams[1].getvalue() == "warning: careful\n"


def test_a_warning_is_given_once(streams: tuple[io.StringIO, io.StringIO]) -> None:
    loud = output(streams)
    for text in ("one", "two", "one"):
        loud.warn(text)
    assert streams[1].getvalue() == "warning: one\nwarning: two\n"


def test_an_error_is_a_line_and_a_hint(streams: tuple[io.StringIO, io.StringIO]) -> None:
    loud = output(streams)
    loud.error("no\nsuch\x1b[2Jthing", "look\tthere")
    loud.error("bare", None)
    assert streams[1].getvalue() == (
        "vzvirt: error: no such [2Jthing\nhint: look there\nvzvirt: error: bare\n"
    )


@pytest.mark.parametrize(
    ("stream", "colour", "no_color", "coloured"),
    [
        (io.StringIO, "auto", False, False),
        (io.StringIO, "always", False, True),
        (Terminal, "auto", False, True),
        (Terminal, "auto", True, False),
        (Terminal, "always", True, True),
        (Terminal, "never", False, False),
    ],
)
def test_colours_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    colour: str,
    no_color: bool,
    coloured: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    out = stream()
    Output(colour=colour, out=out, err=stream()).table(FIELDS, [(1, "x")])
    assert ("\x1b[32m" in out.getvalue()) == coloured


def test_what_a_container_wrote_is_not_touched() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8")
    loud = Output(out=out, err=io.StringIO())
    loud.line("first")
    loud.raw(b"\xff\x1b[0m\r\n")
    assert raw.getvalue() == b"first\n\xff\x1b[0m\r\n"


def test_progress_is_for_terminals() -> None:
    assert Output(out=io.StringIO(), err=io.StringIO()).progress() is no_progress
    assert Output(out=io.StringIO(), err=Terminal(), quiet=True).progress() is no_progress
    assert isinstance(Output(out=io.StringIO(), err=Terminal()).progress(), ProgressBar)


def test_a_bar_is_shown_for_long_work_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    loud = Output(out=io.StringIO(), err=terminal)
    progress = loud.progress()
    progress("unpacking", 1, 10)
    progress("unpacking", 2, 10)
    loud.end_progress()
    assert terminal.getvalue() == ""
    monkeypatch.setattr("vzvirt.cli.output.PROGRESS_AFTER", 0.0)
    progress("unpacking", 3, 10)
    progress("checking", 0, None)
    loud.end_progress()
    assert "unpacking" in terminal.getvalue()
    assert "checking" in terminal.getvalue()
