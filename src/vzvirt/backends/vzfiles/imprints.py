"""Definitions' files kept in memory, all of them, to know later what has changed: made small."""

from __future__ import annotations


def squeezed(content: bytes) -> bytes:
    """Content in a small space; equal for equal content."""
    import zlib  # nothing but the daemon keeps imprints

    return zlib.compress(content, 1)


def unsqueezed(imprint: object) -> bytes:
    """What ``squeezed`` was given."""
    import zlib

    assert isinstance(imprint, bytes)  # noqa: S101  # given out by ``squeezed``
    return zlib.decompress(imprint)
