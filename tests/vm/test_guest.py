"""Real containers on Debian's own kernel, under each way of mounting control groups."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from .guest import Cgroups, Outcome, run_in_guest
from .image import Image, image

pytestmark = [pytest.mark.vm, pytest.mark.root]

SCRIPT = """
export LANG=C.UTF-8 HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin VZVIRT_NO_SKIP=1 \
    VZVIRT_IN_GUEST=1
cd /payload/project
systemctl is-system-running --wait >/payload/results/systemd
findmnt -n -o FSTYPE -t cgroup,cgroup2 >/payload/results/cgroups
uname -r >/payload/results/kernel
python3 -m pytest -v -p no:cacheprovider --color no --durations 25 --timeout 1000 \\
    -n 2 --dist {spread} \\
    --junitxml /payload/results/junit.xml -m 'not slow' {tests}
"""


@dataclass(frozen=True)
class Boot:
    """A guest and what is run in it.

    Attributes:
        cgroups: How it mounts control groups.
        mounted: Types of file systems this gives below ``/sys/fs/cgroup``.
        tests: What is run: emulation is slow, so no more than what a kernel can change.
        spread: How its two processors share them, as pytest-xdist says it: files as a whole where
            many have something that is costly to make, else one by one.
        at_least: So many tests there must be, lest they get lost.
        minutes: How long it may take.
    """

    cgroups: Cgroups
    mounted: frozenset[str]
    tests: tuple[str, ...]
    spread: str
    at_least: int
    minutes: int


def _of(file: str, *tests: str) -> list[str]:
    return [f"{file}::test_{name}" for name in tests]


LIFE = ("tests/contract/test_engine.py", "tests/system/test_examples.py")
KERNEL = (
    "tests/contract/test_mounts.py",
    "tests/system/test_engine_confinement.py",
    "tests/system/test_engine_inside.py",
    "tests/system/test_engine_limits.py",
    # Growing while mounted needs a capability that not every test machine's root has.
    "tests/contract/test_storage_layouts.py::TestImage::test_a_mounted_image_grows_or_says_why",
)
# Two cards on a PCI bus and a kernel with project quotas are nowhere else to be had.
HARDWARE = ("tests/vm/inside",)
# What this kernel may do otherwise: each kind of interface, what is filtered, NAT, DHCP, and the
# example with all of them at once. Nothing that measures: emulated time is no time.
NETWORKS = (
    "tests/system/test_links_routed.py",
    *_of(
        "tests/system/test_links_bridged.py",
        "containers_on_a_bridge_reach_each_other_and_the_host",
        "large_packets_need_a_large_mtu",
        "clean_traffic_lets_no_other_address_out",
        "clean_traffic_lets_no_other_mac_out",
        "macvlan",
        "nothing_stays_behind",
    ),
    *_of(
        "tests/system/test_links_live.py",
        "routed_addresses_come_and_go_under_traffic",
        "a_bridged_interface_comes_and_goes",
    ),
    *_of("tests/system/test_links_dhcp_and_nodes.py", "a_device_node_comes_and_goes"),
    *_of(
        "tests/system/test_networks.py",
        "nat",
        "networks_are_apart",
        "ipv6_announced_and_routed",
        "nothing_is_left",
    ),
    *_of("tests/system/test_guestside.py", "a_busybox_has_its_name_and_its_servers"),
    *_of(
        "tests/system/test_examples_networks.py",
        "on_a_virtual_network",
        "the_second_threads_summary_has_all_four",
    ),
)
# What has nothing to do with the kernel, or measures; and a guest's root has every capability, so
# calls that the profile refuses would really act on it.
LESS = ("-k", "'not memory and not defining_a_dump and not lets_through and not bandwidth'")

BOOTS = (
    Boot(
        Cgroups.UNIFIED,
        frozenset({"cgroup2"}),
        (*LIFE, *KERNEL, *HARDWARE, *NETWORKS, *LESS),
        "loadfile",
        160,
        45,
    ),
    Boot(Cgroups.HYBRID, frozenset({"cgroup", "cgroup2"}), (*LIFE, *LESS), "load", 20, 20),
    Boot(Cgroups.LEGACY, frozenset({"cgroup"}), (*LIFE, *LESS), "load", 20, 20),
)


@pytest.fixture(scope="session")
def guest_image() -> Image:
    for program in ("qemu-system-x86_64", "mmdebstrap", "mke2fs", "debugfs"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tools/setup check vm installs it")
    return image()


@pytest.mark.parametrize("boot", BOOTS, ids=lambda boot: boot.cgroups.name.lower())
def test_in_a_guest(guest_image: Image, tmp_path: Path, boot: Boot) -> None:
    outcome = run_in_guest(
        guest_image,
        SCRIPT.format(tests=" ".join(boot.tests), spread=boot.spread),
        tmp_path,
        cgroups=boot.cgroups,
        timeout=boot.minutes * 60,
    )
    assert outcome.status is not None, f"it did not come to its end:\n{outcome.console}"
    check_guest(outcome, boot)
    assert outcome.status == 0, outcome.console
    suite = etree.parse(outcome.results / "junit.xml").getroot()[0]
    assert int(suite.attrib["tests"]) >= boot.at_least


def check_guest(outcome: Outcome, boot: Boot) -> None:
    """It is what it was meant to be, so that the tests in it mean something."""
    mounted = (outcome.results / "cgroups").read_text().split()
    assert set(mounted) == boot.mounted
    assert (outcome.results / "systemd").read_text() == "running\n"
    assert re.match(r"6\.1\..*-cloud-amd64", (outcome.results / "kernel").read_text())
