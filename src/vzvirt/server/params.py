"""Typed parameters in replies, and amounts as they stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vzvirt.model.values import UNLIMITED, Limit
from vzvirt.rpc.protocol.constants import VIR_TYPED_PARAM_STRING_OKAY
from vzvirt.rpc.typedparams import Kind, Value, encode
from vzvirt.rpc.xdr import Encoded
from vzvirt.server.targets import AFFECTS

Param = tuple[str, Value, Kind]

FLAGS: Final = AFFECTS | VIR_TYPED_PARAM_STRING_OKAY
"""Bits that calls for the parameters of a definition take."""

KIB: Final = 1024

NO_LIMIT: Final = 9007199254740991
"""KiB that mean "no limit" (VIR_DOMAIN_MEMORY_PARAM_UNLIMITED)."""


def encoded(params: Sequence[Param]) -> list[Encoded]:
    """Parameters as they stand in a reply."""
    return [encode(*param) for param in params]


def portion(params: Sequence[Param], room: int, flags: int) -> tuple[list[Encoded], int]:
    """As many parameters as a client has room for, and the number of all.

    Clients ask twice: first for the number, with room for none. Those that do not know of
    texts get none.
    """
    texts = flags & VIR_TYPED_PARAM_STRING_OKAY
    known = [param for param in params if texts or param[2] is not Kind.STRING]
    if room <= 0:
        return [], len(known)
    chosen = encoded(known[:room])
    return chosen, len(chosen)


def in_kib(limit: Limit | None) -> int:
    """An amount of bytes in KiB; none stands for no limit."""
    return NO_LIMIT if limit is None or limit is UNLIMITED else min(limit // KIB, NO_LIMIT)


def from_kib(amount: int) -> Limit:
    """An amount in KiB as bytes."""
    return UNLIMITED if amount >= NO_LIMIT else amount * KIB
