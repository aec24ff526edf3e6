from __future__ import annotations

import dataclasses
import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import network_strategies
import strategies
from vzvirt import errors
from vzvirt.codec.xml import read_device, read_entry, read_network, write_device
from vzvirt.codec.xml.document import parse, serialise
from vzvirt.codec.xml.network import write_network
from vzvirt.codec.xml.single import Device
from vzvirt.model.devices import (
    Bandwidth,
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
)
from vzvirt.model.network import DhcpHost, DhcpRange, DnsForwarder, DnsHost, Network, PortGroup
from vzvirt.model.values import MacAddress, PciAddress

few = settings(max_examples=40)

MAC = MacAddress("00:16:3e:5d:c7:9e")


def device_of_some_domain() -> st.SearchStrategy[Device]:
    lists = st.one_of(
        strategies.interfaces(), strategies.host_devices(), st.tuples(strategies.mounts())
    )
    return lists.filter(bool).flatmap(st.sampled_from)


@few
@given(device_of_some_domain())
def test_what_is_written_is_read(device: Device) -> None:
    read = read_device(write_device(device))
    assert read.device == device
    assert read.warnings == ()


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (
            "<interface type='bridge'><source bridge='br0'/><guest dev='eth0'/></interface>",
            Interface(kind=InterfaceKind.BRIDGE, source="br0", guest_name="eth0"),
        ),
        (
            "<interface type='ethernet'><ip address='10.0.0.5'/></interface>",
            Interface(
                kind=InterfaceKind.ROUTED, addresses=(ipaddress.ip_interface("10.0.0.5/32"),)
            ),
        ),
        (
            "<hostdev mode='capabilities' type='net'>"
            "<source><interface>eth1</interface></source></hostdev>",
            HostDevice(kind=HostDeviceKind.NET, name="eth1"),
        ),
        (
            "<filesystem type='mount'><source dir='/a'/><target dir='/b'/></filesystem>",
            Filesystem(kind=FilesystemKind.MOUNT, source="/a", target="/b"),
        ),
    ],
)
def test_canonical_forms_earn_no_warning(text: str, device: Device) -> None:
    assert (read_device(text).device, read_device(text).warnings) == (device, ())


@pytest.mark.parametrize(
    ("text", "device", "canonical"),
    [
        (
            "<interface type='route'><ip address='10.0.0.5'/></interface>",
            Interface(
                kind=InterfaceKind.ROUTED, addresses=(ipaddress.ip_interface("10.0.0.5/32"),)
            ),
            "<interface type='ethernet'>",
        ),
        (
            "<host class='network' dev='eth1'/>",
            HostDevice(kind=HostDeviceKind.NET, name="eth1"),
            "<hostdev mode='capabilities' type='net'>",
        ),
        (
            "<host subsystem='pci' dev='00:1d.2'/>",
            HostDevice(kind=HostDeviceKind.PCI, address=PciAddress(0, 0, 0x1D, 2)),
            "<hostdev mode='subsystem' type='pci'>",
        ),
        (
            "<interface type='network'><host class='network' dev='eth1'/></interface>",
            HostDevice(kind=HostDeviceKind.NET, name="eth1"),
            "<hostdev mode='capabilities' type='net'>",
        ),
    ],
)
def test_other_spellings_are_understood_and_noted(
    text: str, device: Device, canonical: str
) -> None:
    read = read_device(text)
    assert read.device == device
    assert canonical in " ".join(read.warnings)


def test_naming_is_no_part_of_a_device() -> None:
    text = (
        "<interface type='bridge'><source bridge='br0'/><hostname>web</hostname>"
        "<nameserver>10.0.0.1</nameserver></interface>"
    )
    read = read_device(text)
    assert read.device == Interface(kind=InterfaceKind.BRIDGE, source="br0")
    assert [warning.split()[0] for warning in read.warnings] == ["<hostname>", "<nameserver>"]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("<domain/>", errors.XmlError, "not a device"),
        ("<console type='pty'/>", errors.XmlError, "not a device"),
        ("<interface type='bridge'", errors.XmlError, "line 1"),
        ("<disk type='file'/>", errors.ConfigUnsupported, "<disk"),
        ("<interface type='vdpa'/>", errors.ConfigUnsupported, "vdpa"),
        ("<interface type='network'/>", errors.InvalidArgument, "no source"),
        (
            "<interface type='bridge'><source bridge='br0'/>"
            "<host class='network' dev='eth1'/></interface>",
            errors.XmlError,
            "two devices",
        ),
        (
            "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><interface>&e;</interface>",
            errors.XmlError,
            "document type",
        ),
    ],
)
def test_what_is_refused(text: str, error: type[errors.VzvirtError], words: str) -> None:
    with pytest.raises(error, match=words):
        read_device(text)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (
            f"<host mac='{MAC}' name='web' ip='10.0.0.5'/>",
            DhcpHost(address=ipaddress.ip_address("10.0.0.5"), mac=MAC, name="web"),
        ),
        (
            "<host ip='10.0.0.5'><hostname>web</hostname><hostname>www</hostname></host>",
            DnsHost(address=ipaddress.ip_address("10.0.0.5"), names=("web", "www")),
        ),
        (
            "<range start='10.0.0.5' end='10.0.0.9'/>",
            DhcpRange(
                start=ipaddress.ip_address("10.0.0.5"), end=ipaddress.ip_address("10.0.0.9")
            ),
        ),
        (
            "<forwarder domain='a.example' addr='10.0.0.5'/>",
            DnsForwarder(domain="a.example", address=ipaddress.ip_address("10.0.0.5")),
        ),
        ("<portgroup name='fast' default='yes'/>", PortGroup(name="fast", default=True)),
    ],
)
def test_entries_of_networks(text: str, entry: object) -> None:
    assert read_entry(text) == entry


@few
@given(network_strategies.networks())
def test_each_entry_of_a_network_reads_as_it_does_there(network: Network) -> None:
    root = parse(write_network(network))
    known = {
        ("ip", "dhcp", "range"): [part for item in network.addresses for part in item.ranges],
        ("ip", "dhcp", "host"): [host for item in network.addresses for host in item.hosts],
        ("dns", "host"): list(network.dns.hosts),
        ("dns", "forwarder"): list(network.dns.forwarders),
        ("portgroup",): list(network.port_groups),
    }
    for path, entries in known.items():
        assert [read_entry(serialise(node)) for node in root.find_all(*path)] == entries


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<ip address='10.0.0.1'/>", errors.XmlError),
        ("<host ip='10.0.0.5'/>", errors.InvalidArgument),
        ("<range start='10.0.0.9' end='10.0.0.5'/>", errors.InvalidArgument),
        ("<forwarder/>", errors.InvalidArgument),
    ],
)
def test_what_is_no_entry(text: str, error: type[errors.VzvirtError]) -> None:
    with pytest.raises(error):
        read_entry(text)


LEASES = read_network(
    "<network><name>lan</name><ip address='10.0.0.1' prefix='24'><dhcp>"
    "<host mac='00:18:51:00:00:01' name='one' ip='10.0.0.5'/>"
    "<host mac='00:18:51:00:00:02' name='two' ip='10.0.0.6'/>"
    "</dhcp></ip><dns><host ip='10.0.0.6'><hostname>printer</hostname></host>"
    "<host ip='10.0.0.7'><hostname>web</hostname><hostname>www</hostname></host></dns></network>"
).network


@pytest.mark.parametrize(
    "text",
    ["<host mac='00:18:51:00:00:02'/>", "<host name='two'/>", "<host name='two' ip='10.0.0.6'/>"],
)
def test_whose_lease_it_is_says_which_one_to_remove(text: str) -> None:
    entry = read_entry(text, LEASES)
    assert isinstance(entry, DhcpHost)
    assert str(entry.address) == "10.0.0.6"


PRINTER = DnsHost(address=ipaddress.ip_address("10.0.0.6"), names=("printer",))
WEB = DnsHost(address=ipaddress.ip_address("10.0.0.7"), names=("web", "www"))


@pytest.mark.parametrize(
    ("text", "section", "entry"),
    [
        ("<host ip='10.0.0.7'/>", None, WEB),
        ("<host ip='10.0.0.6'/>", DnsHost, PRINTER),
        ("<host ip='10.0.0.6'/>", DhcpHost, LEASES.addresses[0].hosts[1]),
        ("<host><hostname>printer</hostname></host>", None, PRINTER),
        ("<host><hostname>www</hostname></host>", None, dataclasses.replace(WEB, names=("www",))),
        ("<host ip='10.0.0.5'/>", None, LEASES.addresses[0].hosts[0]),
    ],
)
def test_what_no_other_entry_has_says_which_one_to_remove(
    text: str, section: type[DnsHost | DhcpHost] | None, entry: object
) -> None:
    assert read_entry(text, LEASES, section) == entry


def test_what_two_entries_have_says_nothing() -> None:
    with pytest.raises(errors.OperationInvalid, match=r"both fixed lease .* and DNS entry"):
        read_entry("<host ip='10.0.0.6'/>", LEASES)


@pytest.mark.parametrize(
    "text", ["<host/>", "<host mac='00:18:51:00:00:03'/>", "<host name='three'/>"]
)
def test_a_lease_that_is_not_there_has_no_address(text: str) -> None:
    with pytest.raises(errors.XmlError, match="has no 'ip'"):
        read_entry(text, LEASES)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("<bandwidth><inbound average='5' floor='2'/></bandwidth>", "floor="),
        ("<vlan><tag id='42'/></vlan>", "<vlan>"),
        ("<virtualport type='openvswitch'/>", "<virtualport"),
        ("<ip address='10.0.0.5' peer='10.0.0.6'/>", "peer="),
    ],
)
def test_what_no_interface_has_is_refused_by_name(said: str, named: str) -> None:
    with pytest.raises(errors.ConfigUnsupported) as caught:
        read_device(f"<interface type='bridge'><source bridge='br0'/>{said}</interface>")
    assert named in caught.value.message and caught.value.hint


def test_a_limit_of_nothing_is_none() -> None:
    limits = "<bandwidth><inbound average='0'/><outbound average='5'/></bandwidth>"
    source = "<source bridge='br0'/>"
    device = read_device(f"<interface type='bridge'>{source}{limits}</interface>").device
    assert isinstance(device, Interface)
    assert (device.inbound, device.outbound) == (None, Bandwidth(5))
    network = read_network(f"<network><name>a</name>{limits}</network>").network
    assert (network.inbound, network.outbound) == (None, Bandwidth(5))
