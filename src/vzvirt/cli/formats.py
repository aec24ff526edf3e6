"""Amounts as people write and read them. Sizes are bytes inside, KiB, MiB ... outside."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from vzvirt import errors
from vzvirt.model.devices import IpInterface
from vzvirt.model.values import UNLIMITED, Ctid, Limit, SoftHard

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SUFFIXES: Final = {"": 1024, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE)


def size_text(size: Limit | None) -> str:
    """Bytes for people: three figures and a unit, ``unlimited``, or ``-``."""
    if size is None:
        return "-"
    if size is UNLIMITED:
        return "unlimited"
    amount, unit = float(size), 0
    while amount >= 1023.95 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    figures = f"{amount:.0f}" if unit == 0 or amount >= 100 else f"{amount:.1f}"
    return f"{figures.removesuffix('.0')} {_UNITS[unit]}"


def duration_text(seconds: float | None) -> str:
    """Seconds for people: the two largest units, or ``-``."""
    if seconds is None:
        return "-"
    rest = max(0, int(seconds))
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def read_size(text: str) -> int:
    """Bytes: a number with K, M, G or T (or KiB, MB ...); B: bytes; bare: KiB, as in OpenVZ.

    Raises:
        InvalidArgument: It is no such number.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise errors.InvalidArgument(
            f"'{text}' is not a size", hint="a number, and K, M, G or T: 10G; without: KiB"
        )
    return int(float(match[1]) * _SUFFIXES[match[2].lower()])


def read_size_limit(text: str) -> Limit:
    """A size, or ``unlimited``.

    Raises:
        InvalidArgument: It is neither.
    """
    return UNLIMITED if text.strip().lower() == "unlimited" else read_size(text)


def read_number(text: str) -> int:
    """A whole number.

    Raises:
        InvalidArgument: It is none.
    """
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise errors.InvalidArgument(f"'{text}' is not a whole number")
    return int(text)


def read_percent(text: str) -> int:
    """A whole number of percents.

    Raises:
        InvalidArgument: It is none.
    """
    return read_number(text.strip().removesuffix("%"))


def read_space(text: str) -> SoftHard:
    """A size quota: ``SOFT:HARD``, or one size for both.

    Raises:
        InvalidArgument: It is neither, or soft is above hard.
    """
    soft, _, hard = text.partition(":")
    return SoftHard(read_size(soft), read_size(hard or soft))


def read_inodes(text: str) -> SoftHard:
    """A quota on files: ``SOFT:HARD``, or one number for both.

    Raises:
        InvalidArgument: It is neither, or soft is above hard.
    """
    soft, _, hard = text.partition(":")
    return SoftHard(_count(soft), _count(hard or soft))


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise errors.InvalidArgument(f"'{text}' is not a number of files")
    return int(text)


def read_seconds(text: str) -> float:
    """A number of seconds.

    Raises:
        InvalidArgument: It is not, or negative.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise errors.InvalidArgument(f"'{text}' is not a number of seconds")
    return seconds


def read_ip_interface(text: str) -> IpInterface:
    """An IP address, alone (it stands for one host) or with a prefix length behind it.

    Raises:
        InvalidArgument: It is none.
    """
    try:
        return ipaddress.ip_interface(text.strip())
    except ValueError:
        raise errors.InvalidArgument(
            f"'{text}' is not an IP address", hint="such as 10.0.0.5 or 2001:db8::5"
        ) from None


def read_ctid(text: str) -> Ctid:
    """A container's number.

    Raises:
        InvalidArgument: It is not.
    """
    return Ctid(text)


def read_assignment(text: str) -> tuple[str, str]:
    """``NAME=VALUE``.

    Raises:
        InvalidArgument: It is not.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise errors.InvalidArgument(f"'{text}' is not NAME=VALUE")
    return name, value
