"""Real containers on Debian's own kernel, under each way of mounting control groups."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .guest import Cgroups, Outcome, run_in_guest
from .image import Image, image

pytestmark = [pytest.mark.vm, pytest.mark.root]

# The pytest of the guest runs without colour or progress dots: its console is slow.
PYTEST = (
    "python3 -m pytest -q -p no:cacheprovider --timeout 900 --junitxml /payload/results/junit.xml"
)
PROLOGUE = """
export LANG=C.UTF-8 HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin VZVIRT_NO_SKIP=1
cd /payload/project
"""


@pytest.fixture(scope="session")
def guest_image() -> Image:
    for program in ("qemu-system-x86_64", "mmdebstrap", "mke2fs", "debugfs"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tools/setup check vm installs it")
    return image()


def run(image: Image, script: str, work: Path, cgroups: Cgroups, timeout: float) -> Outcome:
    outcome = run_in_guest(image, PROLOGUE + script, work, cgroups=cgroups, timeout=timeout)
    assert outcome.status is not None, f"the guest did not end:\n{outcome.console}"
    return outcome


@pytest.mark.parametrize(
    ("cgroups", "mounted"),
    [
        (Cgroups.UNIFIED, {"cgroup2"}),
        (Cgroups.HYBRID, {"cgroup", "cgroup2"}),
        (Cgroups.LEGACY, {"cgroup"}),
    ],
)
def test_what_the_guest_is(
    guest_image: Image, tmp_path: Path, cgroups: Cgroups, mounted: set[str]
) -> None:
    script = """
    systemctl is-system-running --wait >/payload/results/systemd
    findmnt -n -o FSTYPE -t cgroup,cgroup2 >/payload/results/cgroups
    uname -r >/payload/results/kernel
    """
    outcome = run(guest_image, script, tmp_path, cgroups, timeout=300)
    assert (outcome.results / "systemd").read_text() == "running\n"
    assert set((outcome.results / "cgroups").read_text().split()) == mounted
    assert re.match(r"6\.1\..*-cloud-amd64", (outcome.results / "kernel").read_text())
