from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vzvirt.codec.vzconf.grammar import (
    EMPTY,
    Document,
    assignment_line,
    decode,
    encode,
    is_sayable,
    read_line,
)

from .configs import configs, examples


@examples(100)
@given(st.binary(max_size=200))
def test_any_bytes_come_back(data: bytes) -> None:
    assert Document.parse(data).serialise() == data


@examples(100)
@given(st.binary(max_size=100))
def test_decoded_bytes_fit_into_xml_and_come_back(data: bytes) -> None:
    text = decode(data)
    assert encode(text) == data
    assert all(char in "\t\n\r" or char >= " " for char in text)
    assert not any("\ud800" <= char <= "\udfff" or char in "\ufffe\uffff" for char in text)


def test_private_use_characters_in_a_file_are_not_taken_for_bytes() -> None:
    data = "\uf7e9".encode()
    assert decode(data) != "\uf7e9"
    assert encode(decode(data)) == data


@pytest.mark.parametrize("code", [*range(0x20, 0x7F), 0x09, 0x0A, 0x0D])
def test_no_text_becomes_what_the_grammar_heeds(code: int) -> None:
    text = chr(0xF700 + code)
    assert encode(text) == text.encode()
    assert not is_sayable(f"a{text}b")


@examples(100)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc"])
        | st.integers(0, 255).map(lambda byte: chr(0xF700 + byte))
    )
)
def test_a_sayable_text_comes_back(text: str) -> None:
    line = assignment_line("KEY", text)
    if is_sayable(text):
        assert read_line(decode(encode(line))) == ("KEY", text)
    assert len(Document.parse(encode(line)).lines) == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('KEY="value"', ("KEY", "value")),
        ("KEY=value", ("KEY", "value")),
        ("KEY=", ("KEY", "")),
        ('KEY=""', ("KEY", "")),
        ("  KEY=a b  \t\r", ("KEY", "a b")),
        ("KEY = value", ("KEY ", " value")),
        ("export FOO=1", ("export FOO", "1")),
        ("KEY=a=b", ("KEY", "a=b")),
        ("KEY='value'", ("KEY", "'value'")),
        ("KEY=value # comment", ("KEY", "value # comment")),
        ('KEY="value" # comment', ("KEY", "value")),
        ('KEY="a"b"c" tail', ("KEY", 'a"b"c')),
        (r"KEY=a\\b\c", ("KEY", r"a\bc")),
        (r"KEY=\"a\"", ("KEY", "a")),
        ("KEY=a\\", ("KEY", "a")),
        ("", None),
        (" \t\v\f\r", None),
        (decode(b"\f\vKEY=value\f"), ("KEY", "value")),
        ("  # comment", None),
        ("#KEY=value", None),
        ("KEY", "'=' not found"),
        ('KEY="value', "unmatched quotes"),
        ('KEY="', "unmatched quotes"),
    ],
)
def test_a_line(line: str, expected: object) -> None:
    assert read_line(line) == expected


def test_warnings_name_the_line() -> None:
    document = Document.parse(b'A=1\nno sign\n# fine\nB="x\n')
    assert document.warnings == (
        "line 2: '=' not found, skipped",
        "line 4: unmatched quotes, skipped",
    )


def test_look_ups() -> None:
    document = Document.parse(b"A=1\nB=2\nA=3\n A=4\n")
    assert document.first("A") == "1"
    assert document.last("A") == "4"
    assert document.all("A") == ("1", "3", "4")
    assert document.first("C") is document.last("C") is None


class TestWriting:
    def test_the_first_line_is_replaced_where_it_stands(self) -> None:
        document = Document.parse(b"# top\nA=1 # why\nB=2\nA=3\n")
        assert document.with_values({"A": "x"}).serialise() == b'# top\nA="x"\nB=2\nA=3\n'

    def test_an_indented_line_is_not_the_one(self) -> None:
        document = Document.parse(b" A=1\n")
        assert document.with_values({"A": "x"}).serialise() == b' A=1\nA="x"\n'

    def test_a_broken_line_of_the_key_is_replaced(self) -> None:
        assert Document.parse(b'A="\n').with_values({"A": "x"}).serialise() == b'A="x"\n'

    def test_new_keys_are_appended_in_the_order_given(self) -> None:
        written = Document.parse(b"A=1\n").with_values({"C": "c", "B": "b"})
        assert written.serialise() == b'A=1\nC="c"\nB="b"\n'

    def test_carriage_returns_are_kept(self) -> None:
        written = Document.parse(b"A=1\r\nB=2\r\n").with_values({"A": "x", "C": "c"})
        assert written.serialise() == b'A="x"\r\nB=2\r\nC="c"\r\n'

    def test_a_missing_line_end_stays_missing_until_something_follows(self) -> None:
        document = Document.parse(b"A=1\nB=2")
        assert document.with_values({"B": "x"}).serialise() == b'A=1\nB="x"'
        assert document.with_values({"C": "c"}).serialise() == b'A=1\nB=2\nC="c"\n'

    def test_none_removes_every_line_a_reader_would_take(self) -> None:
        document = Document.parse(b'A=1\n A=2\n#A=3\nAA=4\nA="x\n')
        assert document.with_values({"A": None}).serialise() == b'#A=3\nAA=4\nA="x\n'

    def test_into_nothing(self) -> None:
        assert EMPTY.with_values({"A": "1"}).serialise() == b'A="1"\n'
        assert EMPTY.with_values({"A": None}) == EMPTY

    @examples(100)
    @given(configs())
    def test_nothing_asked_nothing_done(self, document: Document) -> None:
        assert document.with_values({}) == document

    @examples(100)
    @given(
        configs(), st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)
    )
    def test_any_one_line_text_reads_back(self, document: Document, text: str) -> None:
        text = decode(text.encode())
        written = Document.parse(document.with_values({"NEW_KEY": text}).serialise())
        assert written.all("NEW_KEY") == (text,)
        assert written.lines[: len(document.lines) - 1] == document.lines[:-1]

    def test_line_feeds_become_blanks(self) -> None:
        assert assignment_line("A", "one\r\ntwo\nthree") == 'A="one two three"'
