"""Values of any structure of the protocol, out of a generator of random numbers."""

from __future__ import annotations

import random
import string
import struct
from typing import Any

from vzvirt.rpc import layout
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.xdr import Struct, Union

LETTERS = string.ascii_letters + "äß☃\U0001f427\n\x7f"
LIMITS = {
    "int": (-(2**31), 2**31 - 1),
    "uint": (0, 2**32 - 1),
    "hyper": (-(2**63), 2**63 - 1),
    "uhyper": (0, 2**64 - 1),
    "char": (-128, 127),
    "uchar": (0, 2**8 - 1),
    "ushort": (0, 2**16 - 1),
}

ALL: list[type[Struct]] = [getattr(remote, name) for name in (*remote.STRUCTS, *remote.UNIONS)]


def some(cls: type[Struct], chance: random.Random) -> Struct:
    """A value of a structure."""
    if issubclass(cls, Union):
        kind, arm = chance.choice(list(cls.ARMS.items()))
        return cls(kind, _single(arm, chance))
    return cls(*[_field(field, chance) for field in cls.FIELDS])


def _field(field: layout.Field, chance: random.Random) -> Any:
    if field.optional and chance.random() < 0.3:
        return None
    if field.size is not None:
        return chance.randbytes(field.size)
    if field.bound is None:
        return _single(field.kind, chance)
    count = chance.randrange(min(field.bound, 5) + 1)
    if field.kind in {"char", "opaque"}:
        return chance.randbytes(count)
    return [_single(field.kind, chance) for _ in range(count)]


def _single(kind: str, chance: random.Random) -> Any:
    if kind == "string":
        return "".join(chance.choices(LETTERS, k=chance.randrange(6)))
    if kind == "uuid":
        return chance.randbytes(layout.UUID_BYTES)
    if kind == "double":
        return struct.unpack(">d", struct.pack(">d", chance.uniform(-1e9, 1e9)))[0]
    if kind in LIMITS:
        low, high = LIMITS[kind]
        return chance.choice([low, high, 0, 1, chance.randint(low, high)])
    return some(getattr(remote, kind), chance)
