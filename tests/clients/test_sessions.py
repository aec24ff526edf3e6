"""What virsh says and prints, command by command: the sessions beside this are run.

Each is run twice: with a virsh for every command, as scripts do, and typed into one virsh, as
people do. ``pytest --regenerate`` writes what is printed today into the sessions.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from clients.surroundings import check, of_commands
from daemonlab import Daemon
from transcript import Shell, Virsh, steps

HERE = Path(__file__).parent
SIMULATED = sorted((HERE / "sessions").glob("*.md"))

IN_ONE_PROCESS = {"cd", "connect", "exit", "quit"}
"""Commands that mean nothing where each has a virsh of its own."""


@pytest.mark.parametrize("session", SIMULATED, ids=lambda path: path.stem)
def test_command_by_command(daemon: Daemon, folder: Path, session: Path, regenerate: bool) -> None:
    check(daemon, Shell(folder, of_commands(daemon, folder)), session, rewrite=regenerate)


@pytest.mark.parametrize("session", SIMULATED, ids=lambda path: path.stem)
def test_typed_into_one(daemon: Daemon, folder: Path, session: Path) -> None:
    virsh = Virsh(folder, of_commands(daemon, folder))
    try:
        check(daemon, virsh, session)
        assert virsh.close() == 0
    finally:
        virsh.kill()


def test_no_command_of_virsh_is_missing() -> None:
    listed = subprocess.run(["virsh", "help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^    (\S+) ", listed, re.MULTILINE))
    said = "".join(step.command for path in SIMULATED for step in steps(path.read_text()))
    tried = set(re.findall(r"\bvirsh (\S+)", said))
    assert known - tried == IN_ONE_PROCESS
    assert len(known) > 200
