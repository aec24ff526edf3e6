from __future__ import annotations

import dataclasses
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.backends.memory import MemoryEngine, MemoryGuestFiles
from vzvirt.model.affect import Affect
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    GuestNaming,
    Interface,
    InterfaceKind,
)
from vzvirt.model.host import GlobalConfig
from vzvirt.model.values import Ctid, IdMap
from worlds import World

OWN = GuestNaming(hostname="own.example", nameservers=("192.0.2.1",), search_domains=("a.b",))
DEFAULT = GuestNaming(nameservers=("192.0.2.99",))
LEASED = Interface(kind=InterfaceKind.ETHERNET, guest_name="eth0", dhcp=(4,))
STATIC = Interface(kind=InterfaceKind.ROUTED, addresses=(ip_interface("10.0.0.5"),))


class Recorder:
    """What guest files are told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.naming: list[tuple[GuestNaming, GuestNaming]] = []
        self.networks: list[tuple[Interface, ...]] = []
        self.error: errors.VzvirtError | None = None
        self.refresh: tuple[tuple[str, ...], ...] = ()
        self.ran: list[tuple[str, ...]] = []
        self.order: tuple[str, ...] = ()
        monkeypatch.setattr(MemoryGuestFiles, "apply_naming", self._naming)
        monkeypatch.setattr(MemoryGuestFiles, "apply_network", self._network)
        monkeypatch.setattr(MemoryEngine, "execute", self._execute)

    def _naming(self, root: Path, owners: IdMap, naming: Any, spare: Any) -> Any:
        assert (root / "etc").is_dir()
        self.naming.append((naming, spare))
        if self.error:
            raise self.error
        return self.refresh

    def _network(self, root: Path, owners: IdMap, interfaces: tuple[Interface, ...]) -> Any:
        self.networks.append(interfaces)
        if self.error:
            raise self.error
        return {item.guest_name: self.order for item in interfaces if item.dhcp}

    def _execute(self, ctid: Ctid, request: Any) -> int:
        self.ran.append(request.argv)
        return 0


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch)


def with_default(config: GlobalConfig) -> GlobalConfig:
    defaults = dataclasses.replace(config.defaults, guest_naming=DEFAULT)
    return dataclasses.replace(config, defaults=defaults)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.at(tmp_path, change=with_default)


def test_a_start_tells_the_guest(world: World, told: Recorder) -> None:
    world.define(guest_naming=OWN, interfaces=(STATIC,))
    world.manager.lifecycle.start("web")
    assert told.naming == [(OWN, GuestNaming())]
    assert [len(interfaces) for interfaces in told.networks] == [1]


def test_the_hosts_default_is_for_those_without_their_own(world: World, told: Recorder) -> None:
    world.define(guest_naming=GuestNaming(hostname="web"))
    world.manager.lifecycle.start("web")
    assert told.naming[-1][0].nameservers == DEFAULT.nameservers


def test_a_lease_comes_before_the_hosts_default(world: World, told: Recorder) -> None:
    world.define(interfaces=(LEASED,))
    world.manager.lifecycle.start("web")
    naming, spare = told.naming[-1]
    assert naming.nameservers == ()
    assert spare.nameservers == DEFAULT.nameservers


def test_a_folder_of_the_users_gets_only_what_is_asked_for(
    world: World, told: Recorder, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    (folder / "etc").mkdir(parents=True)
    root = Filesystem(kind=FilesystemKind.MOUNT, source=str(folder))
    world.define(filesystems=(root,), guest_naming=GuestNaming(hostname="web"))
    world.manager.lifecycle.start("web")
    assert told.naming == [(GuestNaming(hostname="web"), GuestNaming())]


def test_a_guest_that_forbids_it_starts_all_the_same(world: World, told: Recorder) -> None:
    told.error = errors.OperationFailed("'/etc/hosts' is protected", hint="chattr -i")
    world.define(interfaces=(STATIC,))
    world.manager.lifecycle.start("web")
    assert world.engine.observe(Ctid(101)).is_active
    assert world.warned == ["'web': '/etc/hosts' is protected (chattr -i)"] * 2


def test_a_running_guest_is_renamed_at_once(world: World, told: Recorder) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    told.refresh = (("hostname", "own.example"),)
    world.manager.guestside.update_naming("web", OWN)
    assert told.naming[-1] == (OWN, GuestNaming())
    assert told.ran == [("hostname", "own.example")]
    assert world.store.load(Ctid(101)).domain.guest_naming == OWN


def test_a_running_guest_hears_of_new_interfaces(world: World, told: Recorder) -> None:
    world.define()
    manager = world.manager
    manager.lifecycle.start("web")
    manager.devices.attach("web", STATIC, Affect.ALL)
    assert [len(interfaces) for interfaces in told.networks] == [0, 1]


def test_a_new_interface_asks_by_the_guests_own_program(world: World, told: Recorder) -> None:
    world.define(interfaces=(LEASED,))
    manager = world.manager
    manager.lifecycle.start("web")
    told.order, told.ran[:] = ("ifup", "eth1"), []
    another = dataclasses.replace(LEASED, guest_name="eth1")
    manager.devices.attach("web", another, Affect.ALL)
    assert told.ran == [("ifup", "eth1")], "eth0 has asked at the start"


def test_a_new_interface_asks_by_any_client_where_there_is_no_program(
    world: World, told: Recorder
) -> None:
    world.define()
    manager = world.manager
    manager.lifecycle.start("web")
    manager.devices.attach("web", LEASED, Affect.ALL)
    (argv,) = told.ran
    assert argv[-1] == "eth0" and "udhcpc" in argv[2]
    manager.devices.attach("web", STATIC, Affect.ALL)
    assert told.ran == [argv]


def test_after_a_reboot_somebody_asks_again(world: World, told: Recorder) -> None:
    world.define(interfaces=(LEASED,))
    world.manager.lifecycle.start("web")
    told.ran[:] = []
    world.manager.lifecycle.rebooted(Ctid(101))
    (argv,) = told.ran
    assert argv[-1] == "eth0"
    told.order = ("ifup", "eth0")
    world.manager.lifecycle.rebooted(Ctid(101))
    assert told.ran == [argv], "the guest's own program has asked"
    world.manager.lifecycle.kill("web")
    world.manager.lifecycle.rebooted(Ctid(101))
    assert told.ran == [argv]


def test_one_that_is_started_paused_asks_once_it_runs(world: World, told: Recorder) -> None:
    world.define(interfaces=(LEASED,))
    lifecycle = world.manager.lifecycle
    lifecycle.start("web", paused=True)
    assert told.ran == []
    lifecycle.unpause("web")
    (argv,) = told.ran
    assert argv[-1] == "eth0"


def test_one_that_has_its_address_does_not_ask_after_a_pause(world: World, told: Recorder) -> None:
    leased = dataclasses.replace(LEASED, kind=InterfaceKind.NETWORK, source="default")
    world.define(interfaces=(leased,))
    lifecycle = world.manager.lifecycle
    lifecycle.start("web")
    told.ran[:] = []
    lifecycle.pause("web")
    lifecycle.unpause("web")
    assert told.ran == []


def test_one_that_is_off_learns_it_at_its_start(world: World, told: Recorder) -> None:
    world.define()
    world.manager.guestside.update_naming("web", OWN)
    assert told.naming == []
    assert world.store.load(Ctid(101)).domain.guest_naming == OWN


@pytest.mark.parametrize(
    "naming",
    [
        GuestNaming(hostname="a b"),
        GuestNaming(nameservers=("ns.example",)),
        GuestNaming(search_domains=("a b",)),
    ],
)
def test_bad_names_are_refused_also_of_one_that_is_off(world: World, naming: GuestNaming) -> None:
    world.define(guest_naming=OWN)
    with pytest.raises(errors.InvalidArgument):
        world.manager.guestside.update_naming("web", naming)
    assert world.store.load(Ctid(101)).domain.guest_naming == OWN
    world.manager.guestside.update_naming("web", GuestNaming(nameservers=("inherit",)))


def test_a_paused_one_is_not_waited_for(world: World, told: Recorder) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    world.manager.lifecycle.pause("web")
    told.refresh = (("hostname", "own.example"),)
    world.manager.guestside.update_naming("web", OWN)
    assert told.ran == []
    assert "paused" in world.warned[-1]


def test_what_cannot_be_applied_is_not_stored(world: World, told: Recorder) -> None:
    world.define(guest_naming=OWN)
    world.manager.lifecycle.start("web")
    told.error = errors.InvalidArgument("no name")
    with pytest.raises(errors.InvalidArgument):
        world.manager.guestside.update_naming("web", GuestNaming(hostname="a b"))
    assert world.store.load(Ctid(101)).domain.guest_naming == OWN


def test_simulated_guests_show_it_in_their_files(world: World) -> None:
    world.define(guest_naming=OWN)
    world.manager.lifecycle.start("web")
    found = {path.name: path.read_text() for path in world.area().rglob("etc/*conf")}
    assert found["resolv.conf"] == "search a.b\nnameserver 192.0.2.1\n"
