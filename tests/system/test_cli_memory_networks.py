"""Networks and devices on the command line, with the memory engine: one process each."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import Vzvirt, domain_xml

LAN = """
<network>
  <name>lan</name>
  <forward mode='nat'/>
  <bridge name='lanbr'/>
  <ip address='10.9.0.1' netmask='255.255.255.0'>
    <dhcp><range start='10.9.0.10' end='10.9.0.99'/></dhcp>
  </ip>
</network>
"""

INTERFACE = """
<interface type='network'>
  <source network='{network}'/>
  <mac address='{mac}'/>
</interface>
"""

MAC = "00:16:3e:5d:c7:9e"
HOST = f"<host mac='{MAC}' name='web' ip='10.9.0.5'/>"
NIC = """
<hostdev mode='capabilities' type='net'>
  <source><interface>eth1</interface></source>
</hostdev>
"""


@pytest.fixture
def vzvirt(tmp_path: Path) -> Vzvirt:
    return Vzvirt(tmp_path / "root", "memory")


@pytest.fixture
def lan(vzvirt: Vzvirt) -> Vzvirt:
    assert vzvirt("net", "define", "-", stdin=LAN) == "network lan defined\n"
    return vzvirt


@pytest.fixture
def web(lan: Vzvirt) -> Vzvirt:
    lan("template", "build", "busybox")
    lan("define", "-", stdin=domain_xml("web", 101))
    return lan


def test_a_networks_life(lan: Vzvirt) -> None:
    assert lan("net", "list").count("\n") == 1
    (line,) = lan.json("net", "list", "--all")
    assert (line["name"], line["active"], line["persistent"]) == ("lan", False, True)
    assert lan("net", "start", "lan") == "network lan started\n"
    assert "lanbr" in lan("net", "list")
    assert lan("net", "list", "-q") == "lan\n"
    assert "active already" in lan.refused("net", "start", "lan", status=4)
    assert lan("net", "autostart", "lan") == "network lan starts with the host\n"
    assert lan.json("net", "info", line["uuid"])["autostart"]
    lan("net", "autostart", "lan", "--disable")
    assert lan.json("net", "stop", "lan") == [
        {"name": "lan", "uuid": line["uuid"], "done": "stopped"}
    ]
    assert lan("net", "undefine", "lan") == "network lan undefined\n"
    assert lan.json("net", "list", "--all") == []
    assert "no network 'lan'" in lan.refused("net", "info", "lan", status=3)


def test_a_transient_network_goes_when_it_stops(vzvirt: Vzvirt) -> None:
    assert vzvirt("net", "create", "-", stdin=LAN) == "network lan started\n"
    info = vzvirt.json("net", "info", "lan")
    assert (info["active"], info["persistent"]) == (True, False)
    vzvirt("net", "stop", "lan")
    assert vzvirt.json("net", "list", "--all") == []


def test_xml_comes_back(lan: Vzvirt) -> None:
    xml = lan("net", "dumpxml", "lan")
    lan("net", "define", "-", stdin=xml)
    assert lan("net", "dumpxml", "lan") == xml
    assert "valid" in lan("validate", "-", stdin=xml)
    assert lan.json("validate", "-", stdin=xml)["name"] == "lan"
    lan.refused("validate", "-", status=2, stdin=xml.replace("<forward", "<backward"))


def test_entries_are_changed_where_they_count(lan: Vzvirt, tmp_path: Path) -> None:
    lan("net", "start", "lan")
    added = lan("net", "update", "lan", "add", HOST)
    assert added == f"network lan: fixed lease {MAC} = 10.9.0.5 added\n"
    for options in ((), ("--inactive",)):
        assert "10.9.0.5" in lan("net", "dumpxml", "lan", *options)
    entry = tmp_path / "host.xml"
    entry.write_text(HOST.replace("0.5", "0.6"))
    lan("net", "update", "lan", "modify", entry, "--live")
    assert "10.9.0.6" in lan("net", "dumpxml", "lan")
    assert "10.9.0.5" in lan("net", "dumpxml", "lan", "--inactive")
    lan("net", "update", "lan", "delete", "-", "--config", stdin=HOST)
    assert "<host" not in lan("net", "dumpxml", "lan", "--inactive")
    assert "<host" in lan("net", "dumpxml", "lan")
    assert "no fixed lease" in lan.refused(
        "net", "update", "lan", "delete", HOST, "--config", status=4
    )


def test_a_network_is_edited(lan: Vzvirt, tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text("#!/bin/sh\nsed -i 's|10.9.0.99|10.9.0.50|' \"$1\"\n")
    script.chmod(0o755)
    editor = {"EDITOR": str(script), "VISUAL": "", "TMPDIR": str(tmp_path)}
    assert lan("net", "edit", "lan", environment=editor) == "network lan edited\n"
    assert "10.9.0.50" in lan("net", "dumpxml", "lan")
    assert lan("net", "edit", "lan", environment=editor) == "network lan not changed\n"
    script.write_text("#!/bin/sh\nsed -i 's|<name>lan|<name>wan|' \"$1\"\n")
    done = lan.call("net", "edit", "lan", environment=editor)
    assert done.returncode == 2
    assert "was changed" in done.stderr
    others = lan.root / "etc/vzvirt/networks/lan.xml"
    script.write_text(
        "#!/bin/sh\nsed -i 's|10.9.0.50|10.9.0.60|' \"$1\"\n"
        f"sed -i 's|10.9.0.50|10.9.0.70|' '{others}'\n"
    )
    done = lan.call("net", "edit", "lan", environment=editor)
    assert done.returncode == 4, done
    assert "10.9.0.70" in lan("net", "dumpxml", "lan")


def test_a_container_on_a_network_has_a_lease(lan: Vzvirt) -> None:
    lan("template", "build", "busybox")
    lan("net", "start", "lan")
    interface = INTERFACE.format(network="lan", mac=MAC)
    document = domain_xml("web", 101).replace("</devices>", f"{interface}</devices>")
    lan("define", "-", stdin=document)
    lan("start", "web")
    (lease,) = lan.json("net", "leases", "lan")
    assert (lease["mac"], lease["address"]) == (MAC, "10.9.0.10/24")
    (live,) = lan.json("domifaddr", "web")
    assert (live["interface"], live["addresses"]) == ("eth0", ["10.9.0.10/24"])
    assert "10.9.0.10/24" in lan("info", "web")
    stopped = lan.call("net", "stop", "lan")
    assert "'web'" in stopped.stderr
    lan("kill", "web")


def test_the_default_network_is_made_when_it_is_needed(web: Vzvirt) -> None:
    interface = INTERFACE.format(network="default", mac=MAC)
    web("attach", "web", "-", "--config", stdin=interface)
    web("start", "web")
    (network,) = web.json("net", "list")
    assert (network["name"], network["autostart"]) == ("default", True)
    assert network["addresses"] == ["192.168.122.1/24"]
    assert web.json("net", "leases", "default")[0]["address"] == "192.168.122.2/24"
    web("kill", "web")


def test_names_change_one_by_one(web: Vzvirt) -> None:
    servers = ("--nameserver", "192.0.2.1", "--nameserver", "192.0.2.2")
    said = web("naming", "web", "--hostname", "web.example", *servers)
    assert said == "container 101 (web) goes by its new names\n"
    web("naming", "web", "--searchdomain", "a.example")
    document = web("dumpxml", "web")
    for element in ("hostname>web.example", "nameserver>192.0.2.2", "searchdomain>a.example"):
        assert f"<{element.partition('>')[0]}>{element.partition('>')[2]}<" in document
    web("naming", "web", "--nameserver", "")
    assert "nameserver" not in web("dumpxml", "web")
    assert "<hostname>web.example<" in web("dumpxml", "web")
    assert "not an address" in web.refused("naming", "web", "--nameserver", "ns", status=2)
    assert "nothing to change" in web.refused("naming", "web", status=2)


def test_addresses_come_and_go(web: Vzvirt) -> None:
    assert web("ip", "add", "web", "10.0.0.5") == "container 101 (web) has 10.0.0.5\n"
    assert web.json("list", "-a")[0]["addresses"] == ["10.0.0.5/32"]
    web("start", "web")
    web("ip", "add", "web", "2001:db8::5")
    both = ["10.0.0.5/32", "2001:db8::5/128"]
    (info,) = web.json("info", "web")["interfaces"]
    assert (info["interface"], info["live_addresses"]) == ("venet0", both)
    assert web.json("domifaddr", "web")[0]["addresses"] == both
    assert "already" in web.refused("ip", "add", "web", "10.0.0.5", status=2)
    assert web("ip", "del", "web", "10.0.0.5") == "container 101 (web) has 10.0.0.5 no more\n"
    assert web.json("list", "-a")[0]["addresses"] == ["2001:db8::5/128"]
    assert web.json("domifaddr", "web")[0]["addresses"] == ["2001:db8::5/128"]
    web.refused("ip", "del", "web", "10.0.0.99", status=4)
    web("ip", "del", "web", "2001:db8::5")
    assert web.json("domiflist", "web") == web.json("domifaddr", "web") == []
    web.refused("ip", "add", "web", "10.0.0.5.1", status=2)
    web("kill", "web")


def test_interfaces_are_attached_changed_and_detached(web: Vzvirt) -> None:
    bridge = f"<interface type='bridge'><source bridge='br0'/><mac address='{MAC}'/></interface>"
    web("start", "web")
    assert web("attach", "web", "-", stdin=bridge).startswith("container 101 (web)")
    (line,) = web.json("domiflist", "web")
    assert (line["interface"], line["kind"], line["source"]) == ("eth0", "bridge", "br0")
    assert line["mac"] == MAC
    down = bridge.replace("</interface>", "<link state='down'/></interface>")
    web("update-device", "web", "-", stdin=down)
    assert "<link state='down'/>" in web("dumpxml", "web")
    (counters,) = web.json("domifstat", "web")
    assert counters["rx_bytes"] == 0
    web("detach", "web", "-", stdin=bridge)
    assert web.json("domiflist", "web") == []
    assert "<interface" not in web("dumpxml", "web")
    web("kill", "web")


def test_a_nic_goes_in_and_comes_back(web: Vzvirt) -> None:
    web("start", "web")
    web("attach", "web", "-", "--live", stdin=NIC)
    names = [item["name"] for item in web.json("nodedev", "list", "--cap", "net")]
    assert not any(name.startswith("net_eth1_") for name in names)
    web("kill", "web")
    names = [item["name"] for item in web.json("nodedev", "list", "--cap", "net")]
    assert any(name.startswith("net_eth1_") for name in names)
    carries = web.refused(
        "attach", "web", "-", "--live", status=4, stdin=NIC.replace("eth1", "eth0")
    )
    assert "default route" in carries or "not running" in carries


def test_the_hosts_devices(vzvirt: Vzvirt) -> None:
    devices = vzvirt.json("nodedev", "list")
    assert devices[0]["name"] == "computer"
    assert {item["kind"] for item in devices} >= {"system", "pci", "net", "storage"}
    assert all(item["kind"] == "pci" for item in vzvirt.json("nodedev", "list", "--cap", "pci"))
    names = vzvirt("nodedev", "list", "-q").split()
    assert names == [item["name"] for item in devices]
    assert "<capability type='pci'>" in vzvirt("nodedev", "dumpxml", "pci_0000_00_1f_3")
    assert "no device 'x'" in vzvirt.refused("nodedev", "dumpxml", "x", status=3)


def test_names_are_offered_to_shells(lan: Vzvirt) -> None:
    assert lan("internal", "complete", "network") == "lan\n"
    assert "computer\n" in lan("internal", "complete", "nodedev")
