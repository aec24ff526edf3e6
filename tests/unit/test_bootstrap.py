"""What is chosen for whom."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest

from vzvirt import bootstrap, errors
from vzvirt.config import Settings
from vzvirt.model.devices import Filesystem, FilesystemKind, Interface, InterfaceKind
from vzvirt.model.domain import Domain
from vzvirt.model.network import Forward, ForwardMode, Network
from vzvirt.model.values import Ctid


@pytest.fixture
def ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.fixture
def root_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.parametrize(("openvz_kernel", "engine"), [(False, "lxc"), (True, None)])
def test_auto_goes_by_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, openvz_kernel: bool, engine: str | None
) -> None:
    proc = tmp_path / "vz"
    monkeypatch.setattr(bootstrap, "OPENVZ_KERNEL", proc)
    if openvz_kernel:
        proc.mkdir()
    if engine:
        assert bootstrap.engine_name(Settings()) == engine
    else:
        with pytest.raises(errors.NoSupport, match="vzctl") as caught:
            bootstrap.engine_name(Settings())
        assert "--engine lxc" in str(caught.value.hint)
    assert bootstrap.engine_name(Settings(engine="memory")) == "memory"


@pytest.mark.usefixtures("ordinary_user")
def test_an_ordinary_user_simulates_in_a_folder_of_his_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Settings(engine="memory")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert bootstrap.root(memory).prefix == tmp_path / "state" / "vzvirt"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert bootstrap.root(memory).prefix == tmp_path / ".local" / "state" / "vzvirt"
    assert bootstrap.root(Settings(engine="memory", root=tmp_path)).prefix == tmp_path
    assert bootstrap.root(Settings(engine="lxc")).prefix == Path("/")
    bootstrap.require_privilege(memory)


@pytest.mark.usefixtures("root_user")
def test_root_simulates_where_everything_is() -> None:
    assert bootstrap.root(Settings(engine="memory")).prefix == Path("/")
    bootstrap.require_privilege(Settings(engine="lxc"))


@pytest.mark.usefixtures("ordinary_user")
def test_an_ordinary_user_is_told_what_he_can_do_instead() -> None:
    with pytest.raises(errors.AccessDenied) as caught:
        bootstrap.require_privilege(Settings(engine="lxc"))
    assert "--engine memory" in str(caught.value.hint)


def test_the_bridge_of_a_network_is_found_whether_it_is_defined_or_only_runs(
    tmp_path: Path,
) -> None:
    settings = Settings(root=tmp_path, engine="memory")
    domain = Domain(
        name="web",
        ctid=Ctid(101),
        uuid=UUID(int=1),
        interfaces=(
            Interface(
                kind=InterfaceKind.NETWORK, source="lan", portgroup="slow", guest_name="eth0"
            ),
        ),
    )
    config = tmp_path / "etc/vz/conf/101.conf"
    store, networks = bootstrap.store(settings), bootstrap.network_store(settings)

    def kind() -> InterfaceKind:
        return store.load(Ctid(101)).domain.interfaces[0].kind

    store.save(domain)
    named = config.read_text().replace("ifname=eth0", "ifname=eth0,bridge=virbr7")
    config.write_text(named)
    assert kind() is InterfaceKind.BRIDGE
    nat = Forward(mode=ForwardMode.NAT)
    network = Network(name="lan", uuid=UUID(int=2), bridge="virbr7", forward=nat)
    for live in (True, False):
        networks.save(network, live=live)
        assert kind() is InterfaceKind.NETWORK
        networks.delete("lan", live=live)
        assert kind() is InterfaceKind.BRIDGE


def test_the_hook_comes_back_to_the_same_installation(tmp_path: Path) -> None:
    words = bootstrap.hook(Settings(engine="lxc", root=tmp_path))
    assert words[1:4] == ("-P", "-m", "vzvirt")
    assert words[4:] == ("--root", str(tmp_path), "--engine", "lxc", "internal")


@pytest.mark.parametrize("layout", ["simfs", "image"])
def test_the_layout_that_was_set_is_that_of_new_containers(tmp_path: Path, layout: str) -> None:
    manager = bootstrap.manager(Settings(root=tmp_path, engine="memory", layout=layout))
    root = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox")
    defined = manager.definitions.define(Domain(name="web", filesystems=(root,)))
    assert defined.domain.openvz.layout == layout
