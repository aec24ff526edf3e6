"""Messages as they stand on the wire: a length, a header of six words, a payload."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

REMOTE_PROGRAM: Final = 0x20008086
QEMU_PROGRAM: Final = 0x20008087
LXC_PROGRAM: Final = 0x00068000
KEEPALIVE_PROGRAM: Final = 0x6B656570
VERSION: Final = 1
"""The version of all of these programs' protocols, keepalive's too."""

LENGTH_BYTES: Final = 4
HEADER_BYTES: Final = 24
SMALLEST: Final = LENGTH_BYTES + HEADER_BYTES
"""Bytes of a message without a payload."""
LARGEST: Final = 32 * 1024 * 1024 + LENGTH_BYTES
"""Bytes no message exceeds, its length included."""
PAYLOAD_MAX: Final = LARGEST - SMALLEST
"""Bytes of the largest payload."""
FDS_MAX: Final = 32
"""File descriptors that may come with one message."""

EVENT_SERIAL: Final = 1
"""The serial number that real servers give events; clients do not look at it."""

HEAD: Final = struct.Struct(">IIIiIII")
"""The length and the header."""


class PacketType(IntEnum):
    """What a message is."""

    CALL = 0
    REPLY = 1
    MESSAGE = 2
    STREAM = 3
    CALL_WITH_FDS = 4
    REPLY_WITH_FDS = 5
    STREAM_HOLE = 6


class Status(IntEnum):
    """How a call ended, or whether more of a stream follows."""

    OK = 0
    ERROR = 1
    CONTINUE = 2


_REPLY: Final = PacketType.REPLY.value  # plain numbers: every reply needs them
_OK: Final = Status.OK.value

STREAM_TYPES: Final = frozenset({PacketType.STREAM, PacketType.STREAM_HOLE})
"""The messages that follow the call which opened a stream."""


class Packet(NamedTuple):
    """A message.

    Attributes:
        program: The number of the protocol it belongs to.
        version: That protocol's version.
        procedure: The number of the procedure.
        type: What it is; a number outside ``PacketType`` if the peer sent one.
        serial: The call's number, repeated in its reply and in its stream.
        status: ``Status``, or another number if the peer sent one.
        payload: What follows the header; of a call with file descriptors what follows their count.
    """

    program: int
    version: int
    procedure: int
    type: int
    serial: int
    status: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """The bytes on the wire."""
        program, version, procedure, kind, serial, status, payload = self
        length = SMALLEST + len(payload)
        return HEAD.pack(length, program, version, procedure, kind, serial, status) + payload

    def reply(self, payload: bytes = b"") -> bytes:
        """The bytes of the message that answers this call."""
        program, version, procedure, _, serial, _, _ = self
        length = SMALLEST + len(payload)
        return HEAD.pack(length, program, version, procedure, _REPLY, serial, _OK) + payload

    def refusal(self, error: bytes) -> bytes:
        """The bytes of the message that says this call failed.

        Args:
            error: The payload, see ``faults``.
        """
        program, version, procedure, kind, serial, _, _ = self
        answer = PacketType.STREAM if kind in STREAM_TYPES else PacketType.REPLY
        return Packet(program, version, procedure, answer, serial, Status.ERROR, error).encode()


def event(procedure: int, payload: bytes) -> bytes:
    """The bytes of an event of the remote protocol."""
    return Packet(
        REMOTE_PROGRAM,
        VERSION,
        procedure,
        PacketType.MESSAGE,
        EVENT_SERIAL,
        Status.OK,
        payload,
    ).encode()
