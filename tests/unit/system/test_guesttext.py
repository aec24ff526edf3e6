from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vzvirt.system.guesttext import plain


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("Debian GNU/Linux", "Debian GNU/Linux"),
        ("Größe", "Größe"),
        ("\x1b[2Jhello\a\n", "�[2Jhello��"),
        (b"caf\xe9", "caf�"),
        ("caf\udce9", "caf�"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}evil", "�evil"),
        ("", ""),
    ],
)
def test_what_terminals_get(text: str | bytes, fit: str) -> None:
    assert plain(text) == fit


def test_no_more_than_fits() -> None:
    assert plain("x" * 10, 4) == "xxxx"


@given(st.binary())
def test_whatever_a_guest_says_can_be_sent(data: bytes) -> None:
    assert plain(data.decode(errors="surrogateescape")) == plain(data)
    plain(data).encode()
