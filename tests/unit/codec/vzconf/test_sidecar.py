from __future__ import annotations

import dataclasses
from ipaddress import ip_interface
from uuid import UUID

import pytest
from hypothesis import given

from strategies import domains, stored_domains
from vzvirt.codec.vzconf import EMPTY, Document, apply, merge, read, remainder, rounded
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
    Route,
)
from vzvirt.model.domain import Domain, ForeignLine, OpenvzSettings
from vzvirt.model.resources import Accounting, BlockIo, Cpu, Memory
from vzvirt.model.values import Ctid, IdMap, IdRange, MacAddress, SoftHard

from .configs import examples

CTID = Ctid(101)
SOME_UUID = UUID("8dea22b3-1d52-d8f3-2516-782e98ab8fa0")


def a_domain(**fields: object) -> Domain:
    return Domain(name="101", ctid=CTID, uuid=SOME_UUID, **fields)  # type: ignore[arg-type]


def after(domain: Domain, old: str, new: str) -> Domain:
    """A definition after somebody edited its config file."""
    text = apply(EMPTY, domain).serialise().decode()
    assert old in text
    document = Document.parse(text.replace(old, new).encode())
    return merge(read(document, CTID).domain, remainder(domain), {"default": "virbr0"}.get)


@examples(30)
@given(stored_domains())
def test_config_and_sidecar_are_the_definition(domain: Domain) -> None:
    config = read(apply(EMPTY, domain), domain.ctid).domain
    assert merge(config, remainder(domain)) == rounded(domain)


@examples(12)
@given(domains())
def test_also_before_the_store_has_seen_it(domain: Domain) -> None:
    config = read(apply(EMPTY, domain), domain.ctid).domain
    assert merge(config, remainder(domain)) == rounded(domain)


def test_what_the_config_holds_is_not_in_the_sidecar() -> None:
    domain = a_domain(
        description="d",
        memory=Memory(limit=4096, swap=0),
        cpu=Cpu(vcpus=2, shares=1024, limit_percent=50),
        autostart=True,
        openvz=OpenvzSettings(
            accounting=Accounting.VSWAP,
            private_area="/vz/private/$VEID",
            foreign_lines=(ForeignLine(0, "# c"),),
        ),
        filesystems=(Filesystem(kind=FilesystemKind.TEMPLATE, source="t"),),
    )
    assert remainder(domain) == Domain(name="101", uuid=SOME_UUID)


def test_a_sidecar_of_another_container_is_ignored() -> None:
    sidecar = Domain(name="old", uuid=UUID(int=1), title="old")
    for config in (a_domain(), dataclasses.replace(a_domain(), uuid=None)):
        assert merge(config, sidecar) == config


class TestConfigWins:
    def test_shares(self) -> None:
        domain = a_domain(cpu=Cpu(shares=1003))
        assert after(domain, '"979"', '"979"').cpu.shares == 1003
        assert after(domain, '"979"', '"980"').cpu.shares == 1004

    def test_period_and_quota(self) -> None:
        domain = a_domain(cpu=Cpu(period=50000, quota=20001, limit_percent=41))
        assert after(domain, '"41"', "41").cpu == domain.cpu
        assert after(domain, '"41"', '"60"').cpu == Cpu(limit_percent=60)

    def test_weight(self) -> None:
        domain = a_domain(block_io=BlockIo(weight=500))
        assert after(domain, '"3"', "3").block_io.weight == 500
        assert after(domain, '"3"', '"4"').block_io.weight == 614

    def test_id_counts(self) -> None:
        idmap = IdMap((IdRange(0, 100000, 5000),), (IdRange(0, 100000, 5000),))
        domain = a_domain(idmap=idmap)
        assert after(domain, 'UID="100000"', "UID=100000").idmap == idmap
        changed = after(domain, 'UID="100000"', "UID=200000").idmap
        assert changed is not None
        assert changed.uids == (IdRange(0, 200000, 65536),)

    def test_a_description_of_two_lines(self) -> None:
        domain = a_domain(description="one\ntwo")
        assert after(domain, '"one two"', '"one two"').description == "one\ntwo"
        assert after(domain, "one two", "three").description == "three"

    def test_vswap_marks_go_when_accounting_changes(self) -> None:
        domain = a_domain(
            memory=Memory(limit=8192, swap=0, soft_limit=4096),
            openvz=OpenvzSettings(accounting=Accounting.VSWAP),
        )
        assert after(domain, "0:2", "0:3").memory.soft_limit == 4096
        changed = after(domain, 'PHYSPAGES="0:2"', "PRIVVMPAGES=7")
        assert changed.memory == Memory(limit=7 * 4096)
        assert changed.openvz.accounting is Accounting.UBC


class TestRoot:
    FOLDER = Filesystem(kind=FilesystemKind.MOUNT, source="/srv/mine")

    def test_a_users_folder_is_told_from_a_private_area(self) -> None:
        mine = a_domain(filesystems=(self.FOLDER,))
        found = after(mine, '"/srv/mine"', "/srv/mine")
        assert found.openvz.private_area is None
        adopted = dataclasses.replace(mine, openvz=OpenvzSettings(private_area="/srv/mine"))
        assert remainder(adopted).filesystems == ()
        assert after(adopted, '"', '"').openvz.private_area == "/srv/mine"

    def test_an_edited_private_area_wins(self) -> None:
        found = after(a_domain(filesystems=(self.FOLDER,)), "/srv/mine", "/srv/other")
        assert found.root == dataclasses.replace(self.FOLDER, source="/srv/other")
        assert found.openvz.private_area == "/srv/other"

    def test_quotas_are_the_configs(self) -> None:
        root = Filesystem(
            kind=FilesystemKind.TEMPLATE, source="t", readonly=True, space=SoftHard(1024, 2048)
        )
        found = after(a_domain(filesystems=(root,)), "1:2", "3:4").root
        assert found == dataclasses.replace(root, space=SoftHard(3072, 4096))

    def test_the_order_of_mounts_is_kept(self) -> None:
        ram = Filesystem(kind=FilesystemKind.RAM, target="/tmp", usage=4096)
        domain = a_domain(filesystems=(ram, self.FOLDER))
        assert after(domain, "/srv/mine", "/srv/mine") == domain
        changed = after(domain, "/srv/mine", "/srv/other")
        assert [item.target for item in changed.filesystems] == ["/", "/tmp"]


class TestInterfaces:
    NETWORK = Interface(
        kind=InterfaceKind.NETWORK,
        source="default",
        guest_name="eth0",
        mac=MacAddress("00:18:51:00:00:01"),
        addresses=(ip_interface("10.0.0.5/24"),),
        portgroup="web",
    )
    ROUTED = Interface(
        kind=InterfaceKind.ROUTED,
        addresses=(ip_interface("192.0.2.1/24"), ip_interface("192.0.2.2")),
        routes=(Route(ip_interface("0.0.0.0/0").network, ip_interface("192.0.2.9").ip),),
    )
    DIRECT = Interface(kind=InterfaceKind.DIRECT, source="eno1", guest_name="eth1")

    def test_a_networks_name_holds_while_the_bridge_is_open_or_its_own(self) -> None:
        domain = a_domain(interfaces=(self.NETWORK,))
        assert after(domain, "ifname", "ifname").interfaces == (self.NETWORK,)
        assert after(domain, "eth0,", "eth0,bridge=virbr0,").interfaces == (self.NETWORK,)

    @pytest.mark.parametrize("bridge", ["br7", "default"])
    def test_with_another_bridge_it_has_become_a_bridge(self, bridge: str) -> None:
        domain = a_domain(interfaces=(self.NETWORK,))
        (found,) = after(domain, "eth0,", f"eth0,bridge={bridge},").interfaces
        assert found == dataclasses.replace(
            self.NETWORK, kind=InterfaceKind.BRIDGE, source=bridge, portgroup=None
        )

    def test_an_edited_mac_wins(self) -> None:
        domain = a_domain(interfaces=(self.NETWORK,))
        (found,) = after(domain, "00:01", "00:02").interfaces
        assert found.mac == MacAddress("00:18:51:00:00:02")
        assert found.addresses == self.NETWORK.addresses

    def test_the_order_is_the_sidecars_and_new_ones_come_last(self) -> None:
        domain = a_domain(interfaces=(self.DIRECT, self.NETWORK, self.ROUTED))
        assert after(domain, "NETIF", "NETIF") == domain
        found = after(domain, "ifname=eth0", "ifname=eth5").interfaces
        assert [item.guest_name for item in found] == ["eth1", None, "eth5"]

    def test_removed_ones_are_gone_with_all_they_had(self) -> None:
        domain = a_domain(interfaces=(self.NETWORK, self.ROUTED))
        assert after(domain, "IP_ADDRESS", "WAS").interfaces == (self.NETWORK,)
        assert after(domain, "NETIF", "WAS").interfaces == (self.ROUTED,)

    def test_addresses_are_the_configs_prefixes_the_sidecars(self) -> None:
        domain = a_domain(interfaces=(self.ROUTED,))
        (found,) = after(domain, "192.0.2.2", "192.0.2.3/32 198.51.100.1/25").interfaces
        assert [str(item) for item in found.addresses] == [
            "192.0.2.1/24",
            "192.0.2.3/32",
            "198.51.100.1/25",
        ]
        assert found.routes == self.ROUTED.routes


class TestHostDevices:
    NODE = HostDevice(kind=HostDeviceKind.STORAGE, name="/dev/tape", permissions="rwm")
    FAR = HostDevice(kind=HostDeviceKind.MISC, name="/srv/node")

    def test_kind_and_permissions_hold_while_the_config_agrees(self) -> None:
        domain = a_domain(host_devices=(self.NODE, self.FAR))
        assert after(domain, "tape:rw", "tape:rw").host_devices == (self.NODE, self.FAR)
        found = after(domain, "tape:rw", "tape:r").host_devices
        assert found == (dataclasses.replace(self.NODE, permissions="r"), self.FAR)
        assert after(domain, "tape:rw", "").host_devices == (self.FAR,)


@pytest.mark.parametrize("limit", [1003, 999999, 1])
def test_saving_again_changes_nothing(limit: int) -> None:
    domain = a_domain(cpu=Cpu(shares=limit), title="t")
    document = apply(EMPTY, domain)
    found = merge(read(document, CTID).domain, remainder(domain))
    assert apply(document, found) == document
