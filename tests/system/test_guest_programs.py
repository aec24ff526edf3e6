"""A Debian under each of the programs that configure networks, each with settings of its own.

None of them takes away what the host made, not when it starts, not when it is restarted and not
after a reboot; and each asks DHCP where the definition says so.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from linklab import LinkLab, link_lab

pytestmark = [pytest.mark.root, pytest.mark.slow]

PACKAGES = (
    *("systemd-sysv", "dbus", "iproute2", "procps", "netbase", "iputils-ping"),
    *("ifupdown", "isc-dhcp-client", "network-manager", "netplan.io"),
)
MASKED = ("systemd-udevd", "systemd-udev-trigger")
UNITS = ("networking", "systemd-networkd", "NetworkManager")

DEBIAN = """
<domain type='openvz' id='{ctid}' xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>
  <name>c{ctid}</name>
  <memory unit='MiB'>512</memory>
  <devices>
    <filesystem type='template'><source name='programs'/></filesystem>
    <interface type='ethernet'>
      <ip address='10.77.0.{ctid}'/><ip family='ipv6' address='fd77::{ctid}'/>
    </interface>
    <interface type='bridge'>
      <source bridge='br0'/>
      <ip address='10.9.0.{ctid}' prefix='24'/>
      <route address='10.10.0.0' prefix='16' gateway='10.9.0.1'/>
    </interface>
    <interface type='network'>
      <source network='default'/><ip family='ipv4' dhcp='yes'/>
    </interface>
  </devices>
  <openvz:container><openvz:layout>simfs</openvz:layout></openvz:container>
</domain>
"""

LATE = """
<interface type='network'>
  <source network='default'/><guest dev='eth2'/><ip family='ipv4' dhcp='yes'/>
</interface>
"""

GREEDY_UNIT = "[Match]\nName=*\n[Network]\nDHCP=yes\n"
GREEDY_PLAN = """\
network:
  version: 2
  renderer: networkd
  ethernets:
    all:
      match: {name: "*"}
      dhcp4: true
"""
OTHERS_STANZA = "auto eth0\niface eth0 inet static\n    address 10.99.0.1/24\n"

FAMILIES = {
    "networking": (171, "etc/network/interfaces", OTHERS_STANZA, "networking"),
    "systemd-networkd": (
        172,
        "etc/systemd/network/90-all.network",
        GREEDY_UNIT,
        "systemd-networkd",
    ),
    "NetworkManager": (
        173,
        "etc/NetworkManager/conf.d/all.conf",
        "[main]\nno-auto-default=\n",
        "NetworkManager",
    ),
    "netplan": (174, "etc/netplan/01-all.yaml", GREEDY_PLAN, "systemd-networkd"),
}


@pytest.fixture(scope="module")
def lab() -> Iterator[LinkLab]:
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    with link_lab() as one:
        one.bridge("br0", "10.9.0.1/24")
        tarball = one.root / "vz/template/cache/programs.tar.gz"
        subprocess.run(
            [
                *("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root"),
                f"--include={','.join(PACKAGES)}",
                f'--customize-hook=chroot "$1" systemctl mask {" ".join(MASKED)}',
                *("bookworm", str(tarball)),
            ],
            check=True,
            timeout=900,
        )
        try:
            yield one
        finally:
            for ctid, *_ in FAMILIES.values():
                one.try_vzvirt("kill", str(ctid))
            one.try_vzvirt("net", "stop", "default")


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.5)
    return condition()


def addresses(lab: LinkLab, ctid: int, device: str) -> set[str]:
    (link,) = lab.ip_inside(ctid, "address", "show", "dev", device) or ({},)
    found = {f"{item['local']}/{item['prefixlen']}" for item in link.get("addr_info", ())}
    return {item for item in found if not item.startswith("fe80:")}


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_host_made_stays(lab: LinkLab, family: str) -> None:
    ctid, path, settings, unit = FAMILIES[family]
    document = lab.folder / f"{ctid}.xml"
    document.write_text(DEBIAN.format(ctid=ctid))
    lab.vzvirt("define", str(document))
    lab.vzvirt("start", str(ctid))

    def guest(*words: str) -> str:
        return lab.vzvirt("exec", str(ctid), "--", *words)

    def booted() -> bool:
        said = lab.try_vzvirt("exec", str(ctid), "--", "systemctl", "is-system-running")
        return said.stdout.strip() in {"running", "degraded"}

    def leased(device: str) -> bool:
        return any(item.startswith("192.168.") for item in addresses(lab, ctid, device))

    def stands() -> None:
        assert wait_until(booted)
        assert guest("systemctl", "is-active", unit).strip() == "active"
        time.sleep(3)  # it does what it does
        assert addresses(lab, ctid, "venet0") == {f"10.77.0.{ctid}/32", f"fd77::{ctid}/128"}
        assert addresses(lab, ctid, "eth0") == {f"10.9.0.{ctid}/24"}
        assert lab.ip_inside(ctid, "route", "show", "10.10.0.0/16")[0]["gateway"] == "10.9.0.1"
        assert "venet0" in {
            route["dev"] for route in lab.ip_inside(ctid, "route", "show", "default")
        }
        assert lab.guest_reaches(ctid, "10.9.0.1")
        assert wait_until(lambda: leased("eth1"), 60), guest("systemctl", "status", unit)

    assert wait_until(booted)
    (lab.folder / "settings").write_text(settings)
    lab.vzvirt("push", str(ctid), str(lab.folder / "settings"), f"/{path}.theirs")
    guest("sh", "-c", f"cat /{path}.theirs >> /{path}; rm /{path}.theirs; chmod 600 /{path}")
    guest("systemctl", "disable", *(name for name in UNITS if name != unit))
    guest("systemctl", "enable", unit)
    # The whole way, so that its files are told of the program that runs from now on.
    lab.vzvirt("shutdown", str(ctid))
    lab.vzvirt("start", str(ctid))
    stands()
    guest("systemctl", "restart", unit)
    stands()
    lab.device("attach", ctid, LATE)
    assert wait_until(lambda: leased("eth2"), 60), guest("systemctl", "status", unit)
    lab.vzvirt("reboot", str(ctid))
    stands()
    assert wait_until(lambda: leased("eth2"), 60), guest("systemctl", "status", unit)
    lab.vzvirt("kill", str(ctid))
