"""Single devices that come, change and go, in a simulated world."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.memory import MemoryLinks
from vzvirt.model.affect import Affect
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
)
from vzvirt.model.domain import Domain
from vzvirt.model.network import Network
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid, PciAddress
from worlds import Crash, Fuse, World, container

BRIDGED = Interface(kind=InterfaceKind.BRIDGE, source="br0")
NIC = HostDevice(kind=HostDeviceKind.NET, name="eth1")


PLACE = PciAddress(0, 0, 0x1F, 3)
BY_PLACE = HostDevice(kind=HostDeviceKind.PCI, address=PLACE)


def routed(*addresses: str) -> Interface:
    found = tuple(map(ipaddress.ip_interface, addresses))
    return Interface(kind=InterfaceKind.ROUTED, addresses=found)


@pytest.fixture
def world(tmp_path: Path) -> World:
    one = World.at(tmp_path)
    one.define(container())
    return one


def stored(world: World) -> Domain:
    return world.store.load(Ctid(101)).domain


def test_what_is_left_open_is_made_up(world: World) -> None:
    world.manager.devices.attach("web", BRIDGED, Affect.STORED)
    (made,) = stored(world).interfaces
    assert made.guest_name == "eth0" and made.mac is not None and made.host_name is not None


def test_only_the_definition_changes_unless_live(world: World) -> None:
    manager = world.manager
    manager.lifecycle.start("web")
    manager.devices.attach("web", NIC, Affect.STORED)
    assert stored(world).host_devices == (NIC,)
    manager.devices.detach("web", NIC, Affect.STORED)
    assert stored(world).host_devices == ()


def test_a_live_change_needs_a_running_container(world: World) -> None:
    with pytest.raises(errors.OperationInvalid, match="not running"):
        world.manager.devices.attach("web", BRIDGED, Affect.BOTH)
    assert stored(world).interfaces == ()


def test_a_live_change_alone_leaves_the_definition(world: World) -> None:
    manager = world.manager
    manager.lifecycle.start("web")
    manager.devices.attach("web", BRIDGED, Affect.LIVE)
    assert stored(world).interfaces == ()


def test_addresses_change_in_place(world: World) -> None:
    manager = world.manager
    manager.devices.attach("web", routed("10.0.0.5/32"), Affect.STORED)
    manager.lifecycle.start("web")
    manager.devices.update("web", routed("10.0.0.6/32"), Affect.BOTH)
    (item,) = stored(world).interfaces
    assert [str(address.ip) for address in item.addresses] == ["10.0.0.6"]


def test_another_link_address_is_another_interface(world: World) -> None:
    devices = world.manager.devices
    devices.attach("web", BRIDGED, Affect.STORED)
    (old,) = stored(world).interfaces
    other = Interface(kind=InterfaceKind.BRIDGE, guest_name="eth0", host_name="mine", mac=old.mac)
    with pytest.raises(errors.OperationInvalid, match="cannot change in place"):
        devices.update("web", other, Affect.STORED)


def test_what_is_not_there_cannot_go(world: World) -> None:
    devices = world.manager.devices
    with pytest.raises(errors.NoDevice):
        devices.detach("web", BRIDGED, Affect.STORED)
    with pytest.raises(errors.NoDevice):
        devices.detach("web", NIC, Affect.STORED)
    bound = Filesystem(kind=FilesystemKind.MOUNT, source="/srv", target="/srv")
    with pytest.raises(errors.NoDevice):
        devices.detach("web", bound, Affect.STORED)


def test_an_address_of_somebody_else_is_refused(world: World) -> None:
    devices = world.manager.devices
    world.define(container("other"))
    devices.attach("other", routed("10.0.0.5/32"), Affect.STORED)
    with pytest.raises(errors.Conflict, match=r"10\.0\.0\.5"):
        devices.attach("web", routed("10.0.0.5/32"), Affect.STORED)


def test_what_cannot_be_saved_is_taken_back(world: World) -> None:
    world.manager.lifecycle.start("web")
    fuse = Fuse(blows_at=1, error=errors.NoSpace("the disk is full"))
    with pytest.raises(errors.NoSpace):
        world.fused(fuse).devices.attach("web", NIC, Affect.BOTH)
    assert fuse.calls == ["MemoryStore.save"]
    world.define(container("other"))
    world.manager.lifecycle.start("other")
    world.manager.devices.attach("other", NIC, Affect.BOTH)  # it is free


def test_one_that_dies_there_harms_nobody_for_good(world: World) -> None:
    world.manager.lifecycle.start("web")
    with pytest.raises(Crash):
        world.fused(Fuse(blows_at=1)).devices.attach("web", NIC, Affect.BOTH)
    world.manager.lifecycle.kill("web")
    world.define(container("other"))
    world.manager.lifecycle.start("other")
    world.manager.devices.attach("other", NIC, Affect.BOTH)


def test_what_runs_knows_both_halves_of_a_nic(world: World) -> None:
    manager = world.manager
    manager.devices.attach("web", BY_PLACE, Affect.STORED)
    manager.lifecycle.start("web")
    assert stored(world).host_devices == (BY_PLACE,)
    (live,) = manager.definitions.live("web").domain.host_devices
    assert (live.name, live.address) == ("eth1", PLACE)
    with pytest.raises(errors.OperationInvalid, match="already"):
        manager.devices.attach("web", NIC, Affect.LIVE)
    manager.devices.detach("web", NIC, Affect.LIVE)
    manager.devices.attach("web", NIC, Affect.LIVE)
    (live,) = manager.definitions.live("web").domain.host_devices
    assert (live.name, live.address) == ("eth1", PLACE)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "ff02::1"],  # noqa: S104  # refused
)
def test_what_nothing_can_be_routed_to(world: World, address: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="nothing can be routed"):
        world.manager.devices.add_address("web", ipaddress.ip_interface(address))
    assert stored(world).interfaces == ()


def test_only_ports_of_bridges_are_isolated(world: World) -> None:
    plain = Interface(kind=InterfaceKind.ETHERNET, isolated=True)
    with pytest.raises(errors.ConfigUnsupported, match="isolated='yes'"):
        world.manager.devices.attach("web", plain, Affect.STORED)


def test_one_port_of_several_at_a_place_goes_alone(world: World) -> None:
    devices = world.manager.devices
    one, other = (
        HostDevice(kind=HostDeviceKind.NET, name=name, address=PLACE) for name in ("p0", "p1")
    )
    devices.attach("web", one, Affect.STORED)
    devices.attach("web", other, Affect.STORED)
    devices.detach("web", other, Affect.STORED)
    assert [item.name for item in stored(world).host_devices] == ["p0"]
    devices.detach("web", BY_PLACE, Affect.STORED)
    assert stored(world).host_devices == ()


INSIDE = Interface(kind=InterfaceKind.BRIDGE, source="br0", guest_name="eth1")


@pytest.mark.parametrize("device", [NIC, BY_PLACE])
def test_a_nic_and_an_interface_cannot_have_one_name(world: World, device: HostDevice) -> None:
    devices = world.manager.devices
    devices.attach("web", INSIDE, Affect.STORED)
    if device is NIC:
        with pytest.raises(errors.InvalidArgument, match="'eth1' inside"):
            devices.attach("web", device, Affect.STORED)
    world.manager.lifecycle.start("web")
    with pytest.raises(errors.InvalidArgument, match="'eth1' inside"):
        devices.attach("web", device, Affect.LIVE)
    world.manager.lifecycle.kill("web")
    devices.attach("web", BY_PLACE, Affect.STORED)
    with pytest.raises(errors.InvalidArgument, match="'eth1' inside"):
        world.manager.lifecycle.start("web")


@pytest.mark.parametrize("device", [NIC, BY_PLACE])
def test_a_nic_comes_back_from_one_that_died_unseen(world: World, device: HostDevice) -> None:
    manager = world.manager
    world.define(container("other"))
    for name in ("web", "other"):
        manager.lifecycle.start(name)
    manager.devices.attach("web", NIC, Affect.LIVE)
    with pytest.raises(errors.OperationInvalid, match="in use"):
        manager.devices.attach("other", device, Affect.LIVE)
    world.engine.end_from_inside(Ctid(101), Reason.DIED)
    manager.devices.attach("other", device, Affect.LIVE)


ON_LAN = Interface(kind=InterfaceKind.NETWORK, source="lan", guest_name="eth0")


@pytest.fixture
def stranded(world: World) -> World:
    """One that runs with an interface on a network that has been stopped since."""
    networks = world.manager.networks
    networks.define(Network(name="lan"))
    networks.start("lan")
    world.manager.devices.attach("web", ON_LAN, Affect.STORED)
    world.manager.lifecycle.start("web")
    networks.stop("lan")
    return world


def test_a_network_that_is_off_hinders_no_other_change(stranded: World) -> None:
    devices = stranded.manager.devices
    devices.add_address("web", ipaddress.ip_interface("10.0.0.5/32"))
    assert [item.kind for item in stored(stranded).interfaces] == [
        InterfaceKind.NETWORK,
        InterfaceKind.ROUTED,
    ]
    devices.detach("web", ON_LAN, Affect.BOTH)
    with pytest.raises(errors.OperationInvalid, match="not active"):
        devices.attach("web", ON_LAN, Affect.BOTH)


def test_nor_one_that_is_gone(stranded: World) -> None:
    stranded.manager.networks.undefine("lan")
    stranded.manager.devices.detach("web", ON_LAN, Affect.BOTH)
    assert stored(stranded).interfaces == ()


def test_what_cannot_boot_again_is_not_saved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: object) -> None:
        raise errors.OperationFailed("somebody else answers for it")

    world.manager.lifecycle.start("web")
    monkeypatch.setattr(MemoryLinks, "boot_steps", fail)
    with pytest.raises(errors.OperationFailed):
        world.manager.devices.add_address("web", ipaddress.ip_interface("10.0.0.5/32"))
    assert stored(world).interfaces == ()
