"""Ansible's libvirt modules, from the ``ansible`` package on PyPI.

It is installed once into ``.cache/ansible``, beside Debian's python3-libvirt.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from clients.surroundings import FILES
from daemonlab import SYSTEM_PYTHON, Daemon

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
REQUIREMENTS = PROJECT / "requirements/ansible.txt"
PLACE = PROJECT / ".cache/ansible"


@pytest.fixture(scope="module")
def ansible() -> Path:
    """Where its programs are."""
    stamp = PLACE / REQUIREMENTS.name
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        venv = (SYSTEM_PYTHON, "-m", "venv", "--clear", "--system-site-packages", PLACE)
        subprocess.run(venv, check=True)
        pip = (PLACE / "bin/pip", "--quiet", "--disable-pip-version-check")
        words = ("install", "--no-deps", "--no-compile", "--requirement", REQUIREMENTS)
        subprocess.run([*pip, *words], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    return PLACE / "bin"


def run(program: Path, *words: str | Path, daemon: Daemon, home: Path) -> str:
    """Run one of them, which must succeed; what it printed."""
    done = subprocess.run(
        [program, *words],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "LIBVIRT_DEFAULT_URI": daemon.uri,
            "FILES": str(FILES),
            "ANSIBLE_PYTHON_INTERPRETER": str(program.with_name("python")),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{daemon.last_words()}"
    return done.stdout


@pytest.mark.timeout(900)
def test_a_playbook(ansible: Path, daemon: Daemon, tmp_path: Path) -> None:
    daemon.vzvirt("template", "build", "busybox")
    playbook = HERE / "playbooks/containers.yml"
    words = ("-i", "localhost,", playbook)
    run(ansible / "ansible-playbook", *words, daemon=daemon, home=tmp_path)
    assert daemon.ok("list", "--all") == ""


@pytest.mark.timeout(900)
def test_containers_as_hosts(ansible: Path, daemon: Daemon, tmp_path: Path) -> None:
    daemon.ok("define", FILES / "web.xml")
    inventory = tmp_path / "containers.libvirt.yml"
    inventory.write_text(f"plugin: community.libvirt.libvirt\nuri: '{daemon.uri}'\n")
    words = ("-i", inventory, "--list")
    said = json.loads(run(ansible / "ansible-inventory", *words, daemon=daemon, home=tmp_path))
    assert set(said["_meta"]["hostvars"]) == {"web"}
