"""Checks on who a container is, and on whether it may run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vzvirt import errors
from vzvirt.manager.checks.case import Case, Check, WarnOnly
from vzvirt.model.values import FIRST_FREE_CTID


def is_not_disabled(case: Case) -> Iterator[errors.VzvirtError]:
    """DISABLED=yes: somebody wants it to stay off."""
    if case.domain.openvz.disabled:
        yield errors.OperationInvalid(
            f"'{case.domain.name}' is disabled (DISABLED=yes)",
            hint="take <openvz:disabled> out of its definition: vzvirt edit",
        )


def warn_reserved_number(case: Case) -> Iterator[str]:
    """Numbers up to 100 belong to OpenVZ by convention."""
    ctid = case.domain.ctid
    if case.old is None and ctid is not None and ctid < FIRST_FREE_CTID:
        yield f"container id {ctid} is one of those OpenVZ reserves (up to {FIRST_FREE_CTID - 1})"


AT_START: Final[tuple[Check, ...]] = (is_not_disabled,)

WARN_AT_DEFINE: Final[tuple[WarnOnly, ...]] = (warn_reserved_number,)
