"""The documentation tells the truth: its ``console`` blocks are run, and print what it says.

Each document is one session, from top to bottom, in a root of its own. ``--regenerate`` writes
what is printed today into it. Numbers and UUIDs may differ, and so may the width of columns; a
line ``...`` stands for any lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installation import Host

pytestmark = pytest.mark.root

PROJECT = Path(__file__).parent.parent.parent
DOCUMENTS = ("README.md", "docs/tutorial/first-container.md")
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "# "
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Step:
    """A command of a document and what it is said to print."""

    command: str
    said: str


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    root = Path(tempfile.mkdtemp(prefix="vzvirt-documents.", dir="/var/tmp"))
    root.chmod(0o755)
    installation = Host(root)
    wrapper = tmp_path / "vzvirt"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -m vzvirt "$@"\n')
    wrapper.chmod(0o755)
    try:
        yield installation
    finally:
        for ctid in installation.run("-q", "list", "--all").stdout.split():
            installation.run("kill", ctid)
            installation.run("undefine", "--remove-data", ctid)
        held = installation.footprint()
        if not held.mounts:
            shutil.rmtree(root)
        assert not (held.mounts or held.loops or held.cgroups or held.processes), held


def steps(block: str) -> list[Step]:
    """The commands of a block; one that ends in a backslash goes on in the next line."""
    found = []
    for part in re.split(rf"^{PROMPT}", block, flags=re.MULTILINE)[1:]:
        match = re.match(r"((?:.*\\\n)*.*\n)", part)
        assert match
        found.append(Step(match[1], part[match.end() :]))
    return found


def pattern(said: str) -> re.Pattern[str]:
    """What a command's output must match."""
    parts = [
        r"(.*\n)*" if line == "..." else re.escape(plain(line)) + r"\n"
        for line in said.splitlines()
    ]
    return re.compile("".join(parts))


def plain(text: str) -> str:
    """Text without what differs from run to run."""
    text = UUID.sub("UUID", text)
    text = re.sub(r"\d+(\.\d+)?", "N", text)
    return re.sub(r" +", " ", text).strip()


def run_command(host: Host, command: str, environment: dict[str, str]) -> str:
    """What a command prints, as if the installation were the host's own."""
    finished = subprocess.run(
        ["bash", "-euc", command],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, f"{command}{finished.stdout}"
    printed = finished.stdout.replace(str(host.root), "").replace("\r", "")
    return printed if printed.endswith("\n") or not printed else f"{printed}\n"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_the_document_shows(host: Host, tmp_path: Path, name: str, regenerate: bool) -> None:
    document = PROJECT / name
    environment = {**host.environment, "PATH": f"{tmp_path}:{os.environ['PATH']}", "COLUMNS": "99"}

    def run(block: re.Match[str]) -> str:
        shown = []
        for step in steps(block[1]):
            printed = run_command(host, step.command, environment)
            comparable = "".join(f"{plain(line)}\n" for line in printed.splitlines())
            matches = pattern(step.said).fullmatch(comparable)
            assert matches or regenerate, (
                f"{name} says of {step.command}{step.said}but it prints\n{printed}"
            )
            kept = step.said if matches and "...\n" in step.said else printed
            shown.append(PROMPT + step.command + kept)
        return "```console\n" + "".join(shown) + "```"

    rewritten = BLOCK.sub(run, document.read_text())
    if regenerate:
        document.write_text(rewritten)
