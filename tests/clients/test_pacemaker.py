"""Pacemaker's resource agent for virtual machines, called as Pacemaker calls it."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import domain_xml
from daemonlab import PATIENCE, Daemon

pytestmark = pytest.mark.root

AGENT = "/usr/lib/ocf/resource.d/heartbeat/VirtualDomain"
SUCCESS, NOT_RUNNING = 0, 7


class Resource:
    """A container that Pacemaker looks after."""

    def __init__(self, daemon: Daemon, folder: Path, name: str) -> None:
        self.daemon = daemon
        self.name = name
        self.instance = f"{name}-{uuid.uuid4()}"
        self.config = folder / f"{name}.xml"
        self.config.write_text(domain_xml(name))

    def __call__(self, action: str, **parameters: str) -> int:
        """Have the agent act; its exit status."""
        given = {"config": str(self.config), "hypervisor": self.daemon.uri, **parameters}
        switches = ("cpu", "hv_memory", "host_memory")  # of a cluster that is not there
        environment = {
            "PATH": os.environ["PATH"],
            "OCF_ROOT": "/usr/lib/ocf",
            "OCF_RESOURCE_INSTANCE": self.instance,
            "OCF_RESKEY_CRM_meta_timeout": "30000",
            "OCF_RESKEY_CRM_meta_interval": "0",
            "HA_LOGFILE": "/dev/null",
            **{f"OCF_RESKEY_autoset_utilization_{name}": "false" for name in switches},
            **{f"OCF_RESKEY_{name}": value for name, value in given.items()},
        }
        done = subprocess.run(
            [AGENT, action],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode

    def clear(self) -> None:
        self.daemon.vzvirt.call("kill", self.name)
        self.daemon.vzvirt.call("undefine", "--remove-data", self.name)
        for left in Path("/run/resource-agents").glob(f"VirtualDomain-{self.instance}*"):
            left.unlink()


@pytest.fixture
def web(lxc_daemon: Daemon, tmp_path: Path) -> Iterator[Resource]:
    resource = Resource(lxc_daemon, tmp_path, "web")
    try:
        yield resource
    finally:
        resource.clear()


def test_its_life(web: Resource) -> None:
    assert web("validate-all") == SUCCESS
    assert web("monitor") == NOT_RUNNING
    assert web("start") == SUCCESS
    assert (web("monitor"), web("status")) == (SUCCESS, SUCCESS)
    assert web("start") == SUCCESS  # once more changes nothing
    assert web.daemon.vzvirt("exec", "web", "--", "hostname") == "web\n"
    assert web("stop") == SUCCESS
    assert web("monitor") == NOT_RUNNING
    assert web("stop") == SUCCESS


def test_a_crash_is_seen(web: Resource) -> None:
    assert web("start") == SUCCESS
    pid = web.daemon.vzvirt.json("info", "web")["init_pid"]
    os.kill(pid, 9)
    until = time.monotonic() + PATIENCE
    while web("monitor") != NOT_RUNNING:
        assert time.monotonic() < until
    assert web("start") == SUCCESS


def test_stopped_by_force(web: Resource) -> None:
    assert web("start") == SUCCESS
    assert web("stop", force_stop="1") == SUCCESS
    assert web("monitor") == NOT_RUNNING


def test_a_new_daemon_changes_nothing(web: Resource) -> None:
    assert web("start") == SUCCESS
    web.daemon.restart()
    assert web("monitor") == SUCCESS
