"""Lists of words: addresses, name servers, switches, devices.

A key that may stand on several lines adds them up; ``joined`` makes one list of them.
"""

from __future__ import annotations

import ipaddress
import re
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

from vzvirt import errors
from vzvirt.codec.vzconf.forms import Form, Notes
from vzvirt.codec.vzconf.grammar import BLANKS
from vzvirt.model.devices import (
    INHERIT,
    DevicePermission,
    HostDevice,
    HostDeviceKind,
    IpInterface,
    check_interface_name,
)
from vzvirt.model.values import PciAddress

T = TypeVar("T")

CAPABILITIES: Final = (
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "ve_admin",
    "setfcap",
    "fs_mask",
)
"""Linux capabilities that CAPABILITY knows."""

FEATURES: Final = ("sysfs", "nfs", "sit", "ipip", "ppp", "ipgre", "bridge", "nfsd")
"""Kernel features that FEATURES knows."""

WORD: Final = re.compile(f"[^{BLANKS}]+")

LOOP_MAJOR: Final = 7
RESERVED_DEVICES: Final = ("venet", "tun", "tap", "lo")
"""Network devices, by how their names begin, that NETDEV refuses."""

BLOCK_NODES: Final = re.compile(
    "(sd|vd|xvd|hd|nvme|mmcblk|md|dm-|loop|ploop|nbd|sr|ram|zram|bcache|drbd|mapper/|disk/).*"
)
"""Nodes below /dev that are block devices by the kernel's customs; DEVNODES does not say."""


def once(items: Iterable[tuple[object, T]]) -> tuple[T, ...]:
    """The items of a list of (mark, item); a later one replaces one with the same mark."""
    return tuple(dict(items).values())


class Words(Form[tuple[T, ...]], Generic[T]):
    """A list of words; what a word looks like is up to the class that derives from it."""

    words = "words separated by blanks"
    trailing_blank = False
    """Whether a blank stands before the closing quote, as vzctl writes some lists."""

    def parse(self, text: str, notes: Notes) -> tuple[T, ...]:
        """Read the words of one line; those that cannot be read are left out and noted."""
        items: list[T] = []
        for word in self.split(text):
            try:
                items.append(self.read_word(word))
            except ValueError:
                notes.append(f"'{word[:60]}' skipped")
        if notes and not items:
            raise ValueError(text)
        return tuple(items)

    def format(self, value: tuple[T, ...]) -> str | None:
        """Write those items that the key can say, so that each is read back."""
        texts = [text for item in value if (text := self.write_word(item)) and self._reads(text)]
        return " ".join(texts) + (" " if self.trailing_blank else "") if texts else None

    def _reads(self, word: str) -> bool:
        try:
            self.read_word(word)
        except ValueError:
            return False
        return True

    def split(self, text: str) -> list[str]:
        """The words of a list."""
        return WORD.findall(text)

    def join(self, parts: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
        """The items of all lines as one list."""
        return self.joined(item for part in parts for item in part)

    def joined(self, items: Iterable[T]) -> tuple[T, ...]:
        """Items one after the other, as one list."""
        return tuple(items)

    @abstractmethod
    def read_word(self, word: str) -> T:
        """Read one word.

        Raises:
            ValueError: It is not one of this list.
        """

    @abstractmethod
    def write_word(self, item: T) -> str | None:
        """Write one item, or ``None`` if it cannot be said."""


class PlainWords(Words[str]):
    """Words taken as they are."""

    def __init__(self, *, trailing_blank: bool = False) -> None:
        self.trailing_blank = trailing_blank

    def read_word(self, word: str) -> str:
        """Any word will do."""
        return word

    def write_word(self, item: str) -> str | None:
        """A word has no blank in it."""
        return item if self.split(item) == [item] else None


class Resolver(PlainWords):
    """Name servers or search domains; ``inherit`` as first word is all there is."""

    words = "words separated by blanks; `inherit`: the host's"

    def joined(self, items: Iterable[str]) -> tuple[str, ...]:
        """Nothing counts beside ``inherit``."""
        found = tuple(items)
        return found[:1] if found[:1] == (INHERIT,) else found


class Addresses(Words[IpInterface]):
    """IP addresses, compared without their mask and written without it."""

    words = "IPv4 and IPv6 addresses separated by blanks, `/mask` optional"
    may_be_empty = True

    def read_word(self, word: str) -> IpInterface:
        """Read an address; a scope after ``%`` is none of OpenVZ's."""
        if "%" in word:
            raise ValueError(word)
        return ipaddress.ip_interface(word)

    def joined(self, items: Iterable[IpInterface]) -> tuple[IpInterface, ...]:
        """The all-zero addresses of OpenVZ 7 are no addresses; a repeated one moves to the end."""
        found: dict[object, IpInterface] = {}
        for item in items:
            if int(item.ip):
                found.pop(item.ip, None)
                found[item.ip] = item
        return tuple(found.values())

    def write_word(self, item: IpInterface) -> str | None:
        """Write an address without its prefix."""
        return str(item.ip) if int(item.ip) else None


class Switches(Words[tuple[str, bool]]):
    """``name:on`` and ``name:off``, separated by blanks or commas.

    Attributes:
        names: Names there are, in lower case.
        upper: Whether they are written in upper case, and read in any.
    """

    words = "`name:on` or `name:off`, separated by blanks"

    def __init__(self, names: Iterable[str], *, upper: bool = False) -> None:
        self.names = frozenset(names)
        self.upper = upper

    def split(self, text: str) -> list[str]:
        """Commas separate too."""
        return super().split(text.replace(",", " "))

    def read_word(self, word: str) -> tuple[str, bool]:
        """Read one switch."""
        name, _colon, state = word.partition(":")
        name = name.lower() if self.upper else name
        if name not in self.names or state not in {"on", "off"}:
            raise ValueError(word)
        return name, state == "on"

    def joined(self, items: Iterable[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
        """A later switch of the same name overrules."""
        return tuple(dict(items).items())

    def write_word(self, item: tuple[str, bool]) -> str | None:
        """Write one switch."""
        name, on = item
        if name not in self.names:
            return None
        return f"{name.upper() if self.upper else name}:{'on' if on else 'off'}"


class NetDevices(Words[str]):
    """Network devices of the host, by name."""

    words = "device names separated by blanks"
    may_be_empty = True

    def read_word(self, word: str) -> str:
        """Read one name."""
        if word.startswith(RESERVED_DEVICES):
            raise ValueError(word)
        return _checked_name(word)

    def joined(self, items: Iterable[str]) -> tuple[str, ...]:
        """Each device once."""
        return tuple(dict.fromkeys(items))

    def write_word(self, item: str) -> str | None:
        """Write one name."""
        return None if item.startswith(RESERVED_DEVICES) else item


def _checked_name(word: str) -> str:
    try:
        return check_interface_name(word, "host")
    except errors.InvalidArgument as error:
        raise ValueError(word) from error


PCI_WORD: Final = re.compile(
    "(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\\.([0-7])", re.IGNORECASE
)


class PciDevices(Words[PciAddress]):
    """PCI functions of the host."""

    words = "`[domain:]bus:slot.function` in hex, separated by blanks"
    may_be_empty = True

    def read_word(self, word: str) -> PciAddress:
        """Read one address."""
        match = PCI_WORD.fullmatch(word)
        if not match:
            raise ValueError(word)
        domain, bus, slot, function = (int(part or "0", 16) for part in match.groups())
        if slot > 0x1F:
            raise ValueError(word)
        return PciAddress(domain, bus, slot, function)

    def joined(self, items: Iterable[PciAddress]) -> tuple[PciAddress, ...]:
        """Each function once."""
        return tuple(dict.fromkeys(items))

    def write_word(self, item: PciAddress) -> str:
        """Write one address."""
        return str(item)


class DeviceNodes(Words[HostDevice]):
    """Device nodes below /dev with what is allowed on them; ``rw`` is the model's default."""

    words = "`name:[r][w][q]` or `name:none`, separated by blanks; names relative to /dev"
    trailing_blank = True

    def read_word(self, word: str) -> HostDevice:
        """Read one node; ``none`` gives one without any permission, dropped when joined."""
        name, _colon, permissions = word.rpartition(":")
        if not name or not _allowed(permissions):
            raise ValueError(word)
        block = BLOCK_NODES.fullmatch(name)
        try:
            return HostDevice(
                kind=HostDeviceKind.STORAGE if block else HostDeviceKind.MISC,
                name=f"/dev/{name}",
                permissions="" if permissions == "rw" else permissions,
            )
        except errors.InvalidArgument as error:
            raise ValueError(word) from error

    def joined(self, items: Iterable[HostDevice]) -> tuple[HostDevice, ...]:
        """A later word about the same node overrules; ``none`` removes it."""
        nodes = {item.name: item for item in items}
        return tuple(item for item in nodes.values() if item.permissions != "none")

    def write_word(self, item: HostDevice) -> str | None:
        """Write one node; OpenVZ has no ``m``."""
        name = (item.name or "").removeprefix("/dev/")
        permissions = item.permissions.replace("m", "") or "rw"
        if name == item.name or self.split(name) != [name] or not _allowed(permissions):
            return None
        return f"{name}:{permissions}"


def _allowed(permissions: str) -> bool:
    return permissions == "none" or (bool(permissions) and set(permissions) <= set("rwq"))


DEVICE_WORD: Final = re.compile("([bc]):([0-9]{1,4}):([0-9]{1,7}|all):([a-z]+)")


class DevicePermissions(Words[DevicePermission]):
    """Rules of the device access list by number."""

    words = "`b|c:MAJOR:MINOR|all:[r][w][q]|none`, separated by blanks"
    trailing_blank = True

    def read_word(self, word: str) -> DevicePermission:
        """Read one rule; loop devices are refused."""
        match = DEVICE_WORD.fullmatch(word)
        if not match or not _allowed(match[4]):
            raise ValueError(word)
        kind, major, minor, permissions = match.groups()
        if kind == "b" and int(major) == LOOP_MAJOR:
            raise ValueError(word)
        number = None if minor == "all" else int(minor)
        return DevicePermission(kind=kind, major=int(major), minor=number, permissions=permissions)

    def joined(self, items: Iterable[DevicePermission]) -> tuple[DevicePermission, ...]:
        """A later rule for the same numbers overrules."""
        return once(((item.kind, item.major, item.minor), item) for item in items)

    def write_word(self, item: DevicePermission) -> str | None:
        """Write one rule."""
        if item.kind == "b" and item.major == LOOP_MAJOR:
            return None
        minor = "all" if item.minor is None else item.minor
        return f"{item.kind}:{item.major}:{minor}:{item.permissions}"
