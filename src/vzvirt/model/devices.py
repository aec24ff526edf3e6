"""What is attached to a container: file systems, interfaces, host devices, consoles."""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from vzvirt import errors
from vzvirt.model.values import MacAddress, PciAddress, SoftHard

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpInterface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class FilesystemKind(enum.Enum):
    """Where a file system's content comes from."""

    TEMPLATE = "template"  # unpacked from an OS template into the private area
    MOUNT = "mount"  # a folder of the host
    FILE = "file"  # an image file
    BLOCK = "block"  # a block device
    RAM = "ram"  # tmpfs


@dataclass(frozen=True, slots=True, kw_only=True)
class Filesystem:
    """One mount inside the container.

    Attributes:
        source: Template name, folder, file or device; empty for ``RAM``. An empty template name
            is "not said": the host's default (samples give quotas without a template).
        target: Absolute path inside, without needless slashes and dots: one place, one spelling.
        space: Size quota in bytes; for ``RAM`` use ``usage``.
        inodes: Quota on the number of files.
        usage: Size of a ``RAM`` file system in bytes.
        image_format: What ``FILE`` holds (``raw``), or ``None``.
    """

    kind: FilesystemKind
    source: str = ""
    target: str = "/"
    readonly: bool = False
    space: SoftHard | None = None
    inodes: SoftHard | None = None
    usage: int | None = None
    image_format: str | None = None

    def __post_init__(self) -> None:
        """Refuse combinations no kernel could mount.

        Raises:
            InvalidArgument: A path is relative or has a ``..``, or parts do not fit the kind.
        """
        check_guest_path(self.target, "filesystem target")
        object.__setattr__(self, "target", _plain(self.target))
        if self.kind is FilesystemKind.TEMPLATE and self.target != "/":
            raise errors.InvalidArgument(
                f"an OS template is the root, it cannot be mounted on '{self.target}'",
                hint="leave <target> out, or use type='mount' with a folder",
            )
        if self.kind is FilesystemKind.RAM:
            if self.source:
                raise errors.InvalidArgument("a ram filesystem has no source")
            if self.target == "/":
                raise errors.InvalidArgument("a ram filesystem cannot be the root")
        elif not self.source and self.kind is not FilesystemKind.TEMPLATE:
            raise errors.InvalidArgument(f"filesystem '{self.target}' has no source")
        if self.kind in {FilesystemKind.MOUNT, FilesystemKind.FILE, FilesystemKind.BLOCK}:
            check_guest_path(self.source, "filesystem source")
        if self.kind is FilesystemKind.TEMPLATE and ("/" in self.source or self.source[:1] == "."):
            raise errors.InvalidArgument(f"'{self.source}' is a path, not the name of a template")

    @property
    def is_root(self) -> bool:
        """Whether this is the container's ``/``."""
        return self.target == "/"


def _plain(path: str) -> str:
    """An absolute path without ``..`` in its shortest form."""
    return "/" + "/".join(part for part in path.split("/") if part not in {"", "."})


def check_guest_path(path: str, what: str) -> str:
    """Return a path if it is absolute and goes straight down.

    Raises:
        InvalidArgument: It is relative, or has ``..`` or control characters in it.
    """
    if not path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise errors.InvalidArgument(f"{what} '{path}' is not an absolute path without '..'")
    if any(ord(char) < 32 for char in path):
        raise errors.InvalidArgument(f"{what} {path!r} holds control characters")
    return path


class InterfaceKind(enum.Enum):
    """How a guest interface reaches the world."""

    BRIDGE = "bridge"  # veth pair, host end in a bridge of the host
    NETWORK = "network"  # veth pair, host end in the bridge of a virtual network
    ROUTED = "routed"  # venet: one host route per address
    ETHERNET = "ethernet"  # veth pair, host end left to the user
    DIRECT = "direct"  # macvlan on a device of the host


@dataclass(frozen=True, slots=True)
class Route:
    """A route inside the container; a prefix of length 0 is the default route."""

    destination: IpNetwork
    gateway: IpAddress
    metric: int | None = None


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """One direction's limit: KiB/s for the rates, KiB for the burst, as libvirt has it."""

    average: int
    peak: int | None = None
    burst: int | None = None


GUEST_NAME_MAX: Final = 15
"""Longest interface name the kernel takes (IFNAMSIZ - 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One network interface of the container.

    Attributes:
        source: Bridge, network or host device, after the kind; empty for routed and ethernet.
        guest_name: Its name inside (OpenVZ's ``ifname``).
        host_name: Name of the pair's host end (OpenVZ's ``host_ifname``).
        mac: Address of the container's end.
        host_mac: Address of the host's end.
        mac_filter: Whether frames with another source address are dropped; ``None``: not said.
        addresses: Applied inside; for ``ROUTED`` each also becomes a route on the host.
        dhcp: IP versions (4, 6) whose address the guest asks DHCP for.
        routes: Applied inside.
        link_up: Whether the cable is plugged in.
        mtu: Bytes.
        inbound: Limit of what the guest receives.
        outbound: Limit of what the guest sends.
        filter: Name of the traffic filter, or ``None``.
        filter_addresses: What the filter lets through beside ``addresses``.
        mode: Macvlan mode of ``DIRECT``.
        portgroup: Port group of the virtual network, or ``None``.
        isolated: Whether it reaches no other isolated port of its bridge.
    """

    kind: InterfaceKind
    source: str = ""
    guest_name: str | None = None
    host_name: str | None = None
    mac: MacAddress | None = None
    host_mac: MacAddress | None = None
    mac_filter: bool | None = None
    addresses: tuple[IpInterface, ...] = ()
    dhcp: tuple[int, ...] = ()
    routes: tuple[Route, ...] = ()
    link_up: bool = True
    mtu: int | None = None
    inbound: Bandwidth | None = None
    outbound: Bandwidth | None = None
    filter: str | None = None
    filter_addresses: tuple[IpAddress, ...] = ()
    mode: str | None = None
    portgroup: str | None = None
    isolated: bool = False

    def __post_init__(self) -> None:
        """Refuse what no interface can be.

        Raises:
            InvalidArgument: A source is missing or too much, or a name is unusable.
        """
        needs_source = self.kind in {InterfaceKind.NETWORK, InterfaceKind.DIRECT}
        if needs_source and not self.source:
            raise errors.InvalidArgument(f"interface of type '{self.kind.value}' has no source")
        if self.source and self.kind in {InterfaceKind.ROUTED, InterfaceKind.ETHERNET}:
            raise errors.InvalidArgument(
                f"interface of type '{self.kind.value}' takes no source ('{self.source}')"
            )
        for what, name in (("guest", self.guest_name), ("target", self.host_name)):
            if name is not None:
                check_interface_name(name, what)
        if self.mtu is not None and not 68 <= self.mtu <= 65535:
            raise errors.InvalidArgument(f"mtu {self.mtu} is not in 68..65535")
        if self.filter_addresses and self.filter is None:
            raise errors.InvalidArgument("a traffic filter with parameters has no name")


def link_local(mac: MacAddress) -> ipaddress.IPv6Address:
    """The link-local address that the kernel derives from a link address (RFC 4291)."""
    raw = bytes.fromhex(str(mac).replace(":", ""))
    middle = bytes((raw[0] ^ 2, *raw[1:3], 0xFF, 0xFE, *raw[3:]))
    return ipaddress.IPv6Address(bytes.fromhex("fe80") + bytes(6) + middle)


ROUTED_GUEST_NAME: Final = "venet0"
"""What a routed interface is called inside, unless its definition says otherwise."""


def check_interface_name(name: str, what: str) -> str:
    """Return a device name if the kernel would take it.

    Raises:
        InvalidArgument: It would not.
    """
    usable = 0 < len(name) <= GUEST_NAME_MAX and name not in {".", ".."}
    if not usable or any(char in '/:,;"\\' or not 33 <= ord(char) < 127 for char in name):
        raise errors.InvalidArgument(
            f"{what} device name '{name[:40]}' is not usable",
            hint=f"at most {GUEST_NAME_MAX} printable characters, no '/', ':', ',' or ';'",
        )
    return name


class HostDeviceKind(enum.Enum):
    """What of the host is handed in."""

    NET = "net"  # a network device by name
    PCI = "pci"  # whatever sits at a PCI address
    STORAGE = "storage"  # a block device node
    MISC = "misc"  # a character device node


NICS: Final = frozenset({HostDeviceKind.NET, HostDeviceKind.PCI})
"""Host devices that leave the host's network for the container's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDevice:
    """The assignment of a host's device.

    Attributes:
        name: Network device name, or the device node's absolute path; ``None`` for a PCI device
            whose name is not known (yet).
        address: PCI address; required for ``PCI``, filled in for ``NET`` where it is known.
        permissions: For device nodes: a selection of ``rwmq`` as OpenVZ writes it; empty: default.
    """

    kind: HostDeviceKind
    name: str | None = None
    address: PciAddress | None = None
    permissions: str = ""

    def __post_init__(self) -> None:
        """Each kind needs the half that names it.

        Raises:
            InvalidArgument: It is missing.
        """
        if self.kind is HostDeviceKind.PCI:
            if self.address is None:
                raise errors.InvalidArgument("a host device of subsystem 'pci' needs an address")
        elif not self.name:
            raise errors.InvalidArgument(f"a host device of type '{self.kind.value}' needs a name")
        elif self.kind is HostDeviceKind.NET:
            check_interface_name(self.name, "host")
        else:
            check_guest_path(self.name, "host device")


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePermission:
    """A rule of the device access list that names numbers, not a node (OpenVZ's ``DEVICES``).

    Attributes:
        kind: ``b`` or ``c``.
        major: Device major number.
        minor: Device minor number; ``None``: all.
        permissions: A selection of ``rwq``, or ``none``.
    """

    kind: str
    major: int
    minor: int | None = None
    permissions: str = "rw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """A console device; the first is ``/dev/console``."""

    kind: str = "pty"
    target_type: str | None = None
    port: int = 0


INHERIT: Final = "inherit"
"""Instead of name servers or search domains: those of the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestNaming:
    """What the container is called and whom it asks for names.

    Attributes:
        hostname: Its host name, or ``None``: not set by us.
        nameservers: Addresses in order; the word ``inherit`` first: the host's.
        search_domains: Domains in order; ``inherit`` as above.
    """

    hostname: str | None = None
    nameservers: tuple[str, ...] = ()
    search_domains: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hostname or self.nameservers or self.search_domains)


__all__ = [
    "Bandwidth",
    "Console",
    "DevicePermission",
    "Filesystem",
    "FilesystemKind",
    "GuestNaming",
    "INHERIT",
    "HostDevice",
    "HostDeviceKind",
    "Interface",
    "InterfaceKind",
    "IpAddress",
    "IpInterface",
    "IpNetwork",
    "NICS",
    "ROUTED_GUEST_NAME",
    "Route",
    "check_guest_path",
    "check_interface_name",
    "link_local",
]
