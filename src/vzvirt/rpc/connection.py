"""The server's end of a connection: bytes in, messages out, keepalive between.

A connection holds at most one unfinished message.
"""

from __future__ import annotations

import struct
from typing import Final

from vzvirt.rpc.packet import (
    FDS_MAX,
    HEAD,
    KEEPALIVE_PROGRAM,
    LARGEST,
    LENGTH_BYTES,
    SMALLEST,
    VERSION,
    Packet,
    PacketType,
    Status,
)
from vzvirt.rpc.xdr import ProtocolError

PING: Final = 1
PONG: Final = 2
LENGTH: Final = struct.Struct(">I")
WITH_FDS: Final = frozenset({PacketType.CALL_WITH_FDS, PacketType.REPLY_WITH_FDS})


class PeerSilent(ProtocolError):
    """The peer answered none of the pings it was sent."""


class ServerConnection:
    """What a server keeps for a client's byte stream.

    Args:
        largest: Bytes a message of this client may have, its length included.
    """

    __slots__ = (
        "_buffer",
        "_due",
        "_heard",
        "_interval",
        "_largest",
        "_out",
        "_pings",
        "_unanswered",
    )

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._out = bytearray()
        self._heard = False
        self._interval = 0.0
        self._pings = 0
        self._unanswered = 0
        self._due: float | None = None

    def receive(self, data: bytes) -> list[Packet]:
        """The messages that these bytes complete, without those of keepalive.

        Args:
            data: What came, cut anywhere.

        Raises:
            ProtocolError: A length is out of range: nothing after it can be understood.
        """
        self._heard = True
        source: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            source = self._buffer
        packets: list[Packet] = []
        start, size = 0, len(source)
        while size - start >= LENGTH_BYTES:
            (length,) = LENGTH.unpack_from(source, start)
            if not SMALLEST <= length <= self._largest:
                raise ProtocolError(
                    f"a message of {length} bytes, where {SMALLEST} to {self._largest} are allowed"
                )
            if size - start < length:
                break
            used = self._take(source, start, length, packets)
            if used > size:
                break
            start = used
        if source is self._buffer:
            del self._buffer[:start]
        elif start < size:
            self._buffer += data[start:]
        return packets

    def outgoing(self) -> bytes:
        """What is to be sent for keepalive's sake since this was last asked."""
        if not self._out:
            return b""
        out = bytes(self._out)
        self._out.clear()
        return out

    def start_keepalive(self, interval: float, pings: int) -> None:
        """Ping this client from now on; only for one that said it understands that.

        Args:
            interval: Seconds of silence before each ping; 0 or less for none.
            pings: How many may stay unanswered.
        """
        self._interval, self._pings = interval, pings

    def tick(self, now: float) -> float | None:
        """Let time pass; may leave a ping in ``outgoing``.

        Args:
            now: Seconds of a clock that only goes forward.

        Returns:
            When to call again at the latest; ``None``: there are no pings to send.

        Raises:
            PeerSilent: As many pings as are allowed stayed unanswered.
        """
        if self._interval <= 0:
            return None
        if self._heard or self._due is None:
            self._heard, self._unanswered = False, 0
            self._due = now + self._interval
        elif now >= self._due:
            if self._unanswered >= self._pings:
                raise PeerSilent(f"the client left {self._unanswered} pings unanswered")
            self._unanswered += 1
            self._out += _keepalive(PING)
            self._due = now + self._interval
        return self._due

    def _take(
        self, source: bytes | bytearray, start: int, length: int, packets: list[Packet]
    ) -> int:
        """Add the message at a position; where it ends, which may not be there yet."""
        end = start + length
        _, program, version, procedure, kind, serial, status = HEAD.unpack_from(source, start)
        first = start + SMALLEST
        after = end
        if kind in WITH_FDS:
            count = _descriptors(source, first, end)
            first += LENGTH_BYTES
            after += (
                count  # each descriptor comes with a byte of its own, not counted in the length
            )
            if after > len(source):
                return after
        if program == KEEPALIVE_PROGRAM and kind == PacketType.MESSAGE and version == VERSION:
            if procedure == PING:
                self._out += _keepalive(PONG)
            return after
        payload = bytes(source[first:end])
        packets.append(Packet(program, version, procedure, kind, serial, status, payload))
        return after


def _descriptors(source: bytes | bytearray, first: int, end: int) -> int:
    if end - first < LENGTH_BYTES:
        raise ProtocolError("a message with file descriptors does not say how many")
    count: int = LENGTH.unpack_from(source, first)[0]
    if count > FDS_MAX:
        raise ProtocolError(f"{count} file descriptors, where {FDS_MAX} are allowed")
    return count


def _keepalive(procedure: int) -> bytes:
    return Packet(KEEPALIVE_PROGRAM, VERSION, procedure, PacketType.MESSAGE, 0, Status.OK).encode()
