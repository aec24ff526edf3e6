"""Where everything can run, a skipped test is a failed one.

A test skips itself where its host cannot run it (no root, no QEMU). With ``VZVIRT_NO_SKIP=1``, set
in continuous integration and by ``make`` for root, that is a failure, so that nothing goes
missing in silence. The exceptions are listed here, each with its reason.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Final

import pytest

ALLOWED: Final[dict[str, str]] = {}
"""Beginning of a test's node id -> why it may skip everywhere."""


def _is_forbidden(nodeid: str) -> bool:
    return bool(os.environ.get("VZVIRT_NO_SKIP")) and not nodeid.startswith(tuple(ALLOWED))


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = (
        f"{report.nodeid} skipped itself where nothing may (tests/skips.py): {reason}"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _is_forbidden(item.nodeid):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and _is_forbidden(collector.nodeid):
        _fail(report)
    return report
