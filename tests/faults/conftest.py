"""A host with a busybox template and one container that runs all the time and must not notice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import Host, init_of

BYSTANDER = 200


@pytest.fixture(scope="module")
def installation() -> Iterator[Host]:
    # Not pytest's temporary folder, which the users of containers could not reach.
    root = Path(tempfile.mkdtemp(prefix="vzvirt-faults.", dir="/var/tmp"))
    root.chmod(0o755)
    host = Host(root)
    try:
        host.ok("template", "build", "busybox")
        host.define(BYSTANDER, "image")
        host.ok("start", str(BYSTANDER))
        yield host
    finally:
        host.run("kill", str(BYSTANDER))
        host.run("undefine", "--remove-data", str(BYSTANDER))
        host.remove()


@pytest.fixture
def host(installation: Host) -> Iterator[Host]:
    before = init_of(installation, BYSTANDER)
    yield installation
    assert init_of(installation, BYSTANDER) == before, "the other container was touched"
    assert installation.ok("exec", str(BYSTANDER), "--", "echo", "well").strip() == "well"
