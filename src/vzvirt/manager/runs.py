"""Whether a container is still as it was, for those who waited without its lock. Pure."""

from __future__ import annotations

from typing import Final

from vzvirt import errors
from vzvirt.model.domain import Domain
from vzvirt.model.state import Observation, Reason

_OTHERS_WISH: Final = frozenset(
    {Reason.KILLED, Reason.SHUT_DOWN, Reason.SHUTTING_DOWN, Reason.HOST_STOPPED}
)
"""What nothing comes to that was asked to reboot, unless somebody else asked for it since."""


def same_run(now: Observation, before: Observation) -> bool:
    """Whether a container still is in the boot that was seen before."""
    return now.is_active and (now.init_pid, now.started_at) == (before.init_pid, before.started_at)


def refuse_overtaken(domain: Domain, now: Observation, before: Observation) -> None:
    """Leave a container as somebody else wants it who came after the request to reboot.

    Raises:
        OperationInvalid: Somebody did.
    """
    if now.run == before.run and now.reason not in _OTHERS_WISH:
        return
    raise errors.OperationInvalid(
        f"the reboot of '{domain.name}' was overtaken: {now.reason.words}",
        hint=None if now.is_active else f"if it is to run: vzvirt start {domain.name}",
    )


def refuse_overtaken_shutdown(domain: Domain, now: Observation, before: Observation) -> None:
    """Leave one running of which somebody else wants that since it was asked to shut down.

    Args:
        domain: What it is.
        now: How it is after the wait, active.
        before: How it was when it was asked.

    Raises:
        OperationInvalid: Somebody did.
    """
    if same_run(now, before) and now.reason is Reason.SHUTTING_DOWN:
        return
    raise errors.OperationInvalid(
        f"the shutdown of '{domain.name}' was overtaken: {now.reason.words}",
        hint=f"if it is to be off: vzvirt shutdown {domain.name}",
    )
