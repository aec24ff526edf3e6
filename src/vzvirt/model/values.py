"""Small values that the rest of the model is made of.

Sizes are whole bytes throughout the model; formats with other units convert at the door.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from vzvirt import errors

CTID_MAX: Final = 2147483644
"""Highest container number vzctl accepts."""

FIRST_FREE_CTID: Final = 101
"""Numbers up to 100 are reserved by convention."""

PAGE_SIZE: Final = 4096
"""Bytes in a page, the unit of half of OpenVZ's parameters (x86 and arm64 hosts)."""


class Unlimited(enum.Enum):
    """The one way to say "no limit"."""

    UNLIMITED = "unlimited"

    def __repr__(self) -> str:
        return "UNLIMITED"


UNLIMITED: Final = Unlimited.UNLIMITED

Limit = int | Unlimited
"""An amount, or none at all."""


class Ctid(int):
    """A container's permanent number: its config's file name and its private area's folder."""

    __slots__ = ()

    def __new__(cls, value: int | str) -> Ctid:
        """Check a number.

        Raises:
            InvalidArgument: Not a decimal number from 1 to ``CTID_MAX``, or with leading zeros.
        """
        if isinstance(value, str):
            if not re.fullmatch(r"[1-9][0-9]{0,9}", value, re.ASCII):
                raise errors.InvalidArgument(
                    f"container id '{value[:40]}' is not a decimal number without leading zeros"
                )
            value = int(value)
        if not 1 <= value <= CTID_MAX:
            raise errors.InvalidArgument(
                f"container id {value} is out of range", hint=f"ids go from 1 to {CTID_MAX}"
            )
        return super().__new__(cls, value)

    def __repr__(self) -> str:
        return f"Ctid({int(self)})"

    def __str__(self) -> str:
        return int.__repr__(self)

    __format__ = int.__format__


NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9+_. -]*", re.ASCII)
"""Container names: what vzctl allows, not beginning with a dash or blank."""


def check_name(name: str, what: str = "container") -> str:
    """Return the name of a container (or ``what`` it is) if vzctl would accept it.

    Raises:
        InvalidArgument: It would not.
    """
    usable = NAME_PATTERN.fullmatch(name) and name == name.strip() and name not in {".", ".."}
    if not usable or len(name) > 128:
        raise errors.InvalidArgument(
            f"{what} name '{name[:140]}' is not usable",
            hint="letters, digits, blank, '-', '+', '_' and '.'; at most 128 characters",
        )
    return name


_RUN: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", re.ASCII)


def check_number_list(text: str, what: str) -> str:
    """Return a list of processors or nodes such as ``0,2-3``, or ``all``, if it is one.

    Raises:
        InvalidArgument: It is none; ``what`` says of what.
    """
    if text != "all":
        for part in text.split(","):
            run = _RUN.fullmatch(part)
            if run is None or (run[2] and int(run[2]) < int(run[1])):
                raise errors.InvalidArgument(
                    f"'{text[:80]}' is not a list of {what}", hint="write it as 0,2-3"
                )
    return text


@dataclass(frozen=True, slots=True, order=True)
class MacAddress:
    """An Ethernet address, kept in lower case with colons."""

    text: str

    def __post_init__(self) -> None:
        """Normalise and check.

        Raises:
            InvalidArgument: Not six hex bytes.
        """
        text = self.text.lower().replace("-", ":")
        parts = text.split(":")
        if len(parts) != 6 or not all(re.fullmatch(r"[0-9a-f]{1,2}", part) for part in parts):
            raise errors.InvalidArgument(f"MAC address '{self.text[:40]}' is not six hex bytes")
        text = ":".join(part.zfill(2) for part in parts)
        object.__setattr__(self, "text", text)

    def __str__(self) -> str:
        return self.text

    @property
    def is_null(self) -> bool:
        """All zero: what libvirt's own OpenVZ driver writes for "none"."""
        return self.text == "00:00:00:00:00:00"

    @property
    def is_multicast(self) -> bool:
        """Whether it names a group: no interface can have it."""
        return bool(int(self.text[:2], 16) & 1)

    @property
    def of_one(self) -> MacAddress:
        """The address that differs from a group's in just that it is not one."""
        return MacAddress(f"{int(self.text[:2], 16) & ~1:02x}{self.text[2:]}")


@dataclass(frozen=True, slots=True)
class BarrierLimit:
    """A beancounter's two marks, in the parameter's own unit (bytes, pages or items)."""

    barrier: Limit
    limit: Limit

    def __post_init__(self) -> None:
        """Refuse negative amounts.

        Raises:
            InvalidArgument: One is negative.
        """
        for amount in (self.barrier, self.limit):
            if isinstance(amount, int) and amount < 0:
                raise errors.InvalidArgument(f"{amount} is negative")


@dataclass(frozen=True, slots=True)
class SoftHard:
    """A quota's two marks: soft may be passed for the grace time, hard never.

    Bytes for space, a plain count for inodes.
    """

    soft: int
    hard: int

    def __post_init__(self) -> None:
        """Refuse impossible pairs.

        Raises:
            InvalidArgument: Negative, or soft above hard.
        """
        if self.soft < 0 or self.hard < 0:
            raise errors.InvalidArgument(f"quota {self.soft}:{self.hard} is negative")
        if self.soft > self.hard:
            raise errors.InvalidArgument(
                f"soft quota {self.soft} is above the hard quota {self.hard}"
            )


@dataclass(frozen=True, slots=True)
class PciAddress:
    """Where a PCI function sits: ``0000:00:1f.3``."""

    pci_domain: int
    bus: int
    slot: int
    function: int

    def __post_init__(self) -> None:
        """Check the ranges of the PCI specification.

        Raises:
            InvalidArgument: A part is out of range.
        """
        parts = (
            ("domain", self.pci_domain, 0xFFFF),
            ("bus", self.bus, 0xFF),
            ("slot", self.slot, 0x1F),
            ("function", self.function, 7),
        )
        for what, value, most in parts:
            if not 0 <= value <= most:
                raise errors.InvalidArgument(f"PCI {what} {value:#x} is not in 0..{most:#x}")

    def __str__(self) -> str:
        return f"{self.pci_domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function:x}"


@dataclass(frozen=True, slots=True)
class IdRange:
    """A run of ids: ``count`` ids from ``start`` inside are ``target`` and up on the host."""

    start: int
    target: int
    count: int

    def __post_init__(self) -> None:
        """Check that the run fits 32 bits.

        Raises:
            InvalidArgument: Empty or out of range.
        """
        top = 2**32 - 1
        if self.count < 1 or min(self.start, self.target) < 0:
            raise errors.InvalidArgument(f"id range {self.start}:{self.target}:{self.count}")
        if self.start + self.count > top or self.target + self.count > top:
            raise errors.InvalidArgument(
                f"id range {self.start}:{self.target}:{self.count} does not fit 32 bits"
            )


@dataclass(frozen=True, slots=True)
class IdMap:
    """How user and group ids inside map onto the host's. Two empty tuples: no user namespace."""

    uids: tuple[IdRange, ...] = ()
    gids: tuple[IdRange, ...] = ()

    def __post_init__(self) -> None:
        """Both or neither must be given, and both must map root.

        Raises:
            InvalidArgument: They are not.
        """
        if bool(self.uids) != bool(self.gids):
            raise errors.InvalidArgument("an id map needs both uid and gid ranges, or neither")
        for what, ranges in (("uid", self.uids), ("gid", self.gids)):
            if ranges and not any(item.start == 0 for item in ranges):
                raise errors.InvalidArgument(f"the {what} map does not say what {what} 0 is")

    def __bool__(self) -> bool:
        return bool(self.uids)

    def outside(self, uid: int, gid: int) -> tuple[int, int]:
        """What an owner inside is on the host; the same where nothing is mapped.

        Raises:
            InvalidArgument: No range covers one of them.
        """
        return _outside("user", self.uids, uid), _outside("group", self.gids, gid)


def _outside(what: str, ranges: tuple[IdRange, ...], inside: int) -> int:
    for item in ranges:
        if item.start <= inside < item.start + item.count:
            return inside - item.start + item.target
    if ranges:
        raise errors.InvalidArgument(
            f"{what} {inside} is outside the container's id map",
            hint="give the container a larger id map",
        )
    return inside
