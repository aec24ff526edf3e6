"""What virsh says of the host, and of what can be had on it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from lxml import etree

import daemonlab
from daemonlab import Daemon
from networklab import lab

SCHEMAS = Path("/usr/share/libvirt/schemas")


def facts(text: str) -> dict[str, str]:
    """Lines like ``Name:   value``."""
    pairs = (re.split(r"\s*:\s*", line, maxsplit=1) for line in text.splitlines() if ":" in line)
    return {key.strip(): value for key, value in pairs}


def check(document: str, schema: str) -> None:
    """Hold a document against the schema that comes with Debian's libvirt."""
    rules = etree.RelaxNG(etree.parse(SCHEMAS / f"{schema}.rng"))
    assert rules.validate(etree.fromstring(document)), rules.error_log


def test_it_is_summed_up(memory_daemon: Daemon) -> None:
    said = facts(memory_daemon.ok("nodeinfo"))
    assert said["CPU model"] == os.uname().machine
    assert said["CPU(s)"] == str(os.cpu_count())
    assert said["Memory size"] == "16777216 KiB"


def test_the_real_one_is_as_the_kernel_says(lxc_daemon: Daemon) -> None:
    total = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    assert total
    assert facts(lxc_daemon.ok("nodeinfo"))["Memory size"] == f"{total[1]} KiB"
    assert int(facts(lxc_daemon.ok("nodecpustats"))["user"]) > 0
    assert int(facts(lxc_daemon.ok("nodememstats"))["free"].split()[0]) < int(total[1])


def test_processors(memory_daemon: Daemon) -> None:
    count = os.cpu_count() or 1
    assert facts(memory_daemon.ok("nodecpumap")) == {
        "CPUs present": str(count),
        "CPUs online": str(count),
        "CPU map": "y" * count,
    }
    assert memory_daemon.ok("maxvcpus") == memory_daemon.ok("maxvcpus", "openvz") == str(count)
    assert set(facts(memory_daemon.ok("nodecpustats", "0"))) == {
        *("user", "system", "idle", "iowait")
    }
    assert "usage" in memory_daemon.ok("nodecpustats", "--percent")
    assert "no processor 4711" in memory_daemon.refused("nodecpustats", "4711")


def test_memory(memory_daemon: Daemon) -> None:
    assert set(facts(memory_daemon.ok("nodememstats"))) == {"total", "free", "buffers", "cached"}
    assert set(facts(memory_daemon.ok("nodememstats", "0"))) == {"total", "free"}
    assert facts(memory_daemon.ok("freecell", "--all")) == {"0": "8388608 KiB"}
    assert memory_daemon.ok("freecell") == "Total: 8388608 KiB"
    assert facts(memory_daemon.ok("freepages", "--all"))["4KiB"] == "2097152"


@pytest.mark.root
def test_documents_are_as_the_schemas_want_them(memory_daemon: Daemon) -> None:
    documents_are_well_made(memory_daemon)
    # In a network namespace of its own: in the machine's, devices come and go.
    with lab() as net, daemonlab.running("lxc", within=net.inside("host")) as daemon:
        assert "net_up0" in daemon.ok("nodedev-list")
        documents_are_well_made(daemon)


def documents_are_well_made(daemon: Daemon) -> None:
    check(daemon.ok("capabilities"), "capability")
    check(daemon.ok("domcapabilities"), "domaincaps")
    check(daemon.ok("pool-capabilities"), "storagepoolcaps")
    for name in daemon.ok("nodedev-list").split():
        check(daemon.ok("nodedev-dumpxml", name), "nodedev")


def test_what_is_not_to_be_had_is_refused(memory_daemon: Daemon) -> None:
    assert "'kvm' is not to be had" in memory_daemon.refused("domcapabilities", "kvm")
    assert "'kvm' is not to be had" in memory_daemon.refused("maxvcpus", "kvm")
    for command, function in (
        (("sysinfo",), "virConnectGetSysinfo"),
        (("cpu-models", "x86_64"), "virConnectGetCPUModelNames"),
        (("allocpages", "2M", "1"), "virNodeAllocPages"),
        (("node-memory-tune",), "virNodeGetMemoryParameters"),
        (("nodesuspend", "mem", "60"), "virNodeSuspendForDuration"),
    ):
        assert f"not supported by the connection driver: {function}" in memory_daemon.refused(
            *command
        )


class TestDevices:
    def test_lists(self, memory_daemon: Daemon) -> None:
        every = memory_daemon.ok("nodedev-list").split()
        assert {"computer", "pci_0000_00_1f_3", "net_eth1_00_16_3e_34_21_9e"} <= {*every}
        nets = memory_daemon.ok("nodedev-list", "--cap", "net").split()
        assert nets == [name for name in every if name.startswith("net_")]
        assert memory_daemon.ok("nodedev-list", "--cap", "mdev") == ""
        assert memory_daemon.ok("nodedev-list", "--inactive") == ""
        assert memory_daemon.ok("nodedev-list", "--tree").splitlines()[0] == "computer"

    def test_one(self, memory_daemon: Daemon) -> None:
        said = facts(memory_daemon.ok("nodedev-info", "pci_0000_00_1f_3"))
        assert (said["Parent"], said["Active"], said["Persistent"]) == ("computer", "yes", "no")
        assert "'nope'" in memory_daemon.refused("nodedev-dumpxml", "nope")

    def test_containers_get_them_otherwise(self, memory_daemon: Daemon) -> None:
        for command, function in (
            ("nodedev-detach", "virNodeDeviceDettach"),
            ("nodedev-reattach", "virNodeDeviceReAttach"),
            ("nodedev-reset", "virNodeDeviceReset"),
        ):
            assert function in memory_daemon.refused(command, "pci_0000_00_1f_3")
