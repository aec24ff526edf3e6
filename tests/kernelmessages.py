"""Messages as the kernel sends them over rtnetlink, made by hand."""

from __future__ import annotations

import struct


def attribute(kind: int, value: bytes) -> bytes:
    padding = -len(value) % 4
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(padding)


def route(
    table: int, kind: int, length: int, *attributes: bytes, family: int = 2, protocol: int = 3
) -> bytes:
    head = struct.pack("=BBBBBBBBI", family, length, 0, 0, table, protocol, 0, kind, 0)
    return head + b"".join(attributes)


def link(change: int, *attributes: bytes) -> bytes:
    return struct.pack("=BxHiII", 0, 1, 7, 1, change) + b"".join(attributes)
