"""The backend of interfaces by itself, on a host that is an empty network namespace."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from netspace import guest, ip, links, own_network, unmount_below
from networklab import eventually
from vzvirt import errors
from vzvirt.backends.netlink import NetlinkLinks, filters, kernel, names, probe
from vzvirt.backends.netlink.held import Held
from vzvirt.codec.xml import read_device
from vzvirt.model.devices import HostDevice, HostDeviceKind, Interface, link_local
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.network import Boots, BootStep, Plug
from vzvirt.system.root import Root

pytestmark = pytest.mark.root

CTID = Ctid(101)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[NetlinkLinks]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    with own_network():
        try:
            yield NetlinkLinks(Root(tmp_path), asks=False)
        finally:
            unmount_below(tmp_path)


@pytest.fixture
def init(backend: NetlinkLinks) -> Iterator[int]:
    """A running container's, as far as this backend sees one."""
    del backend
    with guest() as pid:
        yield pid


def plug(document: str, bridge: str | None = None) -> Plug:
    device = read_device(document).device
    assert isinstance(device, Interface)
    return Plug(interface=device, bridge=bridge)


ROUTED = "<interface type='ethernet'><target dev='{}'/><ip address='192.0.2.50'/></interface>"


@pytest.mark.parametrize("kind", ["bridge", "veth"])
def test_a_device_of_the_host_is_no_host_end(backend: NetlinkLinks, kind: str) -> None:
    ip(f"link add taken0 type {kind}")
    with pytest.raises(errors.OperationFailed, match="there is a device of that name"):
        backend.check(CTID, (plug(ROUTED.format("taken0")),), ())


def test_what_we_do_not_make_is_never_taken_away(backend: NetlinkLinks, init: int) -> None:
    ip("link add br0 type bridge")
    with pytest.raises(errors.OperationFailed, match="File exists"):
        backend.attach(CTID, init, plug(ROUTED.format("br0")))
    backend._held(CTID).write(Held(links=["br0"]))
    backend.release(CTID)
    assert "br0" in links()


def test_a_routed_interface_comes_and_goes(backend: NetlinkLinks, init: int) -> None:
    one = plug(ROUTED.format("mine0"))
    for end in (lambda: backend.detach(CTID, init, one), lambda: backend.release(CTID)):
        backend.check(CTID, (one,), ())
        backend.attach(CTID, init, one)
        assert "mine0" in links() and "venet0" in links(init)
        end()
        assert "mine0" not in links()


def test_a_guest_that_boots_anew_may_get_another_address(
    backend: NetlinkLinks, init: int, tmp_path: Path
) -> None:
    ip("link add br0 type bridge")
    one = plug(
        "<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br0'/>"
        "<target dev='mine0'/><filterref filter='clean-traffic'/></interface>",
        "br0",
    )
    backend.attach(CTID, init, one)
    tag = Root(tmp_path).tag
    learnt = f"netdev {names.table(tag)} {names.chain('mine0')}"
    kernel.run(("nft", "add", "element", *learnt.split(), "{ 192.0.2.50 }"))
    assert "192.0.2.50" in kernel.run(("nft", "list", "set", *learnt.split()))
    kernel.run(kernel.NFT_BATCH, filters.rules(one, CTID, tag))
    assert "192.0.2.50" not in kernel.run(("nft", "list", "set", *learnt.split()))
    backend.release(CTID)


# -- network devices of the host -------------------------------------------------------------


def nic(name: str) -> HostDevice:
    return HostDevice(kind=HostDeviceKind.NET, name=name)


def test_a_nic_whose_name_is_taken_inside_stays_at_home(backend: NetlinkLinks, init: int) -> None:
    ip("link add eth1 type veth peer name far1")
    ip("addr add 10.88.0.1/24 dev eth1")
    ip("link set eth1 up")
    ip(f"link add v1 type veth peer name eth1 netns {init}")
    ip("link set eth1 up", init)
    with pytest.raises(errors.OperationFailed):
        backend.attach_device(CTID, init, nic("eth1"))
    assert "UP" in ip("link show dev eth1", init) and "10.88.0.1" in ip("addr show dev eth1")
    assert backend._nics.notes() == []
    backend.release(CTID)


def test_one_nic_that_cannot_come_back_holds_no_others_up(
    backend: NetlinkLinks, init: int
) -> None:
    for name in ("a0", "b0"):
        ip(f"link add {name} type veth peer name far{name}")
        backend.attach_device(CTID, init, nic(name))
    backend.attach(CTID, init, plug(ROUTED.format("mine0")))
    ip("link add a0 type bridge")
    with pytest.raises(errors.OperationFailed, match="same name"):
        backend.release(CTID)
    assert "b0" in links() and "mine0" not in links()
    ip("link del dev a0")
    backend.release(CTID)
    assert {"a0", "b0"} <= links() and backend._nics.notes() == []


def make(name: str, address: str) -> None:
    ip(f"link add {name} type veth peer name far{name}")
    ip(f"link set far{name} up")
    ip(f"addr add {address} dev {name}")
    ip(f"link set {name} up")


def test_what_the_host_lives_by_stays(backend: NetlinkLinks) -> None:
    for number, name in enumerate(("m1", "m2", "m3", "m4")):
        make(name, f"10.{number}.0.2/24")
    hops = [f"nexthop via 10.{number}.0.1 dev m{number + 1}" for number in (0, 1)]
    ip(f"route add default {' '.join(hops)}")
    ip("link add link m3 name above3 type macvlan mode bridge")
    for name in ("m1", "m2"):
        with pytest.raises(errors.OperationInvalid, match="default route"):
            backend.check(CTID, (), (nic(name),))
    with pytest.raises(errors.OperationInvalid, match="'above3' is on top of it"):
        backend.check(CTID, (), (nic("m3"),))
    backend.check(CTID, (), (nic("m4"),))


def test_a_nic_that_another_container_shares_stays(backend: NetlinkLinks, init: int) -> None:
    make("m1", "10.1.0.2/24")
    macvlan = plug(
        "<interface type='direct'><source dev='m1' mode='bridge'/><guest dev='eth0'/></interface>"
    )
    backend.attach(CTID, init, macvlan)
    with pytest.raises(errors.OperationInvalid, match="container 101 is on top"):
        backend.check(Ctid(102), (), (nic("m1"),))
    second = plug(
        "<interface type='direct'><source dev='m1' mode='bridge'/><guest dev='eth1'/></interface>"
    )
    backend.attach(CTID, init, second)
    backend.detach(CTID, init, macvlan)
    with pytest.raises(errors.OperationInvalid, match="container 101 is on top"):
        backend.check(Ctid(102), (), (nic("m1"),))
    assert backend.holders((nic("m1"),)) == {CTID}
    backend.detach(CTID, init, second)
    assert backend.holders((nic("m1"),)) == frozenset()
    backend.check(Ctid(102), (), (nic("m1"),))


def boot(steps: Iterable[BootStep], pid: int, which: Boots) -> None:
    for step in steps:
        if step.boots in {Boots.ALL, which}:
            kernel.run_step(dataclasses.replace(step, boots=Boots.ALL), pid)


@pytest.mark.parametrize(
    "treatment",
    [
        ("link set dev nic0 name mine",),
        ("link add nic0v link nic0 type macvlan", "link set dev nic0 name mine"),
        ("link add top type bridge", "link set dev nic0 master top"),
        ("link set dev nic0 address 02:00:00:00:00:77",),
    ],
)
def test_a_nic_goes_along_when_its_container_reboots(
    backend: NetlinkLinks, init: int, treatment: tuple[str, ...]
) -> None:
    make("nic0", "10.1.0.2/24")
    steps = backend.boot_steps(CTID, (), (nic("nic0"),))
    boot(steps, init, Boots.FIRST)
    ip("link set dev nic0 down", init)
    for words in treatment:
        ip(words, init)
    with guest() as after:
        boot(steps, after, Boots.LATER)
        assert "nic0" in links(after) and not {"mine", "nic0v", "top"} & links(after)
        backend.release(CTID)
        assert "10.1.0.2" in ip("addr show dev nic0")


def test_all_addresses_of_a_nic_come_back(backend: NetlinkLinks, init: int) -> None:
    make("nic0", "10.4.0.1/24")
    for words in (
        "10.5.0.1 peer 10.5.0.2/32",
        "10.6.0.1/24 noprefixroute",
        "10.7.0.1/24 label nic0:seven",
        "fe80::1/64 nodad",
        "fd08::1/64 nodad",
    ):
        ip(f"addr add {words} dev nic0")
    before = addresses("nic0")
    backend.attach_device(CTID, init, nic("nic0"))
    backend.detach_device(CTID, init, nic("nic0"))
    assert addresses("nic0") == before


def addresses(name: str) -> list[str]:
    """Each with its flags, without those that pass."""
    said = ip(f"-o addr show dev {name}").splitlines()
    return sorted(" ".join(line.replace(" tentative", "").split()[2:]) for line in said)


# -- clean traffic -----------------------------------------------------------------------------

MAC, VICTIM = "00:18:51:00:01:33", "00:18:51:00:02:22"
SENDER = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind(("eth0", 0))
    out.send(bytes.fromhex(sys.argv[1]))
"""
ALL_NODES = "33:33:00:00:00:01"
OF_DHCP = "<ip family='ipv4' dhcp='yes'/>"
OF_ONE = "<ip address='10.77.0.60' prefix='24'/>"
TOLD = "<parameter name='IP' value='10.77.0.60'/>"
HOST = ipaddress.ip_address("10.77.0.1")
HOST6 = ipaddress.ip_address("2001:db8::1")


@dataclasses.dataclass
class Neighbours:
    """Two on a bridge, of whom one may send anything."""

    liar: int
    victim: int
    plug: Plug

    def send(self, kind: str, payload: bytes, to: str = VICTIM) -> None:
        frame = "".join(f"{to}{MAC}".split(":")) + kind + payload.hex()
        there = ("nsenter", f"--net=/proc/{self.liar}/ns/net", "--")
        argv = [*there, sys.executable, "-S", "-E", "-c", SENDER, frame]
        subprocess.run(argv, check=True)

    def claims(self, address: str) -> bool:
        """Whether the other one believes that an IPv4 address is the liar's."""
        ip(f"neigh replace {address} lladdr 02:00:00:00:00:99 dev eth0 nud stale", self.victim)
        time.sleep(1.1)  # news about a neighbour are not believed more often (locktime)
        self.send("0806", arp(address))
        return self._believes(address)

    def advertises(self, address: str) -> bool:
        ip(f"neigh replace {address} lladdr 02:00:00:00:00:99 dev eth0 nud stale", self.victim)
        target = ipaddress.ip_address(address).packed
        flags = bytes.fromhex("8800000060000000")
        self.send("86dd", icmp6("2001:db8::50", flags + target + b"\x02\x01" + raw(MAC)))
        return self._believes(address)

    def _believes(self, address: str) -> bool:
        time.sleep(0.1)
        return MAC in ip(f"neigh show {address}", self.victim)


def raw(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def arp(address: str) -> bytes:
    sender = raw(MAC) + ipaddress.ip_address(address).packed
    receiver = raw(VICTIM) + ipaddress.ip_address("10.77.0.50").packed
    return bytes.fromhex("0001080006040002") + sender + receiver


def icmp6(to: str, message: bytes) -> bytes:
    """A message of neighbour discovery, from the liar's own link-local address."""
    ends = link_local(MacAddress(MAC)).packed + ipaddress.ip_address(to).packed
    head = b"\x60\0\0\0" + len(message).to_bytes(2, "big") + b"\x3a\xff"
    whole = ends + len(message).to_bytes(4, "big") + b"\0\0\0\x3a" + message
    sum_of = probe._checksum(whole).to_bytes(2, "big")
    return head + ends + message[:2] + sum_of + message[4:]


@contextlib.contextmanager
def neighbours(
    backend: NetlinkLinks, liar: int, said: str, told: str = ""
) -> Iterator[Neighbours]:
    clean = plug(
        f"<interface type='bridge'><source bridge='br0'/><mac address='{MAC}'/>"
        f"<target dev='v1'/><guest dev='eth0'/>{said}"
        f"<filterref filter='clean-traffic'>{told}</filterref></interface>",
        "br0",
    )
    other = plug(
        f"<interface type='bridge'><source bridge='br0'/><mac address='{VICTIM}'/>"
        "<target dev='v2'/><guest dev='eth0'/><ip address='10.77.0.50' prefix='24'/></interface>",
        "br0",
    )
    ip("link add br0 type bridge")
    ip("link set br0 up")
    with guest() as victim:
        backend.attach(CTID, liar, dataclasses.replace(clean, host_addresses=(HOST, HOST6)))
        backend.attach(Ctid(102), victim, other)
        ip("addr add 2001:db8::50/64 dev eth0 nodad", victim)
        yield Neighbours(liar, victim, clean)


@pytest.mark.parametrize(("said", "told"), [(OF_ONE, ""), (OF_DHCP, TOLD), ("", TOLD)])
def test_known_addresses_are_the_only_ones(
    backend: NetlinkLinks, init: int, said: str, told: str
) -> None:
    with neighbours(backend, init, said, told) as two:
        assert two.claims("10.77.0.60")
        assert not two.claims("10.77.0.1") and not two.claims("10.77.0.61")


def test_of_addresses_that_are_not_known_one_is_had(backend: NetlinkLinks, init: int) -> None:
    with neighbours(backend, init, OF_DHCP) as two:
        assert not two.claims("10.77.0.1"), "the host's"
        assert two.claims("10.77.0.60")
        assert not two.claims("10.77.0.61")
        assert two.claims("10.77.0.60")
        assert two.advertises("2001:db8::7") and not two.advertises("2001:db8::1")


def test_isolated_ports_reach_the_host_and_not_each_other(
    backend: NetlinkLinks, init: int
) -> None:
    ip("link add br0 type bridge")
    ip("addr add 10.77.0.1/24 dev br0")
    ip("link set br0 up")
    with guest() as other:
        for number, pid in ((2, init), (3, other)):
            one = plug(
                f"<interface type='bridge'><source bridge='br0'/><target dev='v{number}'/>"
                f"<guest dev='eth0'/><ip address='10.77.0.{number}' prefix='24'/>"
                "<port isolated='yes'/></interface>",
                "br0",
            )
            backend.attach(Ctid(100 + number), pid, one)
        assert eventually(lambda: reaches(init, "10.77.0.1"))
        assert not reaches(init, "10.77.0.3")
        free = dataclasses.replace(one.interface, isolated=False)
        backend.update(Ctid(103), other, one, Plug(interface=free, bridge="br0"))
        assert eventually(lambda: reaches(init, "10.77.0.3"))


def reaches(pid: int, address: str) -> bool:
    there = ("nsenter", f"--net=/proc/{pid}/ns/net", "--")
    argv = (*there, "busybox", "ping", "-c1", "-W1", address)
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def test_filters_that_somebody_flushed_are_made_again(backend: NetlinkLinks, init: int) -> None:
    with neighbours(backend, init, OF_ONE) as two:
        subprocess.run(["nft", "flush", "ruleset"], check=True)
        assert two.claims("10.77.0.61")
        for flushed in ("ruleset", f"table netdev {names.table(backend._tag)}"):
            backend.mend(CTID, (two.plug,))
            assert not two.claims("10.77.0.61")
            subprocess.run(["nft", "flush", *flushed.split()], check=True)
            assert backend.lacking({CTID: (two.plug,)}) == {CTID}


def test_nobody_speaks_for_a_router_or_a_neighbour(backend: NetlinkLinks, init: int) -> None:
    with neighbours(backend, init, OF_ONE) as two:
        assert not two.advertises("2001:db8::1") and not two.advertises("2001:db8::7")
        advertisement = bytes.fromhex("86000000400007080000000000000000")
        two.send("86dd", icmp6("ff02::1", advertisement + b"\x01\x01" + raw(MAC)), ALL_NODES)
        time.sleep(0.1)
        assert not ip("-6 route show default", two.victim)
