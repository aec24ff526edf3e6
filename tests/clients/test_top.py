"""virt-top's view of containers: all that it computes its screens from is there, and grows."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from clients.containers import HOST_END, MIB, running
from daemonlab import Daemon

pytestmark = pytest.mark.root

PROGRAM = Path(__file__).parent / "programs/top.py"

NIC = f"<interface type='ethernet'><target dev='{HOST_END}'/></interface>"

IDLE = """
<domain type='openvz'>
  <name>idle</name>
  <devices><filesystem type='template'><source name='busybox'/></filesystem></devices>
</domain>
"""


def seen(daemon: Daemon) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(daemon.python(PROGRAM.read_text()))
    return said


def test_what_it_shows(lxc_daemon: Daemon) -> None:
    lxc_daemon.ok("define", "/dev/stdin", stdin=IDLE)
    try:
        with running(lxc_daemon, devices=NIC):
            spin = "(while :; do :; done) > /dev/null 2>&1 &"
            spun = lxc_daemon.vzvirt.call("exec", "web", "--", "sh", "-c", spin)
            assert spun.returncode == 0, spun
            said = seen(lxc_daemon)
    finally:
        lxc_daemon.ok("undefine", "idle")
    assert said["host"] == socket.gethostname()
    assert said["pcpus"] == os.cpu_count()
    first, second = said["rounds"]
    assert first.keys() == {"web", "idle"}
    assert (first["idle"]["state.state"], first["idle"]["id"]) == (5, -1)
    web = second["web"]
    assert web["state.state"] == 1
    assert web["id"] >= 101
    assert web["balloon.current"] == 256 * MIB
    assert web["vcpu.current"] == os.cpu_count()
    assert web["cpu.time"] - first["web"]["cpu.time"] > 50e6, "it spins for 0.2 seconds"
    assert [item["cpu_time"] >= 0 for item in web["processors"]] == [True] * said["pcpus"]
    assert web["vcpus"] == [said["pcpus"]] * web["vcpu.current"]
    assert web["netifs"] == [HOST_END] == [web["net.0.name"]]
    for name in ("rx.bytes", "rx.pkts", "rx.errs", "rx.drop", "tx.bytes", "tx.pkts"):
        assert web[f"net.0.{name}"] >= 0
    assert (web["blkdevs"], web["block.count"]) == ([], 1), "its root is no disk element"
    for name in ("rd.reqs", "rd.bytes", "wr.reqs", "wr.bytes"):
        assert web[f"block.0.{name}"] >= 0
