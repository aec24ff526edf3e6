"""Virtual networks with real packets, in an internet of namespaces (``networklab``)."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import crashes
from networklab import (
    HOST,
    HOST6,
    OUTSIDE,
    OUTSIDE6,
    PORT,
    Failed,
    Lab,
    assert_about,
    eventually,
    lab,
)

pytestmark = [pytest.mark.root, pytest.mark.timeout(90)]

NAT = """\
<network><name>web</name><forward mode='nat'/><bridge name='vzbr7' stp='off'/>
<domain name='lab' localOnly='yes'/>
<dns><forwarder addr='203.0.113.2'/><host ip='10.7.0.1'><hostname>gate</hostname></host></dns>
<ip address='10.7.0.1' netmask='255.255.255.0'>
<dhcp><range start='10.7.0.100' end='10.7.0.199'/></dhcp></ip></network>
"""

MAC = "52:54:00:aa:bb:01"


def document(name: str, forward: str, number: int, *, more: str = "", inner: str = "") -> str:
    """A network of its own bridge and range, with DHCP."""
    return f"""\
<network><name>{name}</name>{forward}<bridge name='vzbr{number}' stp='off'/>{inner}
<ip address='10.{number}.0.1' netmask='255.255.255.0'>
<dhcp><range start='10.{number}.0.100' end='10.{number}.0.199'/></dhcp></ip>{more}</network>
"""


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as one:
        yield one


def start(net: Lab, text: str) -> str:
    """Start a network for the test; gives back its name."""
    name = text.partition("<name>")[2].partition("</name>")[0]
    net.net("start-transient", stdin=text)
    return name


def test_nat(net: Lab) -> None:
    net.net("define", stdin=NAT)
    net.net("start", "web")
    assert net.warned == []
    net.guest("one", "vzbr7")
    address = net.dhcp("one")
    assert address.startswith("10.7.0.1") and len(address) == len("10.7.0.100")
    assert net.net("leases", "web") == {"one": f"{address}/24"}

    net.serve("outside")
    seen, port = net.seen_from("one", OUTSIDE)
    assert seen == HOST
    assert port >= 1024
    assert net.reaches("one", OUTSIDE)
    assert net.reaches("one", "10.7.0.1")

    net.guest("two", "vzbr7")
    other = net.dhcp("two")
    assert net.reaches("one", other)
    assert net.resolve("one", "two", "10.7.0.1") == {other}
    assert net.resolve("two", "one.lab", "10.7.0.1") == {address}
    assert net.resolve("two", "gate.lab", "10.7.0.1") == {"10.7.0.1"}

    # Who has a route to a guest still does not get in, and finds no open name server.
    net.ip("router", "route", "add", "10.7.0.0/24", "via", HOST)
    assert not net.reaches("outside", address)
    assert net.resolve("outside", "gate.lab", "10.7.0.1") == set()


def test_names_of_the_world(net: Lab) -> None:
    upstream = (
        "dnsmasq --conf-file=/dev/null --no-daemon --no-resolv --no-hosts --bind-interfaces "
        f"--listen-address={OUTSIDE} --host-record=www.example,203.0.113.80 --pid-file="
    )
    net.background("outside", *upstream.split())
    start(net, NAT)
    net.guest("one", "vzbr7")
    net.dhcp("one")
    assert eventually(lambda: net.resolve("one", "www.example", "10.7.0.1") == {"203.0.113.80"}, 5)
    assert net.resolve("one", "nobody.lab", "10.7.0.1") == set()


def test_nat_to_chosen_addresses_and_ports(net: Lab) -> None:
    forward = """<forward mode='nat' dev='up0'><nat><address start='198.51.100.50'
        end='198.51.100.51'/><port start='3000' end='3009'/></nat></forward>"""
    start(net, document("chosen", forward, 8))
    for address in ("198.51.100.50/32", "198.51.100.51/32"):
        net.ip("host", "address", "add", address, "dev", "up0")
    net.guest("one", "vzbr8")
    net.dhcp("one")
    net.serve("outside")
    for _ in range(3):
        seen, port = net.seen_from("one", OUTSIDE)
        assert seen in {"198.51.100.50", "198.51.100.51"}
        assert 3000 <= port <= 3009


def test_nothing_leaves_by_another_device(net: Lab) -> None:
    start(net, document("bound", "<forward mode='nat' dev='other0'/>", 8))
    net.guest("one", "vzbr8")
    net.dhcp("one")
    assert not net.reaches("one", OUTSIDE)
    assert net.reaches("one", "10.8.0.1")


def test_networks_are_apart(net: Lab) -> None:
    start(net, NAT)
    start(net, document("second", "<forward mode='nat'/>", 8))
    start(net, document("routed", "<forward mode='route'/>", 9))
    start(net, document("island", "", 10))
    bridges = {"a": "vzbr7", "b": "vzbr8", "c": "vzbr9", "d": "vzbr10"}
    addresses = {}
    for name, bridge in bridges.items():
        net.guest(name, bridge)
        addresses[name] = net.dhcp(name)
    net.guest("d2", "vzbr10")
    addresses["d2"] = net.dhcp("d2")
    assert net.all_reached(addresses) == {("d", "d2"), ("d2", "d")}
    assert not net.reaches("d", OUTSIDE)
    assert net.reaches("d", "10.10.0.1")
    assert "default" not in net.ip("d", "route")
    # Not even for who gives himself a way out.
    net.ip("d", "route", "add", "default", "via", "10.10.0.1")
    assert not net.reaches("d", OUTSIDE)
    assert not net.reaches("d", addresses["a"])


@pytest.mark.parametrize("mode", ["route", "open"])
def test_guests_with_their_own_addresses_outside(net: Lab, mode: str) -> None:
    start(net, document("plain", f"<forward mode='{mode}'/>", 9))
    net.ip("router", "route", "add", "10.9.0.0/24", "via", HOST)
    net.guest("one", "vzbr9")
    address = net.dhcp("one")
    net.serve("outside")
    net.serve("one")
    assert net.seen_from("one", OUTSIDE)[0] == address
    assert net.seen_from("outside", address)[0] == OUTSIDE


def test_foreign_sources_do_not_leave(net: Lab) -> None:
    start(net, document("plain", "<forward mode='route'/>", 9))
    for wrong in ("10.99.0.0/24", "10.9.0.0/24"):
        net.ip("router", "route", "add", wrong, "via", HOST)
    net.ip("host", "route", "add", "10.99.0.0/24", "dev", "vzbr9")
    net.guest("one", "vzbr9")
    net.dhcp("one")
    net.ip("one", "address", "add", "10.99.0.5/24", "dev", "eth0")
    assert net.reaches("one", OUTSIDE)
    assert not net.works("one", "busybox", "ping", "-c1", "-W1", "-I", "10.99.0.5", OUTSIDE)


def test_ipv6_announced_and_routed(net: Lab) -> None:
    more = "<ip family='ipv6' address='2001:db8:9::1' prefix='64'/>"
    start(net, document("six", "<forward mode='route'/>", 9, more=more))
    net.ip("router", "route", "add", "2001:db8:9::/64", "via", HOST6)
    net.guest("one", "vzbr9")
    assert eventually(lambda: any(a.startswith("2001:db8:9:") for a in net.addresses("one", "-6")))
    assert eventually(lambda: net.reaches("one", OUTSIDE6))
    net.serve("outside")
    assert net.seen_from("one", OUTSIDE6)[0].startswith("2001:db8:9:")


def test_ipv6_behind_the_hosts_address(net: Lab) -> None:
    forward = "<forward mode='nat'><nat ipv6='yes'/></forward>"
    more = """<ip family='ipv6' address='fd00:9::1' prefix='64'>
        <dhcp><range start='fd00:9::100' end='fd00:9::1ff'/></dhcp></ip>"""
    start(net, document("six", forward, 9, more=more))
    net.guest("one", "vzbr9")
    net.ip("one", "address", "add", "fd00:9::50/64", "dev", "eth0", "nodad")
    assert eventually(lambda: "default via fe80::" in net.ip("one", "-6", "route"))
    net.serve("outside")
    assert net.seen_from("one", OUTSIDE6)[0] == HOST6


def test_leases_of_ipv6(net: Lab) -> None:
    fixed = "00030001525400aabb01"
    spaced = ":".join(fixed[place : place + 2] for place in range(0, len(fixed), 2))
    more = f"""<ip family='ipv6' address='fd00:9::1' prefix='64'>
        <dhcp><range start='fd00:9::100' end='fd00:9::1ff'/>
        <host id='{spaced}' name='six' ip='fd00:9::50'/></dhcp></ip>"""
    start(net, document("six", "<forward mode='nat'/>", 9, more=more))
    net.guest("one", "vzbr9")
    assert eventually(lambda: "tentative" not in net.ip("one", "-6", "address"))
    assert net.dhcp6("one", fixed) == "fd00:9::50"
    other = net.dhcp6("one", "00030001525400aabb02")
    assert 0x100 <= int(other.rpartition(":")[2], 16) <= 0x1FF


def test_entries_change_while_it_runs(net: Lab) -> None:
    net.net("define", stdin=NAT)
    net.net("start", "web")
    net.guest("other", "vzbr7")
    before = net.dhcp("other")

    net.update("web", "add-last", "DhcpHost", mac=MAC, address="10.7.0.20", name="fixed")
    net.update("web", "add-last", "DnsHost", "live", address="10.7.0.9", names=["printer"])
    net.guest("fixed", "vzbr7", MAC)
    assert net.dhcp("fixed") == "10.7.0.20"
    assert net.resolve("other", "printer.lab", "10.7.0.1") == {"10.7.0.9"}
    assert net.resolve("other", "fixed", "10.7.0.1") == {"10.7.0.20"}

    net.update("web", "modify", "DhcpHost", mac=MAC, address="10.7.0.21", name="fixed")
    assert net.dhcp("fixed") == "10.7.0.21"
    net.update("web", "delete", "DnsHost", "live", address="10.7.0.9", names=["printer"])
    assert net.resolve("other", "printer.lab", "10.7.0.1") == set()
    assert net.net("leases", "web")["other"] == f"{before}/24"
    assert net.reaches("other", OUTSIDE)

    with pytest.raises(Failed, match="has fixed lease"):
        net.update("web", "add-last", "DhcpHost", mac=MAC, address="10.7.0.22")
    net.net("stop", "web")
    kept = net.net("get", "web")["xml"]
    assert "10.7.0.21" in kept
    assert "printer" not in kept


def test_survives_a_reload_of_the_firewall(net: Lab) -> None:
    start(net, NAT)
    start(net, document("island", "", 10))
    net.guest("one", "vzbr7")
    net.dhcp("one")
    net.serve("outside")
    rules = net.run("host", "nft", "list", "ruleset")
    own = next(line.split()[2] for line in rules.splitlines() if "table inet vzvirt-net" in line)
    everything, ours = ("ruleset",), ("table", "inet", own)  # which leaves the chains
    for mend, lost in (
        (("reconcile",), everything),
        (("reconcile",), ours),
        (("bridge", "web"), everything),
    ):
        net.run("host", "nft", "flush", *lost)
        assert not net.works("one", "busybox", "nc", "-w1", OUTSIDE, str(PORT))
        net.net(*mend)
        assert net.seen_from("one", OUTSIDE)[0] == HOST
        if mend == ("reconcile",):
            assert sorted(net.run("host", "nft", "list", "ruleset").split()) == sorted(
                rules.split()
            )


def test_touches_no_rule_of_others(net: Lab) -> None:
    mine = "table ip mine {\n\tchain input {\n\t\ttype filter hook input priority 0; }\n}\n"
    net.run("host", "nft", "-f", "-", stdin=mine)
    before = net.run("host", "nft", "list", "ruleset")
    name = start(net, NAT)
    assert before in net.run("host", "nft", "list", "ruleset")
    net.net("stop", name)
    assert net.run("host", "nft", "list", "ruleset") == before


def test_dhcp_that_died_is_started_again(net: Lab) -> None:
    start(net, NAT)
    net.guest("one", "vzbr7")
    address = net.dhcp("one")
    pids = net.pids("host")
    assert len(pids) == 1
    os.kill(pids[0], signal.SIGKILL)
    assert eventually(lambda: net.pids("host") == [])
    assert net.net("bridge", "web") == "vzbr7"
    assert len(net.pids("host")) == 1
    assert net.dhcp("one") == address


def test_the_default_network_stands_ready(net: Lab) -> None:
    bridge = net.net("bridge", "default")
    status = net.net("get", "default")
    assert (status["active"], status["persistent"], status["autostart"]) == (True, True, True)
    assert "192.168.122.1" in status["xml"]
    assert bridge.startswith("virbr")
    net.guest("one", bridge)
    assert net.dhcp("one").startswith("192.168.122.")
    assert net.reaches("one", OUTSIDE)
    assert net.net("bridge", "default") == bridge


def test_the_default_network_keeps_clear_of_the_hosts(net: Lab) -> None:
    net.ip("host", "address", "add", "192.168.122.7/24", "dev", "up0")
    net.ip("host", "route", "add", "192.168.123.0/25", "via", "198.51.100.1")
    net.ip("host", "route", "add", "128.0.0.0/1", "via", "198.51.100.1")  # as VPNs do
    bridge = net.net("bridge", "default")
    assert "192.168.124.1" in net.net("get", "default")["xml"]
    assert "192.168.124.1/24" in net.ip("host", "address", "show", "dev", bridge)


def test_two_installations_at_once(net: Lab) -> None:
    with tempfile.TemporaryDirectory(prefix=net.tag) as folder:
        second = Path(folder)
        mine, theirs = net.net("bridge", "default"), net.net("bridge", "default", root=second)
        assert mine != theirs
        net.guest("one", mine)
        net.guest("two", theirs)
        assert net.dhcp("one").startswith("192.168.122.")
        address = net.dhcp("two")
        assert address.startswith("192.168.123.")
        assert net.reaches("one", OUTSIDE)
        net.net("stop", "default")
        assert net.reaches("two", OUTSIDE)
        assert net.net("list", root=second) == {"default": True}
        net.net("stop", "default", root=second)
    assert net.run("host", "nft", "list", "ruleset") == ""


def test_many_ask_for_the_default_network_at_once(net: Lab) -> None:
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(net.net, "bridge", "default") for _ in range(5)]
        bridges = {one.result() for one in asked}
    assert len(bridges) == 1
    assert len(net.pids("host")) == 1


def test_nothing_is_left(net: Lab) -> None:
    links = net.ip("host", "-br", "link")
    net.net("define", stdin=NAT)
    net.net("start", "web")
    net.net("stop", "web")
    assert net.ip("host", "-br", "link") == links
    assert net.run("host", "nft", "list", "ruleset") == ""
    assert net.pids("host") == []
    assert "10.7." not in net.ip("host", "route", "show", "table", "all")
    files = {path.name for path in net.root.rglob("*") if path.is_file()}
    assert files == {"web.xml", "networks.lock", "vzbr7.leases"}


def test_a_start_that_fails_leaves_nothing(net: Lab) -> None:
    net.net("define", stdin=document("odd", "<forward mode='nat'/>", 8))
    net.background("host", "busybox", "udhcpd", "-h")  # says how it is used, and that is all
    taken = "import socket,time;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
    taken += "s.bind(('0.0.0.0',67));print('ready',flush=True);time.sleep(60)"
    net.background("host", "python3", "-c", taken)
    with pytest.raises(Failed, match="dnsmasq"):
        net.net("start", "odd")
    assert net.net("list") == {"odd": False}
    assert "vzbr8" not in net.ip("host", "link")
    assert net.run("host", "nft", "list", "ruleset") == ""


@pytest.mark.parametrize(("missing", "mode"), [("nft", "open"), ("dnsmasq", "nat")])
def test_names_the_program_that_is_missing(net: Lab, missing: str, mode: str) -> None:
    programs = net.folder / "bin"
    programs.mkdir()
    for name in {"ip", "tc", "nft", "dnsmasq"} - {missing}:
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    net.net("define", stdin=document("web", f"<forward mode='{mode}'/>", 8))
    with pytest.raises(Failed, match=f"'{missing}'") as refusal:
        net.net("start", "web", environment={"PATH": str(programs)})
    assert refusal.value.kind == "NoSupport"
    assert "vzbr8" not in net.ip("host", "link")
    assert net.pids("host") == []


def test_refuses_what_is_taken(net: Lab) -> None:
    net.net("define", stdin=NAT)
    for text in (
        NAT.replace("web", "twin").replace("vzbr7", "vzbr8"),  # range
        document("twin", "", 8).replace("vzbr8", "vzbr7"),
    ):
        with pytest.raises(Failed, match="network 'web'") as refusal:
            net.net("define", stdin=text)
        assert refusal.value.kind == "Conflict"
    net.ip("host", "link", "add", "vzbr7", "type", "bridge")
    with pytest.raises(Failed, match="a device of that name"):
        net.net("start", "web")
    assert "vzbr7" in net.ip("host", "link")  # it is not ours
    net.ip("host", "link", "del", "vzbr7")
    net.ip("host", "address", "add", "10.7.0.77/16", "dev", "up0")
    with pytest.raises(Failed, match="in use by device 'up0'"):
        net.net("start", "web")


@pytest.mark.parametrize(("family", "chain"), [("ip", "FORWARD"), ("ip", "DOCKER-USER")])
def test_shows_the_rule_that_a_foreign_firewall_lacks(net: Lab, family: str, chain: str) -> None:
    room = "chain DOCKER-USER { }" if chain == "DOCKER-USER" else ""
    jump = "jump DOCKER-USER" if room else "continue"
    net.run(
        "host",
        *("nft", "-f", "-"),
        stdin=f"""table {family} filter {{
            {room}
            chain FORWARD {{ type filter hook forward priority filter; policy drop; {jump}; }}
        }}""",
    )
    start(net, NAT)
    assert len(net.warned) == 1
    assert f"nft insert rule {family} filter {chain} " in net.warned[0]
    net.guest("one", "vzbr7")
    net.dhcp("one")
    assert not net.reaches("one", OUTSIDE)
    for command in net.warned[0].partition("through: ")[2].split("; "):
        net.run("host", "sh", "-c", command.replace('"', "'\"'"))
    assert net.reaches("one", OUTSIDE)
    net.warned.clear()
    net.net("reconcile")
    assert net.warned == []


def test_the_users_own_bridge(net: Lab) -> None:
    text = "<network><name>lan</name><forward mode='bridge'/><bridge name='br9'/></network>"
    net.net("define", stdin=text)
    with pytest.raises(Failed, match="this host has none"):
        net.net("start", "lan")
    net.ip("host", "link", "add", "br9", "type", "bridge")
    net.net("start", "lan")
    assert net.net("bridge", "lan") == "br9"
    net.net("stop", "lan")
    assert "br9" in net.ip("host", "link")
    with pytest.raises(Failed, match="is not active"):
        net.net("bridge", "lan")


def test_libvirts_own_daemon_has_the_default_network(net: Lab) -> None:
    status = net.folder / "libvirt/run/libvirt/network"
    status.mkdir(parents=True)
    inner = document("default", "<forward mode='nat'/>", 0).replace("vzbr0", "virbr0")
    (status / "default.xml").write_text(
        f"<networkstatus><class_id bitmap='0'/>{inner}</networkstatus>"
    )
    net.ip("host", "link", "add", "virbr0", "type", "bridge")
    libvirt = {"VZT_LIBVIRT": str(net.folder / "libvirt")}
    assert net.net("bridge", "default", environment=libvirt) == "virbr0"
    assert net.net("get", "default", environment=libvirt)["foreign"]
    with pytest.raises(Failed, match="libvirt's own daemon"):
        net.net("stop", "default", environment=libvirt)
    assert net.pids("host") == []
    # A daemon that died has left its notes, but no bridge.
    net.ip("host", "link", "del", "virbr0")
    assert net.net("bridge", "default", environment=libvirt).startswith("virbr")
    assert not net.net("get", "default", environment=libvirt)["foreign"]


def test_mtu_delay_and_mac(net: Lab) -> None:
    inner = f"<mtu size='1400'/><mac address='{MAC}'/>"
    text = document("small", "<forward mode='nat'/>", 8, inner=inner)
    name = start(net, text.replace("stp='off'", "stp='on' delay='3'"))
    shown = net.ip("host", "-d", "link", "show", "vzbr8")
    assert "mtu 1400" in shown
    assert MAC in shown
    assert "forward_delay 300" in shown
    assert "stp_state 1" in shown
    net.net("stop", name)
    start(net, text.replace("stp='off'", "stp='on' delay='0'"))
    net.guest("one", "vzbr8")  # can talk at once
    net.dhcp("one")
    assert "mtu 1400" in net.ip("one", "link", "show", "eth0")


@pytest.mark.timeout(300)
def test_bandwidth_of_all_guests_together(net: Lab) -> None:
    limits = (
        """<bandwidth><inbound average='2000' burst='64'/><outbound average='2000'/></bandwidth>"""
    )
    start(net, document("slow", "<forward mode='nat'/>", 8, inner=limits))
    net.guest("one", "vzbr8")
    net.dhcp("one")
    assert_about(lambda: net.throughput("one", "send"), 2000 * 1024)
    assert_about(lambda: net.throughput("one", "receive"), 2000 * 1024)


def test_a_bridge_that_was_only_begun_is_its_networks(net: Lab) -> None:
    """A start may be killed before the bridge has its alias; the MAC address it has at once."""
    net.net("define", stdin=NAT.replace("<bridge", f"<mac address='{MAC}'/><bridge"))
    net.ip("host", "link", "add", "vzbr7", "address", MAC, "type", "bridge")
    assert not net.net("list")["web"]
    net.net("start", "web")
    net.net("stop", "web")
    assert "vzbr7" not in net.ip("host", "link")
    net.ip("host", "link", "add", "vzbr7", "type", "bridge")
    with pytest.raises(Failed, match="not its own"):
        net.net("start", "web")


@pytest.mark.timeout(300)
def test_killed_at_any_moment_of_its_start_it_starts_again(net: Lab) -> None:
    net.net("define", stdin=NAT)

    def stop() -> None:
        if net.net("list")["web"]:
            net.net("stop", "web")

    def starts_again() -> None:
        stop()
        net.net("start", "web")
        net.net("stop", "web")
        assert net.run("host", "nft", "list", "ruleset") == ""
        assert net.pids("host") == []
        assert "vzbr7" not in net.ip("host", "link")

    crashes.campaign(6, lambda: net.begin("start", "web"), stop, starts_again)
