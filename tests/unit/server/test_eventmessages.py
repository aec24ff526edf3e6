"""The table of events; what is in their messages is in ``test_broker``."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import vzvirt
from vzvirt.model import event
from vzvirt.server.eventmessages import MESSAGES


def test_every_event_can_be_told() -> None:
    assert set(MESSAGES) == set(typing.get_args(event.Event))


def test_none_is_said_to_be_told_that_nothing_makes() -> None:
    """The printed reference follows the table."""
    sources = Path(*vzvirt.__path__).rglob("*.py")
    made = {name for path in sources for name in re.findall(r"\b(\w+)\(", path.read_text())}
    assert {kind.__name__ for kind in MESSAGES} <= made
