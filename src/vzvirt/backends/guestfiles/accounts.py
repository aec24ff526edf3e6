"""A guest's accounts: passwords and the SSH keys that may log in.

No state. The files of passwd(5) and shadow(5) are changed line by line; lines we do not
understand stay as they are.
"""

from __future__ import annotations

import base64
import binascii
import re
import stat
import struct
import time
from dataclasses import dataclass
from typing import Final

from vzvirt import errors
from vzvirt.backends.guestfiles.crypt import hashed
from vzvirt.model.values import IdMap
from vzvirt.system.safepath import GuestRoot

ACCOUNTS: Final = "/etc/passwd"
SHADOW: Final = "/etc/shadow"

_ELSEWHERE: Final = "x"
"""In passwd's second field: the hash is in shadow."""

_KEY: Final = re.compile(r"([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})( [^\n\r\0]*)?", re.ASCII)
_KEY_TYPES: Final = re.compile(r"(sk-)?(ssh|ecdsa)-[a-z0-9-]+(@openssh\.com)?", re.ASCII)
_DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class _Account:
    uid: int
    gid: int
    home: str


def set_password(
    guest: GuestRoot, owners: IdMap, user: str, password: str, *, is_hash: bool = False
) -> None:
    """Set a user's password.

    Args:
        guest: The guest's files.
        owners: How their owners are shifted.
        user: Whose it is.
        password: The password, or with ``is_hash`` what ``crypt(5)`` makes of one.
        is_hash: Whether it is to be stored as it is.

    Raises:
        InvalidArgument: There is no such user, or no system could take the password.
    """
    if not password or any(char in password for char in ":\n\r\0"):
        raise errors.InvalidArgument(
            "a password must not be empty and must not hold a colon or a line break"
        )
    _account(guest, user)
    code = (password if is_hash else hashed(password)).encode()
    shadow = guest.read_bytes(SHADOW)
    if shadow is None:
        _replace(guest, owners, ACCOUNTS, _with_field(_text(guest, ACCOUNTS), user, code))
        return
    today = str(int(time.time()) // _DAY).encode()
    fresh = b":".join([user.encode(), code, today, b"0", b"99999", b"7", b"", b"", b""])
    _replace(guest, owners, SHADOW, _with_field(shadow, user, code, today, missing=fresh))
    passwd = _text(guest, ACCOUNTS)
    changed = _with_field(passwd, user, _ELSEWHERE.encode())
    if changed != passwd:
        _replace(guest, owners, ACCOUNTS, changed)


def add_ssh_key(guest: GuestRoot, owners: IdMap, user: str, key: str) -> None:
    """Let public keys (one a line) log in as a user.

    Raises:
        InvalidArgument: There is no such user, or one is not a public key.
    """
    keys = _public_keys(key)
    account = _account(guest, user)
    owner = owners.outside(account.uid, account.gid)
    home = account.home.rstrip("/")
    if not guest.is_folder(home or "/"):
        raise errors.InvalidArgument(f"user '{user}' has no home folder '{account.home}'")
    folder, file = f"{home}/.ssh", f"{home}/.ssh/authorized_keys"
    if not guest.is_folder(folder):
        guest.mkdir(folder, 0o700)
        guest.chown(folder, *owner)
    there = guest.read_bytes(file) or b""
    known = there.splitlines()
    fresh = [line for line in keys if line not in known]
    if fresh:
        if there and not there.endswith(b"\n"):
            there += b"\n"
        guest.write_atomic(file, there + b"".join(line + b"\n" for line in fresh), 0o600, owner)


def _public_keys(text: str) -> list[bytes]:
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    for line in keys:
        _check_key(line)
    if not keys:
        raise errors.InvalidArgument("there is no SSH key in what was given")
    return [key.encode() for key in keys]


def _check_key(line: str) -> None:
    hint = "give the file whose name ends in .pub"
    match = _KEY.fullmatch(line)
    if not match or not _KEY_TYPES.fullmatch(match[1]):
        secret = " but a private one" if "PRIVATE KEY" in line else ""
        raise errors.InvalidArgument(f"'{line[:30]}...' is not a public key{secret}", hint=hint)
    try:
        blob = base64.b64decode(match[2], validate=True)
        (length,) = struct.unpack_from(">I", blob)
    except (binascii.Error, struct.error):
        blob, length = b"", 0
    # A key says its type twice; a line that was cut or pasted together does not.
    if blob[4 : 4 + length] != match[1].encode():
        raise errors.InvalidArgument(f"the public key '{line[:30]}...' is damaged", hint=hint)


def _account(guest: GuestRoot, user: str) -> _Account:
    for line in _text(guest, ACCOUNTS).decode("utf-8", "surrogateescape").splitlines():
        fields = line.split(":")
        if len(fields) >= 7 and fields[0] == user:
            if not (fields[2].isdecimal() and fields[3].isdecimal()):
                break
            return _Account(int(fields[2]), int(fields[3]), fields[5] or "/")
    raise errors.InvalidArgument(f"there is no user '{user}' in the container")


def _text(guest: GuestRoot, path: str) -> bytes:
    return guest.read_bytes(path) or b""


def _with_field(
    data: bytes,
    user: str,
    code: bytes,
    changed: bytes | None = None,
    missing: bytes | None = None,
) -> bytes:
    """Put a hash (and shadow's date) into a user's line, or add that line."""
    lines = data.split(b"\n")
    for at, line in enumerate(lines):
        fields = line.split(b":")
        if fields[0] == user.encode() and len(fields) > 1:
            fields[1] = code
            if changed is not None and len(fields) > 2:
                fields[2] = changed
            lines[at] = b":".join(fields)
            return b"\n".join(lines)
    if missing is None:
        return data
    return data + (b"" if not data or data.endswith(b"\n") else b"\n") + missing + b"\n"


def _replace(guest: GuestRoot, owners: IdMap, path: str, data: bytes) -> None:
    """Write a file anew with the permissions and the owner it has."""
    facts = guest.stat(path)
    owner = facts.st_uid, facts.st_gid
    guest.write_atomic(path, data, stat.S_IMODE(facts.st_mode), owner)
