"""What clients are told when something goes wrong."""

from __future__ import annotations

import logging
from typing import Final

from vzvirt import errors
from vzvirt.rpc import faults

LOG: Final = logging.getLogger(__name__)


class Refusal(Exception):
    """A call that never gets to its handler.

    Attributes:
        payload: What the client is told.
    """

    def __init__(self, payload: bytes) -> None:
        super().__init__()
        self.payload = payload


def failure(exc: BaseException, what: str) -> bytes:
    """The payload of an error reply to whatever was raised; a defect is logged as one.

    Never raises: the client would wait for its answer for good.

    Args:
        exc: What was raised.
        what: What was being done, for the log.
    """
    try:
        return _told(exc, what)
    except Exception:
        LOG.exception("a defect, in telling what went wrong in %s", what)
        return faults.error_payload(
            errors.InternalError.code,
            errors.InternalError.domain,
            f"a defect of vzvirt, in {what}",
        )


def _told(exc: BaseException, what: str) -> bytes:
    if isinstance(exc, Refusal):
        return exc.payload
    if not isinstance(exc, errors.VzvirtError):
        LOG.error("a defect, in %s", what, exc_info=exc)
        exc = errors.InternalError(f"a defect of vzvirt: {type(exc).__name__}: {exc}")
    message = f"{exc.message}; {exc.hint}" if exc.hint else exc.message
    return faults.error_payload(exc.code, exc.domain, message)
