"""Which processors this process, and what it starts, may run on (sched_setaffinity(2)).

State, of the process: what it was given before it left a processor to others. What it starts from
then on leaves it, too; whatever is to outlive it must not.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

_given: frozenset[int] | None = None


def leave_one() -> None:
    """Use all processors that we were given but one; all the same where there is only one.

    So whoever waits for short answers from others finds a processor that has nothing to do. The
    kernel would rather give it to us, too, and may not get it back for some milliseconds.
    """
    global _given  # it is the process's, as what it tells of
    if _given is None:
        given = frozenset(os.sched_getaffinity(0))
        if len(given) > 1 and _use(given - {min(given)}):
            _given = given


def use_all() -> None:
    """Use all that we were given again."""
    global _given
    if _given is not None and _use(_given):
        _given = None


def given() -> frozenset[int] | None:
    """What we were given, if we use less than that."""
    return _given


def give_all(pid: int) -> None:
    """Let a process that we started use all that we were given, if it is still there."""
    if _given is not None:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, _given)


@contextlib.contextmanager
def using_all() -> Iterator[None]:
    """Use all that we were given; so what is started within may use them as long as it lives."""
    if _given is None:
        yield
        return
    use_all()
    try:
        yield
    finally:
        leave_one()


def _use(processors: frozenset[int]) -> bool:
    """Whether the kernel lets us; it does not where a control group has come to allow others."""
    try:
        os.sched_setaffinity(0, processors)
    except OSError:
        return False
    return True
