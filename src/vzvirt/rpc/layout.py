"""The notation in which the generated tables give the layout of a structure.

A structure is a line of ``name:type`` pairs::

    name:string uuid:uuid id:int
    domains:NonnullDomain<16384> ret:uint
    nsuri:?string

==============  ============================================================
``int`` ...     a number (see ``NUMBERS``); ``char`` and shorter ones fill a word
``string``      text of at most 4 MiB
``opaque<N>``   at most N bytes
``char<N>``     at most N bytes, each a word of its own; ``char[N]``: exactly N
``uuid``        16 bytes
``Name``        another structure
``?type``       a value or ``None``
``type<N>``     at most N values
==============  ============================================================
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

STRING_MAX: Final = 4 * 1024 * 1024
"""Bytes a string can have (libvirt's REMOTE_STRING_MAX)."""

UUID_BYTES: Final = 16

NUMBERS: Final = {
    "int": "i",
    "uint": "I",
    "hyper": "q",
    "uhyper": "Q",
    "double": "d",
    "char": "i",
    "uchar": "xxxB",
    "ushort": "xxH",
}
"""Numbers, and how the struct module packs each into whole words."""

PAIR: Final = re.compile(r"(\w+):(\?)?(\w+)(?:<(\d+)>|\[(\d+)\])?")


class Field(NamedTuple):
    """One field of a structure.

    Attributes:
        name: The attribute's name, which is the protocol's.
        kind: What it holds, a word of the notation or the name of a structure.
        optional: Whether it may be ``None``.
        bound: The most elements (or bytes) it may have, if it has a count.
        size: The number of elements, if that is fixed.
    """

    name: str
    kind: str
    optional: bool = False
    bound: int | None = None
    size: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is one number."""
        return self.kind in NUMBERS and self.bound is None and self.size is None


def parse(text: str) -> tuple[Field, ...]:
    """The fields a line of the notation declares."""
    return tuple(_field(pair) for pair in text.split())


def _field(pair: str) -> Field:
    match = PAIR.fullmatch(pair)
    if match is None:
        raise ValueError(f"{pair!r} is no field")
    name, optional, kind, bound, size = match.groups()
    return Field(
        name,
        kind,
        optional is not None,
        int(bound) if bound else None,
        int(size) if size else None,
    )
