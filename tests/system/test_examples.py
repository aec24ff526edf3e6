"""What stands in ``examples/`` does what it says: it defines, round-trips, and runs."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import Host, may_grow_mounted

pytestmark = pytest.mark.root

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    root = Path(tempfile.mkdtemp(prefix="vzvirt-examples.", dir="/var/tmp"))
    root.chmod(0o755)
    installation = Host(root)
    try:
        installation.ok("template", "build", "busybox")
        installation.ok("template", "build", "busybox", "--name", "fedora-core-5-i386")
        yield installation
    finally:
        for ctid in installation.run("-q", "list", "--all").stdout.split():
            installation.run("kill", ctid)
            installation.run("undefine", "--remove-data", ctid)
        installation.remove()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.xml")), ids=lambda path: path.name)
def test_defining_a_dump_changes_nothing(host: Host, path: Path) -> None:
    host.ok("define", str(path))
    (entry,) = json.loads(host.ok("list", "--all", "--json"))
    ctid = str(entry["ctid"])
    try:
        dump = host.ok("dumpxml", ctid)
        config = host.root / "etc/vz/conf" / f"{ctid}.conf"
        written = config.read_bytes()
        again = host.root / "again.xml"
        again.write_text(dump)
        host.ok("define", str(again))
        host.ok("validate", str(again))
        assert host.ok("dumpxml", ctid) == dump
        assert config.read_bytes() == written
    finally:
        host.ok("undefine", ctid)


def test_the_web_example_runs(host: Host) -> None:
    """Its quotas hold, its limits are in the kernel, and nothing is left of it.

    Its interfaces are left out: what connects runs in a host of its own, in
    ``test_examples_networks``.
    """
    before = host.footprint()
    document = host.root / "web.xml"
    text = (EXAMPLES / "web.xml").read_text()
    document.write_text(re.sub(r"<interface.*</interface>", "", text, flags=re.DOTALL))
    host.ok("define", str(document))
    document.unlink()
    host.ok("start", "209")
    assert json.loads(host.ok("info", "209", "--json"))["state"] == "running"
    assert size_inside(host) == pytest.approx(10000, rel=0.02)
    assert files_inside(host) == pytest.approx(200000, rel=0.02)
    assert host.footprint().cgroups, "it is in no control group"
    grow(host, 40)
    assert size_inside(host) == pytest.approx(40 * 1024, rel=0.02)
    host.ok("pause", "209")
    assert json.loads(host.ok("info", "209", "--json"))["state"] == "paused"
    host.ok("unpause", "209")
    assert host.run("exec", "209", "--", "sh", "-c", "exit 7").returncode == 7
    host.ok("shutdown", "209")
    host.ok("undefine", "209", "--remove-data")
    assert not host.footprint().beyond(before)


def test_limits_reach_the_kernel(host: Host) -> None:
    """Whatever hierarchies this kernel has, memory and processes are limited in them."""
    document = host.root / "limited.xml"
    document.write_text(
        """
        <domain type='openvz' id='150'>
          <name>limited</name>
          <memory unit='MiB'>64</memory>
          <devices>
            <filesystem type='template'><source name='busybox'/></filesystem>
          </devices>
          <openvz:container xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>
            <openvz:ubc name='numproc' barrier='40' limit='40'/>
          </openvz:container>
        </domain>
        """
    )
    host.ok("define", str(document))
    document.unlink()
    host.ok("start", "150")
    try:
        many = "i=0; while [ $i -lt 80 ]; do sleep 5 & i=$((i+1)); done; wait"
        assert "can't fork" in host.run("exec", "150", "--", "sh", "-c", many, timeout=60).stderr
        eaten = host.run(
            "exec", "150", "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"
        )
        assert eaten.returncode != 0, "200 MB fitted into 64"
    finally:
        host.ok("kill", "150")
        host.ok("undefine", "--remove-data", "150")


def grow(host: Host, megabytes: int) -> None:
    """Change the size quota: live, where root has the capability that ext4 asks for."""
    finished = host.run("quota", "209", "--size", f"{megabytes}M")
    if may_grow_mounted():
        assert finished.returncode == 0, finished
        return
    assert finished.returncode == 4, finished
    assert "CAP_SYS_RESOURCE" in finished.stderr
    host.ok("shutdown", "209")
    host.ok("quota", "209", "--size", f"{megabytes}M")
    host.ok("start", "209")


def size_inside(host: Host) -> int:
    """KiB of the root, as the container sees them."""
    return int(host.ok("exec", "209", "--", "df", "-kP", "/").splitlines()[1].split()[1])


def files_inside(host: Host) -> int:
    """Files the root may hold, as the host sees them."""
    status = os.statvfs(host.root / "vz/root/209")
    return status.f_files
