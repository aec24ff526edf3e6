"""What containers use and say, as virsh and Python's libvirt show it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import pytest

from clients import containers
from clients.containers import HOST_END, MIB, facts
from daemonlab import Daemon

PLUGGED = f"<interface type='ethernet'><target dev='{HOST_END}'/><guest dev='eth0'/></interface>"


@pytest.fixture(scope="module", params=["memory", pytest.param("lxc", marks=pytest.mark.root)])
def web(request: pytest.FixtureRequest) -> Iterator[Daemon]:
    daemon: Daemon = request.getfixturevalue(f"{request.param}_daemon")
    with containers.running(daemon, devices=PLUGGED):
        yield daemon


def _numbers(text: str) -> dict[str, int]:
    """Lines of a name and a number."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[-2]: int(pair[-1]) for pair in pairs if len(pair) >= 2}


def test_memory(web: Daemon) -> None:
    found = _numbers(web.ok("dommemstat", "web"))
    assert found["actual"] == found["available"] == 256 * MIB
    assert 0 < found["rss"] < found["available"]
    assert found["unused"] <= found["usable"] <= found["available"]
    assert {"major_fault", "minor_fault", "disk_caches", "last_update"} <= set(found)


def test_processors(web: Daemon) -> None:
    found = web.ok("cpu-stats", "web")
    assert found.count("cpu_time") == (os.cpu_count() or 1) + 1
    parts = re.findall(r"\w+_time\s+([\d.]+)", web.ok("cpu-stats", "web", "--total"))
    total, user, system = map(float, parts)
    assert total > 0
    assert user + system == pytest.approx(total)
    lines = facts(web.ok("vcpuinfo", "web"))
    assert lines["State"] == "running"


def test_disks(web: Daemon) -> None:
    every = _numbers(web.ok("domblkstat", "web"))
    assert {"rd_req", "rd_bytes", "wr_req", "wr_bytes"} <= set(every)
    assert "is no block device" in web.refused("domblkstat", "web", "nowhere")
    room = facts(web.ok("domblkinfo", "web", "/"))
    assert 0 < int(room["Allocation"]) <= int(room["Capacity"])
    assert "its root, '/'" in web.refused("domblkinfo", "web", "vdz")
    assert web.ok("domblkerror", "web") == "No errors found"


def test_interfaces(web: Daemon) -> None:
    found = _numbers(web.ok("domifstat", "web", HOST_END))
    assert found["rx_errs"] == found["tx_drop"] == 0
    assert "not a known interface" in web.refused("domifstat", "web", "eth7")


def test_everything_at_once(web: Daemon) -> None:
    found = facts(web.ok("domstats", "web"), "=")
    assert (found["state.state"], found["state.reason"]) == ("1", "1")
    assert int(found["cpu.user"]) + int(found["cpu.system"]) == int(found["cpu.time"])
    assert found["balloon.maximum"] == found["balloon.current"] == str(256 * MIB)
    assert found["vcpu.current"] == found["vcpu.maximum"] == str(os.cpu_count())
    assert found["vcpu.0.state"] == "1"
    assert (found["net.count"], found["net.0.name"]) == ("1", HOST_END)
    assert int(found["net.0.rx.bytes"]) >= 0
    assert int(found["block.count"]) >= 0
    assert found["iothread.count"] == "0"


def test_groups_and_filters(web: Daemon) -> None:
    web.ok("define", "/dev/stdin", stdin=containers.XML.format(name="off", devices=""))
    try:
        state = web.ok("domstats", "--state")
        assert re.findall(r"Domain: '(\w+)'", state) == ["web", "off"]
        assert "cpu.time" not in state
        active = web.ok("domstats", "--list-active", "--vcpu")
        assert re.findall(r"Domain: '(\w+)'", active) == ["web"]
        off = facts(web.ok("domstats", "--list-inactive", "--enforce", "--balloon"), "=")
        assert off == {"balloon.current": str(256 * MIB), "balloon.maximum": str(256 * MIB)}
        assert "stats types bits 0x200" in web.refused("domstats", "--enforce", "--dirtyrate")
        assert "Domain: 'web'" in web.ok("domstats", "--dirtyrate")
    finally:
        web.ok("undefine", "off")


PYTHON = """
import json, libvirt, sys
connection = libvirt.openReadOnly(sys.argv[1])
domain = connection.lookupByName("web")
stats = domain.getCPUStats(True)
each = domain.getCPUStats(False)
print(json.dumps({
    "memory": domain.memoryStats(),
    "total": stats[0],
    "each": len(each),
    "block": domain.blockStatsFlags("/", 0),
    "vcpus": len(domain.vcpus()[0]),
    "all": [(item.name(), sorted(found)) for item, found in connection.getAllDomainStats(
        libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL)],
    "job": domain.jobInfo()[0],
    "job stats": domain.jobStats(),
    "label": domain.securityLabel(),
    "control": domain.controlInfo(),
    "scheduler": domain.schedulerParameters(),
    "limits": domain.memoryParameters(0),
    "interface": domain.interfaceParameters(sys.argv[2], 0),
}))
"""


def test_python(web: Daemon) -> None:
    found = json.loads(web.python(PYTHON, HOST_END))
    assert found["memory"]["actual"] == 256 * MIB
    assert found["total"]["cpu_time"] > 0
    assert found["each"] == found["vcpus"] == os.cpu_count()
    assert set(found["block"]) == {"rd_operations", "rd_bytes", "wr_operations", "wr_bytes"}
    names = ["cpu.system", "cpu.time", "cpu.user", "state.reason", "state.state"]
    assert found["all"] == [["web", names]]
    assert found["job"] == 0
    assert found["job stats"] == {"type": 0}
    assert found["label"] == ["", False]
    assert found["control"] == [0, 0, 0]
    assert found["scheduler"]["cpu_shares"] == 1024
    assert found["limits"]["hard_limit"] == 256 * MIB
    assert found["interface"]["inbound.average"] == 0


@pytest.mark.parametrize(
    "words",
    ["dommemstat", "cpu-stats", "domifstat eth0", "domjobinfo", "domcontrol", "domtime"],
)
def test_one_that_does_not_run(web: Daemon, words: str) -> None:
    web.ok("define", "/dev/stdin", stdin=containers.XML.format(name="off", devices=""))
    try:
        command, *more = words.split()
        assert "domain is not running" in web.refused(command, "off", *more)
    finally:
        web.ok("undefine", "off")
