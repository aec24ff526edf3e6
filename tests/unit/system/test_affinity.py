"""Leaving a processor to others; each test in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SEVERAL = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="there is only one processor to leave or to use"
)


def run(lines: str) -> str:
    code = "import os, subprocess\nfrom vzvirt.system import affinity\n" + lines
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@SEVERAL
def test_one_is_left_by_us_and_what_we_start() -> None:
    count = "len(os.sched_getaffinity(0))"
    said = run(
        f"affinity.leave_one()\naffinity.leave_one()\n"
        f"print({count}, len(affinity.given()), flush=True)\n"
        f"subprocess.run(['nproc'])\n"
    )
    mine = len(os.sched_getaffinity(0))
    assert said.split() == [str(mine - 1), str(mine), str(mine - 1)]


@SEVERAL
def test_what_is_to_outlive_us_leaves_none() -> None:
    said = run(
        "affinity.leave_one()\n"
        "with affinity.using_all():\n"
        "    subprocess.run(['nproc'])\n"
        "subprocess.run(['nproc'])\n"
        "affinity.use_all()\n"
        "subprocess.run(['nproc'])\n"
        "print(affinity.given())\n"
    )
    mine = len(os.sched_getaffinity(0))
    assert said.split() == [str(mine), str(mine - 1), str(mine), "None"]


def test_the_only_one_is_not_left() -> None:
    said = run(
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "affinity.leave_one()\n"
        "with affinity.using_all():\n"
        "    print(len(os.sched_getaffinity(0)), affinity.given())\n"
    )
    assert said == "1 None"
