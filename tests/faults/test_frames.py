"""A hundred thousand frames no client should send: nothing but refusals comes of them."""

from __future__ import annotations

import tracemalloc

import pytest

from frames import hostile_frames, judged
from vzvirt.rpc.connection import ServerConnection
from vzvirt.rpc.xdr import ProtocolError

pytestmark = pytest.mark.slow

FRAMES = 100_000
MOST_BYTES = 1024 * 1024


def test_a_hundred_thousand_hostile_frames() -> None:
    refused = understood = 0
    tracemalloc.start()
    try:
        for frame in hostile_frames(seed=2, count=FRAMES):
            try:
                found = ServerConnection().receive(frame)
            except ProtocolError:
                refused += 1
                continue
            understood += sum(judged(each) for each in found)
            assert tracemalloc.get_traced_memory()[1] < 16 * MOST_BYTES
    finally:
        tracemalloc.stop()
    assert refused > FRAMES / 10
    assert understood > FRAMES / 10
