"""A few lines of ours in files that belong to the guest.

No state. Our lines stand at the top, between two markers; lines of the guest's that would
contradict them are set aside where they stand, behind a mark. Promised: taking our lines out
again gives back the file that was there, byte for byte, whatever it held but our own marks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Final

SIGN: Final = "# Written by vzvirt"
"""How files begin that are ours as a whole."""

_BEGIN: Final = b"# vzvirt: begin; set from outside, changes to these lines are lost\n"
_END: Final = b"# vzvirt: end\n"
_ASIDE: Final = b"#vzvirt: set aside# "

Contradicts = Callable[[bytes], bool]
"""Tells of a line of the guest's, without its end, whether ours contradict it."""


def nothing(_line: bytes) -> bool:
    """No line contradicts ours."""
    return False


def first_word(*words: str) -> Contradicts:
    """Lines that begin with one of these words."""
    known = {word.encode() for word in words}
    return lambda line: not known.isdisjoint(line.split(None, 1)[:1])


def assignment(*names: str) -> Contradicts:
    """Lines that give one of these shell variables a value."""
    known = {name.encode() for name in names}
    return lambda line: b"=" in line and line.partition(b"=")[0].strip() in known


def with_block(data: bytes, lines: Iterable[str], contradicts: Contradicts = nothing) -> bytes:
    """A file's content with these lines of ours, instead of those it may have had.

    Args:
        data: The content as it is.
        lines: Our lines, without their ends; none: ours are taken out.
        contradicts: Which lines of the guest's are set aside.
    """
    rest = without_block(data)
    ours = [line.encode() + b"\n" for line in lines]
    if not ours:
        return rest
    kept = (_ASIDE + line if contradicts(line.strip()) else line for line in rest.splitlines(True))
    return b"".join(itertools.chain([_BEGIN], ours, [_END], kept))


def without_block(data: bytes) -> bytes:
    """A file's content as the guest wrote it."""
    lines = data.splitlines(keepends=True)
    kept: list[bytes] = []
    at = 0
    while at < len(lines):
        if lines[at] == _BEGIN:
            at = _behind_block(lines, at)
            continue
        kept.append(lines[at].removeprefix(_ASIDE))
        at += 1
    return b"".join(kept)


def _behind_block(lines: list[bytes], begin: int) -> int:
    """Where the guest's lines go on; a block whose end was lost is its first line only."""
    for at in range(begin + 1, len(lines)):
        if lines[at] == _BEGIN:
            break
        if lines[at] == _END:
            return at + 1
    return begin + 1


def owned(lines: Iterable[str]) -> bytes:
    """The content of a file that is ours as a whole."""
    return "\n".join([f"{SIGN}; changes are lost when the container starts.", *lines, ""]).encode()


def is_owned(data: bytes | None) -> bool:
    """Whether a file is ours as a whole."""
    return data is not None and data.startswith(SIGN.encode())
