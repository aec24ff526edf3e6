from __future__ import annotations

import os
import socket

from vzvirt.server.peer import Peer, local_peer, remote_peer


def test_the_kernel_knows_who_is_there() -> None:
    here, there = socket.socketpair()
    with here, there:
        found = local_peer(here)
    assert found == Peer(pid=os.getpid(), uid=os.getuid(), gid=os.getgid())
    assert found.is_local
    assert str(found) == f"process {os.getpid()} of user {os.getuid()}"


def test_somebody_on_another_host_has_an_address_and_a_name() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        accepted, _ = server.accept()
        with accepted:
            found = remote_peer(accepted, "CN=admin")
        assert found.address == f"127.0.0.1:{client.getsockname()[1]}"
    assert not found.is_local
    assert str(found).endswith(" (CN=admin)")
    assert str(Peer(address="[::1]:7")) == "[::1]:7"


def test_somebody_who_left_already() -> None:
    with socket.socket() as never:
        assert remote_peer(never).address == "somebody who left"
