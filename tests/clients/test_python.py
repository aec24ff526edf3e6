"""Programs that use Debian's python3-libvirt; they are in ``programs``."""

from __future__ import annotations

import subprocess
import time
from itertools import takewhile
from pathlib import Path

from daemonlab import PATIENCE, SYSTEM_PYTHON, Daemon

PROGRAMS = Path(__file__).parent / "programs"


def program(daemon: Daemon, name: str, *words: str) -> str:
    """Run one; what it printed."""
    return daemon.python((PROGRAMS / f"{name}.py").read_text(), *words)


def build_template(daemon: Daemon) -> None:
    done = daemon.vzvirt.call("template", "build", "busybox")
    assert done.returncode == 0, done


def test_containers(daemon: Daemon) -> None:
    build_template(daemon)
    assert program(daemon, "objects") == "done\n"
    until = time.monotonic() + PATIENCE
    while daemon.ok("list", "--all", "--name"):  # what was to end with its client
        assert time.monotonic() < until
        time.sleep(0.05)


HEARD = """\
network lan 0 0
network lan 2 0
lifecycle web 0 0
lifecycle web 2 0
metadata_change web 1 None
device_added web net0
device_removed web net0
lifecycle web 3 0
lifecycle web 4 0
reboot web
lifecycle web 6 2
lifecycle web 5 0
lifecycle web 2 0
lifecycle web 5 1
lifecycle web 1 1
lifecycle site 0 2
lifecycle site 1 0
network lan 3 0
network lan 1 0
"""
"""In libvirt's numbers: the event and its detail."""


def test_events(daemon: Daemon) -> None:
    """Every kind that is there to be heard, a connection kept alive, and its end."""
    build_template(daemon)
    with subprocess.Popen(
        [SYSTEM_PYTHON, PROGRAMS / "listening.py", daemon.uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as listener:
        try:
            assert listener.stdout is not None
            heard = list(takewhile(lambda line: line != "listening\n", listener.stdout))
            pools = [line for line in heard if line.startswith("refreshed ")]
            assert "".join(line for line in heard if line not in pools) == HEARD
            assert "refreshed templates\n" in pools
            daemon.stop()
            rest, _ = listener.communicate("\n", timeout=PATIENCE)
            assert rest == "closed 1\n"  # VIR_CONNECT_CLOSE_REASON_EOF
            assert listener.returncode == 0
        finally:
            listener.kill()
