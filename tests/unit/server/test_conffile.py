from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt.server.conffile import Entry, Problem, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ('"0770"', "0770"),
        ("'it is'", "it is"),
        ('"""two\nlines"""', "two\nlines"),
        ('"# no comment"', "# no comment"),
        ("[]", ()),
        ('["a", "b"]', ("a", "b")),
        ('[ # who\n  "CN=a,O=b",  # the first\n  "c",\n]', ("CN=a,O=b", "c")),
    ],
)
def test_values(text: str, value: object) -> None:
    entries, problems = parse(f"# first\n\n  name = {text}   # last\nother=1")
    assert entries[0] == Entry(3, "name", value)
    assert entries[1].name == "other"
    assert not problems


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ("name", "'='"),
        ("= 3", "name = value"),
        ("name = ", "needs a number"),
        ("name = word", "needs a number"),
        ("name = 1 2", "more after"),
        ('name = "open', "needs a number"),
        ("name = [1]", "texts in quotes"),
        ('name = ["a" "b"]', "','"),
        ("name = §", "needs a number"),
    ],
)
def test_every_bad_line_is_reported_and_costs_only_itself(line: str, about: str) -> None:
    entries, problems = parse(f"a = 1\n{line}\nb = 2\n{line}\n")
    assert [entry.name for entry in entries] == ["a", "b"]
    assert [problem.line for problem in problems] == [2, 4]
    assert all(about in problem.message for problem in problems)


def test_a_list_that_never_ends_is_reported_where_it_begins() -> None:
    assert parse('a = ["x",\n"y"\n') == (
        [],
        [Problem(1, "',' or ']' is missing in the list of 'a'")],
    )


@settings(max_examples=60)
@given(st.text())
def test_no_text_is_too_much(text: str) -> None:
    entries, problems = parse(text)
    lines = text.count("\n") + 1
    assert all(1 <= found.line <= lines for found in [*entries, *problems])
