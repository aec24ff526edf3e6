"""Interfaces of running containers that the host has lost something of."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.backends.memory import MemoryLinks
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.network import Network
from vzvirt.model.values import Ctid
from worlds import World

STATIC = Interface(kind=InterfaceKind.ROUTED, addresses=(ip_interface("10.0.0.5"),))


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> list[Ctid]:
    found: list[Ctid] = []

    def mend(_links: MemoryLinks, ctid: Ctid, plugs: Any) -> None:
        assert plugs[0].interface.kind is InterfaceKind.ROUTED
        found.append(ctid)

    monkeypatch.setattr(MemoryLinks, "lacking", lambda _links, running: set(running))
    monkeypatch.setattr(MemoryLinks, "mend", mend)
    return found


def test_only_what_runs_is_mended(tmp_path: Path, mended: list[Ctid]) -> None:
    world = World.at(tmp_path)
    world.define(interfaces=(STATIC,))
    world.manager.connections.reconcile()
    assert mended == []
    world.manager.lifecycle.start("web")
    world.manager.connections.reconcile()
    assert mended == [101]


def test_one_whose_network_is_off_is_mended_too(tmp_path: Path, mended: list[Ctid]) -> None:
    world = World.at(tmp_path)
    networks = world.manager.networks
    networks.define(Network(name="lan"))
    networks.start("lan")
    world.define(interfaces=(STATIC, Interface(kind=InterfaceKind.NETWORK, source="lan")))
    world.manager.lifecycle.start("web")
    networks.stop("lan")
    world.manager.connections.reconcile()
    assert mended == [101]


def test_one_that_is_being_changed_is_left_to_who_changes_it(
    tmp_path: Path, mended: list[Ctid], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World.at(tmp_path)
    world.define(interfaces=(STATIC,))
    world.manager.lifecycle.start("web")

    def busy(*_words: object, **_more: object) -> None:
        raise errors.Busy("somebody has it")

    monkeypatch.setattr(type(world.store), "lock", busy)
    world.manager.connections.reconcile()
    assert mended == [] and world.warned == []


def test_a_failure_is_told_and_keeps_no_other_from_being_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: object) -> None:
        raise errors.OperationFailed("'nft' failed")

    monkeypatch.setattr(MemoryLinks, "lacking", lambda _links, running: set(running))
    monkeypatch.setattr(MemoryLinks, "mend", fail)
    world = World.at(tmp_path)
    for name, ctid, last in (("web", 101, 5), ("db", 102, 6)):
        address = (ip_interface(f"10.0.0.{last}"),)
        one = dataclasses.replace(STATIC, addresses=address)
        world.define(name=name, ctid=Ctid(ctid), interfaces=(one,))
        world.manager.lifecycle.start(name)
    world.manager.connections.reconcile()
    assert [said.split(":")[0] for said in world.warned] == [
        "the interfaces of container 101 are not whole",
        "the interfaces of container 102 are not whole",
    ]
