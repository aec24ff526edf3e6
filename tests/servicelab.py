"""A loop in a thread, with sessions on it, and a client that speaks the wire by hand."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import pytest

from vzvirt.rpc.packet import REMOTE_PROGRAM, VERSION, Packet, PacketType, Status
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.procedures import PROCEDURES
from vzvirt.server import dispatch, handlers
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Handler, Where
from vzvirt.server.peer import Peer
from vzvirt.server.service import Service
from vzvirt.server.session import Session
from vzvirt.server.settings import ServerSettings
from vzvirt.system.root import Root

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds for what takes a moment, on a machine that is busy."""

NUMBERS = {procedure.name: procedure.number for procedure in PROCEDURES.values()}


class Client:
    """The other end of a session. Everything waits; nothing is clever."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self.serial = 0
        self._data = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_what: object) -> None:
        self.sock.close()

    def send(
        self,
        procedure: str | int,
        payload: bytes = b"",
        *,
        kind: int = PacketType.CALL,
        status: int = Status.OK,
        serial: int | None = None,
        program: int = REMOTE_PROGRAM,
        version: int = VERSION,
    ) -> int:
        """Send a message; its serial."""
        if serial is None:
            self.serial += 1
            serial = self.serial
        number = NUMBERS[procedure] if isinstance(procedure, str) else procedure
        packet = Packet(program, version, number, kind, serial, status, payload)
        self.sock.sendall(packet.encode())
        return serial

    def receive(self) -> Packet:
        """The next message."""
        length = int.from_bytes(self._exactly(4), "big")
        data = self._exactly(length - 4)
        words = [int.from_bytes(data[at : at + 4], "big") for at in range(0, 24, 4)]
        return Packet(*words, data[24:])

    def call(self, procedure: str | int, payload: bytes = b"", **more: Any) -> Packet:
        """Call, and wait for the reply."""
        serial = self.send(procedure, payload, **more)
        reply = self.receive()
        assert reply.serial == serial
        return reply

    def open(self) -> None:
        """What every client does first."""
        args = remote.ConnectOpenArgs("openvz:///system", 0)
        assert self.call("connect_open", args.encode()).status == Status.OK

    def error(self, procedure: str | int, payload: bytes = b"", **more: Any) -> remote.Error:
        """Call what must be refused."""
        reply = self.call(procedure, payload, **more)
        assert reply.status == Status.ERROR
        return remote.Error.decode(reply.payload)

    @property
    def is_over(self) -> bool:
        """Whether the server hangs up, after what it said before."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def _exactly(self, size: int) -> bytes:
        while len(self._data) < size:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self._data += more
        wanted, self._data = self._data[:size], self._data[size:]
        return wanted


class Lab:
    """A service on a loop of its own."""

    def __init__(self, root: Path, settings: ServerSettings, manager: Any = None) -> None:
        handlers.load()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.gone: list[Session] = []
        self.clients: list[Client] = []
        self.service = self.on_loop(
            lambda: Service(
                manager=manager,
                snapshot=cast("Any", None),
                broker=cast("Any", None),
                settings=settings,
                root=Root(root),
            )
        )

    def on_loop(self, function: Callable[[], T]) -> T:
        """Call a function on the loop."""

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE)

    def connect(self, *, read_only: bool = False) -> tuple[Client, Session]:
        """A client and its session."""
        here, there = socket.socketpair()
        there.setblocking(False)

        async def make() -> Session:
            session = Session(
                self.service,
                Peer(pid=1, uid=2, gid=3),
                read_only=read_only,
                encrypted=False,
                admit=lambda _session, _transport: True,
                when_gone=self.gone.append,
            )
            await self.loop.connect_accepted_socket(lambda: session, there)
            return session

        session = asyncio.run_coroutine_threadsafe(make(), self.loop).result(PATIENCE)
        client = Client(here)
        self.clients.append(client)
        return client, session

    def close(self) -> None:
        """Let go of everything; may be repeated."""
        if self.loop.is_closed():
            return
        for client in self.clients:
            client.sock.close()

        async def rest() -> None:
            for _ in range(1000):
                if len(self.gone) == len(self.clients):
                    break
                await asyncio.sleep(0.005)

        asyncio.run_coroutine_threadsafe(rest(), self.loop).result(PATIENCE)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)
        self.loop.close()


def answer_with(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    run: Callable[[Call, Any], Any],
    *,
    where: Where = Where.LOOP,
) -> None:
    """Have a procedure answered by another handler, also before ``connect_open``."""
    handlers.load()
    procedure = PROCEDURES[NUMBERS[name]]
    made = Handler(procedure, procedure.args, run, None, where, unopened=True)
    table = {**dispatch.table(), procedure.number: made}
    monkeypatch.setattr(dispatch, "table", lambda: table)
