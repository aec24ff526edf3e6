from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.server import sockets
from vzvirt.server.servicemanager import Passed
from vzvirt.server.settings import ServerSettings
from vzvirt.system.root import Root


def test_where_the_sockets_are(tmp_path: Path) -> None:
    root = Root(tmp_path)
    assert sockets.folder(ServerSettings(), root) == tmp_path / "run/vzvirt"
    assert sockets.folder(ServerSettings(), root, home=Path("/run/user/7")) == Path(
        "/run/user/7/vzvirt"
    )
    said = ServerSettings(unix_sock_dir=Path("/srv"))
    assert sockets.folder(said, root, home=Path("/run/user/7")) == Path("/srv")


def test_an_installation_has_two_sockets_below_its_root(tmp_path: Path) -> None:
    made = sockets.open_all(ServerSettings(), Root(tmp_path), [])
    try:
        folder = tmp_path / "run/vzvirt"
        assert {path.name: path.is_socket() for path in folder.iterdir()} == {
            "vzvirt-sock": True,
            "vzvirt-sock-ro": True,
        }
        assert [listener.read_only for listener in made] == [False, True]
    finally:
        for listener in made:
            listener.close()


def test_passed_sockets_are_told_apart_by_name(tmp_path: Path) -> None:
    ends = socket.socketpair()
    names = ("vzvirtd.socket", "vzvirtd-ro")
    passed = [Passed(name, end.detach()) for name, end in zip(names, ends, strict=True)]
    made = sockets.open_all(ServerSettings(), Root(tmp_path), passed)
    for listener in made:
        listener.close()
    assert [(listener.read_only, listener.secure) for listener in made] == [
        (False, False),
        (True, False),
    ]
    assert not (tmp_path / "run").exists()


def test_a_passed_socket_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    known, unknown = socket.socketpair()
    with unknown:
        passed = [Passed("vzvirtd", known.detach()), Passed("sshd", unknown.fileno())]
        number = passed[0].descriptor
        with pytest.raises(errors.InvalidArgument, match="'sshd'"):
            sockets.open_all(ServerSettings(), Root(tmp_path), passed)
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(number)


def test_one_that_cannot_be_had_gives_the_others_back(tmp_path: Path) -> None:
    (tmp_path / "run/vzvirt").mkdir(parents=True)
    (tmp_path / "run/vzvirt/vzvirt-sock-ro").write_text("")
    with pytest.raises(errors.Conflict):
        sockets.open_all(ServerSettings(), Root(tmp_path), [])
    assert [path.name for path in (tmp_path / "run/vzvirt").iterdir()] == ["vzvirt-sock-ro"]


def test_the_hosts_own_is_found_by_clients_that_name_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "LIBVIRT", tmp_path / "libvirt/virtopenvzd-sock")
    monkeypatch.setattr(sockets, "FOLDER", str(tmp_path / "own").lstrip("/"))
    made = sockets.open_all(ServerSettings(), Root(Path("/")), [])
    try:
        found = sorted(path.name for path in (tmp_path / "libvirt").iterdir())
        assert found == ["virtopenvzd-sock", "virtopenvzd-sock-ro"]
        assert [listener.read_only for listener in made] == [False, True, False, True]
    finally:
        for listener in made:
            listener.close()


def test_another_daemon_there_does_not_keep_ours_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "LIBVIRT", tmp_path / "virtopenvzd-sock")
    monkeypatch.setattr(sockets, "FOLDER", str(tmp_path / "own").lstrip("/"))
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "virtopenvzd-sock"))
        other.listen()
        made = sockets.open_all(ServerSettings(), Root(Path("/")), [])
        assert len(made) == 2
        assert "clients must name our socket" in caplog.text
        for listener in made:
            listener.close()


def test_tls_may_be_passed_or_made(tmp_path: Path) -> None:
    settings = ServerSettings(listen_tls=True, listen_addr="127.0.0.1", tls_port=1)
    end, other = socket.socketpair()
    with other:
        made = sockets.open_all(settings, Root(tmp_path), [Passed("vzvirtd-tls", end.detach())])
        assert [listener.secure for listener in made] == [True]
        made[0].close()


@pytest.mark.parametrize("named", ["", "/nowhere"])
def test_a_user_without_a_run_time_folder(named: str) -> None:
    assert sockets.home_of({"XDG_RUNTIME_DIR": named}) is None


def test_a_user_with_one(tmp_path: Path) -> None:
    assert sockets.home_of({"XDG_RUNTIME_DIR": str(tmp_path)}) == tmp_path
