"""Sessions and documents, their commands run as users would run them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from daemonlab import Daemon
from transcript import Shell, Virsh, follow

FILES = Path(__file__).parent / "files"
"""The documents that sessions name."""


def of_commands(daemon: Daemon, folder: Path) -> dict[str, str]:
    """An environment in which libvirt's clients find the daemon, and the shell ``vzvirt``.

    Args:
        daemon: The daemon.
        folder: Where the program that calls this checkout's vzvirt is put.
    """
    program = folder / "bin/vzvirt"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m vzvirt "$@"\n')
    program.chmod(0o755)
    return {
        **daemon.vzvirt.environment,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "COLUMNS": "99",
        "LC_ALL": "C.UTF-8",
        "LIBVIRT_DEFAULT_URI": daemon.uri,
        "VIRSH_DEFAULT_CONNECT_URI": "",
    }


def check(
    daemon: Daemon,
    run: Shell | Virsh,
    session: Path,
    *,
    loose: bool = False,
    rewrite: bool = False,
) -> None:
    """Follow a session; the daemon must have had no trouble with it."""
    assert follow(session, run, loose=loose, rewrite=rewrite) > 0
    assert "Traceback" not in daemon.log.read_text(), daemon.last_words()
