"""A client of a simulated installation for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.server.handlers.clients import Client
from worlds import World


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(World.at(tmp_path))
