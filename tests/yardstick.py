"""How quick a machine is at this moment, to hold times against: its own and others' are not alike.

The measure is an interpreter that imports ``asyncio``: 50 ms where this was written.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

MEASURE = (sys.executable, "-E", "-c", "import asyncio")


def measure() -> float:
    """Seconds that it takes by the clock."""
    begin = time.perf_counter()
    subprocess.run(MEASURE, check=True)
    return time.perf_counter() - begin


def processor_time(
    argv: Sequence[str | Path] = MEASURE, environment: Mapping[str, str] = os.environ
) -> float:
    """Seconds of the processors' that a program takes."""
    before = _used()
    subprocess.run(argv, env=environment, check=True, capture_output=True)
    return _used() - before


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
