"""Work that is killed at many points of the time it takes, and what is found each time.

The work is timed once undisturbed; the points are spread over that time evenly, each moved a
little at random (the seed is fixed). Every other time the programs it started die with it. How
long it takes changes with what else the machine does: work that ends before its crash has been
timed again, and the same point is tried anew.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

TRIES = 3


def crash(work: subprocess.Popen[Any], seconds: float, *, with_children: bool) -> float | None:
    """Kill work that has just begun, in a session of its own, after a while.

    Returns:
        The seconds that it took where it had ended before that; None: it was killed at work.
    """
    begin = time.monotonic()
    try:
        work.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill = os.killpg if with_children else os.kill
        kill(work.pid, signal.SIGKILL)
        work.communicate()
        return None
    return time.monotonic() - begin


def campaign(
    points: int,
    begin: Callable[[], subprocess.Popen[Any]],
    prepare: Callable[[], None],
    judge: Callable[[], None],
) -> None:
    """Crash work, judging each time what is left.

    Args:
        points: How many points of it.
        begin: Begins it, in a session of its own.
        prepare: Makes what it is to work on, whatever was there before.
        judge: Says whether what a crash leaves is as it may be.
    """
    prepare()
    work = begin()
    length = crash(work, 120, with_children=True)
    assert length is not None
    assert work.returncode == 0
    dice = random.Random(209)  # noqa: S311  # not for secrets
    hits = 0
    for point in range(points):
        part = (point + dice.random()) / points
        for _ in range(TRIES):
            prepare()
            seconds = length * part
            ended = crash(begin(), seconds, with_children=point % 2 == 0)
            try:
                judge()
            except AssertionError as error:
                error.add_note(f"after {seconds:.3f} of {length:.3f} s, point {point}")
                raise
            if ended is None:
                hits += 1
                break
            length = ended
    assert hits >= points // 2, f"only {hits} of {points} crashes came before the end"
