"""Giving containers their interfaces, and running virtual networks."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from vzvirt.model.devices import HostDevice, Interface, IpAddress, IpInterface
from vzvirt.model.host import HostCheck
from vzvirt.model.values import Ctid, PciAddress

if TYPE_CHECKING:  # most commands have no use for them, and loading them takes long
    from vzvirt.model.network import Lease, Network
    from vzvirt.model.nodedev import NodeDevice


class Boots(enum.Enum):
    """Which of the boots between a container's start and its stop are meant."""

    ALL = "all"
    FIRST = "first"
    LATER = "later"  # after the container's own reboots


CALL_BACK: Final = "@CALL-BACK@"
"""In the place of a program: ``vzvirt internal``, as the engine calls it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootStep:
    """A program run at each boot of a container, before its init, also after its own reboots.

    In ``argv`` and ``stdin`` the word ``@PID@`` stands for init's pid on the host. Where ``argv``
    begins with ``CALL_BACK``, vzvirt itself is called with what follows, and not waited for.

    Attributes:
        inside: Whether it runs in the container's network namespace (else in the host's).
        boots: At which boots it runs.
        may_fail: Whether the container boots all the same if it fails.
    """

    argv: tuple[str, ...]
    stdin: str = ""
    inside: bool = False
    boots: Boots = Boots.ALL
    may_fail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """An interface, complete, with what its container and network add to it.

    Attributes:
        interface: All names and addresses are set; ``bandwidth`` is the one that counts.
        bridge: The bridge its host end goes into, or ``None``.
        leases: Addresses that its network's DHCP keeps for it.
        host_addresses: Those of the host on its network, which no guest may take.
    """

    interface: Interface
    bridge: str | None = None
    leases: tuple[IpAddress, ...] = ()
    host_addresses: tuple[IpAddress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounters:
    """Traffic of one interface as the guest sees it: bytes, packets, errors and drops."""

    host_name: str
    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_drops: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_drops: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAddress:
    """An interface inside a running container: name, MAC and addresses it has right now."""

    guest_name: str
    mac: str
    addresses: tuple[IpInterface, ...]


class GuestLinks(Protocol):
    """The interfaces of containers. The caller holds the container's lock for changes."""

    def check(self, ctid: Ctid, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]) -> None:
        """Refuse what cannot be made, before anything is.

        Raises:
            OperationFailed: A bridge or device is missing, or an address answers already.
            OperationInvalid: A NIC is in use by another container or carries the default route.
            ConfigUnsupported: A kind, mode or filter that nobody implements; named.
        """

    def boot_steps(
        self, ctid: Ctid, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]
    ) -> tuple[BootStep, ...]:
        """What makes them at each boot; durable notes of NICs are written by this call."""

    def attach(self, ctid: Ctid, init_pid: int, plug: Plug) -> None:
        """Give a running container one more interface; all or nothing."""

    def update(self, ctid: Ctid, init_pid: int, old: Plug, new: Plug) -> None:
        """Change an interface of a running container: addresses, link state, limits, bridge."""

    def detach(self, ctid: Ctid, init_pid: int, plug: Plug) -> None:
        """Take an interface from a running container."""

    def attach_device(self, ctid: Ctid, init_pid: int, device: HostDevice) -> None:
        """Move a NIC of the host into a running container."""

    def detach_device(self, ctid: Ctid, init_pid: int, device: HostDevice) -> None:
        """Bring a NIC back, with its old name, addresses and state."""

    def holders(self, devices: tuple[HostDevice, ...]) -> frozenset[Ctid]:
        """Containers that have one of these NICs or share it, also if they died unnoticed."""

    def release(self, ctid: Ctid) -> None:
        """Take back all that a stopped container held: routes, pairs, rules, NICs. Idempotent."""

    def lacking(self, running: Mapping[Ctid, tuple[Plug, ...]]) -> set[Ctid]:
        """Containers of whose interfaces the host has lost something: routes, filters ..."""

    def mend(self, ctid: Ctid, plugs: tuple[Plug, ...]) -> None:
        """Make again what the host has lost of a running container's interfaces. Idempotent."""

    def counters(
        self, ctid: Ctid, init_pid: int, plugs: tuple[Plug, ...], devices: tuple[HostDevice, ...]
    ) -> list[LinkCounters]:
        """Traffic of each interface and NIC of a running container, routed ones included."""

    def addresses(self, init_pid: int) -> list[GuestAddress]:
        """What a running container's interfaces have right now."""


class NetworkRunner(Protocol):
    """Makes virtual networks real. The caller holds the networks' lock for changes."""

    def lock(self, wait: float) -> AbstractContextManager[None]:
        """The lock around every change of networks, definitions included.

        Raises:
            Busy: Not had within ``wait`` seconds.
        """

    def free_bridge(self, held: Collection[str]) -> str:
        """A name for a new bridge that neither this host nor anybody in ``held`` has."""

    def foreign(self, name: str) -> Network | None:
        """The network of that name that somebody else (libvirt's daemon) runs on this host."""

    def mend(self, network: Network) -> list[str]:
        """Make again what a running network has lost: rules to a firewall's reload, its DHCP.

        Returns:
            Warnings, as of ``start``.
        """

    def start(self, network: Network) -> list[str]:
        """Make bridge, addresses, NAT and isolation, DHCP and DNS; all or nothing.

        Returns:
            Warnings, such as a foreign firewall that drops what is forwarded.

        Raises:
            Conflict: A bridge of that name or an overlapping address range is there already.
        """

    def stop(self, network: Network) -> None:
        """Take all of it away. Idempotent."""

    def update(self, old: Network, new: Network) -> None:
        """Change a running network's DHCP and DNS entries without touching its guests."""

    def is_active(self, network: Network) -> bool:
        """Whether it runs."""

    def checks(self, networks: Sequence[Network]) -> list[HostCheck]:
        """What this host has for networks, and what stands in the way of these; for ``doctor``."""

    def leases(self, network: Network) -> list[Lease]:
        """What DHCP has given out."""

    def is_foreign(self, network: Network) -> bool:
        """Whether somebody else (libvirt's daemon) runs that bridge."""

    def taken(self) -> list[IpInterface]:
        """Address ranges in use on this host, so that a new network can keep clear of them."""


class NetworkStore(Protocol):
    """Definitions of virtual networks, persistent and running."""

    def names(self) -> list[str]:
        """All networks, persistent or active."""

    def load(self, name: str, *, live: bool = False) -> Network | None:
        """A definition, or with ``live`` the one it runs by; ``None``: there is none."""

    def save(self, network: Network, *, live: bool = False) -> None:
        """Write a definition atomically."""

    def delete(self, name: str, *, live: bool = False) -> None:
        """Remove a definition. Idempotent."""

    def autostart(self, name: str) -> bool:
        """Whether it starts with the host."""

    def set_autostart(self, name: str, on: bool) -> None:
        """Say so."""


class DeviceInventory(Protocol):
    """The host's devices."""

    def devices(self) -> list[NodeDevice]:
        """All of them, parents before children."""

    def find(self, name: str) -> NodeDevice:
        """One of them.

        Raises:
            NoDevice: There is none of that name.
        """

    def pci_address_of(self, interface: str) -> PciAddress | None:
        """Where a network device of the host sits; ``None``: it is gone, or on no PCI bus."""

    def interface_at(self, address: PciAddress) -> str | None:
        """The host's network device that sits at a PCI address; ``None``: none does right now."""
