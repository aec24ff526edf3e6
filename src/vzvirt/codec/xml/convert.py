"""What the texts of a domain's XML mean: numbers, sizes, switches, addresses.

Amounts follow libvirt: a whole number and a unit, ``KiB`` for memory and bytes for space where
none is given; "no limit" is the largest number of KiB it knows.
"""

from __future__ import annotations

import enum
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from vzvirt import errors
from vzvirt.codec.schema import Convert, Values, agreed
from vzvirt.codec.tree import Node, Place
from vzvirt.model.devices import IpAddress, check_guest_path
from vzvirt.model.values import UNLIMITED, Ctid, Limit, MacAddress, check_name

E = TypeVar("E", bound=enum.Enum)

KIB: Final = 1024

UNLIMITED_KIB: Final = (1 << 53) - 1
"""What libvirt writes for "no memory limit"."""

UNLIMITED_COUNT: Final = (1 << 63) - 1
"""What OpenVZ's configs and its kernel have for "no limit"."""

UNITS: Final[Mapping[str, int]] = {
    "b": 1,
    "byte": 1,
    "bytes": 1,
    **{
        name: KIB**power
        for power, letter in enumerate("kmgtpe", 1)
        for name in (letter, f"{letter}ib")
    },
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgtpe", 1)},
}
"""Bytes of each unit libvirt knows; its names are not case sensitive."""


def whole(text: str) -> int:
    """A whole number that is not negative, in ASCII digits; bounded, as strangers write it."""
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,20}", text, re.ASCII):
        raise ValueError(text)
    return int(text)


def _signed(text: str) -> int:
    return -whole(text.strip()[1:]) if text.strip().startswith("-") else whole(text)


def _hex(text: str) -> int:
    digits = re.fullmatch(r"(?:0[xX])?([0-9a-fA-F]{1,8})", text.strip(), re.ASCII)
    if not digits:
        raise ValueError(text)
    return int(digits[1], 16)


def _real(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(text)
    return value


def _uuid(text: str) -> UUID:
    if not re.fullmatch(r"[0-9a-fA-F]{32}", re.sub("[- \n\t]", "", text), re.ASCII):
        raise ValueError(text)
    return UUID(re.sub("[- \n\t]", "", text))


def _limit(text: str) -> Limit:
    if text.strip() == "unlimited":
        return UNLIMITED
    amount = whole(text)
    return UNLIMITED if amount >= UNLIMITED_COUNT else amount


def _write_limit(limit: Limit) -> str:
    return limit.value if isinstance(limit, enum.Enum) else str(limit)


def _nodeset(text: str) -> str:
    """A list of processors or nodes; what ``^`` takes out is taken out."""
    text = text.strip().replace(" ", "")
    if text in {"all", "auto"}:
        return text
    parts = [
        re.fullmatch(r"(\^)?([0-9]{1,5})(?:-([0-9]{1,5}))?", part, re.ASCII)
        for part in text.split(",")
    ]
    chosen: set[int] = set()
    for part in parts:
        if part is None or (part[3] and int(part[3]) < int(part[2])):
            raise ValueError(text)
        numbers = range(int(part[2]), int(part[3] or part[2]) + 1)
        chosen = chosen - set(numbers) if part[1] else chosen | set(numbers)
    if not chosen:
        raise ValueError(text)
    return ranges(sorted(chosen)) if "^" in text else text


def ranges(numbers: list[int]) -> str:
    """Ascending numbers as a list like ``0,2-3``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def switch(yes: str, no: str) -> Convert[bool]:
    """A pair of words for true and false."""
    words = {yes: True, no: False}

    def read(text: str) -> bool:
        if text.strip() not in words:
            raise ValueError(text)
        return words[text.strip()]

    return Convert(read, lambda value: yes if value else no, f"'{yes}' or '{no}'")


def one_of(kind: type[E]) -> Convert[E]:
    """The values of an enumeration."""
    known = ", ".join(str(item.value) for item in kind)

    def read(text: str) -> E:
        return kind(text.strip())

    return Convert(read, lambda value: str(value.value), f"one of {known}")


def switches(separator: str = ":") -> Convert[tuple[tuple[str, bool], ...]]:
    """``nfs:on sit:off``."""
    on_off = switch("on", "off")

    def read(text: str) -> tuple[tuple[str, bool], ...]:
        pairs = [word.partition(separator) for word in text.split()]
        return tuple((name, on_off.read(state)) for name, _, state in pairs)

    def write(pairs: tuple[tuple[str, bool], ...]) -> str:
        return " ".join(f"{name}{separator}{on_off.write(state)}" for name, state in pairs)

    return Convert(read, write, "a list of name:on and name:off")


def matching(pattern: str, what: str) -> Convert[str]:
    """A word of a certain shape."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text.strip(), re.ASCII):
            raise ValueError(text)
        return text.strip()

    return Convert(read, str, what)


def _base_zero(text: str) -> int:
    """libvirt reads a number without 0x as decimal; with a letter in it, it can only be hex."""
    return int(text) if re.fullmatch(r"[0-9]{1,8}", text.strip(), re.ASCII) else _hex(text)


def stripped(read: Callable[[str], str], what: str) -> Convert[str]:
    """A text that a function checks."""
    return Convert(lambda text: read(text.strip()), str, what)


NUMBER: Convert[int] = Convert(whole, str, "a whole number")
SIGNED: Convert[int] = Convert(_signed, str, "a whole number")
REAL: Convert[float] = Convert(_real, lambda value: f"{value!r}".removesuffix(".0"), "a number")
LIMIT: Convert[Limit] = Convert(_limit, _write_limit, "a whole number or 'unlimited'")
NODESET = stripped(_nodeset, "a list like '0,2-3'")
CTID: Convert[Ctid] = Convert(lambda text: Ctid(text.strip()), str, "a container id")
CAPABILITY = matching("[a-z][a-z0-9_]*", "a Linux capability")
VARIABLE = matching("[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")
NAME = stripped(check_name, "a container's name")
UUID_TEXT: Convert[UUID] = Convert(_uuid, str, "a UUID")
MAC: Convert[MacAddress] = Convert(lambda text: MacAddress(text.strip()), str, "a MAC address")
ADDRESS: Convert[IpAddress] = Convert(
    lambda text: ipaddress.ip_address(text.strip()), str, "an IP address"
)
FAMILY: Convert[int] = Convert(
    {"ipv4": 4, "ipv6": 6}.__getitem__, lambda version: f"ipv{version}", "'ipv4' or 'ipv6'"
)
PATH: Convert[str] = Convert(lambda text: check_guest_path(text, "path"), str, "an absolute path")
WORDS: Convert[tuple[str, ...]] = Convert(
    lambda text: tuple(text.split()), " ".join, "words with blanks between"
)
YES_NO = switch("yes", "no")
ON_OFF = switch("on", "off")
UP_DOWN = switch("up", "down")


def hexadecimal(digits: int) -> Convert[int]:
    """A part of a PCI address."""
    return Convert(_base_zero, lambda value: f"0x{value:0{digits}x}", "a hexadecimal number")


@dataclass(frozen=True, eq=False)
class Amount:
    """A row for a number with a unit: bytes, or ``UNLIMITED`` where there may be no limit.

    Attributes:
        default: The unit where none is given.
        unit: Name of the attribute with the unit.
        unlimited: Whether "no limit" can be said.
    """

    key: str
    path: str
    default: str = "KiB"
    unit: str = "unit"
    unlimited: bool = False
    always: bool = False

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        found = Place.parse(self.path).found(node)
        if found:
            values[self.key] = agreed([(item, self._amount(item, text)) for item, text in found])

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        amount = values[self.key]
        unit = "KiB"
        if isinstance(amount, int) and amount % KIB:
            unit, text = "bytes", str(amount)
        else:
            text = str(amount // KIB if isinstance(amount, int) else UNLIMITED_KIB)
        Place.parse(self.path).put(node, text).attributes[self.unit] = unit

    def _amount(self, node: Node, text: str) -> Limit:
        unit = node.attributes.get(self.unit, self.default)
        factor = UNITS.get(unit.strip().casefold())
        if factor is None:
            raise errors.XmlError(
                f"{node.spelling}: '{unit[:20]}' is not a unit", hint="bytes, KiB, MiB, GiB, TiB"
            )
        amount = NUMBER.from_text(text, node.spelling) * factor
        if amount >= UNLIMITED_KIB * KIB:
            if self.unlimited:
                return UNLIMITED
            raise errors.XmlError(f"{node.spelling}: '{text.strip()}' is too large")
        return amount
