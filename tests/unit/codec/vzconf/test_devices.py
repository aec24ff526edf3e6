from __future__ import annotations

from ipaddress import ip_interface

import pytest

from vzvirt.codec.vzconf import EMPTY, Document, apply, expand_ctid, read
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
)
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.values import Ctid, PciAddress, SoftHard

CTID = Ctid(101)


def domain(text: str) -> Domain:
    return read(Document.parse(text.encode()), CTID).domain


def written(**fields: object) -> str:
    whole = Domain(name="101", ctid=CTID, **fields)  # type: ignore[arg-type]
    return apply(EMPTY, whole).serialise().decode()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/vz/private/$VEID", "/vz/private/101"),
        ("/vz/${VEID}/x/", "/vz/101/x"),
        ("/vz/${VEID}/$VEID", "/vz/${VEID}/101"),
        ("/$VEID/$VEID", "/101/$VEID"),
        ("/plain//", "/plain"),
        ("/", "/"),
    ],
)
def test_expand_ctid(pattern: str, expected: str) -> None:
    assert expand_ctid(pattern, CTID) == expected


def test_without_a_ctid_a_pattern_stays() -> None:
    assert expand_ctid("/vz/$VEID/", None) == "/vz/$VEID"


class TestRoot:
    def test_from_a_template(self) -> None:
        found = domain(
            "OSTEMPLATE=debian-12\nVE_PRIVATE=/vz/private/$VEID\nDISKSPACE=10:20\nDISKINODES=5:6\n"
        )
        assert found.root == Filesystem(
            kind=FilesystemKind.TEMPLATE,
            source="debian-12",
            space=SoftHard(10240, 20480),
            inodes=SoftHard(5, 6),
        )
        assert found.openvz.private_area == "/vz/private/$VEID"

    def test_a_private_area_without_a_template_is_a_folder(self) -> None:
        found = domain("VE_PRIVATE=/vz/private/$VEID\n")
        assert found.root == Filesystem(kind=FilesystemKind.MOUNT, source="/vz/private/101")
        assert found.openvz.private_area == "/vz/private/$VEID"
        assert apply(EMPTY, found).serialise() == b'VE_PRIVATE="/vz/private/$VEID"\n'

    def test_quotas_alone_belong_to_a_template_not_said(self) -> None:
        found = domain("DISKSPACE=1G\n")
        assert found.root == Filesystem(kind=FilesystemKind.TEMPLATE, space=SoftHard(2**30, 2**30))

    def test_the_largest_number_is_no_quota(self) -> None:
        assert (
            domain("DISKSPACE=9223372036854775807\nDISKINODES=9223372036854775807\n").root is None
        )

    def test_nothing_said_nothing_there(self) -> None:
        assert domain("").root is None

    def test_a_users_folder_is_the_private_area(self) -> None:
        root = Filesystem(kind=FilesystemKind.MOUNT, source="/srv/mine")
        assert written(filesystems=(root,)) == 'VE_PRIVATE="/srv/mine"\n'

    def test_a_template_needs_no_private_area(self) -> None:
        root = Filesystem(kind=FilesystemKind.TEMPLATE, source="t", space=SoftHard(1, 1025))
        assert written(filesystems=(root,)) == 'OSTEMPLATE="t"\nDISKSPACE="1:2"\n'

    def test_an_image_is_none_of_openvzs(self) -> None:
        root = Filesystem(kind=FilesystemKind.FILE, source="/srv/root.img")
        openvz = OpenvzSettings(private_area="/vz/p")
        assert written(filesystems=(root,)) == ""
        assert written(filesystems=(root,), openvz=openvz) == 'VE_PRIVATE="/vz/p"\n'

    def test_what_cannot_be_mounted_is_a_warning(self) -> None:
        found = read(Document.parse(b"VE_PRIVATE=/vz/../etc\n"), CTID)
        assert found.domain.root is None
        assert found.domain.openvz.private_area == "/vz/../etc"
        assert len(found.warnings) == 1


class TestInterfaces:
    def test_addresses_make_one_routed_interface(self) -> None:
        found = domain('IP_ADDRESS="10.0.0.5 2001:db8::1"\nNETIF="ifname=eth0"\n')
        assert found.interfaces == (
            Interface(
                kind=InterfaceKind.ROUTED,
                addresses=(ip_interface("10.0.0.5"), ip_interface("2001:db8::1")),
            ),
            Interface(kind=InterfaceKind.ETHERNET, guest_name="eth0"),
        )

    def test_written(self) -> None:
        text = written(
            interfaces=(
                Interface(kind=InterfaceKind.BRIDGE, source="br0", guest_name="eth1"),
                Interface(kind=InterfaceKind.NETWORK, source="default"),
                Interface(kind=InterfaceKind.ROUTED, addresses=(ip_interface("10.0.0.5/24"),)),
                Interface(kind=InterfaceKind.ROUTED, addresses=(ip_interface("10.0.0.6"),)),
                Interface(kind=InterfaceKind.DIRECT, source="eno1", guest_name="eth2"),
            )
        )
        assert text == (
            'IP_ADDRESS="10.0.0.5 10.0.0.6"\nNETIF="ifname=eth1,bridge=br0;ifname=eth0"\n'
        )


def test_host_devices_by_kind() -> None:
    devices = (
        HostDevice(kind=HostDeviceKind.NET, name="eth1"),
        HostDevice(kind=HostDeviceKind.PCI, address=PciAddress(0, 2, 0, 0)),
        HostDevice(kind=HostDeviceKind.STORAGE, name="/dev/sdb", permissions="r"),
        HostDevice(kind=HostDeviceKind.MISC, name="/dev/fuse"),
    )
    text = 'NETDEV="eth1"\nDEVNODES="sdb:r fuse:rw "\nPCI="0000:02:00.0"\n'
    assert written(host_devices=devices) == text
    assert domain(text).host_devices == devices
