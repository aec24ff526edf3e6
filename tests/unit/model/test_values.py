"""Invalid values cannot be built."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt import errors
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
)
from vzvirt.model.domain import Domain, LifecyclePolicy, OnEnd, OperatingSystem, replace_openvz
from vzvirt.model.resources import Beancounter, Cpu
from vzvirt.model.state import Reason
from vzvirt.model.values import (
    CTID_MAX,
    UNLIMITED,
    BarrierLimit,
    Ctid,
    IdMap,
    IdRange,
    MacAddress,
    PciAddress,
    SoftHard,
    check_name,
)

ROOT = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox")
RANGE = IdRange(0, 100000, 65536)


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "01", "1x", "1 ", "٣", str(CTID_MAX + 1), "9" * 40]
)
def test_no_container_id(text: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="container id"):
        Ctid(text)


def test_container_ids() -> None:
    assert [str(Ctid("1")), f"{Ctid(CTID_MAX)}", repr(Ctid(7))] == ["1", "2147483644", "Ctid(7)"]
    assert Ctid("101") == 101


@settings(max_examples=100)
@given(st.text(max_size=140))
def test_names_are_safe_as_file_names(name: str) -> None:
    try:
        check_name(name)
    except errors.InvalidArgument:
        return
    assert name
    assert "/" not in name
    assert name not in {".", ".."}
    assert name == name.strip()
    assert not name.startswith("-")
    assert len(name) <= 128


@pytest.mark.parametrize("text", ["0018.5100.0001", "00:18:51:00:00", "00:18:51:00:00:0g", ""])
def test_no_mac(text: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="six hex bytes"):
        MacAddress(text)


def test_macs() -> None:
    assert str(MacAddress("0:18-51:A:0:1")) == "00:18:51:0a:00:01"
    assert MacAddress("00:00:00:00:00:00").is_null
    assert MacAddress("01:00:5e:00:00:01").is_multicast
    assert not MacAddress("00:18:51:00:00:01").is_multicast


INVALID: list[Callable[[], object]] = [
    lambda: SoftHard(2, 1),
    lambda: SoftHard(-1, 1),
    lambda: BarrierLimit(-1, UNLIMITED),
    lambda: Beancounter("numcats", BarrierLimit(1, 1)),
    lambda: PciAddress(0, 0x100, 0, 0),
    lambda: PciAddress(0, 0, 0x20, 0),
    lambda: PciAddress(0, 0, 0, 8),
    lambda: IdRange(0, 0, 0),
    lambda: IdRange(0, 2**32 - 10, 20),
    lambda: IdMap(uids=(RANGE,)),
    lambda: IdMap(uids=(IdRange(1, 100000, 10),), gids=(RANGE,)),
    lambda: Cpu(vcpus=0),
    lambda: Cpu(period=999),
    lambda: Cpu(quota=500),
    lambda: OperatingSystem(init="sbin/init"),
    lambda: Filesystem(kind=FilesystemKind.TEMPLATE, source="a/b"),
    lambda: Filesystem(kind=FilesystemKind.TEMPLATE, source="..", target="/"),
    lambda: Filesystem(kind=FilesystemKind.TEMPLATE, source="a", target="/srv"),
    lambda: Filesystem(kind=FilesystemKind.MOUNT, source="srv"),
    lambda: Filesystem(kind=FilesystemKind.MOUNT, source="/srv/../etc"),
    lambda: Filesystem(kind=FilesystemKind.MOUNT, source="/srv\n"),
    lambda: Filesystem(kind=FilesystemKind.MOUNT),
    lambda: Filesystem(kind=FilesystemKind.RAM),
    lambda: Filesystem(kind=FilesystemKind.RAM, source="x", target="/tmp"),
    lambda: Interface(kind=InterfaceKind.NETWORK),
    lambda: Interface(kind=InterfaceKind.ROUTED, source="br0"),
    lambda: Interface(kind=InterfaceKind.ETHERNET, guest_name="a" * 16),
    lambda: Interface(kind=InterfaceKind.ETHERNET, guest_name="a;b"),
    lambda: Interface(kind=InterfaceKind.ETHERNET, mtu=10),
    lambda: HostDevice(kind=HostDeviceKind.PCI),
    lambda: HostDevice(kind=HostDeviceKind.NET),
    lambda: HostDevice(kind=HostDeviceKind.MISC, name="dev/fuse"),
    lambda: Domain(name=""),
    lambda: Domain(name="a/b"),
    lambda: Domain(name="101", ctid=Ctid(102)),
    lambda: Domain(name="web", filesystems=(ROOT, ROOT)),
]


@pytest.mark.parametrize("build", INVALID, ids=range(len(INVALID)))
def test_invalid_values_cannot_be_built(build: Callable[[], object]) -> None:
    with pytest.raises(errors.InvalidArgument):
        build()


def test_a_domains_root() -> None:
    data = Filesystem(kind=FilesystemKind.RAM, target="/tmp", usage=1)
    domain = Domain(name="web", filesystems=(data, ROOT))
    assert domain.root == ROOT
    other = Filesystem(kind=FilesystemKind.MOUNT, source="/srv/web")
    assert domain.with_root(other).filesystems == (other, data)
    assert Domain(name="web").root is None


def test_settings_are_replaced_by_name() -> None:
    domain = replace_openvz(Domain(name="web"), layout="image")
    assert domain.openvz.layout == "image"
    with pytest.raises(TypeError):
        replace_openvz(domain, layuot="image")


def test_restart_policy() -> None:
    always = LifecyclePolicy(on_poweroff=OnEnd.RESTART, on_crash=OnEnd.RESTART)
    after = [reason for reason in Reason if always.restarts_after(reason)]
    assert after == [Reason.POWERED_OFF, Reason.DIED, Reason.OUT_OF_MEMORY]
    assert not any(LifecyclePolicy().restarts_after(reason) for reason in Reason)
