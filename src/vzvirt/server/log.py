"""Where the daemon's words go: to standard error, and from there into the journal."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

from vzvirt.rpc.faults import brief

LONGEST: Final = 16384
"""Characters of one entry at most, its traceback included: what clients send may stand in it."""

_PRIORITIES: Final = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}


class _Brief(logging.Formatter):
    """Of an entry that is too long the middle is left out."""

    def format(self, record: logging.LogRecord) -> str:
        return brief(super().format(record), LONGEST)


class _ForJournal(_Brief):
    """Lines begin with how bad it is, as the journal reads it; it knows the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITIES.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def begin(level: int, environment: Mapping[str, str]) -> None:
    """Write to standard error from now on.

    Args:
        level: What to write, as the setting ``log_level`` says it.
        environment: Says whether the journal reads standard error.
    """
    handler = logging.StreamHandler()
    if _is_journal(environment.get("JOURNAL_STREAM", "")):
        handler.setFormatter(_ForJournal("%(message)s"))
    else:
        handler.setFormatter(_Brief("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], force=True)
    set_level(level)


def set_level(level: int) -> None:
    """Write this and what is worse: 1 everything, 2 news, 3 warnings, 4 errors."""
    logging.getLogger("vzvirt").setLevel(level * 10)


def warn(sentence: str) -> None:
    """Write a warning of the manager's."""
    logging.getLogger("vzvirt.manager").warning("%s", sentence)


def _is_journal(stream: str) -> bool:
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return stream == f"{found.st_dev}:{found.st_ino}"
