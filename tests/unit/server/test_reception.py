"""Who is let in, and how many."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from vzvirt import errors
from vzvirt.server import handlers, sockets
from vzvirt.server.reception import Reception
from vzvirt.server.service import Service
from vzvirt.server.settings import ServerSettings
from vzvirt.system.root import Root

AUTH_LIST = bytes.fromhex("0000001c 20008086 00000001 00000042 00000000 00000001 00000000")

Act = Callable[["House"], Awaitable[None]]


class House:
    """A reception, and clients that knock."""

    def __init__(self, root: Path, settings: ServerSettings) -> None:
        handlers.load()
        self.path = root / "run/vzvirt/vzvirt-sock"
        self.service = Service(
            manager=cast("Any", None),
            snapshot=cast("Any", None),
            broker=cast("Any", None),
            settings=settings,
            root=Root(root),
        )
        self.reception = Reception(self.service, sockets.open_all(settings, Root(root), []))
        self.reception.open()
        self.clients: list[socket.socket] = []

    async def knock(self) -> socket.socket:
        """A client that asks how to log in."""
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        self.clients.append(sock)
        await self.service.loop.sock_connect(sock, str(self.path))
        await self.service.loop.sock_sendall(sock, AUTH_LIST)
        return sock

    async def hear(self, sock: socket.socket, seconds: float = 10) -> bytes:
        """What a client is told."""
        return await asyncio.wait_for(self.service.loop.sock_recv(sock, 1000), seconds)

    async def is_let_in(self, sock: socket.socket) -> bool:
        """Whether a client is told anything soon."""
        try:
            return bool(await self.hear(sock, 0.05))
        except TimeoutError:
            return False


def visit(root: Path, act: Act, **settings: Any) -> None:
    """Do something with a reception."""

    async def run() -> None:
        house = House(root, ServerSettings(**settings))
        try:
            await act(house)
        finally:
            await house.reception.close()
            await house.reception.let_go()
            for sock in house.clients:
                sock.close()

    asyncio.run(run())


def test_who_comes_when_it_is_full_waits_until_somebody_leaves(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        first, second, third = [await house.knock() for _ in range(3)]
        assert await house.hear(first)
        assert await house.hear(second)
        assert not await house.is_let_in(third)
        first.close()
        assert await house.hear(third)

    visit(tmp_path, act, max_clients=2)


def test_as_many_as_there_is_room_for_come_at_once(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        clients = [await house.knock() for _ in range(50)]
        assert all([await house.hear(client) for client in clients])

    visit(tmp_path, act, max_clients=50)


def test_more_room_is_used_at_once(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        first, second = await house.knock(), await house.knock()
        assert await house.hear(first)
        assert not await house.is_let_in(second)
        house.service.settings = ServerSettings(max_clients=2)
        house.reception.use(None)
        assert await house.hear(second)

    visit(tmp_path, act, max_clients=1)


def test_nobody_is_heard_after_the_end(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        client = await house.knock()
        assert await house.hear(client)
        await house.reception.close()
        await house.service.loop.sock_sendall(client, AUTH_LIST)
        assert not await house.is_let_in(client)
        with pytest.raises(OSError, match="No such file"):
            await house.knock()
        await house.reception.let_go()
        with contextlib.suppress(ConnectionResetError):  # what it said was not read
            assert await house.hear(client) == b""

    visit(tmp_path, act)


def test_tls_without_its_files_does_not_begin(tmp_path: Path) -> None:
    settings = ServerSettings(listen_tls=True, listen_addr="127.0.0.1", tls_port=0)
    listeners = sockets.open_all(settings, Root(tmp_path), [])

    async def act() -> None:
        nothing = cast("Any", None)
        service = Service(
            manager=nothing,
            snapshot=nothing,
            broker=nothing,
            settings=settings,
            root=Root(tmp_path),
        )
        with pytest.raises(errors.ConfigUnsupported, match="TLS needs"):
            Reception(service, listeners)

    try:
        asyncio.run(act())
    finally:
        for listener in listeners:
            listener.close()
