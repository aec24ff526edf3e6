"""Networks, pools and devices: looked at some moments after a change, and told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from vzvirt import bootstrap, errors
from vzvirt.backends.memory.wiring import WiringFile
from vzvirt.config import Settings
from vzvirt.model.event import (
    Event,
    NetworkEvent,
    NodeDeviceEvent,
    PoolRefreshed,
)
from vzvirt.model.network import Network
from vzvirt.model.values import Ctid
from vzvirt.ports.watch import Changes
from vzvirt.server.broker import Broker
from vzvirt.server.eventmessages import Topic
from vzvirt.server.hostlooks import PATIENCE, HostLooks
from vzvirt.system.root import Root


class Told(Broker):
    """A broker of whom all is wanted, or nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = True
        self.events: list[Event] = []

    def wants(self, topic: Topic) -> bool:
        del topic
        return self.wanted

    def publish(self, events: Sequence[Event]) -> None:  # type: ignore[override]
        self.events += events


class Site:
    """A simulated host whose time goes on when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.root = Root(folder)
        self.manager = bootstrap.manager(Settings(root=folder, engine="memory"))
        self.broker = Told()
        self.waiting: list[Callable[[], None]] = []
        self.looks = HostLooks(
            self.manager,
            self.broker,
            later=lambda _seconds, function: self.waiting.append(function),
            in_worker=lambda function: function(),
            on_loop=lambda function: function(),
        )
        self.looks.begin()

    def told(self, rounds: int = 1) -> list[str]:
        for _ in range(rounds):
            waiting, self.waiting = self.waiting, []
            for function in waiting:
                function()
        events, self.broker.events = self.broker.events, []
        words = []
        for event in events:
            match event:
                case NetworkEvent(name=name, change=change):
                    words.append(f"{name} {change.name}")
                case NodeDeviceEvent(name=name, change=change):
                    words.append(f"{name} {change.name}")
                case PoolRefreshed(name=name):
                    words.append(name)
        return words


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


NETWORKS = Changes(networks=True)


def test_networks_are_looked_at_once_for_many_changes(site: Site) -> None:
    site.manager.networks.define(Network(name="lab", uuid=UUID(int=1), bridge="br0"))
    for _ in range(5):
        site.looks.heed(NETWORKS)
    assert len(site.waiting) == 1
    assert site.told() == ["lab DEFINED"]
    assert site.waiting == []
    site.manager.networks.start("lab")
    site.looks.heed(NETWORKS)
    assert site.told() == ["lab STARTED"]


def test_what_was_there_at_first_is_not_told(site: Site) -> None:
    site.manager.networks.define(Network(name="lab", uuid=UUID(int=1), bridge="br0"))
    site.looks.begin()
    site.looks.heed(NETWORKS)
    assert site.told() == []


def test_a_network_that_is_about_to_start_is_looked_at_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it runs by is noted before it runs, and nothing is heard of its bridge."""
    networks = site.manager.networks
    networks.define(Network(name="lab", uuid=UUID(int=1), bridge="br0"))
    site.looks.begin()
    with monkeypatch.context() as patch:
        patch.setattr(networks._runner, "start", lambda _network: [])
        networks.start("lab")
    site.looks.heed(NETWORKS)
    assert site.told(rounds=10) == []
    networks._runner.start(networks.definition("lab"))
    assert site.told(rounds=4) == ["lab STARTED"]
    assert site.told(rounds=4) == []
    assert site.waiting == []


def test_one_that_never_comes_up_is_not_waited_for_for_ever(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = site.manager.networks
    networks.define(Network(name="lab", uuid=UUID(int=1), bridge="br0"))
    monkeypatch.setattr(networks._runner, "start", lambda _network: [])
    networks.start("lab")
    site.looks.heed(NETWORKS)
    site.told(rounds=3 * PATIENCE)
    assert site.waiting == []


def test_pools_are_told_if_somebody_wants_to_know(site: Site) -> None:
    site.looks.heed(Changes(pools=frozenset({"templates"})))
    site.looks.heed(Changes(pools=frozenset({"private"})))
    assert sorted(site.told()) == ["private", "templates"]
    site.broker.wanted = False
    site.looks.heed(Changes(pools=frozenset({"private"})))
    assert site.waiting == []


def test_devices_are_looked_at_only_while_somebody_wants_to_know(site: Site) -> None:
    changed = Changes(devices=True)
    site.looks.heed(changed)
    assert site.waiting == [], "nobody does"
    site.looks.prepare(Topic.NETWORK)
    site.looks.prepare(Topic.DEVICE)
    with WiringFile(site.root).changing() as wiring:
        wiring.devices["eth1"] = Ctid(101)
    site.looks.heed(changed)
    assert [word.partition("_")[0] for word in site.told()] == ["net"]
    site.broker.wanted = False
    site.looks.heed(changed)
    assert site.told() == []
    site.looks.heed(changed)
    assert site.waiting == [], "not any more"


def test_a_look_that_fails_is_not_the_last(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise errors.SystemFailure("no more files")

    with monkeypatch.context() as patch:
        patch.setattr(site.manager.looks, "networks", fail)
        site.looks.heed(NETWORKS)
        assert site.told() == []
    site.manager.networks.define(Network(name="lab", uuid=UUID(int=1), bridge="br0"))
    site.looks.heed(NETWORKS)
    assert site.told() == ["lab DEFINED"]


def test_a_change_during_a_look_is_looked_at_after_it(site: Site) -> None:
    networks, looks = site.manager.networks, site.manager.looks
    look = looks.networks

    def meanwhile() -> object:
        found = look()
        if "lab" not in found:
            networks.define(Network(name="lab", uuid=UUID(int=1), bridge="br0"))
            site.looks.heed(NETWORKS)
        return found

    looks.networks = meanwhile  # type: ignore[assignment, method-assign]
    site.looks.heed(NETWORKS)
    assert site.told() == []
    assert site.told() == ["lab DEFINED"]
