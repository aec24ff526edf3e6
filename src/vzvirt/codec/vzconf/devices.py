"""File systems, interfaces and host devices: lists that several keys fill together.

As in ``resources``, each mapping has a ``read_...`` and a ``write_...``. What keys have no room
for (bind mounts, a bridged interface's addresses, the name of a virtual network, the order of
things) is no concern of theirs: ``sidecar`` keeps it.
"""

from __future__ import annotations

from typing import Final

from vzvirt import errors
from vzvirt.codec.vzconf.forms import LONG_MAX
from vzvirt.codec.vzconf.params import (
    DEVNODES,
    DISKINODES,
    DISKSPACE,
    IP_ADDRESS,
    NETDEV,
    NETIF,
    OSTEMPLATE,
    PCI,
    VE_PRIVATE,
)
from vzvirt.codec.vzconf.resources import Facts
from vzvirt.codec.vzconf.values import Values
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
)
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid, SoftHard

CTID_MARKS: Final = ("$VEID", "${VEID}")
NODE_KINDS: Final = frozenset({HostDeviceKind.STORAGE, HostDeviceKind.MISC})
PAIR_KINDS: Final = frozenset(
    {InterfaceKind.BRIDGE, InterfaceKind.NETWORK, InterfaceKind.ETHERNET}
)


def expand_ctid(pattern: str, ctid: Ctid | None) -> str:
    """A folder as VE_PRIVATE or VE_ROOT means it for a container.

    The first ``$VEID`` (where there is none, the first ``${VEID}``) becomes the CTID, if it is
    known; slashes at the end go.
    """
    if ctid is not None:
        mark = next((mark for mark in CTID_MARKS if mark in pattern), "")
        pattern = pattern.replace(mark, str(ctid), 1) if mark else pattern
    return pattern.rstrip("/") or "/"


def read_root(values: Values, facts: Facts, ctid: Ctid | None) -> list[str]:
    """Tell the root: made from a template, or a folder that is simply there.

    A quota without either belongs to a root whose template is not said.

    Returns:
        Warnings.
    """
    warnings = []
    private_area = values.get(VE_PRIVATE)
    if private_area is not None:
        facts["openvz.private_area"] = private_area
    template = values.get(OSTEMPLATE)
    space, inodes = _real(values.get(DISKSPACE)), _real(values.get(DISKINODES))
    kind, source = FilesystemKind.TEMPLATE, ""
    if template is not None:
        source = template.lstrip(".")  # the dot marks another kind of template, not another name
    elif private_area is not None:
        kind, source = FilesystemKind.MOUNT, expand_ctid(private_area, ctid)
    elif space is None and inodes is None:
        return []
    try:
        facts["filesystems"] = (Filesystem(kind=kind, source=source, space=space, inodes=inodes),)
    except errors.InvalidArgument as error:
        warnings.append(error.message)
    return warnings


def _real(quota: SoftHard | None) -> SoftHard | None:
    """A quota that could ever be met; people write vzctl's largest number to have none."""
    return quota if quota and quota.hard < LONG_MAX else None


def write_root(domain: Domain, values: Values) -> None:
    """Say the template or the folder, and the quotas."""
    root = domain.root
    private_area = domain.openvz.private_area
    if root is not None:
        values.put(DISKSPACE, root.space)
        values.put(DISKINODES, root.inodes)
        if root.kind is FilesystemKind.TEMPLATE:
            values.put(OSTEMPLATE, root.source or None)
        elif root.kind is FilesystemKind.MOUNT and (
            private_area is None or expand_ctid(private_area, domain.ctid) != root.source
        ):
            # A folder that is really called so would be read as another one.
            marked = any(mark in root.source for mark in CTID_MARKS)
            private_area = None if marked else root.source
    values.put(VE_PRIVATE, private_area)


def read_interfaces(values: Values, facts: Facts) -> None:
    """All routed addresses make one interface; each veth pair is another."""
    addresses = values.get(IP_ADDRESS)
    pairs = values.get(NETIF) or ()
    if addresses:
        routed = Interface(kind=InterfaceKind.ROUTED, addresses=addresses)
        pairs = (routed, *pairs)
    if pairs:
        facts["interfaces"] = pairs


def write_interfaces(interfaces: tuple[Interface, ...], values: Values) -> None:
    """Say routed addresses and veth pairs."""
    routed = [item for item in interfaces if item.kind is InterfaceKind.ROUTED]
    values.put(IP_ADDRESS, tuple(address for item in routed for address in item.addresses))
    values.put(NETIF, tuple(held_pair(item) for item in interfaces if item.kind in PAIR_KINDS))


def held_pair(item: Interface) -> Interface:
    """What NETIF holds of a veth pair."""
    bridged = item.kind is InterfaceKind.BRIDGE and bool(item.source)
    return Interface(
        kind=InterfaceKind.BRIDGE if bridged else InterfaceKind.ETHERNET,
        source=item.source if bridged else "",
        guest_name=item.guest_name,
        host_name=item.host_name,
        mac=item.mac,
        host_mac=item.host_mac,
        mac_filter=item.mac_filter,
    )


def read_host_devices(values: Values, facts: Facts) -> None:
    """Network devices by name, PCI functions by address, nodes by path."""
    devices = (
        *(HostDevice(kind=HostDeviceKind.NET, name=name) for name in values.get(NETDEV) or ()),
        *(HostDevice(kind=HostDeviceKind.PCI, address=item) for item in values.get(PCI) or ()),
        *(values.get(DEVNODES) or ()),
    )
    if devices:
        facts["host_devices"] = devices


def write_host_devices(devices: tuple[HostDevice, ...], values: Values) -> None:
    """Say each device under the key of its kind."""
    values.put(
        NETDEV,
        tuple(item.name for item in devices if item.kind is HostDeviceKind.NET and item.name),
    )
    values.put(
        PCI,
        tuple(
            item.address
            for item in devices
            if item.kind is HostDeviceKind.PCI and item.address is not None
        ),
    )
    values.put(DEVNODES, tuple(item for item in devices if item.kind in NODE_KINDS))
