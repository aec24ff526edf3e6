"""Fixtures of tests that run real containers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_bench import Bench
from installation import Host


@pytest.fixture
def bench() -> Iterator[Bench]:
    """An engine of its own; nothing of it is left in the end."""
    if os.geteuid() != 0:
        pytest.skip("containers need root")
    prefix = Path(tempfile.mkdtemp(prefix="vzvirt-engine.", dir="/var/tmp"))
    prefix.chmod(0o755)
    bench = Bench(prefix)
    try:
        bench.build_guest()
        yield bench
    finally:
        bench.clean_up()
        Host(prefix).remove()
