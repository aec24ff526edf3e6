from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.xml import read_domain
from vzvirt.model.devices import HostDeviceKind, InterfaceKind


def document(inside: str) -> str:
    return f"<domain type='openvz'><name>x</name>{inside}</domain>"


HOSTDEV = (
    "<hostdev mode='capabilities' type='net'><source><interface>eth1</interface></source>"
    "</hostdev>"
)


@pytest.mark.parametrize(
    "host",
    [
        "<host class='network' dev='eth1'/>",
        "<host class='network'><source name='eth1'/></host>",
        "<interface type='network'><host class='network' dev='eth1'/></interface>",
    ],
)
def test_a_host_device_by_name(host: str) -> None:
    read = read_domain(document(f"<devices>{host}</devices>"), validate=True)

    assert read.domain == read_domain(document(f"<devices>{HOSTDEV}</devices>")).domain
    assert HOSTDEV in read.warnings[0]


@pytest.mark.parametrize(
    "host",
    [
        "<host subsystem='pci' dev='00:1d.2'/>",
        "<host subsys='pci' dev='0000:00:1d.2'/>",
        "<host subsys='pci'><address domain='0000' bus='00' slot='1d' function='2'/></host>",
        "<host subsys='pci'><address bus='0x00' slot='0x1d' function='0x2'/></host>",
    ],
)
def test_a_host_device_by_address(host: str) -> None:
    (device,) = read_domain(document(f"<devices>{host}</devices>")).domain.host_devices

    assert device.kind is HostDeviceKind.PCI
    assert str(device.address) == "0000:00:1d.2"


def test_a_host_device_by_both() -> None:
    (device,) = read_domain(
        document(
            "<devices><host class='network' subsys='pci'><source name='eth1'/>"
            "<address domain='0000' bus='00' slot='1f' function='3'/></host></devices>"
        )
    ).domain.host_devices

    assert (device.kind, device.name) == (HostDeviceKind.NET, "eth1")
    assert str(device.address) == "0000:00:1f.3"


def test_a_host_device_that_contradicts_itself() -> None:
    with pytest.raises(errors.XmlError, match="two addresses"):
        read_domain(
            document(
                "<devices><host subsys='pci' dev='00:1d.2'>"
                "<address bus='00' slot='1e' function='2'/></host></devices>"
            )
        )
    with pytest.raises(errors.XmlError, match="two devices: eth1, eth2"):
        read_domain(
            document(
                "<devices><host class='network' dev='eth1'><source name='eth2'/></host></devices>"
            )
        )


def test_all_routed_interfaces_are_one() -> None:
    routed = (
        "<interface type='ethernet'><mac address='00:00:00:00:00:00'/>"
        "<ip address='{}' family='ipv4'/></interface>"
    )
    read = read_domain(
        document(f"<devices>{routed.format('10.0.0.1')}{routed.format('10.0.0.2')}</devices>")
    )
    (interface,) = read.domain.interfaces

    assert interface.kind is InterfaceKind.ROUTED
    assert interface.mac is None
    assert [str(address.ip) for address in interface.addresses] == ["10.0.0.1", "10.0.0.2"]


def test_a_plain_pair_has_no_address_or_says_so() -> None:
    plain = read_domain(document("<devices><interface type='ethernet'/></devices>")).domain
    assert plain.interfaces[0].kind is InterfaceKind.ETHERNET
