"""Checks: small named functions, each looking for one thing that must not be.

They are pure: a ``Case`` holds the definition and all facts it is held against. Strict ones
yield errors, the others sentences. All run, so that one error names everything that is wrong.
"""

from __future__ import annotations

from typing import Final

from vzvirt.manager.checks import filesystems, identity, interfaces, resources
from vzvirt.manager.checks.case import Case, Check, WarnOnly, refuse, warnings

AT_DEFINE: Final[tuple[Check, ...]] = (
    *filesystems.AT_DEFINE,
    *interfaces.AT_DEFINE,
    *resources.AT_DEFINE,
)
AT_START: Final[tuple[Check, ...]] = (*identity.AT_START, *filesystems.AT_START)
WARN_AT_DEFINE: Final[tuple[WarnOnly, ...]] = (
    *identity.WARN_AT_DEFINE,
    *filesystems.WARN_AT_DEFINE,
    *interfaces.WARN_AT_DEFINE,
    *resources.WARN_AT_DEFINE,
)
WARN_AT_START: Final[tuple[WarnOnly, ...]] = filesystems.WARN_AT_START
NOTES: Final[tuple[WarnOnly, ...]] = filesystems.NOTES

__all__ = [
    "AT_DEFINE",
    "AT_START",
    "NOTES",
    "WARN_AT_DEFINE",
    "WARN_AT_START",
    "Case",
    "Check",
    "WarnOnly",
    "refuse",
    "warnings",
]
