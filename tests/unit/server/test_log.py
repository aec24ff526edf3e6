from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from vzvirt.server import log


@pytest.fixture(autouse=True)
def others() -> Iterator[None]:
    """Who listens besides listens again afterwards, and is not closed."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], logging.getLogger("vzvirt").level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    logging.getLogger("vzvirt").setLevel(level)


def test_entries_are_bounded_whatever_clients_send(capsys: pytest.CaptureFixture[str]) -> None:
    log.begin(3, {})
    try:
        raise ValueError("n" * (4 << 20))
    except ValueError:
        logging.getLogger("vzvirt.server").exception("a defect")
    text = capsys.readouterr().err
    assert len(text) < 2 * log.LONGEST
    assert "ERROR a defect\nTraceback" in text
    assert "[...]" in text


def test_short_ones_are_written_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    log.begin(3, {})
    logging.getLogger("vzvirt.server").warning("one\ntwo")
    logging.getLogger("vzvirt.server").info("not heard")
    assert capsys.readouterr().err.endswith(" WARNING one\ntwo\n")
