"""What a guest's files say of it: its operating system, who is logged in, its time zone.

No state. Whatever the guest wrote is data: it is bounded, decoded with loss, and where it makes
no sense it is as if it were not there.
"""

from __future__ import annotations

import io
import os
import shlex
import struct
from datetime import datetime
from typing import Final

from vzvirt.model.guestinfo import GuestSystem, GuestTimezone, GuestUser
from vzvirt.system.guesttext import plain
from vzvirt.system.safepath import GuestRoot

OS_RELEASE: Final = ("/etc/os-release", "/usr/lib/os-release")
UTMP: Final = ("/run/utmp", "/var/run/utmp")
LOCALTIME: Final = "/etc/localtime"

_MOST: Final = 256 << 10
"""Bytes of a file that are looked at: some 680 sessions of utmp, and far more than the others."""

_LONGEST: Final = 256
"""Characters of a value that are passed on."""

_FIELDS: Final = {
    "ID": "id",
    "NAME": "name",
    "PRETTY_NAME": "pretty_name",
    "VERSION": "version",
    "VERSION_ID": "version_id",
    "VARIANT": "variant",
    "VARIANT_ID": "variant_id",
}


def system(guest: GuestRoot) -> GuestSystem:
    """The operating system by ``os-release``, on the kernel that all containers share."""
    text = _first(guest, OS_RELEASE).decode(errors="surrogateescape")
    kernel = os.uname()
    return GuestSystem(
        **os_release(text),
        kernel_release=kernel.release,
        kernel_version=kernel.version,
        machine=kernel.machine,
    )


def os_release(text: str) -> dict[str, str]:
    """Fields of ``GuestSystem`` from a file as os-release(5) describes it."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key in _FIELDS:
            found[_FIELDS[key]] = plain(_unquoted(value), _LONGEST)
    return found


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value))
    except ValueError:  # a quote without its other half
        return value


_COMMON: Final = "=hxxi32s4s32s256shh"
_NARROW: Final = struct.Struct(f"{_COMMON}iii16s20x")
_WIDE: Final = struct.Struct(f"{_COMMON}qqq16s24x")
_WIDE_MACHINES: Final = frozenset({"aarch64", "loongarch64", "riscv64"})
"""A record of utmp(5): 32 bits of time, but 64 where there never were programs of 32 bits."""

_USER_PROCESS: Final = 7


def users(guest: GuestRoot) -> list[GuestUser]:
    """Who is logged in by ``utmp``, longest first; nobody where a guest keeps none."""
    data = _first(guest, UTMP)
    form = _WIDE if os.uname().machine in _WIDE_MACHINES else _NARROW
    found = []
    for record in form.iter_unpack(data[: len(data) - len(data) % form.size]):
        kind, _pid, line, _id, name, *_, seconds, micros, _address = record
        user = _word(name)
        if kind == _USER_PROCESS and user:
            when = seconds * 1000 + micros // 1000
            found.append(GuestUser(name=user, login_time=max(0, when), terminal=_word(line)))
    return sorted(found, key=lambda item: item.login_time)


def _word(field: bytes) -> str:
    return plain(field.partition(b"\0")[0])


def timezone(guest: GuestRoot) -> GuestTimezone:
    """The zone of ``/etc/localtime`` at this moment."""
    from zoneinfo import ZoneInfo

    data = _first(guest, (LOCALTIME,))
    try:
        now = datetime.now(ZoneInfo.from_file(io.BytesIO(data)))
        offset = now.utcoffset()
        name = now.tzname()
    except (ValueError, struct.error, IndexError, OverflowError, EOFError):
        offset = name = None
    if offset is None or not name:
        return GuestTimezone(name="UTC", offset=0)
    return GuestTimezone(name=plain(name, _LONGEST), offset=int(offset.total_seconds()))


def _first(guest: GuestRoot, paths: tuple[str, ...]) -> bytes:
    """The beginning of the first of these files that there is."""
    for path in paths:
        try:
            file = guest.open_file(path)
        except OSError:
            continue
        with os.fdopen(file, "rb") as opened:
            return opened.read(_MOST)
    return b""
