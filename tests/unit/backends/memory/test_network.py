"""Simulated interfaces and networks."""

from __future__ import annotations

import dataclasses
import ipaddress
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.memory import MemoryInventory, MemoryLinks, MemoryNetworks
from vzvirt.backends.memory.state import Runs
from vzvirt.model.devices import HostDevice, HostDeviceKind, Interface, InterfaceKind, IpAddress
from vzvirt.model.network import (
    DhcpHost,
    DhcpRange,
    Forward,
    ForwardMode,
    Network,
    NetworkAddress,
)
from vzvirt.model.values import Ctid, MacAddress, PciAddress
from vzvirt.ports.network import DeviceInventory, GuestLinks, NetworkRunner, Plug
from vzvirt.system.root import Root

ONE, TWO = Ctid(101), Ctid(102)
PID = 5_000_001
ETH1 = HostDevice(kind=HostDeviceKind.NET, name="eth1")
ETH1_BY_PLACE = HostDevice(kind=HostDeviceKind.PCI, address=PciAddress(0, 0, 0x1F, 3))
FUSE = HostDevice(kind=HostDeviceKind.MISC, name="/dev/fuse")


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.fixture
def links(root: Root) -> GuestLinks:
    return MemoryLinks(root)


@pytest.fixture
def networks(root: Root) -> NetworkRunner:
    return MemoryNetworks(root)


@pytest.fixture
def inventory(root: Root) -> DeviceInventory:
    return MemoryInventory(root)


def ip(text: str) -> IpAddress:
    return ipaddress.ip_address(text)


def lan(name: str = "lan", bridge: str = "virbr0", third: int = 122) -> Network:
    subnet = f"192.168.{third}"
    return Network(
        name=name,
        bridge=bridge,
        addresses=(
            NetworkAddress(
                interface=ipaddress.ip_interface(f"{subnet}.1/24"),
                ranges=(DhcpRange(start=ip(f"{subnet}.2"), end=ip(f"{subnet}.4")),),
                hosts=(DhcpHost(address=ip(f"{subnet}.2"), mac=MacAddress("02:00:00:00:00:99")),),
            ),
        ),
    )


def plug(name: str = "eth0", mac: int = 1, bridge: str | None = "virbr0", *addresses: str) -> Plug:
    return Plug(
        interface=Interface(
            kind=InterfaceKind.BRIDGE,
            guest_name=name,
            host_name=f"veth.{name}",
            mac=MacAddress(f"02:00:00:00:00:{mac:02x}"),
            addresses=tuple(map(ipaddress.ip_interface, addresses)),
        ),
        bridge=bridge,
    )


def running(root: Root, ctid: Ctid = ONE, pid: int = PID) -> int:
    """Say that a container runs; the engine's part."""
    with Runs(root).changing(ctid) as run:
        run.init_pid = pid
    return pid


def shown(links: GuestLinks, pid: int = PID) -> dict[str, list[str]]:
    return {item.guest_name: list(map(str, item.addresses)) for item in links.addresses(pid)}


# Interfaces


def test_what_boots_is_connected_until_it_is_released(root: Root, links: GuestLinks) -> None:
    running(root)
    plugs = (plug("eth0", 1, "br0", "10.0.0.5/24", "fd00::5/64"), plug("eth1", 2, "br0"))
    assert links.boot_steps(ONE, plugs, ()) == ()
    assert shown(links) == {"eth0": ["10.0.0.5/24", "fd00::5/64"], "eth1": []}
    assert shown(links, PID + 1) == {}
    counters = links.counters(ONE, PID, plugs, (ETH1, FUSE))
    assert [item.host_name for item in counters] == ["veth.eth0", "veth.eth1", "eth1"]
    assert not any(item.rx_bytes or item.tx_bytes for item in counters)
    links.release(ONE)
    links.release(ONE)
    assert shown(links) == {}


def test_a_second_boot_replaces_the_first(root: Root, links: GuestLinks) -> None:
    running(root)
    links.boot_steps(ONE, (plug("eth0"), plug("eth1")), (ETH1,))
    links.boot_steps(ONE, (plug("eth1"),), ())
    assert shown(links) == {"eth1": []}
    links.check(TWO, (), (ETH1,))


def test_the_routed_interface_is_venet0(root: Root, links: GuestLinks) -> None:
    running(root)
    routed = Interface(
        kind=InterfaceKind.ROUTED, addresses=(ipaddress.ip_interface("198.51.100.1"),)
    )
    links.boot_steps(ONE, (Plug(interface=routed),), ())
    assert shown(links) == {"venet0": ["198.51.100.1/32"]}


def test_changes_while_it_runs(root: Root, links: GuestLinks) -> None:
    running(root)
    links.boot_steps(ONE, (plug("eth0"),), ())
    links.boot_steps(TWO, (plug("eth1", 7),), ())
    links.attach(ONE, PID, plug("eth1", 2))
    with pytest.raises(errors.OperationFailed, match="eth1"):
        links.attach(ONE, PID, plug("eth1", 3))
    links.update(ONE, PID, plug("eth1", 2), plug("eth1", 2, "br0", "10.0.0.9/24"))
    links.detach(ONE, PID, plug("eth0"))
    links.detach(ONE, PID, plug("eth0"))
    assert shown(links) == {"eth1": ["10.0.0.9/24"]}
    running(root, TWO, PID + 9)
    assert shown(links, PID + 9) == {"eth1": []}


def test_another_process_sees_it(root: Root, links: GuestLinks) -> None:
    running(root)
    links.attach(ONE, PID, plug("eth0"))
    assert shown(MemoryLinks(root)) == {"eth0": []}


def test_an_address_belongs_to_one_container(links: GuestLinks) -> None:
    mine = plug("eth0", 1, "br0", "10.0.0.5/24")
    links.boot_steps(ONE, (mine,), ())
    links.check(ONE, (mine,), ())
    with pytest.raises(errors.OperationFailed, match=r"10\.0\.0\.5 .* container 101"):
        links.check(TWO, (plug("eth0", 2, "br0", "10.0.0.5/16"),), ())
    links.release(ONE)
    links.check(TWO, (mine,), ())


@pytest.mark.parametrize("name", ["clean-traffic", None])
def test_known_filters(links: GuestLinks, name: str | None) -> None:
    one = plug()
    links.check(ONE, (Plug(interface=dataclasses.replace(one.interface, filter=name)),), ())


def test_an_unknown_filter_is_named(links: GuestLinks) -> None:
    odd = dataclasses.replace(plug().interface, filter="no-magic")
    with pytest.raises(errors.ConfigUnsupported, match="no-magic"):
        links.check(ONE, (Plug(interface=odd),), ())


# Devices


def test_devices_while_it_runs(links: GuestLinks, inventory: DeviceInventory) -> None:
    links.attach_device(ONE, PID, ETH1)
    assert links.holders((ETH1_BY_PLACE,)) == {ONE}
    with pytest.raises(errors.OperationInvalid):
        links.attach_device(TWO, PID, ETH1_BY_PLACE)
    links.detach_device(TWO, PID, ETH1)  # not its own
    assert inventory.pci_address_of("eth1") is None
    links.detach_device(ONE, PID, ETH1_BY_PLACE)
    links.detach_device(ONE, PID, ETH1)
    links.attach_device(ONE, PID, FUSE)
    links.detach_device(ONE, PID, FUSE)
    assert inventory.pci_address_of("eth1") == PciAddress(0, 0, 0x1F, 3)


@pytest.mark.parametrize(
    ("device", "error", "says"),
    [
        (HostDevice(kind=HostDeviceKind.NET, name="eth0"), errors.OperationInvalid, "default"),
        (HostDevice(kind=HostDeviceKind.NET, name="eth9"), errors.OperationFailed, "eth9"),
        (
            HostDevice(kind=HostDeviceKind.PCI, address=PciAddress(0, 9, 9, 1)),
            errors.OperationFailed,
            "0000:09:09.1",
        ),
    ],
)
def test_devices_that_cannot_be_moved(
    links: GuestLinks, device: HostDevice, error: type[errors.VzvirtError], says: str
) -> None:
    with pytest.raises(error, match=says):
        links.check(ONE, (), (device,))
    with pytest.raises(error, match=says):
        links.attach_device(ONE, PID, device)


# Networks


def test_a_network_runs_until_it_is_stopped(root: Root, networks: NetworkRunner) -> None:
    network = lan()
    assert not networks.is_active(network)
    assert networks.start(network) == []
    assert networks.is_active(network)
    assert MemoryNetworks(root).is_active(network)
    assert not networks.is_foreign(network)
    assert [str(item) for item in networks.taken()] == ["192.0.2.2/24", "192.168.122.1/24"]
    networks.stop(network)
    networks.stop(network)
    assert not networks.is_active(network)
    assert [str(item) for item in networks.taken()] == ["192.0.2.2/24"]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (lan("other", "virbr0", 150), "virbr0"),
        (lan("other", "virbr1", 122), r"192\.168\.122\.0/24 .* overlaps"),
        (
            Network(
                name="other",
                bridge="virbr1",
                addresses=(NetworkAddress(interface=ipaddress.ip_interface("192.0.2.129/25")),),
            ),
            "overlaps",
        ),
    ],
)
def test_what_is_in_use_is_refused(networks: NetworkRunner, other: Network, says: str) -> None:
    networks.start(lan())
    with pytest.raises(errors.Conflict, match=says):
        networks.start(other)
    assert not networks.is_active(other)


def test_a_bridge_of_the_users_may_be_in_several_networks(networks: NetworkRunner) -> None:
    for name in ("one", "two"):
        networks.start(Network(name=name, bridge="br0", forward=Forward(mode=ForwardMode.BRIDGE)))
    networks.stop(Network(name="one"))
    assert networks.is_active(Network(name="two"))


def test_a_new_bridge_has_a_name_of_its_own(networks: NetworkRunner) -> None:
    assert networks.free_bridge([]) == "virbr0"
    networks.start(lan())
    assert networks.free_bridge({"virbr1", "br0"}) == "virbr2"


def test_nothing_is_foreign_or_in_need_of_mending(networks: NetworkRunner) -> None:
    networks.start(lan())
    assert networks.foreign("lan") is None
    assert networks.mend(lan()) == []


def test_one_at_a_time_changes_networks(root: Root, networks: NetworkRunner) -> None:
    second = MemoryNetworks(root).lock(0)
    with networks.lock(1), pytest.raises(errors.Busy, match="networks"), second:
        raise AssertionError("the lock was given twice")
    with MemoryNetworks(root).lock(0):
        networks.start(lan())  # the wiring has a lock of its own


def test_two_networks_beside_each_other(networks: NetworkRunner) -> None:
    six = NetworkAddress(interface=ipaddress.ip_interface("fd00::1/64"))
    networks.start(lan())
    networks.start(lan("other", "virbr1", 123))
    networks.start(Network(name="six", bridge="virbr2", addresses=(six,)))
    networks.start(lan())  # once more
    assert len(networks.taken()) == 4


def test_leases_are_fixed_or_the_next_free(
    root: Root, links: GuestLinks, networks: NetworkRunner
) -> None:
    running(root)
    network = lan()
    networks.start(network)
    plugs = (
        plug("eth0", 0x01),
        plug("eth1", 0x99),  # has a fixed lease
        plug("eth2", 0x02, "virbr0", "192.168.122.3/24"),  # has an address of its own
        plug("eth3", 0x03, "br0"),  # is elsewhere
        plug("eth4", 0x04),  # comes too late
    )
    links.boot_steps(ONE, plugs, ())
    assert {str(item.mac): str(item.address) for item in networks.leases(network)} == {
        "02:00:00:00:00:01": "192.168.122.4/24",
        "02:00:00:00:00:99": "192.168.122.2/24",
    }
    assert shown(links) == {
        "eth0": ["192.168.122.4/24"],
        "eth1": ["192.168.122.2/24"],
        "eth2": ["192.168.122.3/24"],
        "eth3": [],
        "eth4": [],
    }
    networks.stop(network)
    assert networks.leases(network) == []
    assert shown(links)["eth0"] == []


def test_an_update_counts_at_once(links: GuestLinks, networks: NetworkRunner) -> None:
    network = lan()
    links.boot_steps(ONE, (plug("eth0", 0x01),), ())
    networks.update(network, network)
    assert not networks.is_active(network)  # changing is not starting
    networks.start(network)
    (subnet,) = network.addresses
    host = DhcpHost(address=ip("192.168.122.77"), mac=MacAddress("02:00:00:00:00:01"))
    changed = dataclasses.replace(network, addresses=(dataclasses.replace(subnet, hosts=(host,)),))
    networks.update(network, changed)
    assert [str(item.address.ip) for item in networks.leases(changed)] == ["192.168.122.77"]
