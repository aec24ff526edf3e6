"""A whole Debian with systemd: built, booted, used, rebooted and shut down."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import Host, init_of
from vzvirt.manager.defaults import DEFAULT_STOP_TIMEOUT

pytestmark = [pytest.mark.root, pytest.mark.slow]

EXAMPLE = Path(__file__).parent.parent.parent / "examples/debian.xml"
REF = "debian"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    root = Path(tempfile.mkdtemp(prefix="vzvirt-debian.", dir="/var/tmp"))
    root.chmod(0o755)
    installation = Host(root)
    try:
        installation.ok("template", "build", "debian", "--name", "debian-12-x86_64")
        installation.ok("define", str(EXAMPLE))
        installation.ok("start", REF)
        yield installation
    finally:
        installation.run("kill", REF)
        installation.run("undefine", "--remove-data", REF)
        installation.remove()


def wait_until_booted(host: Host) -> str:
    """Wait for systemd to say how the boot ended."""
    until = time.monotonic() + 90
    while True:
        said = host.run("exec", REF, "--", "systemctl", "is-system-running", "--wait")
        if said.stdout.strip() in {"running", "degraded"} or time.monotonic() > until:
            return said.stdout.strip()
        time.sleep(0.5)


def test_it_boots_without_failed_units(host: Host) -> None:
    state = wait_until_booted(host)
    failed = host.run("exec", REF, "--", "systemctl", "--failed", "--plain", "--no-legend").stdout
    assert (state, failed) == ("running", "")
    assert host.ok("exec", REF, "--", "cat", "/proc/1/comm") == "systemd\n"


def test_it_is_one_of_its_own(host: Host) -> None:
    wait_until_booted(host)
    assert host.ok("exec", REF, "--", "cat", "/etc/hostname") == "debian\n"
    identity = host.ok("exec", REF, "--", "cat", "/etc/machine-id").strip()
    assert len(identity) == 32
    ours = Path("/etc/machine-id")
    assert not ours.exists() or identity != ours.read_text().strip()


def test_a_service_inside_is_limited_with_it(host: Host) -> None:
    wait_until_booted(host)
    ran = host.run("exec", REF, "--", "systemd-run", "--wait", "--pipe", "--quiet", "echo", "well")
    assert (ran.returncode, ran.stdout.strip()) == (0, "well"), ran


def test_it_reboots_from_inside(host: Host) -> None:
    wait_until_booted(host)
    before = init_of(host, 120)
    host.run("exec", REF, "--", "systemctl", "reboot")
    until = time.monotonic() + 90
    while time.monotonic() < until:
        facts = json.loads(host.ok("info", REF, "--json"))
        if facts["state"] == "running" and init_of(host, 120) != before:
            break
        time.sleep(0.5)
    assert facts["state"] == "running"
    assert init_of(host, 120) != before
    assert wait_until_booted(host) == "running"


def test_it_shuts_down_politely(host: Host) -> None:
    wait_until_booted(host)
    begin = time.monotonic()
    host.ok("shutdown", REF)
    assert time.monotonic() - begin < DEFAULT_STOP_TIMEOUT, "it was killed"
    facts = json.loads(host.ok("info", REF, "--json"))
    assert facts["state"] == "shutoff"
    console = host.ok("logs", REF)
    assert "Reached target" in console or "Power" in console
