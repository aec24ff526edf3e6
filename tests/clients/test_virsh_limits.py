"""Limits, as virsh shows and sets them: of what runs, and of what is stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients import containers
from clients.containers import HOST_END, MIB, facts
from daemonlab import Daemon

BRIDGED = f"""
<interface type='ethernet'><target dev='{HOST_END}'/><guest dev='eth0'/></interface>
"""


@pytest.fixture(scope="module", params=["memory", pytest.param("lxc", marks=pytest.mark.root)])
def web(request: pytest.FixtureRequest) -> Iterator[Daemon]:
    daemon: Daemon = request.getfixturevalue(f"{request.param}_daemon")
    with containers.running(daemon, devices=BRIDGED):
        yield daemon


def test_memory(web: Daemon) -> None:
    assert facts(web.ok("memtune", "web")) == {
        "hard_limit": str(256 * MIB),
        "soft_limit": "unlimited",
        "min_guarantee": "0",
        "swap_hard_limit": str(320 * MIB),
    }
    web.ok("setmem", "web", "300M")
    assert facts(web.ok("memtune", "web"))["hard_limit"] == str(300 * MIB)
    assert facts(web.ok("memtune", "web"))["swap_hard_limit"] == str(364 * MIB)
    assert facts(web.ok("memtune", "web", "--config"))["hard_limit"] == str(256 * MIB)
    web.ok("setmaxmem", "web", "400M", "--live", "--config")
    assert facts(web.ok("dominfo", "web"))["Max memory"] == f"{400 * MIB} KiB"
    assert facts(web.ok("memtune", "web", "--config"))["hard_limit"] == str(400 * MIB)
    web.ok("memtune", "web", "--soft-limit", "200M", "--swap-hard-limit", "500M", "--config")
    assert f"<soft_limit unit='KiB'>{200 * MIB}" in web.ok("dumpxml", "web", "--inactive")
    assert facts(web.ok("memtune", "web"))["soft_limit"] == "unlimited"
    said = web.refused("memtune", "web", "--soft-limit", "1G")
    assert "soft_limit (1073741824 bytes) is above <memory> (419430400 bytes)" in said
    said = web.refused("memtune", "web", "--hard-limit", "-1")
    assert "finite <memory>" in said


def test_processors(web: Daemon) -> None:
    before = web.ok("vcpucount", "web").split()
    web.ok("setvcpus", "web", "1")
    assert web.ok("vcpucount", "web", "--live") == "1"
    assert web.ok("vcpucount", "web", "--config") == before[2]
    assert web.ok("vcpucount", "web", "--maximum", "--live") == "1"
    web.ok("vcpupin", "web", "0", "0")
    assert web.ok("vcpupin", "web").split() == ["0", "0"]
    assert web.ok("emulatorpin", "web") == "0"
    web.ok("setvcpus", "web", "2", "--config")
    assert "one by one" in web.refused("vcpupin", "web", "0", "0", "--config")
    web.ok("emulatorpin", "web", "0", "--config")
    assert "cpuset='0'" in web.ok("dumpxml", "web", "--inactive")
    assert "there is no processor 7" in web.refused("vcpupin", "web", "7", "0")
    assert "0..8192" in web.refused("setvcpus", "web", "9000").replace("1..", "0..")


def test_processor_time(web: Daemon) -> None:
    assert facts(web.ok("schedinfo", "web")) == {
        "Scheduler": "posix",
        "cpu_shares": "1024",
        "vcpu_period": "100000",
        "vcpu_quota": "-1",
    }
    web.ok("schedinfo", "web", "--set", "cpu_shares=512", "--live")
    web.ok("schedinfo", "web", "--set", "vcpu_quota=70000", "vcpu_period=50000", "--config")
    assert facts(web.ok("schedinfo", "web"))["cpu_shares"] == "512"
    stored = facts(web.ok("schedinfo", "web", "--config"))
    assert (stored["cpu_shares"], stored["vcpu_quota"]) == ("1024", "70000")
    assert stored["vcpu_period"] == "50000"
    assert "quota 5" in web.refused("schedinfo", "web", "--set", "vcpu_quota=5")


def test_disks(web: Daemon) -> None:
    assert facts(web.ok("blkiotune", "web"))["device_read_bytes_sec"] == ""
    both = ("--device-read-bytes-sec", "/dev/root,9000000")
    both += ("--device-write-bytes-sec", "/dev/root,9000000")
    web.ok("blkiotune", "web", "--weight", "700", *both)
    found = facts(web.ok("blkiotune", "web"))
    assert found["weight"] == "700"
    assert found["device_read_bytes_sec"] == found["device_write_bytes_sec"] == both[1]
    assert facts(web.ok("blkiotune", "web", "--config"))["weight"] == "0"
    assert "limited together" in web.refused("blkiotune", "web", *both[:2])
    assert "/dev/root,NUMBER" in web.refused(
        "blkiotune", "web", "--device-read-iops-sec", "/dev/sda,5", "--device-write-iops-sec",
        "/dev/sda,5",
    )  # fmt: skip
    lifted = ("--device-read-bytes-sec", "/dev/root,0", "--device-write-bytes-sec", "/dev/root,0")
    web.ok("blkiotune", "web", *lifted)
    assert facts(web.ok("blkiotune", "web"))["device_read_bytes_sec"] == ""


def test_memory_nodes(web: Daemon) -> None:
    assert facts(web.ok("numatune", "web")) == {"numa_nodeset": "", "numa_mode": "strict"}
    web.ok("numatune", "web", "--nodeset", "0")
    assert facts(web.ok("numatune", "web"))["numa_nodeset"] == "0"
    assert "strict" in web.refused("numatune", "web", "--mode", "interleave", "--nodeset", "0")


def test_interfaces(web: Daemon) -> None:
    assert facts(web.ok("domiftune", "web", HOST_END))["inbound.average"] == "0"
    web.ok("domiftune", "web", HOST_END, "--inbound", "1000,2000,500", "--outbound", "300")
    found = facts(web.ok("domiftune", "web", HOST_END))
    assert (found["inbound.average"], found["inbound.peak"]) == ("1000", "2000")
    assert (found["inbound.burst"], found["outbound.average"]) == ("500", "300")
    assert facts(web.ok("domiftune", "web", "eth0", "--config"))["inbound.average"] == "0"
    web.ok("domiftune", "web", HOST_END, "--inbound", "0")
    assert facts(web.ok("domiftune", "web", HOST_END))["inbound.average"] == "0"
    assert "no interface 'eth7'" in web.refused("domiftune", "web", "eth7", "--inbound", "5")


def test_only_those_who_may_write_can_tune(web: Daemon) -> None:
    assert "read only" in web.virsh("setmem", "web", "1G", uri=web.read_only_uri).stderr
    assert facts(web.ok("memtune", "web", uri=web.read_only_uri))["soft_limit"]
