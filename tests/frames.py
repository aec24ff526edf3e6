"""Bytes as no client should send them: noise, cut and overlong messages, hostile counts."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from vzvirt.rpc import faults, packet
from vzvirt.rpc.packet import Packet
from vzvirt.rpc.protocol.procedures import PROCEDURES
from vzvirt.rpc.xdr import ProtocolError

PROGRAMS = (
    packet.REMOTE_PROGRAM,
    packet.QEMU_PROGRAM,
    packet.LXC_PROGRAM,
    packet.KEEPALIVE_PROGRAM,
)
WORDS = (0, 1, 2, 4, 16, 27, 28, 33, 2**14, 2**22, 2**25, 2**31 - 1, 2**31, 2**32 - 1)
LONGEST_NOISE = 300


def hostile_frames(seed: int, count: int) -> Iterator[bytes]:
    """So many frames, the same ones for a seed."""
    chance = random.Random(seed)  # noqa: S311  # the same frames every time
    kinds = (_noise, _length, _cut, _header, _counts, _payload)
    for number in range(count):
        yield kinds[number % len(kinds)](chance)


def judged(message: Packet) -> bool:
    """What a server does with a message, up to its handler."""
    if faults.misdirected(message) is not None or message.procedure not in PROCEDURES:
        return True
    args = PROCEDURES[message.procedure].args
    try:
        return args is None or bool(args.decode(message.payload))
    except ProtocolError:
        return True


def _word(chance: random.Random) -> int:
    return chance.choice(WORDS) if chance.random() < 0.7 else chance.getrandbits(32)


def _noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(LONGEST_NOISE))


def _length(chance: random.Random) -> bytes:
    """A length that is not that of what follows."""
    return struct.pack(">I", _word(chance)) + _call(chance, chance.randbytes(8))[4:]


def _cut(chance: random.Random) -> bytes:
    whole = _call(chance, chance.randbytes(chance.randrange(64)))
    return whole[: chance.randrange(len(whole))]


def _header(chance: random.Random) -> bytes:
    """Words in the header that mean nothing."""
    program = chance.choice(PROGRAMS) if chance.random() < 0.8 else chance.getrandbits(32)
    words = [_word(chance) for _ in range(5)]
    words[1] &= 0x7FFFFFFF
    return Packet(program, *words, chance.randbytes(4 * chance.randrange(4))).encode()


def _counts(chance: random.Random) -> bytes:
    """A call whose arguments are counts, lengths and flags only."""
    words = [_word(chance) for _ in range(chance.randrange(1, 12))]
    return _call(chance, struct.pack(f">{len(words)}I", *words))


def _payload(chance: random.Random) -> bytes:
    return _call(chance, chance.randbytes(chance.randrange(LONGEST_NOISE)))


def _call(chance: random.Random, payload: bytes) -> bytes:
    kind = chance.choice([packet.PacketType.CALL] * 6 + list(packet.PacketType))
    procedure = chance.randrange(450)
    return Packet(packet.REMOTE_PROGRAM, 1, procedure, kind, 0, 0, payload).encode()
