"""Bad documents: each kind has its error and names the element; no document is a traceback."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import pytest

from mutations import mutants
from vzvirt import errors
from vzvirt.codec.xml import read_domain, write_domain
from vzvirt.codec.xml.document import NAMESPACE
from vzvirt.model.domain import Domain

GOLDEN = Path(__file__).parents[3] / "golden" / "xml"

XML, INVALID, UNSUPPORTED, SCHEMA = 27, 8, 67, 92


class Bad(NamedTuple):
    """A kind of bad document: what stands in ``<domain>``, or the whole of it."""

    name: str
    code: int
    names: str
    text: str
    whole: bool = False
    validate: bool = False
    refused: bool = False


def interface(inside: str, kind: str = "network") -> str:
    return f"<devices><interface type='{kind}'>{inside}</interface></devices>"


NET = "<source network='default'/>"
ROOT = "<source name='busybox'/>"


def filesystem(inside: str, kind: str = "template") -> str:
    return f"<devices><filesystem type='{kind}'>{inside}</filesystem></devices>"


KINDS = (
    # Not a domain's XML
    Bad("not XML", XML, "line 1", "just words", whole=True),
    Bad("cut off", XML, "line 2", "<domain type='openvz'>\n<name>x", whole=True),
    Bad("a network", XML, "<network>", "<network><name>x</name></network>", whole=True),
    Bad("another namespace", XML, "domain", "<domain xmlns='urn:x' type='openvz'/>", whole=True),
    Bad(
        "an entity",
        XML,
        "document type",
        "<!DOCTYPE domain [<!ENTITY e 'x'>]><domain type='openvz'><name>&e;</name></domain>",
        whole=True,
    ),
    Bad("another hypervisor", UNSUPPORTED, "type='kvm'", "<domain type='kvm'/>", whole=True),
    # Identity
    Bad("no name", XML, "<name>", "<domain type='openvz'/>", whole=True),
    Bad(
        "a path for a name",
        XML,
        "<name>",
        "<domain type='openvz'><name>../x</name></domain>",
        True,
    ),
    Bad("two names", XML, "<name>", "<name>y</name>"),
    Bad("no type", XML, "type='openvz'", "<domain><name>x</name></domain>", whole=True),
    Bad("vmid", XML, "id='105'", "<domain type='openvz' vmid='105'><name>x</name></domain>", True),
    Bad("id 0", XML, "id='0'", "<domain type='openvz' id='0'><name>x</name></domain>", True),
    Bad(
        "numeric name and another id",
        INVALID,
        "209",
        "<domain type='openvz' id='210'><name>209</name></domain>",
        whole=True,
    ),
    Bad(
        "leading zeros", INVALID, "0209", "<domain type='openvz'><name>0209</name></domain>", True
    ),
    Bad("half a UUID", XML, "<uuid>", "<uuid>8dea22b3-1d52</uuid>"),
    # Limits
    Bad("memory in words", XML, "<memory>", "<memory>lots</memory>"),
    Bad("an unknown unit", XML, "furlong", "<memory unit='furlong'>1</memory>"),
    Bad(
        "two memories",
        XML,
        "<hard_limit>",
        "<memory>2048</memory><memtune><hard_limit>1024</hard_limit></memtune>",
    ),
    Bad(
        "swap below memory",
        XML,
        "<swap_hard_limit>",
        "<memory>2048</memory><memtune><swap_hard_limit>1024</swap_hard_limit></memtune>",
    ),
    Bad("negative processors", XML, "<vcpu>", "<vcpu>-1</vcpu>"),
    Bad("no processors", INVALID, "vcpu", "<vcpu>0</vcpu>"),
    Bad("a cpuset backwards", XML, "<vcpu cpuset='3-1'>", "<vcpu cpuset='3-1'>2</vcpu>"),
    Bad(
        "reads unlike writes",
        XML,
        "<read_bytes_sec>",
        "<blkiotune><device><path>/dev/root</path><read_bytes_sec>1</read_bytes_sec></device>"
        "</blkiotune>",
    ),
    Bad(
        "an unknown beancounter",
        INVALID,
        "beans",
        f"<o:container xmlns:o='{NAMESPACE}'><o:ubc name='beans' limit='1'/></o:container>",
    ),
    Bad(
        "a beancounter against memory",
        XML,
        "physpages",
        f"<memory>4096</memory><o:container xmlns:o='{NAMESPACE}' accounting='vswap'>"
        "<o:ubc name='physpages' barrier='0' limit='99'/></o:container>",
    ),
    Bad(
        "half an id map",
        INVALID,
        "<idmap>",
        "<idmap><uid start='0' target='1' count='9'/></idmap>",
    ),
    # File systems
    Bad("a disk", UNSUPPORTED, "<disk type='file'>", "<devices><disk type='file'/></devices>"),
    Bad(
        "a disk's quota",
        UNSUPPORTED,
        "<disk>",
        "<devices><disk><diskspace>10000</diskspace></disk></devices>",
    ),
    Bad("no source", INVALID, "<filesystem", filesystem("<target dir='/'/>", "mount")),
    Bad("a template elsewhere", INVALID, "/mnt", filesystem(f"{ROOT}<target dir='/mnt'/>")),
    Bad("a way up", INVALID, "/a/../b", filesystem("<source dir='/a/../b'/>", "mount")),
    Bad("two roots", XML, "<os template='other'>", f"<os template='other'/>{filesystem(ROOT)}"),
    Bad(
        "soft above hard",
        INVALID,
        "<quota type='inodes'",
        filesystem(f"{ROOT}<quota type='inodes' soft='9' max='5'/>"),
    ),
    Bad(
        "an odd quota",
        XML,
        "<quota type='users'",
        filesystem(f"{ROOT}<quota type='users' max='1'/>"),
    ),
    Bad(
        "two sizes",
        XML,
        "<quota type='size' max='5'>",
        filesystem(
            f"{ROOT}<space_hard_limit unit='KiB'>6</space_hard_limit><quota type='size' max='5'/>"
        ),
    ),
    Bad("a volume", UNSUPPORTED, "volume", filesystem(ROOT, "volume")),
    # Networks
    Bad("an interface of qemu's", UNSUPPORTED, "vhostuser", interface("", "vhostuser")),
    Bad("no network", INVALID, "<interface", interface("")),
    Bad(
        "a network inside a bridge",
        XML,
        "<target type='network'>",
        interface(f"<source bridge='eth11'/><target type='network'>{NET}</target>", "bridge"),
    ),
    Bad("a MAC too short", XML, "<mac", interface(f"{NET}<mac address='00:11'/>")),
    Bad("an IPv5 address", XML, "<ip", interface(f"{NET}<ip address='1.2.3.4.5'/>")),
    Bad(
        "a family that differs",
        XML,
        "<ip",
        interface(f"{NET}<ip address='10.0.0.1' family='ipv6' prefix='8'/>"),
    ),
    Bad(
        "a netmask with holes",
        XML,
        "255.0.255.0",
        interface(f"{NET}<ip address='10.0.0.1' netmask='255.0.255.0'/>"),
    ),
    Bad(
        "netmask against prefix",
        XML,
        "netmask",
        interface(f"{NET}<ip address='10.0.0.1' netmask='255.0.0.0' prefix='24'/>"),
    ),
    Bad(
        "a route to a host in a network",
        XML,
        "<route",
        interface(f"{NET}<route address='10.0.0.1' prefix='8' gateway='10.0.0.2'/>"),
    ),
    Bad("a long name", INVALID, "<interface", interface(f"{NET}<guest dev='{'x' * 16}'/>")),
    Bad(
        "two host names",
        XML,
        "<hostname>",
        f"<hostname>a</hostname>{interface(f'{NET}<hostname>b</hostname>')}",
    ),
    Bad(
        "a netmask the wrong way round",
        XML,
        "0.0.0.255",
        interface(f"{NET}<ip address='10.0.0.5' netmask='0.0.0.255'/>"),
    ),
    Bad(
        "a netmask of IPv6",
        XML,
        "IPv6",
        interface(f"{NET}<ip address='fd00::5' netmask='255.255.255.0'/>"),
    ),
    Bad("a scope", XML, "fe80::1%eth0", interface(f"{NET}<ip address='fe80::1%eth0'/>")),
    Bad("an unknown filter", UNSUPPORTED, "mine", interface(f"{NET}<filterref filter='mine'/>")),
    # Host devices
    Bad(
        "a host of no kind", XML, "<host>", "<devices><host><source name='eth1'/></host></devices>"
    ),
    Bad(
        "a host by subsystem without address",
        XML,
        "<host subsys='pci'>",
        "<devices><host subsys='pci'/></devices>",
    ),
    Bad(
        "a USB device",
        UNSUPPORTED,
        "<hostdev",
        "<devices><hostdev mode='subsystem' type='usb'><source/></hostdev></devices>",
    ),
    Bad(
        "a slot too high",
        INVALID,
        "<address",
        "<devices><hostdev type='pci'><source><address bus='0x0' slot='0x20' function='0x0'/>"
        "</source></hostdev></devices>",
    ),
    # Not for containers
    Bad(
        "a capability on and off",
        XML,
        "mknod",
        "<features><capabilities><mknod state='on'/><mknod state='off'/></capabilities>"
        "</features>",
    ),
    Bad(
        "a screen",
        UNSUPPORTED,
        "<graphics type='vnc'>",
        "<devices><graphics type='vnc'/></devices>",
    ),
    Bad("a kernel", UNSUPPORTED, "<kernel>", "<os><kernel>/boot/vmlinuz</kernel></os>"),
    Bad("a virtual machine", UNSUPPORTED, "<type>", "<os><type>hvm</type></os>"),
    Bad("a coredump", UNSUPPORTED, "<on_crash>", "<on_crash>coredump-restart</on_crash>"),
    Bad("a network console", UNSUPPORTED, "tcp", "<devices><console type='tcp'/></devices>"),
    # Refused with the way out where validation is asked for, too
    Bad(
        "vmid, validated",
        XML,
        "id='105'",
        "<domain type='openvz' vmid='105'><name>x</name></domain>",
        whole=True,
        refused=True,
    ),
    Bad(
        "a disk's quota, validated",
        UNSUPPORTED,
        "<space_hard_limit",
        "<devices><disk diskspace='5'/></devices>",
        refused=True,
    ),
    # Only where validation is asked for
    Bad("an unknown element", SCHEMA, "<flavour>", "<flavour/>", validate=True),
    Bad("mixed text", SCHEMA, "<interface", interface(f"//for NAT {NET}"), validate=True),
)


def document(kind: Bad) -> str:
    return kind.text if kind.whole else f"<domain type='openvz'><name>x</name>{kind.text}</domain>"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_has_its_error_and_names_the_element(kind: Bad) -> None:
    with pytest.raises(errors.CallerError) as caught:
        read_domain(document(kind), validate=kind.validate or kind.refused)

    assert caught.value.code == kind.code, caught.value
    assert kind.names in f"{caught.value.message} {caught.value.hint}"


def test_there_are_enough_kinds_and_their_names_differ() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 30


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.validate], ids=lambda kind: kind.name
)
def test_what_only_validation_refuses_is_dropped_without_it(kind: Bad) -> None:
    read_domain(document(kind))


def test_a_contradiction_names_both_elements_as_they_were_spelt() -> None:
    with pytest.raises(errors.XmlError) as caught:
        read_domain(
            "<domain type='openvz'><name>x</name>\n<memory unit='MiB'>1</memory>\n"
            "<currentMemory>1025</currentMemory></domain>"
        )
    assert "<memory unit='MiB'> (line 2)" in caught.value.message
    assert "<currentMemory> (line 3)" in caught.value.message


def test_the_hint_for_a_network_inside_a_bridge_is_the_right_form() -> None:
    kind = next(kind for kind in KINDS if kind.name == "a network inside a bridge")
    with pytest.raises(errors.XmlError) as caught:
        read_domain(document(kind))
    assert caught.value.hint is not None
    right = caught.value.hint.removeprefix("write ")
    read = read_domain(
        f"<domain type='openvz'><name>x</name><devices>{right}</devices></domain>", validate=True
    )
    assert read.domain.interfaces[0].source == "default"


def test_500_mutated_documents_are_an_error_or_a_domain_each() -> None:
    chance = random.Random(20080722)  # noqa: S311  # the same documents each time
    sources = [path.read_text() for path in sorted(GOLDEN.glob("*.xml"))]
    good = bad = 0
    for text in mutants(chance, sources, 500):
        try:
            domain = read_domain(text).domain
            assert isinstance(domain, Domain)
            written = write_domain(domain)
        except errors.CallerError as error:
            assert error.message
            bad += 1
        else:
            assert read_domain(written).domain == domain, text
            good += 1
    assert good > 100
    assert bad > 100
