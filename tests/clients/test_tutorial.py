"""The tutorial tells the truth: its ``console`` blocks are run, and print what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

import daemonlab
from clients.surroundings import of_commands
from transcript import Shell, follow

PROJECT = Path(__file__).parent.parent.parent


@pytest.mark.root
def test_containers_with_virsh(tmp_path: Path, regenerate: bool) -> None:
    document = PROJECT / "docs/tutorial/virsh.md"
    with daemonlab.running("lxc") as daemon:
        shell = Shell(PROJECT, of_commands(daemon, tmp_path), str(daemon.root))
        assert follow(document, shell, loose=True, rewrite=regenerate) > 0
        assert "Traceback" not in daemon.log.read_text()
