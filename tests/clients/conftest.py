"""Daemons for tests of real clients.

``daemon`` has the memory engine and belongs to one test. ``memory_daemon`` and ``lxc_daemon`` are
shared by a module's tests, which leave them as they found them; ``lxc_daemon`` has the busybox
template and needs root.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import daemonlab
from clients.surroundings import FILES
from daemonlab import Daemon


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A simulated installation."""
    with daemonlab.running("memory") as running:
        yield running


@pytest.fixture(scope="module")
def memory_daemon() -> Iterator[Daemon]:
    """A simulated installation that a module's tests share."""
    with daemonlab.running("memory") as running:
        yield running


@pytest.fixture(scope="module")
def lxc_daemon() -> Iterator[Daemon]:
    """One with real containers that a module's tests share."""
    if os.geteuid() != 0:
        pytest.skip("containers need root")
    with daemonlab.running("lxc") as running:
        built = running.vzvirt.call("template", "build", "busybox")
        assert built.returncode == 0, built
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands of sessions are run: with the documents they name."""
    shutil.copytree(FILES, tmp_path, dirs_exist_ok=True)
    return tmp_path
