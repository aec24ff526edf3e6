"""What is run for each kind of interface, word for word: ``tests/golden/netlink``."""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from vzvirt.backends.netlink import batches, filters, shaping
from vzvirt.backends.netlink.nics import NicNote
from vzvirt.backends.netlink.steps import MOVE, Wiring, boot_steps
from vzvirt.model.devices import Bandwidth, Interface, InterfaceKind, Route
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.network import Boots, BootStep, Plug

GOLDEN = Path(__file__).parents[3] / "golden" / "netlink"

CTID = Ctid(101)
TAG = "abc123"
ip, ifc, net = ipaddress.ip_address, ipaddress.ip_interface, ipaddress.ip_network

ROUTED = Interface(
    kind=InterfaceKind.ROUTED,
    addresses=(ifc("10.0.0.5/32"), ifc("10.0.0.6/24"), ifc("2001:db8::5/128")),
)
BRIDGED = Interface(
    kind=InterfaceKind.BRIDGE,
    source="br0",
    guest_name="eth0",
    host_name="veth101.0",
    mac=MacAddress("00:18:51:00:00:01"),
    host_mac=MacAddress("00:18:51:00:00:02"),
    addresses=(ifc("10.1.0.5/24"), ifc("fd01::5/64")),
    routes=(
        Route(net("0.0.0.0/0"), ip("10.1.0.1")),
        Route(net("10.7.0.0/16"), ip("10.99.0.1"), 50),
        Route(net("::/0"), ip("fe80::1")),
    ),
    mtu=1400,
)
LIMITED = replace(
    BRIDGED,
    inbound=Bandwidth(average=1000, peak=2000, burst=512),
    outbound=Bandwidth(average=500),
    filter="clean-traffic",
    link_up=False,
)
DIRECT = Interface(
    kind=InterfaceKind.DIRECT,
    source="eth1",
    guest_name="eth0",
    mac=MacAddress("00:18:51:00:00:03"),
    mode="passthrough",
)
ETHERNET = replace(BRIDGED, kind=InterfaceKind.ETHERNET, source="", mac_filter=True)

PLUGS = {
    "routed": Plug(interface=ROUTED),
    "bridged": Plug(interface=BRIDGED, bridge="br0"),
    "limited": Plug(interface=LIMITED, bridge="br0"),
    "isolated": Plug(interface=replace(BRIDGED, isolated=True), bridge="br0"),
    "direct": Plug(interface=DIRECT),
    "ethernet": Plug(interface=ETHERNET),
}
NICS = tuple(
    NicNote(ctid=101, name=name, mac=mac, mtu=1500, up=True, boot_id="now", permanent=permanent)
    for name, mac, permanent in (
        ("eth1", "52:54:00:00:00:01", ""),
        ("eth2", "52:54:00:00:00:02", "52:54:00:00:00:03"),
    )
)
PROXIES = {ip("10.0.0.5"): ("eth0",), ip("10.0.0.6"): ("eth0", "br0")}
WIRING = Wiring(CTID, TAG, PROXIES)


def told(step: BootStep) -> str:
    where = "inside" if step.inside else "host"
    end = ", may fail" if step.may_fail else ""
    head = f"# {where}, {step.boots.value} boots{end}: {shlex.join(step.argv)}\n"
    return head + step.stdin


@pytest.mark.parametrize("name", PLUGS)
def test_steps(name: str, regenerate: bool) -> None:
    steps = boot_steps(WIRING, (PLUGS[name],), (), Path("/run/kept"))
    check(f"{name}.txt", "\n".join(map(told, steps)), regenerate)


def test_nic_steps(regenerate: bool) -> None:
    steps = boot_steps(WIRING, (), NICS, Path("/run/kept"))
    text = "\n".join(map(told, steps)).replace(str(MOVE), "move.sh")
    check("nics.txt", text, regenerate)


CHANGES = {
    "routed-addresses": ("routed", {"addresses": (ifc("10.0.0.5/32"), ifc("10.0.0.9/32"))}),
    "routed-off": ("routed", {"link_up": False}),
    "bridged-all": (
        "bridged",
        {
            "addresses": (ifc("10.1.0.5/24"), ifc("10.1.0.7/24")),
            "routes": (Route(net("0.0.0.0/0"), ip("10.1.0.2")),),
            "mtu": None,
            "link_up": False,
            "outbound": Bandwidth(average=500),
            "isolated": True,
        },
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes(name: str, regenerate: bool) -> None:
    start, changes = CHANGES[name]
    old = PLUGS[start]
    new = Plug(
        interface=replace(old.interface, **changes),  # type: ignore[arg-type]  # by name
        bridge="br1" if old.bridge else None,
    )
    parts = {
        "host, may fail": batches.drop_host(old, new, CTID, TAG),
        "host": batches.change_host(old, new, CTID, TAG, PROXIES),
        "filter": filters.rules(new, CTID, TAG).splitlines(),
        "inside, may fail": batches.drop_guest(old, new),
        "inside": batches.change_guest(old, new),
        "tc": shaping.limits(new, CTID, TAG, old),
    }
    text = "\n".join(f"# {part}\n" + "".join(f"{x}\n" for x in parts[part]) for part in parts)
    check(f"change-{name}.txt", text, regenerate)


def check(name: str, text: str, regenerate: bool) -> None:
    path = GOLDEN / name
    if regenerate:
        path.write_text(text)
    assert text == path.read_text()


def test_every_pair_that_is_made_is_cleared_first_at_later_boots() -> None:
    for plug in PLUGS.values():
        steps = boot_steps(WIRING, (plug,), (), Path("/run/kept"))
        made = [
            line.split()[3]
            for step in steps
            for line in step.stdin.splitlines()
            if line.startswith("link add name")
        ]
        gone = [
            line.split()[-1]
            for step in steps
            if step.boots is Boots.LATER
            for line in step.stdin.splitlines()
        ]
        assert sorted(made) == sorted(gone)


@pytest.mark.parametrize("name", PLUGS)
def test_a_change_to_the_same_changes_nothing(name: str) -> None:
    plug = PLUGS[name]
    assert batches.change_host(plug, plug, CTID, TAG, PROXIES) == []
    assert batches.change_guest(plug, plug) == []
