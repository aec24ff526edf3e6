"""What guests make of their names and networks: a busybox, and a Debian with systemd."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from installation import Host
from linklab import LinkLab, link_lab

pytestmark = pytest.mark.root

NAMING = """
<hostname>web.example.org</hostname>
<nameserver>10.9.0.53</nameserver><nameserver>fd09::53</nameserver>
<searchdomain>example.org</searchdomain>
"""
DEVICES = f"""
<interface type='ethernet'>
  <ip address='10.77.0.5'/><ip family='ipv6' address='fd77::5'/>{NAMING}
</interface>
<interface type='bridge'>
  <source bridge='br0'/>
  <ip address='10.9.0.15' prefix='24'/><ip family='ipv6' address='fd09::15' prefix='64'/>
</interface>
"""
DEBIAN = """
<domain type='openvz' id='160' xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>
  <name>c160</name>
  <memory unit='MiB'>512</memory>
  <devices>
    <filesystem type='template'><source name='debian-12-x86_64'/></filesystem>
    {devices}
  </devices>
  <openvz:container><openvz:layout>simfs</openvz:layout></openvz:container>
</domain>
"""
BLOCK = """\
# vzvirt: begin; set from outside, changes to these lines are lost
search example.org
nameserver 10.9.0.53
nameserver fd09::53
# vzvirt: end
"""
RENAME = """\
import sys
from vzvirt import bootstrap, config
from vzvirt.model.devices import GuestNaming
root, ref, hostname, server = sys.argv[1:]
manager = bootstrap.manager(config.load({"root": root, "engine": "lxc"}))
manager.guestside.update_naming(ref, GuestNaming(hostname=hostname, nameservers=(server,)))
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[LinkLab]:
    with link_lab() as one:
        one.bridge("br0", "10.9.0.1/24", "fd09::1/64")
        yield one


def guest(lab: LinkLab, ctid: int, *words: str) -> str:
    return lab.vzvirt("exec", str(ctid), "--", *words).strip()


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.3)
    return condition()


def addresses(lab: LinkLab, ctid: int, device: str) -> set[str]:
    (link,) = lab.ip_inside(ctid, "address", "show", "dev", device)
    found = {f"{item['local']}/{item['prefixlen']}" for item in link["addr_info"]}
    return {item for item in found if not item.startswith("fe80:")}


def rename(lab: LinkLab, ref: str, hostname: str, server: str) -> None:
    argv = [*lab.at_host, sys.executable, "-c", RENAME, str(lab.root), ref, hostname, server]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_busybox_has_its_name_and_its_servers(lab: LinkLab) -> None:
    lab.start(150, DEVICES)
    assert guest(lab, 150, "hostname") == "web.example.org"
    assert guest(lab, 150, "cat", "/etc/hostname") == "web.example.org"
    assert guest(lab, 150, "cat", "/etc/resolv.conf") + "\n" == BLOCK
    assert "127.0.1.1 web.example.org web" in guest(lab, 150, "cat", "/etc/hosts")


def test_its_files_are_its_own(lab: LinkLab) -> None:
    assert guest(lab, 150, "stat", "-c", "%u:%g %a", "/etc/resolv.conf") == "0:0 644"


def test_a_running_one_is_renamed(lab: LinkLab) -> None:
    rename(lab, "c150", "new.example.net", "10.9.0.54")
    assert guest(lab, 150, "hostname") == "new.example.net"
    assert guest(lab, 150, "grep", "-v", "^#", "/etc/resolv.conf") == "nameserver 10.9.0.54"
    assert "web.example.org" not in guest(lab, 150, "cat", "/etc/hosts")


def test_its_links_lead_nowhere_out(lab: LinkLab) -> None:
    secret = lab.folder / "secret"
    secret.write_text("the host's\n")
    guest(lab, 150, "ln", "-sf", str(secret), "/etc/resolv.conf")
    guest(lab, 150, "ln", "-sf", f"../../../../../../../..{secret}", "/etc/hostname")
    lab.vzvirt("kill", "150")
    lab.vzvirt("start", "150")
    assert secret.read_text() == "the host's\n"
    assert guest(lab, 150, "grep", "-v", "^#", "/etc/resolv.conf") == "nameserver 10.9.0.54"
    assert guest(lab, 150, "cat", "/etc/hostname") == "new.example.net"


@pytest.mark.slow
def test_a_debian_with_systemd_keeps_it_all(lab: LinkLab) -> None:
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    Host(lab.root).ok("template", "build", "debian", "--name", "debian-12-x86_64")
    document = lab.folder / "160.xml"
    document.write_text(DEBIAN.format(devices=DEVICES))
    lab.vzvirt("define", str(document))
    lab.vzvirt("start", "160")

    def stands() -> None:
        def booted() -> bool:
            said = lab.try_vzvirt("exec", "160", "--", "systemctl", "is-system-running")
            return said.stdout.strip() in {"running", "degraded"}

        assert wait_until(booted)
        assert guest(lab, 160, "systemctl", "--failed", "--plain", "--no-legend") == ""
        assert guest(lab, 160, "hostname") == "web.example.org"
        assert guest(lab, 160, "getent", "hosts", "web").split()[0] == "127.0.1.1"
        assert guest(lab, 160, "cat", "/etc/resolv.conf").startswith(BLOCK.strip())
        assert addresses(lab, 160, "venet0") == {"10.77.0.5/32", "fd77::5/128"}
        assert addresses(lab, 160, "eth0") == {"10.9.0.15/24", "fd09::15/64"}
        (route,) = lab.ip_inside(160, "route", "show", "default")
        assert route["dev"] == "venet0"
        assert lab.guest_reaches(160, "10.9.0.1")

    stands()
    for action in ("start", "restart", "stop"):
        guest(lab, 160, "systemctl", action, "systemd-networkd.service")
        time.sleep(2)
        stands()
    lab.vzvirt("reboot", "160")
    stands()
    rename(lab, "c160", "new.example.net", "10.9.0.54")
    assert guest(lab, 160, "hostname") == "new.example.net"
    assert "10.9.0.54" in guest(lab, 160, "cat", "/etc/resolv.conf")
    lab.vzvirt("shutdown", "160")
