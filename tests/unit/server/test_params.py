from __future__ import annotations

import pytest

from vzvirt.model.values import UNLIMITED, Limit
from vzvirt.rpc.protocol.constants import VIR_TYPED_PARAM_STRING_OKAY
from vzvirt.rpc.typedparams import Kind
from vzvirt.server.params import NO_LIMIT, Param, from_kib, in_kib, portion

ROWS: list[Param] = [("a", 1, Kind.UINT), ("b", "x", Kind.STRING), ("c", 2, Kind.ULLONG)]


@pytest.mark.parametrize(
    ("room", "flags", "found", "count"),
    [
        (0, VIR_TYPED_PARAM_STRING_OKAY, 0, 3),
        (3, VIR_TYPED_PARAM_STRING_OKAY, 3, 3),
        (2, VIR_TYPED_PARAM_STRING_OKAY, 2, 2),
        (9, VIR_TYPED_PARAM_STRING_OKAY, 3, 3),
        (0, 0, 0, 2),
        (9, 0, 2, 2),
    ],
)
def test_as_many_as_there_is_room_for(room: int, flags: int, found: int, count: int) -> None:
    params, number = portion(ROWS, room, flags)
    assert (len(params), number) == (found, count)


@pytest.mark.parametrize(
    ("limit", "kib"), [(None, NO_LIMIT), (UNLIMITED, NO_LIMIT), (2048, 2), (1 << 70, NO_LIMIT)]
)
def test_amounts_in_kib(limit: Limit | None, kib: int) -> None:
    assert in_kib(limit) == kib


def test_amounts_from_kib() -> None:
    assert from_kib(2) == 2048
    assert from_kib(NO_LIMIT) is UNLIMITED
