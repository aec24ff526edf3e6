"""Calls as clients make them, without a wire: bytes in, bytes out, in this thread."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from vzvirt.model.values import Ctid
from vzvirt.rpc.protocol.procedures import BY_NAME
from vzvirt.rpc.xdr import Struct
from vzvirt.server import dispatch, handlers
from vzvirt.server.call import Call
from vzvirt.server.recent import Recent
from vzvirt.server.snapshot import Snapshot
from vzvirt.server.stream import Pipe, StreamAborted
from worlds import World


class Upload:
    """A client's end of a stream: what it sends, what it got, and how it ended."""

    def __init__(self, sent: list[bytes], *, gives_up: bool = False) -> None:
        self._sent, self._gives_up = [*sent], gives_up
        self.got = b""

    def read(self) -> bytes:
        if self._sent:
            return self._sent.pop(0)
        if self._gives_up:
            raise StreamAborted("the client gave up on the stream")
        return b""

    def write(self, data: bytes) -> None:
        self.got += data


class Client:
    """A client of a simulated installation."""

    def __init__(self, world: World, *, read_only: bool = False) -> None:
        self.world = world
        self.told: list[object] = []
        self.pipe = Upload([])
        self._at_close: list[Callable[[], None]] = []
        self._session = SimpleNamespace(
            read_only=read_only, open_stream=self._open_stream, on_close=self._at_close.append
        )
        self.snapshot = Snapshot(world.manager.looks, self.told.extend)
        self.snapshot.load()
        self._daemon = SimpleNamespace(
            manager=world.manager,
            on_loop=lambda function: function(),
            look_at_networks=lambda: None,
            in_worker=lambda function: function(),
            broker=SimpleNamespace(publish=self.told.extend),
            snapshot=self.snapshot,
            usages=Recent(10),
        )

    def refresh(self, ctid: int) -> None:
        """Notice what others did to a container."""
        self.snapshot.refresh(Ctid(ctid))

    def leave(self) -> None:
        """End the connection."""
        for function in self._at_close:
            function()

    def _open_stream(self, _procedure: int, _serial: int) -> Any:
        def serve(function: Callable[[Pipe], None]) -> None:
            function(cast("Pipe", self.pipe))

        return SimpleNamespace(serve=serve)

    def call(self, name: str, *arguments: object) -> Any:
        """Call a procedure; its result, or ``None`` where it has none."""
        handlers.load()
        procedure = BY_NAME[name]
        handler = dispatch.table()[procedure.number]
        call = Call(
            cast("Any", self._daemon),
            cast("Any", self._session),
            procedure.number,
            7,
            procedure.function,
        )
        payload = procedure.args(*arguments).encode() if procedure.args else b""
        reply = dispatch.answer(handler, call, payload)
        result: type[Struct] | None = procedure.ret
        return result.decode(reply) if result is not None else None
