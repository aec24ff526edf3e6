"""What a config file cannot hold, and how it comes back to what the file says.

``remainder`` is what is missing from a definition once it was written and read back; the store
keeps it as a partial ``<domain>``. ``merge`` puts it back. The config wins: a part of the sidecar
holds only while **putting it in would not change what the config says**. That one rule covers a
title (no key speaks of it), 1000 shares where CPUUNITS can only say 977, a period and a quota
that agree with CPULIMIT, and the network whose bridge NETIF leaves open; and it drops each of them
as soon as somebody edits the key.

Some fields are one fact together and come back together (``TOGETHER``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final

from vzvirt.codec.vzconf.devices import NODE_KINDS, PAIR_KINDS, held_pair
from vzvirt.codec.vzconf.domain import RECORDS, apply, assembled, read, values_of
from vzvirt.codec.vzconf.grammar import EMPTY
from vzvirt.codec.vzconf.params import DEVNODES, FACTS, NETDEV, NETIF
from vzvirt.codec.vzconf.resources import Facts
from vzvirt.codec.vzconf.rounding import rounded
from vzvirt.model.devices import (
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
    IpInterface,
)
from vzvirt.model.domain import Domain, replace_openvz

NEVER: Final = frozenset({"ctid", "name", "uuid", "openvz.foreign_lines"})
"""Fields that are not the sidecar's to hold: who it is, and lines of a file under conversion."""

LISTS: Final = frozenset({"filesystems", "interfaces", "host_devices"})
"""Fields whose items are joined one by one."""

TOGETHER: Final[dict[str, tuple[str, ...]]] = {
    "openvz.accounting": (
        "memory.limit",
        "memory.swap",
        "memory.soft_limit",
        "memory.min_guarantee",
        "openvz.beancounters",
    ),
    "cpu.quota": ("cpu.period", "cpu.limit_percent"),
}
"""Fields that come back together where the first of them is in the sidecar."""

HELD: Final = frozenset(field for param in FACTS for field in param.fields)
"""Fields that some key speaks of."""

BLANK: Final = Domain(name="blank")
FIELDS: Final = tuple(
    f"{field.name}.{leaf.name}" if leaf else field.name
    for field in dataclasses.fields(Domain)
    for leaf in (dataclasses.fields(RECORDS[field.name]) if field.name in RECORDS else (None,))
)
"""Every field of a definition, records taken apart."""

PARTS: Final = tuple(
    (field, attrgetter(field), attrgetter(field)(BLANK))
    for field in FIELDS
    if field not in NEVER | LISTS | {"openvz.private_area"}
)
"""Fields that are kept one by one: name, way to it, default."""


BridgeOf = Callable[[str], str | None]
"""The bridge of the virtual network of a name; ``None``: it has none, or is not known."""


def no_bridge(_network: str) -> None:
    """No network is known."""


def remainder(domain: Domain) -> Domain:
    """What no key of the config file holds, as a partial definition with name and UUID.

    Everything the config says is at its default. ``merge`` with what the config says gives the
    definition back.
    """
    domain = rounded(replace_openvz(domain, foreign_lines=()))
    config = read(apply(EMPTY, domain), domain.ctid).domain
    missing = {field for field, get, _default in PARTS if get(domain) != get(config)}
    for leader, others in TOGETHER.items():
        unsaid = {field for field, get, default in PARTS if get(domain) == default}
        if leader in missing or missing & unsaid & set(others):
            missing |= {leader, *others}
    kept: Facts = {field: get(domain) for field, get, _default in PARTS if field in missing}
    kept |= {"name": domain.name, "uuid": domain.uuid}
    kept |= _root_remainder(domain, config)
    if domain.interfaces != config.interfaces:
        kept["interfaces"] = tuple(map(_unheld, domain.interfaces))
    if domain.host_devices != config.host_devices:
        kept["host_devices"] = domain.host_devices
    return assembled(kept)


def merge(config: Domain, sidecar: Domain, bridge_of: BridgeOf = no_bridge) -> Domain:
    """What a config says, completed by its sidecar.

    The config wins. A sidecar with another UUID, or with one where the config has none, belonged
    to another container and is ignored. The order of devices is the sidecar's.

    Args:
        config: What the config says.
        sidecar: What its sidecar says.
        bridge_of: The bridge of a virtual network, by which NETIF may name it.
    """
    if config.uuid != sidecar.uuid:
        return config
    said = {field: get(sidecar) for field, get, default in PARTS if get(sidecar) != default}
    units = [
        {field: attrgetter(field)(sidecar) for field in (leader, *others)}
        for leader, others in TOGETHER.items()
        if leader in said
    ]
    grouped = {field for unit in units for field in unit}
    units += [{field: value} for field, value in said.items() if field not in grouped]
    merged = config
    for unit in units:
        merged = _if_config_agrees(merged, _replaced(merged, unit), unit)
    merged = _with_root(merged, sidecar)
    return dataclasses.replace(
        merged,
        interfaces=_joined_interfaces(merged.interfaces, sidecar.interfaces, bridge_of),
        host_devices=_joined_devices(merged.host_devices, sidecar.host_devices),
    )


def _if_config_agrees(config: Domain, candidate: Domain, fields: Iterable[str]) -> Domain:
    """A candidate if its fields would change nothing in the config file."""
    if HELD.isdisjoint(fields) or not values_of(config).differences(values_of(candidate)):
        return candidate
    return config


def _replaced(domain: Domain, facts: Facts) -> Domain:
    """A copy with other fields, by dotted name."""
    changes: dict[str, Any] = {}  # Any: dataclasses.replace() checks the names
    for name, value in facts.items():
        record, dot, leaf = name.partition(".")
        if dot:
            part = changes.get(record, getattr(domain, record))
            changes[record] = dataclasses.replace(part, **{leaf: value})
        else:
            changes[name] = value
    return dataclasses.replace(domain, **changes)


# File systems


def _root_remainder(domain: Domain, config: Domain) -> Facts:
    """Bind mounts always; the root and the private area if the config's keys mean another root."""
    root, private_area = domain.root, domain.openvz.private_area
    held = (root, private_area) == (config.root, config.openvz.private_area)
    if held and (root is None or domain.filesystems[0] is root):
        return {"filesystems": tuple(item for item in domain.filesystems if not item.is_root)}
    bare = tuple(
        dataclasses.replace(item, space=None, inodes=None) if item.is_root else item
        for item in domain.filesystems
    )
    return {"filesystems": bare, "openvz.private_area": private_area}


def _with_root(config: Domain, sidecar: Domain) -> Domain:
    private_area = sidecar.openvz.private_area
    others = tuple(item for item in sidecar.filesystems if not item.is_root)
    plain = dataclasses.replace(config, filesystems=(*config.filesystems, *others))
    if sidecar.root is None and private_area is None:
        return plain
    quota = config.root or Filesystem(kind=FilesystemKind.TEMPLATE)
    filesystems = tuple(
        dataclasses.replace(item, space=quota.space, inodes=quota.inodes) if item.is_root else item
        for item in sidecar.filesystems
    )
    facts: Facts = {"filesystems": filesystems, "openvz.private_area": private_area}
    candidate = _replaced(config, facts)
    return candidate if _if_config_agrees(config, candidate, facts) is candidate else plain


# Interfaces


def _unheld(item: Interface) -> Interface:
    """An interface without what NETIF holds of it, but still to be recognised."""
    if item.kind not in PAIR_KINDS:
        return item
    return dataclasses.replace(item, mac=None, host_mac=None, host_name=None, mac_filter=None)


def _joined_interfaces(
    config: tuple[Interface, ...], sidecar: tuple[Interface, ...], bridge_of: BridgeOf
) -> tuple[Interface, ...]:
    left = list(config)
    joined: list[Interface] = []
    for kept in sidecar:
        found = next((item for item in left if _same_interface(item, kept)), None)
        if found is not None:
            left.remove(found)
            joined.append(_joined_interface(found, kept, bridge_of))
        elif kept.kind is InterfaceKind.DIRECT or _says_nothing(kept):
            joined.append(kept)
    return (*joined, *left)


def _same_interface(config: Interface, kept: Interface) -> bool:
    if config.kind is InterfaceKind.ROUTED:
        return kept.kind is InterfaceKind.ROUTED
    return kept.kind in PAIR_KINDS and kept.guest_name == config.guest_name


def _says_nothing(kept: Interface) -> bool:
    return kept.kind is InterfaceKind.ROUTED and not kept.addresses


def _joined_interface(config: Interface, kept: Interface, bridge_of: BridgeOf) -> Interface:
    if config.kind is InterfaceKind.ROUTED:
        prefixes = {address.ip: address for address in kept.addresses}
        addresses = tuple(
            prefixes.get(address.ip, address) if _is_single(address) else address
            for address in config.addresses
        )
        return dataclasses.replace(kept, addresses=addresses)
    whole = dataclasses.replace(
        kept,
        mac=config.mac,
        host_mac=config.host_mac,
        host_name=config.host_name,
        mac_filter=config.mac_filter,
    )
    of_network = kept.kind is InterfaceKind.NETWORK and bool(config.source)
    if (of_network and bridge_of(kept.source) == config.source) or NETIF.says(
        (held_pair(config),), (held_pair(whole),)
    ):
        return whole
    portgroup = kept.portgroup if config.kind is kept.kind else None
    return dataclasses.replace(whole, kind=config.kind, source=config.source, portgroup=portgroup)


def _is_single(address: IpInterface) -> bool:
    return address.network.prefixlen == address.max_prefixlen


# Host devices


def _joined_devices(
    config: tuple[HostDevice, ...], sidecar: tuple[HostDevice, ...]
) -> tuple[HostDevice, ...]:
    left = list(config)
    joined: list[HostDevice] = []
    for kept in sidecar:
        found = next((item for item in left if _device_mark(item) == _device_mark(kept)), None)
        if found is not None:
            left.remove(found)
            agrees = kept.kind not in NODE_KINDS or DEVNODES.says((found,), (kept,))
            joined.append(
                kept if agrees else dataclasses.replace(kept, permissions=found.permissions)
            )
        elif _is_unsayable(kept):
            joined.append(kept)
    return (*joined, *left)


def _device_mark(item: HostDevice) -> object:
    """What a device is recognised by."""
    if item.kind is HostDeviceKind.PCI:
        return item.address
    return item.kind is HostDeviceKind.NET, item.name


def _is_unsayable(item: HostDevice) -> bool:
    """Whether no key can name a device, so that only the sidecar does."""
    if item.kind is HostDeviceKind.NET:
        return NETDEV.written((item.name or "",)) is None
    return item.kind in NODE_KINDS and DEVNODES.written((item,)) is None
