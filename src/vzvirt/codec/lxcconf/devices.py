"""THE list of devices every container may use; everything else is denied.

No state. The list is OpenVZ's on a stock kernel, with the terminals that liblxc makes. Any
node may be *made* (``m``), which package managers do, but not opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vzvirt.model.devices import DevicePermission


@dataclass(frozen=True, slots=True)
class DeviceRule:
    """One rule of the device control group; ``*`` is any number.

    Attributes:
        node: What it stands for, for people.
    """

    kind: str
    major: str
    minor: str
    access: str
    node: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.major}:{self.minor} {self.access}"


ALLOWED: Final = (
    DeviceRule("c", "*", "*", "m", "making any node"),
    DeviceRule("b", "*", "*", "m", "making any node"),
    DeviceRule("c", "1", "3", "rwm", "/dev/null"),
    DeviceRule("c", "1", "5", "rwm", "/dev/zero"),
    DeviceRule("c", "1", "7", "rwm", "/dev/full"),
    DeviceRule("c", "1", "8", "rwm", "/dev/random"),
    DeviceRule("c", "1", "9", "rwm", "/dev/urandom"),
    DeviceRule("c", "5", "0", "rwm", "/dev/tty"),
    DeviceRule("c", "5", "1", "rwm", "/dev/console"),
    DeviceRule("c", "5", "2", "rwm", "/dev/ptmx"),
    DeviceRule("c", "136", "*", "rwm", "/dev/pts/*"),
)


def access_of(permissions: str) -> str:
    """OpenVZ's letters as the kernel's: ``q`` (quota) has no counterpart; empty: all."""
    if permissions == "none":
        return ""
    letters = "".join(letter for letter in "rw" if letter in (permissions or "rw"))
    return f"{letters}m"


def rules(extra: Iterable[DevicePermission]) -> list[DeviceRule]:
    """All rules of a container: the list above, then what its definition adds."""
    given = [
        DeviceRule(
            item.kind,
            str(item.major),
            "*" if item.minor is None else str(item.minor),
            access_of(item.permissions),
        )
        for item in extra
    ]
    return [*ALLOWED, *(rule for rule in given if rule.access)]
