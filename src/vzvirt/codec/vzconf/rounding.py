"""What OpenVZ's keys can hold of sizes: whole pages, whole KiB; anything else is rounded up.

``rounded`` also brings a definition into the one shape a config file gives back: all routed
interfaces are one, every veth pair has a guest name, memory has a kind of accounting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from vzvirt.codec.vzconf import resources
from vzvirt.codec.vzconf.devices import PAIR_KINDS
from vzvirt.codec.vzconf.forms import KIB, LONG_MAX
from vzvirt.model.devices import Filesystem, Interface, InterfaceKind
from vzvirt.model.domain import Domain, replace_openvz
from vzvirt.model.resources import Accounting, Memory
from vzvirt.model.values import PAGE_SIZE, Limit, SoftHard

IN_PAGES: Final = {
    Accounting.VSWAP: {"limit": "PHYSPAGES", "swap": "SWAPPAGES"},
    Accounting.UBC: {
        "limit": "PRIVVMPAGES",
        "soft_limit": "PRIVVMPAGES",
        "min_guarantee": "VMGUARPAGES",
    },
}
"""Fields of ``Memory`` that a key counts in pages, by accounting, with the key."""


def rounded(domain: Domain) -> Domain:
    """A definition as a config file can hold it."""
    domain = _with_accounting(domain)
    return dataclasses.replace(
        domain,
        description=domain.description or None,
        memory=_rounded_memory(domain),
        filesystems=tuple(
            _whole_blocks(item) if item.is_root else item for item in domain.filesystems
        ),
        interfaces=_one_shape(domain.interfaces),
    )


def roundings(domain: Domain) -> tuple[str, ...]:
    """What saving a definition rounds, one sentence each."""
    return tuple(_roundings(domain, rounded(domain)))


def _roundings(before: Domain, after: Domain) -> Iterator[str]:
    for field, key in IN_PAGES[after.openvz.accounting or Accounting.VSWAP].items():
        given, kept = getattr(before.memory, field), getattr(after.memory, field)
        if isinstance(given, int) and given != kept:
            what = field.replace("_", " ")
            yield (
                f"memory {what} of {given} bytes becomes {kept}: {key} counts pages of"
                f" {PAGE_SIZE} bytes"
            )
    old, new = before.root, after.root
    if old and new and old.space and new.space and old.space != new.space:
        yield (
            f"space quota of {old.space.soft}:{old.space.hard} bytes becomes"
            f" {new.space.soft}:{new.space.hard}: DISKSPACE counts KiB"
        )
    if old and new and old.inodes and not new.inodes:
        yield f"a quota of {old.inodes.hard} files is none: DISKINODES has no larger number"


def _with_accounting(domain: Domain) -> Domain:
    """Memory or beancounters without a kind of accounting are vswap's."""
    memory, openvz = domain.memory, domain.openvz
    said = memory.limit is not None or memory.swap is not None or openvz.beancounters
    if openvz.accounting is None and said:
        return replace_openvz(domain, accounting=Accounting.VSWAP)
    return domain


def _rounded_memory(domain: Domain) -> Memory:
    memory, accounting = domain.memory, domain.openvz.accounting
    if accounting is None:
        return memory
    changes = {
        field: _whole_pages(amount)
        for field in IN_PAGES[accounting]
        if (amount := getattr(memory, field)) is not None
    }
    if accounting is Accounting.VSWAP and memory.swap is None and _has_vswap_limit(memory):
        changes["swap"] = 0  # real vzctl starts no vswap container without SWAPPAGES
    return dataclasses.replace(memory, **changes)


def _has_vswap_limit(memory: Memory) -> bool:
    return memory.limit is not None and resources.is_limited(resources.in_pages(memory.limit))


def _whole_pages(amount: Limit) -> Limit:
    return resources.in_bytes(resources.in_pages(amount))


def _whole_blocks(root: Filesystem) -> Filesystem:
    space, inodes = root.space, root.inodes
    if space is not None:
        space = SoftHard(-(-space.soft // KIB) * KIB, -(-space.hard // KIB) * KIB)
    if inodes is not None and inodes.hard >= LONG_MAX:
        inodes = None
    return dataclasses.replace(root, space=space, inodes=inodes)


def _one_shape(interfaces: tuple[Interface, ...]) -> tuple[Interface, ...]:
    taken = {item.guest_name for item in interfaces}
    free = (
        name
        for number in range(len(interfaces) + len(taken))
        if (name := f"eth{number}") not in taken
    )
    shaped: list[Interface] = []
    for item in _merged(interfaces):
        if item.kind in PAIR_KINDS and item.guest_name is None:
            item = dataclasses.replace(item, guest_name=next(free))
        if item.kind is InterfaceKind.BRIDGE and not item.source:
            item = dataclasses.replace(item, kind=InterfaceKind.ETHERNET)
        shaped.append(item)
    return tuple(shaped)


def _merged(interfaces: tuple[Interface, ...]) -> Iterator[Interface]:
    """All routed interfaces are one, where the first one stood; its MAC is none."""
    routed = [item for item in interfaces if item.kind is InterfaceKind.ROUTED]
    addresses = {address.ip: address for item in routed for address in item.addresses}
    for item in interfaces:
        if item.kind is not InterfaceKind.ROUTED:
            yield item
        elif item is routed[0]:
            yield dataclasses.replace(item, addresses=tuple(addresses.values()), mac=None)
