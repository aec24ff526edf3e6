"""Fixtures and options every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

SOURCE = Path(__file__).parent.parent / "src"

# Whoever starts the tests in the background has them ignore this; tests interrupt programs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Programs started by tests, and the hooks of the containers they start, run this checkout.
os.environ["PYTHONPATH"] = str(SOURCE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="rewrite golden files from today's output"
    )


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regenerate"))
