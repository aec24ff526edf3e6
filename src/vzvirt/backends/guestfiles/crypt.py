"""Hashing a password the way every Linux login understands.

State: the handle of the C library's ``libcrypt``. It hashes in this process: the password
never stands in an argument vector, a file or a pipe. Python's own ``crypt`` module did the same
and is gone since 3.13.
"""

from __future__ import annotations

import ctypes
import functools
import secrets
import string
from typing import Final

from vzvirt import errors

_METHOD: Final = "$6$"
"""SHA-512: the strongest that old guests and busybox know as well."""

_SALT: Final = string.ascii_letters + string.digits + "./"
_NAMES: Final = ("libcrypt.so.1", "libcrypt.so.2")


@functools.cache
def _library() -> ctypes.CDLL:
    for name in _NAMES:
        try:
            library = ctypes.CDLL(name, use_errno=True)
        except OSError:
            continue
        library.crypt.restype = ctypes.c_char_p
        library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        return library
    raise errors.NoSupport("this host has no libcrypt", hint="apt install libcrypt1")


def hashed(password: str) -> str:
    """Hash a password with a fresh salt.

    Raises:
        NoSupport: The host's library cannot do it.
    """
    salt = _METHOD + "".join(secrets.choice(_SALT) for _ in range(16))
    code: bytes | None = _library().crypt(password.encode(), salt.encode())
    if not code or not code.startswith(_METHOD.encode()):
        raise errors.NoSupport("this host's libcrypt does not know SHA-512")
    return code.decode()
