from __future__ import annotations

import ipaddress

import pytest

from vzvirt import errors
from vzvirt.codec.tree import Node
from vzvirt.codec.xml import read_domain
from vzvirt.codec.xml.devices import CONSOLE, FILESYSTEM, HOST_DEVICE, INTERFACE
from vzvirt.codec.xml.document import brief, parse
from vzvirt.model.devices import Console, FilesystemKind, Interface, InterfaceKind
from vzvirt.model.values import SoftHard

ADDRESS = ipaddress.ip_interface("10.0.0.2/24")


@pytest.mark.parametrize(
    ("interface", "shown"),
    [
        (Interface(kind=InterfaceKind.ETHERNET), "<interface type='ethernet'/>"),
        (Interface(kind=InterfaceKind.ROUTED), "<interface type='route'/>"),
        (Interface(kind=InterfaceKind.BRIDGE), "<interface type='bridge'/>"),
        (
            Interface(kind=InterfaceKind.ROUTED, addresses=(ADDRESS,)),
            "<interface type='ethernet'><ip address='10.0.0.2' family='ipv4' prefix='24'/>"
            "</interface>",
        ),
    ],
)
def test_kinds(interface: Interface, shown: str) -> None:
    node = Node("interface")
    INTERFACE.write(interface, node, sparse=False)
    assert brief(node) == shown
    assert INTERFACE.read(node) == interface


@pytest.mark.parametrize("kind", [InterfaceKind.ETHERNET, InterfaceKind.BRIDGE])
def test_a_pair_with_an_address_and_no_bridge_is_not_taken_for_a_routed_one(
    kind: InterfaceKind,
) -> None:
    interface = Interface(kind=kind, addresses=(ADDRESS,))
    node = Node("interface")
    INTERFACE.write(interface, node, sparse=False)
    assert node.find("openvz:veth") is not None
    assert INTERFACE.read(node) == interface


def test_a_mac_of_zeros_is_none() -> None:
    text = "<interface type='ethernet'><mac address='00:00:00:00:00:00'/></interface>"
    assert INTERFACE.read(parse(text)).mac is None


def test_dhcp_and_an_address_exclude_each_other() -> None:
    text = "<interface type='bridge'><ip address='10.0.0.1' dhcp='yes'/></interface>"
    with pytest.raises(errors.XmlError, match="asks DHCP"):
        INTERFACE.read(parse(text))


def test_a_filesystem_without_type_is_a_mount() -> None:
    found = FILESYSTEM.read(parse("<f><source dir='/a'/><target dir='/b'/></f>"))
    assert (found.kind, found.source) == (FilesystemKind.MOUNT, "/a")


def test_a_hard_limit_alone_is_soft_too_and_a_soft_one_is_not_enough() -> None:
    hard = "<f type='template'><space_hard_limit>5</space_hard_limit></f>"
    assert FILESYSTEM.read(parse(hard)).space == SoftHard(5, 5)
    soft = "<f type='template'><space_soft_limit>5</space_soft_limit></f>"
    with pytest.raises(errors.XmlError, match="no hard limit"):
        FILESYSTEM.read(parse(soft))


def test_a_host_device_of_another_mode() -> None:
    text = (
        "<hostdev mode='subsystem' type='net'><source><interface>e</interface></source></hostdev>"
    )
    with pytest.raises(errors.XmlError, match="mode='capabilities'"):
        HOST_DEVICE.read(parse(text))


def test_a_console_needs_nothing() -> None:
    assert CONSOLE.read(Node("console")) == Console()


def test_what_an_interface_says_again_says_nothing_new() -> None:
    text = (
        "<domain type='openvz'><name>x</name><devices>"
        "<interface type='bridge'><source bridge='br0'/>"
        "<ip address='10.0.0.5' prefix='24' gateway='10.0.0.1'/>"
        "<ip address='10.0.0.6' prefix='24' gateway='10.0.0.1'/>"
        "<ip address='10.0.0.5' prefix='24'/></interface></devices></domain>"
    )
    (found,) = read_domain(text).domain.interfaces
    assert [str(item) for item in found.addresses] == ["10.0.0.5/24", "10.0.0.6/24"]
    assert len(found.routes) == 1
