"""What is chosen for whom."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt import bootstrap, errors
from vzvirt.config import Settings
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain


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
