"""Definitions of networks as files."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import network_strategies
from vzvirt import errors
from vzvirt.backends.networkfiles import FileNetworkStore
from vzvirt.codec.xml import write_network
from vzvirt.model.network import Forward, ForwardMode, Network
from vzvirt.ports.network import NetworkStore
from vzvirt.system.root import Root

LAN = Network(name="office lan", bridge="virbr0", forward=Forward(mode=ForwardMode.NAT))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "etc/vzvirt/networks"


@pytest.fixture
def store(tmp_path: Path) -> NetworkStore:
    return FileNetworkStore(Root(tmp_path))


def tree(top: Path) -> list[str]:
    return sorted(
        str(path.relative_to(top))
        for path in top.rglob("*")
        if path.is_symlink() or path.is_file()
    )


def test_nothing_is_there_at_first_and_looking_makes_nothing(
    store: NetworkStore, tmp_path: Path
) -> None:
    assert store.names() == []
    assert store.load("default") is None
    assert store.load("default", live=True) is None
    assert not store.autostart("default")
    store.delete("default")
    store.delete("default", live=True)
    store.set_autostart("default", False)
    assert tree(tmp_path) == []


def test_a_definition_and_what_runs_are_two_files(store: NetworkStore, tmp_path: Path) -> None:
    running = dataclasses.replace(LAN, bridge="virbr7")
    store.save(LAN)
    store.save(running, live=True)
    assert store.load(LAN.name) == LAN
    assert store.load(LAN.name, live=True) == running
    assert store.names() == [LAN.name]
    assert tree(tmp_path) == [
        "etc/vzvirt/networks/office~lan.xml",
        "run/vzvirt/networks/office~lan.xml",
    ]
    store.delete(LAN.name)
    assert store.load(LAN.name) is None
    assert store.load(LAN.name, live=True) == running
    assert store.names() == [LAN.name]
    store.delete(LAN.name, live=True)
    assert tree(tmp_path) == []


def test_another_process_sees_what_was_saved(store: NetworkStore, tmp_path: Path) -> None:
    store.save(LAN)
    other = FileNetworkStore(Root(tmp_path))
    assert other.load(LAN.name) == LAN
    changed = dataclasses.replace(LAN, mtu=1400)
    other.save(changed)
    assert store.load(LAN.name) == changed


def test_the_file_is_libvirts_xml(store: NetworkStore, folder: Path) -> None:
    store.save(LAN)
    assert (folder / "office~lan.xml").read_text() == write_network(LAN)


def test_autostart_is_a_link_that_survives_a_move(
    store: NetworkStore, folder: Path, tmp_path: Path
) -> None:
    store.save(LAN)
    store.set_autostart(LAN.name, True)
    store.set_autostart(LAN.name, True)
    assert store.autostart(LAN.name)
    link = folder / "autostart/office~lan.xml"
    assert os.fspath(link.readlink()) == "../office~lan.xml"
    assert store.names() == [LAN.name]  # the link is no second network
    store.set_autostart(LAN.name, False)
    store.set_autostart(LAN.name, False)
    assert not store.autostart(LAN.name)
    assert tree(folder) == ["office~lan.xml"]


def test_what_no_longer_is_does_not_start(store: NetworkStore, folder: Path) -> None:
    store.save(LAN)
    store.set_autostart(LAN.name, True)
    store.delete(LAN.name)
    assert not store.autostart(LAN.name)
    assert tree(folder) == []


def test_stopping_leaves_autostart_alone(store: NetworkStore) -> None:
    store.save(LAN)
    store.save(LAN, live=True)
    store.set_autostart(LAN.name, True)
    store.delete(LAN.name, live=True)
    assert store.autostart(LAN.name)


def test_a_transient_network_does_not_start_with_the_host(store: NetworkStore) -> None:
    store.save(LAN, live=True)
    with pytest.raises(errors.NoNetwork, match="no persistent network 'office lan'"):
        store.set_autostart(LAN.name, True)


def test_a_draft_left_by_a_killed_writer_is_in_nobodys_way(
    store: NetworkStore, folder: Path
) -> None:
    store.save(LAN)
    (folder / "autostart").mkdir()
    (folder / ".office~lan.xml.new").write_text("<netw")
    (folder / "autostart/.office~lan.xml.new").symlink_to("../nowhere")
    assert store.names() == [LAN.name]
    store.save(LAN)
    store.set_autostart(LAN.name, True)
    assert tree(folder) == ["autostart/office~lan.xml", "office~lan.xml"]


@pytest.mark.parametrize(
    ("file", "listed"),
    [
        ("web.xml", True),
        ("a~b.xml", True),
        (".hidden.xml", True),  # a name may begin with a dot
        ("a b.xml", False),  # nobody of ours writes a blank
        ("web.xml~", False),
        ("web.conf", False),
        (".xml", False),
        ("a~.xml", False),
        ("a%20b.xml", False),
    ],
)
def test_which_files_are_networks(
    store: NetworkStore, folder: Path, file: str, listed: bool
) -> None:
    folder.mkdir(parents=True)
    (folder / file).write_text("")
    assert bool(store.names()) == listed


@pytest.mark.parametrize(
    "name", ["../passwd", "", ".", "..", "a/b", "a~b", "x\0y", " x", "x" * 129]
)
def test_what_is_no_name_names_no_file(store: NetworkStore, name: str) -> None:
    assert store.load(name) is None
    assert not store.autostart(name)
    with pytest.raises(errors.InvalidArgument):
        store.delete(name)
    with pytest.raises(errors.InvalidArgument):
        store.set_autostart(name, True)


@pytest.mark.parametrize(
    "name", ["x" * 128, "a" + " " * 126 + "b", "autostart", ".x", "a+b_c-d.xml"]
)
def test_every_name_makes_a_file(store: NetworkStore, name: str) -> None:
    network = Network(name=name)
    store.save(network)
    store.set_autostart(name, True)
    assert store.names() == [name]
    assert store.load(name) == network


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no element found"),
        ("<network><name>web</name><forward mode='vepa'/></network>", "vepa"),
        ("<network><name>other</name></network>", "defines 'other'"),
        ("<domain/>", "not a <network>"),
    ],
)
def test_a_file_that_is_wrong_is_named(
    store: NetworkStore, folder: Path, text: str, says: str
) -> None:
    folder.mkdir(parents=True)
    (folder / "web.xml").write_text(text)
    assert store.names() == ["web"]
    with pytest.raises(errors.ConfigSyntax) as caught:
        store.load("web")
    assert says in caught.value.message
    assert str(folder / "web.xml") in caught.value.message


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(network_strategies.networks())
def test_what_is_saved_is_loaded(tmp_path: Path, network: Network) -> None:
    store = FileNetworkStore(Root(tmp_path))
    store.save(network)
    assert store.load(network.name) == network
    assert network.name in store.names()
