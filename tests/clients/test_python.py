"""Programs that use Debian's python3-libvirt; they are in ``programs``."""

from __future__ import annotations

import time
from pathlib import Path

from daemonlab import PATIENCE, Daemon

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
