"""Who has an address, as far as this host knows it without asking anybody."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.netlink import rtnetlink, uplinks
from vzvirt.backends.netlink.asking import Questions
from vzvirt.backends.netlink.checking import check_programs
from vzvirt.backends.netlink.fitting import fitted
from vzvirt.backends.netlink.uplinks import Way
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Plug
from vzvirt.system import process

ONE = (ipaddress.ip_interface("192.0.2.77/32"),)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[ipaddress.IPv4Address, Way]:
    known = {ipaddress.IPv4Address("192.0.2.77"): Way(uplinks=("nonesuch0",))}
    monkeypatch.setattr(uplinks, "ways", lambda wanted: {i.ip: known[i.ip] for i in wanted})
    monkeypatch.setattr(uplinks, "answer_for", lambda found: None)
    return known


def test_an_address_of_this_host_is_nobody_elses(ways: dict[object, Way]) -> None:
    ways[ONE[0].ip] = Way(uplinks=(), holder="eth0")
    questions = Questions(asks=True)
    with pytest.raises(errors.OperationFailed, match="that of device 'eth0'"):
        questions.ask(Ctid(101), ONE)
    questions.ask(Ctid(101), ONE, own={"eth0"})
    questions.forget(Ctid(101))
    questions.forget(Ctid(101))


@pytest.mark.parametrize("asks", [True, False])
def test_where_nobody_can_be_asked_nobody_has_it(ways: dict[object, Way], asks: bool) -> None:
    questions = Questions(asks=asks)
    questions.ask(Ctid(101), ONE)
    assert questions.settled(Ctid(101), ONE) == {ONE[0].ip: ("nonesuch0",)}
    assert questions.settled(Ctid(101), ONE) == {ONE[0].ip: ("nonesuch0",)}, "unasked"


@pytest.mark.parametrize(("missing", "package"), [("ip", "iproute2"), ("nft", "nftables")])
def test_a_program_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, package: str
) -> None:
    for name in {"ip", "nft"} - {missing}:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(process, "ADMINISTRATORS", ())
    plug = Plug(interface=Interface(kind=InterfaceKind.ROUTED, addresses=ONE))
    with pytest.raises(errors.NoSupport, match=f"'{missing}'") as refused:
        check_programs((plug,), Ctid(101), "")
    assert package in str(refused.value.hint)
    check_programs((), Ctid(101), "")


def test_a_bridges_mtu_is_for_ports_that_name_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtnetlink, "mtu", {"br0": 9000, "br1": 1500}.get)

    def port(bridge: str | None, mtu: int | None = None) -> Plug:
        interface = Interface(kind=InterfaceKind.BRIDGE, guest_name="eth0", mtu=mtu)
        return Plug(interface=interface, bridge=bridge)

    plugs = (port("br0"), port("br0", 1400), port("br1"), port("br2"), port(None))
    found = [plug.interface.mtu for plug in fitted(plugs)]
    assert found == [9000, 1400, None, None, None]
