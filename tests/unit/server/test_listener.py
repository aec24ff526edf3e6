from __future__ import annotations

import asyncio
import grp
import os
import socket
import stat
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.server.listener import LONGEST_PATH, Listener, is_answered, tcp_sockets, unix_socket

GROUP = grp.getgrgid(os.getgid()).gr_name


def test_a_socket_has_its_mode_and_group_before_anybody_can_connect(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with unix_socket(path, 0o640, GROUP) as made:
        found = path.stat()
        assert stat.S_IMODE(found.st_mode) == 0o640
        assert found.st_gid == os.getgid()
        assert not is_answered(path)
        made.listen()
        assert is_answered(path)


def test_what_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    unix_socket(path, 0o600, "").close()
    assert path.exists()
    unix_socket(path, 0o600, "").close()


def test_what_is_in_use_or_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with unix_socket(path, 0o600, "") as made:
        made.listen()
        with pytest.raises(errors.Conflict, match="another process listens"):
            unix_socket(path, 0o600, "")
    path.unlink()
    path.write_text("mine")
    with pytest.raises(errors.Conflict, match="is no socket"):
        unix_socket(path, 0o600, "")
    assert path.read_text() == "mine"


def test_a_listener_whose_queue_is_full_is_alive(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with unix_socket(path, 0o600, "") as made:
        made.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        try:
            for sock in waiting:
                sock.setblocking(False)
                sock.connect_ex(str(path))
            assert is_answered(path)
        finally:
            for sock in waiting:
                sock.close()


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidArgument, match=f"longer than {LONGEST_PATH}"):
        unix_socket(tmp_path / ("x" * 108), 0o600, "")
    with pytest.raises(errors.InvalidArgument, match="'nobodys', which is no group"):
        unix_socket(tmp_path / "sock", 0o600, "nobodys")
    with pytest.raises(errors.SystemFailure, match="No such file"):
        unix_socket(tmp_path / "gone" / "sock", 0o600, "")
    with pytest.raises(errors.InvalidArgument, match="listen_addr"):
        tcp_sockets("no.such.host.invalid", 0)


def test_tcp_addresses() -> None:
    made = tcp_sockets("127.0.0.1", 0)
    try:
        assert [sock.getsockname()[0] for sock in made] == ["127.0.0.1"]
        made[0].listen()
        with pytest.raises(errors.Conflict, match="another process listens on port"):
            tcp_sockets("127.0.0.1", made[0].getsockname()[1])
    finally:
        for sock in made:
            sock.close()


def test_clients_wait_while_it_pauses_and_its_file_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    came: list[socket.socket] = []

    async def run() -> None:
        listener = Listener(unix_socket(path, 0o600, ""), name="test", path=path)
        listener.start(asyncio.get_running_loop(), 5, came.append)
        listener.pause()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            await asyncio.sleep(0.02)
            assert not came
            listener.resume()
            while not came:
                await asyncio.sleep(0.001)
        listener.close()
        listener.close()

    asyncio.run(run())
    for sock in came:
        assert not sock.getblocking()
        sock.close()
    assert not path.exists()


def test_a_file_that_is_another_daemons_by_now_stays(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    listener = Listener(unix_socket(path, 0o600, ""), name="test", path=path)
    path.rename(tmp_path / "old")  # keeps the inode from being used again
    with unix_socket(path, 0o600, ""):
        listener.close()
        assert path.exists()
