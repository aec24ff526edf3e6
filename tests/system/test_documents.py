"""The documentation tells the truth: its ``console`` blocks are run, and print what it says.

Each document is one session, from top to bottom, in a root of its own. ``--regenerate`` writes
what is printed today into it. Numbers, units and UUIDs may differ, and so may the width of
columns; a line ``...`` stands for any lines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import domain_xml
from installation import Host
from transcript import Shell, follow

pytestmark = pytest.mark.root

PROJECT = Path(__file__).parent.parent.parent
RUNNING = ("template build busybox", "define {web}", "start web")
"""Commands that make what a document takes for granted: a container ``web`` that runs."""

DOCUMENTS: dict[str, tuple[str, ...]] = {
    "README.md": (),
    "docs/tutorial/first-container.md": (),
    "docs/how-to/limits-and-security.md": RUNNING,
}
"""Each with what comes before it."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    root = Path(tempfile.mkdtemp(prefix="vzvirt-documents.", dir="/var/tmp"))
    root.chmod(0o755)
    installation = Host(root)
    network = root.name
    subprocess.run(["ip", "netns", "add", network], check=True)
    apart = f"nsenter --net=/run/netns/{network} --"  # what they connect is not this machine
    wrapper = tmp_path / "vzvirt"
    wrapper.write_text(f'#!/bin/sh\nexec {apart} {sys.executable} -m vzvirt "$@"\n')
    wrapper.chmod(0o755)
    try:
        yield installation
    finally:
        for ctid in installation.run("-q", "list", "--all").stdout.split():
            installation.run("kill", ctid)
            installation.run("undefine", "--remove-data", ctid)
        environment = installation.environment
        active = subprocess.run(
            [wrapper, "net", "list", "-q"], env=environment, stdout=subprocess.PIPE, text=True
        )
        for name in active.stdout.split():
            subprocess.run([wrapper, "net", "stop", name], env=environment)
        subprocess.run(["ip", "netns", "delete", network], check=True)
        installation.remove()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_the_document_shows(host: Host, tmp_path: Path, name: str, regenerate: bool) -> None:
    web = tmp_path / "web.xml"
    web.write_text(domain_xml("web", 101))
    for words in DOCUMENTS[name]:
        host.ok(*words.format(web=web).split())
    environment = {**host.environment, "PATH": f"{tmp_path}:{os.environ['PATH']}", "COLUMNS": "99"}
    shell = Shell(PROJECT, environment, str(host.root))
    assert follow(PROJECT / name, shell, loose=True, rewrite=regenerate) > 0
