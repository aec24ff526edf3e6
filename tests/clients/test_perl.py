"""A Perl program with Debian's Sys::Virt."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from daemonlab import Daemon

PROGRAM = Path(__file__).parent / "programs/containers.pl"

SAID = """\
OpenVZ here
web 209 exe 1 262144
xml
state 1
error 42 Sys::Virt::Error
web 0 0
web 2 0
web 3 0
web 4 0
web 5 1
web 1 0
"""
"""What it sees, then what it hears: events and their details in libvirt's numbers."""


def test_a_program(daemon: Daemon) -> None:
    daemon.vzvirt("template", "build", "busybox")
    done = subprocess.run(
        ["perl", PROGRAM, daemon.uri],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    assert (done.returncode, done.stdout) == (0, SAID), f"{done}\n{daemon.last_words()}"
