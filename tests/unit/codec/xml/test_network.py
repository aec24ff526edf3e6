from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import network_strategies
import rows
from mutations import mutants
from vzvirt import errors
from vzvirt.codec import schema
from vzvirt.codec.xml import read_network, write_network
from vzvirt.codec.xml.document import parse
from vzvirt.codec.xml.network import IGNORED, NETWORK, REFUSED
from vzvirt.model.network import Forward, ForwardMode, Network

GOLDEN = Path(__file__).parents[3] / "golden" / "network"
CASES = sorted(path.name.removesuffix(".in.xml") for path in GOLDEN.glob("*.in.xml"))
BEYOND = "beyond"
"""The case with all that libvirt has and we do without; the schema knows none of it."""

few = settings(max_examples=25)


def golden_out(case: str) -> str:
    """Canonical form, and below it the warnings as comments."""
    read = read_network((GOLDEN / f"{case}.in.xml").read_bytes())
    warnings = "".join(f"<!-- {line.replace('--', '- -')} -->\n" for line in read.warnings)
    return write_network(read.network) + warnings


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, regenerate: bool) -> None:
    expected = GOLDEN / f"{case}.out.xml"
    found = golden_out(case)
    if regenerate:
        expected.write_text(found)

    assert found == expected.read_text()
    source = (GOLDEN / f"{case}.in.xml").read_bytes()
    assert read_network(found, validate=True).network == read_network(source).network
    assert read_network(found).warnings == ()
    if case != BEYOND:
        assert read_network(source, validate=True).warnings == ()


@few
@given(network_strategies.networks())
def test_what_is_written_is_read(network: Network) -> None:
    for active in (False, True):
        text = write_network(network, active=active)
        read = read_network(text, validate=True)
        assert read.network == network
        assert read.warnings == ()


@pytest.mark.parametrize(
    "spec", rows.specs(NETWORK), ids=lambda spec: getattr(spec.build, "__name__", "?")
)
def test_every_field_is_claimed(spec: schema.Spec[Any]) -> None:
    assert rows.missing(spec) == set()


@pytest.mark.parametrize("how", ["read", "write"])
def test_every_row_is_exercised_by_some_golden_case(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    seen = rows.exercised(monkeypatch, how)
    for case in CASES:
        golden_out(case)
    # A device is written as an element only while the network runs, by ``write_network`` itself.
    expected = [("listed", "interface/@dev")] if how == "write" else []
    assert rows.unused(NETWORK, how, seen) == expected


def test_everything_that_is_ignored_is_in_the_golden_case_and_said() -> None:
    warnings = read_network((GOLDEN / f"{BEYOND}.in.xml").read_bytes()).warnings
    assert len(warnings) == len(IGNORED) + 1
    for reason in [*IGNORED.values(), "dnsmasq and the like are ours"]:
        assert any(warning.endswith(reason) for warning in warnings)


# Single facts


def network(inside: str) -> str:
    return f"<network><name>x</name>\n{inside}</network>"


def read(inside: str) -> Network:
    return read_network(network(inside)).network


@pytest.mark.parametrize(
    ("inside", "mode"),
    [
        ("", ForwardMode.ISOLATED),
        ("<forward mode='none'/>", ForwardMode.ISOLATED),
        ("<forward/>", ForwardMode.NAT),
        ("<forward dev='eth1'/>", ForwardMode.NAT),
        ("<forward mode=' route '/>", ForwardMode.ROUTE),
        ("<forward mode='open'/>", ForwardMode.OPEN),
        ("<forward mode='bridge'/><bridge name='br0'/>", ForwardMode.BRIDGE),
    ],
)
def test_modes(inside: str, mode: ForwardMode) -> None:
    assert read(inside).forward.mode is mode


@pytest.mark.parametrize(
    ("ip", "interface"),
    [
        ("address='10.1.2.3'", "10.1.2.3/8"),
        ("address='172.16.0.1'", "172.16.0.1/16"),
        ("address='192.168.0.1'", "192.168.0.1/24"),
        ("address='fd00::1'", "fd00::1/64"),
        ("address='10.1.2.3' netmask='255.255.255.252'", "10.1.2.3/30"),
        ("address='10.1.2.3' netmask='255.255.255.0' prefix='24'", "10.1.2.3/24"),
        ("address='10.1.2.3' netmask='0.0.0.0'", "10.1.2.3/0"),
        ("address=' 10.1.2.3 ' prefix='32'", "10.1.2.3/32"),
    ],
)
def test_addresses(ip: str, interface: str) -> None:
    assert str(read(f"<ip {ip}/>").addresses[0].interface) == interface


def test_a_running_network_names_its_device_twice() -> None:
    routed = Network(name="x", forward=Forward(mode=ForwardMode.ROUTE, device="eth1"))
    assert "<interface dev='eth1'/>" in write_network(routed, active=True)
    assert "<interface dev='eth1'/>" not in write_network(routed)
    assert "<forward" not in write_network(Network(name="x"), active=True)


def test_what_the_schema_does_not_know_is_dropped_unless_validation_is_asked_for() -> None:
    text = network("<flavour/>")
    assert read_network(text).network == Network(name="x")
    with pytest.raises(errors.SchemaError, match=r"<flavour> .* is not known in <network>"):
        read_network(text, validate=True)


# Bad documents

XML, INVALID, UNSUPPORTED = 27, 8, 67

IP = "<ip address='10.0.0.1' prefix='24'>{}</ip>"


def dhcp(inside: str) -> str:
    return IP.format(f"<dhcp>{inside}</dhcp>")


BAD = {
    "no name": (XML, "<name>", "<network/>"),
    "a domain": (XML, "<domain>", "<domain><name>x</name></domain>"),
    "not XML": (XML, "line 1", "words"),
    "an entity": (XML, "document type", "<!DOCTYPE n [<!ENTITY e 'x'>]><network/>"),
    "a path for a name": (XML, "../x", "<network><name>../x</name></network>"),
    "two names": (XML, "<name>", "<name>y</name>"),
    "half a UUID": (XML, "<uuid>", "<uuid>9a05da11</uuid>"),
    "a bad mode": (XML, "mode='magic'", "<forward mode='magic'/>"),
    "hostdev": (UNSUPPORTED, "mode 'hostdev'", "<forward mode='hostdev'/>"),
    "private": (UNSUPPORTED, "mode 'private'", "<forward mode='private'/>"),
    "vepa": (UNSUPPORTED, "mode 'vepa'", "<forward mode='vepa' dev='eth0'/>"),
    "passthrough": (UNSUPPORTED, "mode 'passthrough'", "<forward mode='passthrough'/>"),
    "virtual functions": (
        UNSUPPORTED,
        "<pf dev='eth3'>",
        "<forward mode='hostdev'><pf dev='eth3'/></forward>",
    ),
    "functions by address": (
        UNSUPPORTED,
        "<address type='pci'",
        "<forward mode='hostdev'><address type='pci' domain='0' bus='4' slot='0'/></forward>",
    ),
    "a passthrough driver": (
        UNSUPPORTED,
        "<driver name='vfio'>",
        "<forward mode='hostdev'><driver name='vfio'/></forward>",
    ),
    "macvtap": (
        UNSUPPORTED,
        "<forward mode='bridge'>",
        "<forward mode='bridge'><interface dev='eth0'/></forward>",
    ),
    "Open vSwitch": (
        UNSUPPORTED,
        "<virtualport type='openvswitch'>",
        "<forward mode='bridge'/><bridge name='br0'/><virtualport type='openvswitch'/>",
    ),
    "a port group's switch": (
        UNSUPPORTED,
        "<virtualport",
        "<portgroup name='a'><virtualport type='802.1Qbg'/></portgroup>",
    ),
    "a VLAN": (UNSUPPORTED, "<vlan>", "<vlan><tag id='42'/></vlan>"),
    "a port group's VLAN": (
        UNSUPPORTED,
        "<vlan",
        "<portgroup name='a'><vlan trunk='yes'/></portgroup>",
    ),
    "no bridge": (INVALID, "<bridge>", "<forward mode='bridge'/>"),
    "an address on the user's bridge": (
        INVALID,
        "<ip>",
        f"<forward mode='bridge'/><bridge name='br0'/>{IP.format('')}",
    ),
    "a delay of the user's bridge": (
        INVALID,
        "delay",
        "<forward mode='bridge'/><bridge name='br0' delay='3'/>",
    ),
    "two devices": (XML, "eth2", "<forward dev='eth1'><interface dev='eth2'/></forward>"),
    "a pool of devices": (
        XML,
        "eth2",
        "<forward><interface dev='eth1'/><interface dev='eth2'/></forward>",
    ),
    "a device of an open network": (INVALID, "eth1", "<forward mode='open' dev='eth1'/>"),
    "translation of a routed one": (
        INVALID,
        "<nat>",
        "<forward mode='route'><nat ipv6='yes'/></forward>",
    ),
    "half a range": (
        XML,
        "<address start=",
        "<forward><nat><address start='1.2.3.4'/></nat></forward>",
    ),
    "IPv6 for NAT": (
        INVALID,
        "range of IPv4",
        "<forward><nat><address start='fd00::1' end='fd00::2'/></nat></forward>",
    ),
    "ports backwards": (
        INVALID,
        "9 - 8",
        "<forward><nat><port start='9' end='8'/></nat></forward>",
    ),
    "a long bridge": (INVALID, "bridge device name", "<bridge name='0123456789abcdef'/>"),
    "a bridge with a path": (INVALID, "bridge device name", "<bridge name='a/b'/>"),
    "a delay in words": (XML, "<bridge", "<bridge delay='long'/>"),
    "half on": (XML, "stp", "<bridge stp='maybe'/>"),
    "a tiny mtu": (INVALID, "mtu 60", "<mtu size='60'/>"),
    "a group's MAC": (INVALID, "group", "<mac address='01:00:5e:00:00:01'/>"),
    "an odd domain": (INVALID, "a b", "<domain name='a b'/>"),
    "a line too many": (INVALID, "DNS name", "<domain name='a&#10;dhcp-script=/x'/>"),
    "a domain without a name": (INVALID, "domain", "<domain localOnly='yes'/>"),
    "a forwarder to nowhere": (INVALID, "forwarder", "<dns><forwarder/></dns>"),
    "a nameless host": (XML, "<host", "<dns><host ip='10.0.0.1'/></dns>"),
    "an odd host": (
        INVALID,
        "-x",
        "<dns><host ip='10.0.0.1'><hostname>-x</hostname></host></dns>",
    ),
    "no address": (XML, "<ip prefix='24'>", "<ip prefix='24'/>"),
    "another family": (XML, "family", "<ip family='ipv6' address='10.0.0.1'/>"),
    "a netmask with holes": (XML, "netmask", "<ip address='10.0.0.1' netmask='255.0.255.0'/>"),
    "a host mask": (XML, "netmask", "<ip address='10.0.0.1' netmask='0.0.0.255'/>"),
    "an IPv6 netmask": (XML, "netmask=", "<ip address='fd00::1' netmask='255.0.0.0'/>"),
    "mask against prefix": (
        XML,
        "disagree",
        "<ip address='10.0.0.1' netmask='255.0.0.0' prefix='9'/>",
    ),
    "a long prefix": (XML, "prefix 33", "<ip address='10.0.0.1' prefix='33'/>"),
    "a range outside": (INVALID, "10.0.1.9", dhcp("<range start='10.0.0.9' end='10.0.1.9'/>")),
    "a range backwards": (INVALID, "backwards", dhcp("<range start='10.0.0.9' end='10.0.0.8'/>")),
    "half a DHCP range": (XML, "'end'", dhcp("<range start='10.0.0.9'/>")),
    "two families": (INVALID, "backwards", dhcp("<range start='10.0.0.9' end='fd00::1'/>")),
    "nobody's lease": (INVALID, "whose it is", dhcp("<host ip='10.0.0.9'/>")),
    "a lease of nothing": (XML, "<host name='a'>", dhcp("<host name='a'/>")),
    "a lease outside": (INVALID, "10.0.9.9", dhcp("<host name='a' ip='10.0.9.9'/>")),
    "an odd client": (INVALID, "client id", dhcp("<host id='a,b' ip='10.0.0.9'/>")),
    "a lease's odd name": (INVALID, "DNS name", dhcp("<host name='a,b' ip='10.0.0.9'/>")),
    "a route to a host": (
        XML,
        "<route",
        "<route address='10.0.0.1' prefix='8' gateway='10.0.0.2'/>",
    ),
    "a route nowhere": (XML, "<route", "<route address='10.0.0.0' prefix='8'/>"),
    "a limit of nothing": (XML, "<inbound", "<bandwidth><inbound peak='5'/></bandwidth>"),
    "a nameless group": (XML, "<portgroup", "<portgroup default='yes'/>"),
    "two groups of one name": (
        INVALID,
        "one name",
        "<portgroup name='a'/><portgroup name='a'/>",
    ),
    "two default groups": (
        INVALID,
        "default",
        "<portgroup name='a' default='yes'/><portgroup name='b' default='yes'/>",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_documents(case: str) -> None:
    code, names, text = BAD[case]
    with pytest.raises(errors.CallerError) as caught:
        read_network(document(text))
    assert caught.value.code == code, caught.value.message
    assert names in caught.value.message
    assert caught.value.hint or code != UNSUPPORTED


def document(text: str) -> str:
    """The whole, of what is one or stands in one."""
    whole = not text.startswith("<") or text.startswith(("<network", "<domain><", "<!"))
    return text if whole else network(text)


@pytest.mark.parametrize("path", REFUSED)
def test_every_refused_element_is_in_some_bad_document(path: str) -> None:
    documents = [document(text) for code, _, text in BAD.values() if code == UNSUPPORTED]
    assert any(parse(text).find(*path.split("/")) for text in documents)


def test_300_mutated_documents_are_an_error_or_a_network_each() -> None:
    chance = random.Random(20120425)  # noqa: S311  # the same documents each time
    sources = [path.read_text() for path in sorted(GOLDEN.glob("*.in.xml"))]
    good = bad = 0
    for text in mutants(chance, sources, 300):
        try:
            found = read_network(text).network
            written = write_network(found)
        except errors.CallerError as error:
            assert error.message
            bad += 1
        else:
            assert read_network(written).network == found, text
            good += 1
    assert good > 50
    assert bad > 50
