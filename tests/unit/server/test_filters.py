from __future__ import annotations

import pytest

from vzvirt.server.filters import at_most, mask, wanted

STATE = {1: True, 2: False}
ORIGIN = {4: False, 8: True}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (0, True),
        (1, True),
        (2, False),
        (1 | 2, True),
        (8, True),
        (1 | 8, True),
        (1 | 4, False),
        (2 | 8, False),
        (1 | 2 | 4 | 8, True),
    ],
)
def test_each_group_must_be_met(flags: int, expected: bool) -> None:
    assert wanted(flags, STATE, ORIGIN) is expected


def test_all_bits() -> None:
    assert mask(STATE, ORIGIN) == 15
    assert mask() == 0


@pytest.mark.parametrize(("room", "expected"), [(-1, ""), (0, ""), (2, "ab"), (9, "abc")])
def test_room(room: int, expected: str) -> None:
    assert at_most(["a", "b", "c"], room) == [*expected]
