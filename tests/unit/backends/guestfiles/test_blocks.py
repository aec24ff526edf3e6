from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt.backends.guestfiles.blocks import (
    assignment,
    first_word,
    nothing,
    with_block,
    without_block,
)

RIVALS = (nothing, first_word("nameserver"), assignment("NAME"), lambda _line: True)

words = st.sampled_from(
    [b"nameserver 1.2.3.4", b"NAME=x", b" NAME = y", b"# NAME=z", b"", b"\xff\0", b"search a b"]
)
ends = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\r", b""])
files = st.lists(st.tuples(words, ends)).map(lambda parts: b"".join(a + b for a, b in parts))
anything = st.binary(max_size=60).filter(lambda data: b"vzvirt: " not in data)
blocks = st.lists(st.sampled_from(["nameserver 9.9.9.9", "search z", "NAME=q"]), max_size=3)


@settings(max_examples=60)
@given(st.one_of(files, anything), blocks, st.sampled_from(RIVALS))
def test_what_the_guest_wrote_comes_back(data: bytes, lines: list[str], rival: object) -> None:
    assert callable(rival)
    once = with_block(data, lines, rival)
    assert without_block(once) == data
    assert with_block(once, lines, rival) == once
    assert with_block(once, []) == data


@settings(max_examples=40)
@given(files, blocks, blocks, st.sampled_from(RIVALS), st.sampled_from(RIVALS))
def test_the_last_block_is_the_only_one(
    data: bytes, before: list[str], after: list[str], one: object, other: object
) -> None:
    assert callable(one)
    assert callable(other)
    again = with_block(with_block(data, before, one), after, other)
    assert again == with_block(data, after, other)


@settings(max_examples=40)
@given(files, blocks, files)
def test_lines_written_behind_a_block_stay(data: bytes, lines: list[str], more: bytes) -> None:
    assert without_block(with_block(data, lines) + more) == data + more


def test_a_block_without_its_end_takes_nothing_along() -> None:
    text = with_block(b"mine\n", ["ours"])
    broken = text.replace(b"# vzvirt: end\n", b"")
    assert without_block(broken) == b"ours\nmine\n"
    assert without_block(broken + text) == b"ours\nmine\nmine\n"


def test_only_rivals_are_set_aside() -> None:
    text = b"nameserver 1.1.1.1\n# nameserver\noptions x\n"
    changed = with_block(text, ["nameserver 2.2.2.2"], first_word("nameserver"))
    live = [line for line in changed.splitlines() if line and not line.startswith(b"#")]
    assert live == [b"nameserver 2.2.2.2", b"options x"]
