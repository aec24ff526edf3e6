"""Typed parameters: a name, a type and a value of that type.

Statistics of thousands of domains are made of them, so the bytes of name and type are kept and
only values are encoded anew (``encode``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Final

from vzvirt.errors import ArgumentUnsupported, InvalidArgument
from vzvirt.rpc import layout
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.xdr import Encoded, ProtocolError, text

NAME_MAX: Final = 79
"""Characters of a name that clients take."""


class Kind(IntEnum):
    """Types of parameters (VIR_TYPED_PARAM_...)."""

    INT = 1
    UINT = 2
    LLONG = 3
    ULLONG = 4
    DOUBLE = 5
    BOOLEAN = 6
    STRING = 7


PACKERS: Final = {
    Kind.INT: struct.Struct(">i").pack,
    Kind.UINT: struct.Struct(">I").pack,
    Kind.LLONG: struct.Struct(">q").pack,
    Kind.ULLONG: struct.Struct(">Q").pack,
    Kind.DOUBLE: struct.Struct(">d").pack,
    Kind.BOOLEAN: struct.Struct(">i").pack,
}

Value = int | float | str


def typed(name: str, value: Value, kind: Kind) -> remote.TypedParam:
    """The structure of a parameter."""
    return remote.TypedParam(name, remote.TypedParamValue(int(kind), value))


def encode(name: str, value: Value, kind: Kind) -> Encoded:
    """The bytes of a parameter.

    Raises:
        ProtocolError: The value does not fit its type.
    """
    try:
        return Encoded(_head(name, kind) + PACKERS[kind](value))
    except KeyError:
        return Encoded(_head(name, kind) + text(str(value), layout.STRING_MAX))
    except struct.error as problem:
        raise ProtocolError(f"parameter {name}: {value!r} does not fit: {problem}") from None


def values(params: Iterable[remote.TypedParam], known: Mapping[str, Kind]) -> dict[str, Value]:
    """The values of parameters a client sent.

    Args:
        params: What it sent.
        known: The names that mean something here, and the type of each.

    Raises:
        ArgumentUnsupported: A name is not in ``known``.
        InvalidArgument: The type of a value is another than there, or a name comes twice.
    """
    found: dict[str, Value] = {}
    for param in params:
        kind = known.get(param.field)
        if kind is None:
            raise ArgumentUnsupported(f"parameter '{param.field}' not supported")
        if param.value.type != kind:
            raise InvalidArgument(f"parameter '{param.field}' must be of type {kind.name.lower()}")
        if param.field in found:
            raise InvalidArgument(f"parameter '{param.field}' is given twice")
        found[param.field] = param.value.value
    return found


@lru_cache(maxsize=4096)
def _head(name: str, kind: Kind) -> bytes:
    if len(name) > NAME_MAX:
        raise ProtocolError(f"parameter {name} has a name longer than {NAME_MAX}")
    return text(name, NAME_MAX) + struct.pack(">i", kind)
