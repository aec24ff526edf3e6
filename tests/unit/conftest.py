"""What unit tests share."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Thousands of small tests make much that is alive and little that goes in circles.
gc.set_threshold(50_000, 20, 100)

MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """As pytest's own, but in memory where there is such a place: what is durable is slow."""
    parent = MEMORY if MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="vzvirt-unit-", dir=parent)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """All of them together are shared out to three processes; a few are sooner done by one.

    Some wait more than they work, so there are more processes than processors.
    """
    if hasattr(config, "workerinput"):
        return  # this is one of them
    asked = [Path(config.invocation_params.dir, name).resolve() for name in config.args]
    if config.getoption("numprocesses") is None and asked == [Path(__file__).parent]:
        config.option.numprocesses = 3
        config.option.dist = "worksteal"
