from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt import errors
from vzvirt.codec.lxcconf.grammar import fstab_field, write_lines


def _read(text: str) -> list[tuple[str, str]]:
    """What liblxc's own reader makes of a text (``parse_line`` in its confile.c)."""
    lines = []
    for line in text.split("\n")[:-1]:
        key, _, value = line.partition("=")
        value = value.strip(" \t")
        if value[:1] in {"'", '"'} and len(value) > 1 and value[-1] == value[0]:
            value = value[1:-1]
        lines.append((key.strip(), value))
    return lines


@settings(max_examples=200)
@given(
    st.lists(
        st.text(
            st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"),
            max_size=20,
        )
    )
)
def test_every_value_of_one_line_is_read_as_it_was_written(values: list[str]) -> None:
    lines = [("lxc.environment", value) for value in values]
    assert _read(write_lines(lines)) == lines


@pytest.mark.parametrize("bad", ["\n", "\r", "\0", "a\nlxc.rootfs.path = /", "\x1b", "\x7f"])
def test_no_value_smuggles_in_a_line(bad: str) -> None:
    with pytest.raises(errors.ConfigUnsupported, match=r"lxc\.environment"):
        write_lines([("lxc.environment", f"A={bad}")])


@pytest.mark.parametrize("key", ["", "lxc", "lxc.", "lxc.a = b\nlxc.c", "LXC.a", "xlxc.a"])
def test_no_key_is_made_up(key: str) -> None:
    with pytest.raises(errors.InternalError):
        write_lines([(key, "x")])


def test_fields_of_fstab() -> None:
    assert fstab_field("/a b\t#\\c") == "/a\\040b\\011\\043\\134c"
    assert fstab_field("/plain-1_2,ü") == "/plain-1_2,ü"
