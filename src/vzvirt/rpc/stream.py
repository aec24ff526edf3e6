"""The server's side of one stream: what may be said when.

A stream is opened by an ordinary call and carries bytes both ways under that call's numbers. A
client takes an ``ok`` that it does not wait for as a violation and hangs up, so the order is
kept here:

- the client's data, then its finish or abort, which the server confirms once (``confirm``);
- the server's data, then its end (``end``), after which the client finishes;
- or the server's error (``fail``), after which nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from vzvirt.rpc.packet import Packet, PacketType, Status
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.xdr import ProtocolError

CHUNK_MAX: Final = 262120
"""Bytes of data in one message that every client takes."""


class Incoming(Enum):
    """What a client's message on a stream means."""

    DATA = "data"
    HOLE = "hole"
    FINISH = "finish"
    ABORT = "abort"
    IGNORED = "ignored"


class StreamMessage(NamedTuple):
    """A message of the client on a stream.

    Attributes:
        what: What it means.
        data: Its bytes; empty unless it is data.
        length: Bytes of zeros it stands for; 0 unless it is a hole.
    """

    what: Incoming
    data: bytes = b""
    length: int = 0


class ServerStream:
    """A stream between its opening and its end.

    Attributes:
        sparse: Whether the call that opened it asked for holes.
    """

    __slots__ = ("_call", "_ended", "_finishing", "_over", "sparse")

    def __init__(self, call: Packet, *, sparse: bool = False) -> None:
        self._call = call
        self.sparse = sparse
        self._ended = False
        self._finishing = False
        self._over = False

    @property
    def over(self) -> bool:
        """Whether nothing may be sent on it any more."""
        return self._over

    def receive(self, packet: Packet) -> StreamMessage:
        """What a message of the client on this stream means.

        After FINISH and ABORT, ``confirm`` or ``fail`` is due. What comes for a stream that is
        over is IGNORED: the client may not know yet.

        Raises:
            ProtocolError: Its status or its hole makes no sense.
        """
        if self._over or self._finishing:
            return StreamMessage(Incoming.IGNORED)
        if packet.type == PacketType.STREAM_HOLE:
            return self._hole(packet)
        if packet.status == Status.CONTINUE:
            return StreamMessage(Incoming.DATA, packet.payload)
        if packet.status == Status.OK:
            self._finishing = True
            return StreamMessage(Incoming.FINISH)
        if packet.status == Status.ERROR:
            self._finishing = True
            return StreamMessage(Incoming.ABORT)
        raise ProtocolError(f"a stream's message has the status {packet.status}")

    def data(self, data: bytes) -> Iterator[bytes]:
        """Messages with these bytes; none for none, as an empty one would end the stream."""
        if self._over or self._ended:
            return
        for start in range(0, len(data), CHUNK_MAX):
            yield self._message(Status.CONTINUE, data[start : start + CHUNK_MAX])

    def hole(self, length: int) -> bytes:
        """The message that stands for so many zeros; only on a sparse stream."""
        payload = remote.StreamHole(length, 0).encode()
        return self._message(Status.CONTINUE, payload, PacketType.STREAM_HOLE)

    def end(self) -> bytes:
        """The message that says that no data follows; empty if it was said before."""
        if self._over or self._ended:
            return b""
        self._ended = True
        return self._message(Status.CONTINUE)

    def confirm(self) -> bytes:
        """The message that answers FINISH or ABORT; empty if none is due."""
        if self._over or not self._finishing:
            return b""
        self._over = True
        return self._message(Status.OK)

    def fail(self, error: bytes) -> bytes:
        """The message that ends the stream with an error; empty if it is over.

        Args:
            error: The payload, see ``faults``.
        """
        if self._over:
            return b""
        self._over = True
        return self._message(Status.ERROR, error)

    def _hole(self, packet: Packet) -> StreamMessage:
        if not self.sparse:
            raise ProtocolError("a hole on a stream that was not opened for holes")
        hole = remote.StreamHole.decode(packet.payload)
        if hole.length < 0 or hole.flags:
            raise ProtocolError(f"a hole of {hole.length} bytes with flags {hole.flags:#x}")
        return StreamMessage(Incoming.HOLE, length=hole.length)

    def _message(
        self, status: Status, payload: bytes = b"", kind: PacketType = PacketType.STREAM
    ) -> bytes:
        program, version, procedure, _, serial, _, _ = self._call
        return Packet(program, version, procedure, kind, serial, status, payload).encode()
