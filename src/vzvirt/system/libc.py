"""Calls of the C library that Python does not offer.

State: the library's handle, opened at the first call, since ``ctypes`` costs 10 ms that most
commands need not spend.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes


@functools.cache
def _library() -> ctypes.CDLL:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def libc(function: str, *arguments: int | bytes | None) -> tuple[int, int]:
    """Call a function that returns a ``long`` or ``int`` and sets ``errno``.

    Args:
        function: Its name.
        arguments: Integers (passed as ``long``), byte strings, or ``None`` for a null pointer.

    Returns:
        What it returned, and ``errno``.
    """
    import ctypes

    call = getattr(_library(), function)
    words = [
        ctypes.c_long(argument) if isinstance(argument, int) else ctypes.c_char_p(argument)
        for argument in arguments
    ]
    ctypes.set_errno(0)
    result: int = call(*words)
    return result, ctypes.get_errno()
