"""What virsh says and prints of real containers: a session, and the tutorial for its readers.

``pytest --regenerate`` writes what is printed today into them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import daemonlab
from clients.surroundings import check, of_commands
from daemonlab import Daemon
from transcript import Shell

pytestmark = pytest.mark.root

PROJECT = Path(__file__).parent.parent.parent
SESSION = Path(__file__).parent / "sessions/real/containers.md"
TUTORIAL = PROJECT / "docs/tutorial/virsh.md"


def test_a_session(lxc_daemon: Daemon, folder: Path, regenerate: bool) -> None:
    run = Shell(folder, of_commands(lxc_daemon, folder))
    check(lxc_daemon, run, SESSION, rewrite=regenerate)


def test_the_tutorial(tmp_path: Path, regenerate: bool) -> None:
    """From a host that has nothing yet."""
    with daemonlab.running("lxc") as daemon:
        run = Shell(PROJECT, of_commands(daemon, tmp_path), str(daemon.root))
        check(daemon, run, TUTORIAL, loose=True, rewrite=regenerate)
