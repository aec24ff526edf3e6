"""Definitions are completed, checked as a whole and written in one step."""

from __future__ import annotations

import dataclasses
import ipaddress
import uuid
from pathlib import Path
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    Interface,
    InterfaceKind,
    IpInterface,
    Route,
)
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.resources import Accounting, Memory
from vzvirt.model.values import Ctid, IdMap, MacAddress, SoftHard
from worlds import MIB, TEMPLATE, World, container


def bridge(mac: str | None = None) -> Interface:
    address = MacAddress(mac) if mac else None
    return Interface(kind=InterfaceKind.BRIDGE, source="br0", mac=address)


def test_the_lowest_free_number_from_101(world: World) -> None:
    world.root.path("vz/private/102").mkdir(parents=True)
    taken = [world.define(name=name).domain.ctid for name in ("a", "b", "c")]
    assert taken == [101, 103, 104]


def test_a_number_that_somebody_is_taking_is_passed_over(world: World) -> None:
    import threading

    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with world.store.lock(Ctid(101)):
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        held.wait(10)
        assert world.define().domain.ctid == 102
    finally:
        go.set()
        thread.join()


def test_a_numeric_name_is_the_number(world: World) -> None:
    domain = world.define(container("205")).domain
    assert (domain.ctid, domain.name) == (205, "205")
    with pytest.raises(errors.InvalidArgument, match="leading zeros"):
        world.define(container("0205"))


def test_reserved_numbers_warn(world: World) -> None:
    assert any("reserves" in text for text in world.define(ctid=Ctid(7)).warnings)


def test_what_is_decided(world: World) -> None:
    defined = world.define()
    domain = defined.domain
    assert defined.is_new
    assert domain.uuid is not None
    assert domain.openvz.accounting is Accounting.VSWAP
    assert domain.memory == Memory(limit=256 * MIB, swap=0)
    assert domain.idmap is not None
    assert domain.idmap.uids[0].target == 100000
    assert domain.openvz.layout == "simfs"
    assert not domain.provisioned
    assert not world.area().exists()


@pytest.mark.parametrize(
    ("fields", "layout"),
    [
        ({}, "simfs"),
        ({"space": 10 * MIB}, "image"),
        ({"inodes": 1000}, "image"),
        ({"space": 10 * MIB, "layout": "image"}, "image"),
    ],
)
def test_the_first_layout_that_keeps_the_quotas(
    world: World, fields: dict[str, Any], layout: str
) -> None:
    assert world.define(container(**fields)).domain.openvz.layout == layout


def test_a_quota_beyond_the_layout_names_the_one_that_can(world: World) -> None:
    with pytest.raises(errors.ConfigUnsupported, match="size quota") as caught:
        world.define(space=10 * MIB, layout="simfs")
    assert "'image'" in (caught.value.hint or "")
    assert world.store.ctids() == []


def test_soft_limits_that_no_layout_keeps_warn(world: World) -> None:
    defined = world.define(space=(9 * MIB, 10 * MIB))
    assert any("soft limit on its size" in text for text in defined.warnings)


def test_ploop_as_a_default_becomes_image(tmp_path: Path) -> None:
    world = World.at(
        tmp_path, change=lambda config: dataclasses.replace(config, default_layout="ploop")
    )
    defined = world.define()
    assert defined.domain.openvz.layout == "image"
    assert any("ploop" in text for text in defined.warnings)
    with pytest.raises(errors.ConfigUnsupported, match="ploop"):
        world.define(name="b", layout="ploop")


def test_an_unknown_layout(world: World) -> None:
    with pytest.raises(errors.ConfigUnsupported, match="'zfs'") as caught:
        world.define(layout="zfs")
    assert "simfs" in (caught.value.hint or "")


def test_an_absent_template_warns(world: World) -> None:
    defined = world.define(template="debian-12")
    assert any("'debian-12' is not in the cache" in text for text in defined.warnings)


def test_no_root_and_no_default_template(world: World) -> None:
    with pytest.raises(errors.ConfigUnsupported, match="DEF_OSTEMPLATE"):
        world.define(filesystems=())


def test_a_root_that_others_made_is_of_no_default_template(tmp_path: Path) -> None:
    world = World.at(
        tmp_path, change=lambda config: dataclasses.replace(config, default_template=TEMPLATE)
    )
    stored = dataclasses.replace(world.define().domain, filesystems=(), provisioned=None)
    world.store.save(stored)
    root = world.manager._world.effective(Ctid(101)).root
    assert root is not None
    assert root.source == ""
    again = world.define(container(uuid=stored.uuid, filesystems=())).domain
    assert again.root is not None
    assert again.root.source == ""


def test_the_default_template(tmp_path: Path) -> None:
    world = World.at(
        tmp_path, change=lambda config: dataclasses.replace(config, default_template=TEMPLATE)
    )
    root = world.define(filesystems=()).domain.root
    assert root is not None
    assert root.source == TEMPLATE


@pytest.mark.parametrize("folder", ["/", "//", "/./", "/tmp/host"])
def test_the_hosts_own_root(world: World, tmp_path: Path, folder: str) -> None:
    if folder == "/tmp/host":
        (tmp_path / "host").symlink_to("/")
        folder = str(tmp_path / "host")
    root = Filesystem(kind=FilesystemKind.MOUNT, source=folder)
    with pytest.raises(errors.InvalidArgument, match="own root"):
        world.define(filesystems=(root,))
    assert world.store.ctids() == []


def test_all_failures_in_one_error(world: World) -> None:
    with pytest.raises(errors.VzvirtError) as caught:
        world.define(
            layout="simfs", space=MIB, memory=Memory(limit=5), interfaces=(bridge(), bridge())
        )
    message = caught.value.message
    assert message.startswith("2 things are wrong with 'web'")
    assert "size quota" in message
    assert "<memory>" in message


class TestIdentity:
    def test_the_same_again_replaces(self, world: World) -> None:
        first = world.define(autostart=True).domain
        world.manager.provisioning.provision("web")
        again = dataclasses.replace(
            container(), uuid=first.uuid, description="new", ctid=first.ctid
        )
        defined = world.define(again)
        assert not defined.is_new
        assert defined.domain.description == "new"
        assert defined.domain.ctid == 101
        assert defined.domain.autostart
        assert defined.domain.provisioned
        assert defined.domain.openvz.layout == "simfs"

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"name": "web"}, "the name 'web'"),
            ({"name": "other", "ctid": Ctid(101)}, "the id 101"),
            ({"name": "101"}, "the id 101"),
            ({"name": "other", "uuid": uuid.UUID(int=5)}, "the UUID"),
            ({"name": "web", "uuid": uuid.UUID(int=6)}, "the name 'web'"),
            ({"name": "web", "uuid": uuid.UUID(int=5), "ctid": Ctid(300)}, "the name 'web' and"),
        ],
    )
    def test_conflicts_name_the_holder_and_the_way_out(
        self, world: World, fields: dict[str, Any], named: str
    ) -> None:
        world.define(uuid=uuid.UUID(int=5))
        with pytest.raises(errors.Conflict) as caught:
            world.define(container(**fields))
        assert named in caught.value.message
        assert "container 'web' (id 101" in caught.value.message
        assert caught.value.hint
        assert world.store.ctids() == [101]

    def test_a_left_private_area_is_never_adopted(self, world: World) -> None:
        world.area(150).mkdir(parents=True)
        (world.area(150) / "etc").mkdir()
        with pytest.raises(errors.Conflict, match="150 is not free"):
            world.define(ctid=Ctid(150))
        elsewhere = world.root.path("data/x")
        (elsewhere / "etc").mkdir(parents=True)
        with pytest.raises(errors.Conflict, match="not empty"):
            world.define(openvz=OpenvzSettings(private_area="/data/x"))

    def test_another_containers_private_area(self, world: World) -> None:
        world.define(name="a", openvz=OpenvzSettings(private_area="/data/x"))
        world.manager.provisioning.provision("a")
        with pytest.raises(errors.Conflict):
            world.define(name="b", openvz=OpenvzSettings(private_area="/data/x"))


class TestInterfaces:
    def test_completed(self, world: World) -> None:
        domain = world.define(interfaces=(bridge(), bridge())).domain
        assert [item.guest_name for item in domain.interfaces] == ["eth0", "eth1"]
        assert [item.host_name for item in domain.interfaces] == ["veth101.0", "veth101.1"]
        macs = {mac for item in domain.interfaces for mac in (item.mac, item.host_mac)}
        assert len(macs) == 4
        assert all(str(mac).startswith("00:18:51:") for mac in macs)

    def test_an_address_of_another_container(self, world: World) -> None:
        world.define(name="a", interfaces=(bridge("00:18:51:00:00:01"),))
        with pytest.raises(errors.Conflict, match=r"00:18:51:00:00:01 belongs to 'a'"):
            world.define(name="b", interfaces=(bridge("00:18:51:00:00:01"),))

    def test_an_address_twice(self, world: World) -> None:
        with pytest.raises(errors.InvalidArgument, match="2 interfaces"):
            world.define(interfaces=(bridge("00:18:51:00:00:01"), bridge("00:18:51:00:00:01")))

    def test_a_copy_of_a_host_ends_address(self, world: World) -> None:
        theirs = world.define(name="a", interfaces=(bridge(),)).domain.interfaces[0].host_mac
        copied = dataclasses.replace(bridge(), host_mac=theirs)
        defined = world.define(name="b", interfaces=(copied,))
        assert defined.domain.interfaces[0].host_mac not in {None, theirs}
        assert any(f"{theirs} of a host end" in text for text in defined.warnings)

    def test_a_copy_that_was_made_before_stays(self, world: World) -> None:
        theirs = world.define(name="a", interfaces=(bridge(),)).domain.interfaces[0].host_mac
        ours = world.define(name="b", interfaces=(bridge(),)).domain
        copied = dataclasses.replace(ours.interfaces[0], host_mac=theirs)
        ours = dataclasses.replace(ours, interfaces=(copied,))
        world.store.save(ours)
        assert world.define(ours).domain.interfaces == (copied,)

    def test_a_multicast_address_warns(self, world: World) -> None:
        defined = world.define(interfaces=(bridge("01:00:5e:00:00:01"),))
        assert any("multicast" in text for text in defined.warnings)

    def test_an_ip_address_of_another_container(self, world: World) -> None:
        def routed(text: str) -> Interface:
            return Interface(kind=InterfaceKind.ROUTED, addresses=(ipaddress.ip_interface(text),))

        world.define(name="a", interfaces=(routed("10.0.0.5/24"),))
        with pytest.raises(errors.Conflict, match=r"10\.0\.0\.5 belongs to 'a'"):
            world.define(name="b", interfaces=(routed("10.0.0.5"),))
        world.define(name="b", interfaces=(routed("10.0.0.6"),))

    @pytest.mark.parametrize("places", [(0, 0), (0, 1)])
    def test_an_ip_address_twice(self, world: World, places: tuple[int, int]) -> None:
        ours: list[list[IpInterface]] = [[], []]
        for place, text in zip(places, ("10.0.0.5/24", "10.0.0.5/16"), strict=True):
            ours[place].append(ipaddress.ip_interface(text))
        pairs = tuple(dataclasses.replace(bridge(), addresses=tuple(item)) for item in ours)
        with pytest.raises(errors.InvalidArgument, match=r"'10\.0\.0\.5'> stands 2 times"):
            world.define(interfaces=pairs)

    def test_a_link_local_address_is_on_each_link(self, world: World) -> None:
        def pair(*texts: str) -> Interface:
            addresses = tuple(ipaddress.ip_interface(text) for text in texts)
            return dataclasses.replace(bridge(), addresses=addresses)

        world.define(interfaces=(pair("fe80::1/64"), pair("fe80::1/64")))
        with pytest.raises(errors.InvalidArgument, match="'fe80::2'> stands 2 times"):
            world.define(name="b", interfaces=(pair("fe80::2/64", "fe80::2/80"),))

    def test_two_default_gateways(self, world: World) -> None:
        def via(gateway: str, metric: int | None = None) -> Route:
            everything = ipaddress.ip_network("::/0" if ":" in gateway else "0.0.0.0/0")
            return Route(everything, ipaddress.ip_address(gateway), metric)

        both = dataclasses.replace(bridge(), routes=(via("10.0.0.1"), via("10.0.0.9")))
        with pytest.raises(errors.InvalidArgument, match=r"10\.0\.0\.1 and 10\.0\.0\.9"):
            world.define(interfaces=(both,))
        routes = (via("10.0.0.1"), via("10.0.0.9", 5), via("fe80::1"))
        world.define(interfaces=(dataclasses.replace(bridge(), routes=routes),))


class TestRedefine:
    def test_quotas_reach_the_area(self, world: World) -> None:
        first = world.define(space=10 * MIB).domain
        world.manager.provisioning.provision("web")
        world.define(dataclasses.replace(container(space=20 * MIB), uuid=first.uuid))
        assert world.manager.quotas.usage("web").size_bytes == 20 * MIB
        assert world.journal.pending() == []

    def test_quotas_below_use_leave_everything(self, world: World) -> None:
        first = world.define(space=10 * MIB).domain
        world.manager.provisioning.provision("web")
        before = world.store.load(Ctid(101))
        with pytest.raises(errors.InvalidArgument, match="in use"):
            world.define(dataclasses.replace(container(space=5), uuid=first.uuid))
        assert world.store.load(Ctid(101)) == before
        assert world.journal.pending() == []

    def test_another_layout_is_refused(self, world: World) -> None:
        first = world.define().domain
        world.manager.provisioning.provision("web")
        with pytest.raises(errors.ConfigUnsupported, match="has the layout 'simfs'"):
            world.define(dataclasses.replace(container(layout="image"), uuid=first.uuid))

    def test_another_place_is_refused(self, world: World) -> None:
        first = world.define().domain
        world.manager.provisioning.provision("web")
        moved = container(openvz=OpenvzSettings(private_area="/elsewhere"), uuid=first.uuid)
        with pytest.raises(errors.InvalidArgument, match="usual place"):
            world.define(moved)

    def test_so_it_is_for_a_root_that_others_made(self, world: World) -> None:
        first = world.define().domain
        world.store.save(dataclasses.replace(first, provisioned=None))
        for place in ("/elsewhere", str(world.area(102))):  # the second holds files of somebody
            world.area(102).mkdir(parents=True, exist_ok=True)
            (world.area(102) / "file").touch()
            moved = container(openvz=OpenvzSettings(private_area=place), uuid=first.uuid)
            with pytest.raises(errors.InvalidArgument, match="usual place"):
                world.define(moved)

    def test_another_map_is_refused_where_owners_are_shifted(self, world: World) -> None:
        first = world.define().domain
        shifted = dataclasses.replace(first, provisioned=True, idmap_shifted=True)
        world.store.save(shifted)
        with pytest.raises(errors.InvalidArgument, match="id map"):
            world.define(container(uuid=first.uuid, idmap=IdMap()))
        kept = world.define(container(uuid=first.uuid)).domain
        assert kept.idmap == first.idmap
        assert kept.idmap_shifted

    def test_another_template_is_a_note(self, world: World) -> None:
        first = world.define().domain
        world.manager.provisioning.provision("web")
        defined = world.define(container(uuid=first.uuid, template="debian"))
        assert any("was made from 'busybox'" in text for text in defined.warnings)

    def test_so_it_is_where_others_made_the_root(self, world: World) -> None:
        first = world.define().domain
        world.store.save(dataclasses.replace(first, provisioned=None))
        defined = world.define(container(uuid=first.uuid, template="debian"))
        assert any("was made from 'busybox'" in text for text in defined.warnings)


class TestUndefine:
    @pytest.mark.parametrize("remove_data", [True, False])
    def test_the_private_area(self, world: World, remove_data: bool) -> None:
        world.define()
        world.manager.provisioning.provision("web")
        world.manager.definitions.undefine("web", remove_data=remove_data)
        assert world.store.ctids() == []
        assert world.area().exists() is not remove_data
        assert world.journal.pending() == []
        assert world.leftovers() == []

    def test_a_running_one(self, world: World) -> None:
        world.define()
        world.manager.lifecycle.start("web")
        with pytest.raises(errors.OperationInvalid, match="running"):
            world.manager.definitions.undefine("web", remove_data=True)
        assert world.area().exists()

    def test_a_folder_of_the_users(self, world: World, tmp_path: Path) -> None:
        folder = tmp_path / "mine"
        (folder / "etc").mkdir(parents=True)
        root = Filesystem(kind=FilesystemKind.MOUNT, source=str(folder))
        world.define(filesystems=(root,))
        world.manager.lifecycle.start("web")
        world.manager.lifecycle.kill("web")
        world.manager.definitions.undefine("web", remove_data=True)
        assert (folder / "etc").is_dir()

    def test_a_new_one_of_the_number_knows_nothing_of_the_old(self, world: World) -> None:
        world.define()
        world.manager.lifecycle.start("web")
        world.manager.lifecycle.kill("web")
        world.manager.definitions.undefine("web", remove_data=True)
        world.define()
        assert world.engine.observe(Ctid(101)).reason.name == "NEVER_STARTED"


def test_what_is_replaced_must_still_be_what_it_was(world: World) -> None:
    old = world.define().domain
    world.manager.definitions.define(dataclasses.replace(old, title="Shop"))
    with pytest.raises(errors.Outdated, match="changed by somebody else"):
        world.manager.definitions.define(old, replacing=old)


def test_autostart(world: World) -> None:
    world.define()
    for value in (True, False, None):
        world.manager.definitions.set_autostart("web", value)
        assert world.store.load(Ctid(101)).domain.autostart is value


def test_summaries(world: World) -> None:
    world.define(name="a")
    world.define(name="b")
    world.manager.lifecycle.start("b")
    definitions = world.manager.definitions
    assert [item.name for item in definitions.summaries()] == ["b"]
    assert [item.name for item in definitions.summaries(all=True)] == ["a", "b"]


def test_info(world: World) -> None:
    world.define(space=(9 * MIB, 10 * MIB))
    info = world.manager.definitions.info("web")
    assert info.layout is not None
    assert (info.layout.name, info.mounted, info.usage) == ("image", False, None)
    assert any("soft limit" in text for text in info.notes)
    world.manager.lifecycle.start("web")
    info = world.manager.definitions.info("101")
    assert info.mounted
    assert info.usage is not None
    assert info.usage.size_bytes == 10 * MIB
    assert info.enforcement


def test_info_of_a_layout_we_do_not_have(world: World) -> None:
    """As an old host has it."""
    world.store.save(
        Domain(
            name="old", ctid=Ctid(150), uuid=uuid.uuid4(), openvz=OpenvzSettings(layout="ploop")
        )
    )
    info = world.manager.definitions.info("old")
    assert info.layout is None
    assert any("ploop" in text for text in info.notes)


def test_a_container_from_elsewhere_with_quotas_nobody_keeps(world: World) -> None:
    root = Filesystem(
        kind=FilesystemKind.TEMPLATE, source="centos-6-x86", space=SoftHard(MIB, 2 * MIB)
    )
    domain = Domain(name="old", ctid=Ctid(150), uuid=uuid.uuid4(), filesystems=(root,))
    world.store.save(domain)
    (world.area(150) / "sbin").mkdir(parents=True)
    info = world.manager.definitions.info("old")
    assert any("size quota" in text for text in info.notes)
    world.manager.lifecycle.start("old")
    assert [text for text in world.warned if "size quota" in text]
    assert world.store.load(Ctid(150)).domain == domain, "picked up as it is, not rewritten"
    edited = dataclasses.replace(domain, description="seen")
    assert world.define(edited).domain.description == "seen"
