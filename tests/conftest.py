"""Fixtures and options every test may use."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

SOURCE = Path(__file__).parent.parent / "src"

# Whoever starts the tests in the background has them ignore this; tests interrupt programs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Programs started by tests, and the hooks of the containers they start, run this checkout.
os.environ["PYTHONPATH"] = str(SOURCE)

# There are thousands of them: compiling the sources for each anew takes minutes.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says nothing on a busy machine; one that fails can be run again.
settings.register_profile(
    "tests",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    max_examples=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="rewrite golden files from today's output"
    )


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regenerate"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In an emulated guest (``tests/vm``) everything takes its time."""
    for item in items if os.environ.get("VZVIRT_IN_GUEST") else ():
        said = item.get_closest_marker("timeout")
        if said is not None:
            item.add_marker(pytest.mark.timeout(5 * said.args[0]), append=False)
