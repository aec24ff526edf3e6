"""Virtual networks as virsh sees them: simulated, and real ones in a namespace of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.test_virsh_host import check, facts
from daemonlab import Daemon
from networklab import Lab, lab

MAC = "52:54:00:aa:bb:cc"


def document(name: str, subnet: int = 1) -> str:
    return (
        f"<network><name>{name}</name><forward mode='nat'/>"
        f"<ip address='10.7.{subnet}.1' netmask='255.255.255.0'><dhcp>"
        f"<range start='10.7.{subnet}.10' end='10.7.{subnet}.99'/></dhcp></ip></network>"
    )


def listed(daemon: Daemon, *words: str) -> set[str]:
    return {*daemon.ok("net-list", "--name", *words).split()}


def test_a_networks_life(daemon: Daemon, tmp_path: Path) -> None:
    web, lab_xml = tmp_path / "web.xml", tmp_path / "lab.xml"
    web.write_text(document("web"))
    lab_xml.write_text(document("lab", 2))
    daemon.ok("net-define", "--validate", web)
    assert listed(daemon) == set()
    assert listed(daemon, "--inactive") == {"web"}
    daemon.ok("net-autostart", "web")
    assert listed(daemon, "--all", "--autostart") == {"web"}
    daemon.ok("net-start", "web")
    assert "active already" in daemon.refused("net-start", "web")
    daemon.ok("net-create", lab_xml)
    assert listed(daemon) == {"web", "lab"}
    assert listed(daemon, "--transient") == {"lab"}
    said = facts(daemon.ok("net-info", "web"))
    assert (said["Active"], said["Persistent"], said["Autostart"]) == ("yes", "yes", "yes")
    assert said["Bridge"] == "virbr0"
    assert daemon.ok("net-uuid", "web") == said["UUID"]
    assert daemon.ok("net-name", said["UUID"]) == "web"
    for words in (("web",), ("web", "--inactive"), ("lab",)):
        check(daemon.ok("net-dumpxml", *words), "network")
    assert daemon.ok("net-port-list", "web") == ""
    assert daemon.ok("net-dhcp-leases", "web") == ""
    for name in ("web", "lab"):
        daemon.ok("net-destroy", name)
    assert listed(daemon, "--all") == {"web"}
    daemon.ok("net-autostart", "--disable", "web")
    daemon.ok("net-undefine", "web")
    assert "Network not found" in daemon.refused("net-info", "web")


def test_what_is_defined_with_virsh_is_there_for_vzvirt(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "web.xml").write_text(document("web"))
    daemon.ok("net-define", tmp_path / "web.xml")
    assert daemon.vzvirt.call("net", "start", "web").returncode == 0
    assert listed(daemon) == {"web"}
    assert daemon.vzvirt.call("net", "stop", "web").returncode == 0
    assert listed(daemon) == set()


def test_entries_are_changed_one_by_one(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "web.xml").write_text(document("web"))
    daemon.ok("net-define", tmp_path / "web.xml")
    daemon.ok("net-start", "web")
    host = f"<host mac='{MAC}' ip='10.7.1.15'/>"
    for section, entry in (
        ("ip-dhcp-host", host),
        ("ip-dhcp-range", "<range start='10.7.1.200' end='10.7.1.210'/>"),
        ("dns-host", "<host ip='10.7.1.5'><hostname>db</hostname></host>"),
        ("portgroup", "<portgroup name='fast'/>"),
    ):
        daemon.ok("net-update", "web", "add", section, entry, "--live", "--config")
        for words in (("web",), ("web", "--inactive")):
            assert entry.partition(" ")[0] in daemon.ok("net-dumpxml", *words)
    daemon.ok("net-update", "web", "modify", "ip-dhcp-host", host.replace(".15", ".16"))
    assert "10.7.1.16" in daemon.ok("net-dumpxml", "web")
    assert "10.7.1.15" in daemon.ok("net-dumpxml", "web", "--inactive")
    daemon.ok("net-update", "web", "delete", "ip-dhcp-host", host, "--config")
    assert "<host mac" not in daemon.ok("net-dumpxml", "web", "--inactive")
    assert "'bridge'" in daemon.refused("net-update", "web", "add", "bridge", "<bridge/>")
    assert "none of the section" in daemon.refused("net-update", "web", "add", "dns-host", host)
    assert "already" in daemon.refused(
        "net-update", "web", "add", "portgroup", "<portgroup name='fast'/>"
    )


@pytest.fixture
def real() -> Iterator[tuple[Lab, Daemon]]:
    """A daemon on a host that is a namespace."""
    with lab() as one:
        one.root.mkdir()
        daemon = Daemon(one.root, "lxc")
        daemon.prefix = one.inside("host")
        daemon.start()
        try:
            yield one, daemon
        finally:
            daemon.kill()


@pytest.mark.root
def test_guests_of_a_real_one(real: tuple[Lab, Daemon], tmp_path: Path) -> None:
    one, daemon = real
    (tmp_path / "web.xml").write_text(document("web"))
    daemon.ok("net-define", tmp_path / "web.xml")
    daemon.ok("net-start", "web")
    daemon.ok(
        *("net-update", "web", "add", "ip-dhcp-host"),
        *(f"<host mac='{MAC}' ip='10.7.1.15' name='fixed'/>", "--live", "--config"),
    )
    bridge = facts(daemon.ok("net-info", "web"))["Bridge"]
    one.guest("a", bridge, MAC)
    one.guest("b", bridge)
    assert one.dhcp("a") == "10.7.1.15"
    other = one.dhcp("b")
    assert one.reaches("a", other)
    leases = [line.split() for line in daemon.ok("net-dhcp-leases", "web").splitlines()]
    assert {row[4] for row in leases} == {"10.7.1.15/24", f"{other}/24"}
    (only,) = daemon.ok("net-dhcp-leases", "web", "--mac", MAC).splitlines()
    assert only.split()[2:6] == [MAC, "ipv4", "10.7.1.15/24", "fixed"]
    daemon.kill()
    assert one.reaches("b", "10.7.1.15")
    daemon.start()
    assert listed(daemon) == {"web"}
    daemon.ok("net-destroy", "web")
    assert bridge not in one.ip("host", "link", "show")
