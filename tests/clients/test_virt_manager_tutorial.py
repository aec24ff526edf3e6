"""The tutorial about virt-manager: what it has one type in a shell.

``pytest --regenerate`` writes what is printed today into it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import daemonlab
from clients.surroundings import check, of_commands
from clients.test_virt_manager import network
from transcript import Shell

pytestmark = pytest.mark.root

PROJECT = Path(__file__).parents[2]
TUTORIAL = PROJECT / "docs/tutorial/virt-manager.md"


def test_the_tutorial(tmp_path: Path, regenerate: bool) -> None:
    with network() as within, daemonlab.running("lxc", within=within) as daemon:
        run = Shell(PROJECT, of_commands(daemon, tmp_path), str(daemon.root))
        check(daemon, run, TUTORIAL, loose=True, rewrite=regenerate)


def test_its_pictures_are_there() -> None:
    pictures = set((PROJECT / "docs/images").iterdir())
    assert {
        path for path in pictures if f"../images/{path.name})" in TUTORIAL.read_text()
    } == pictures
