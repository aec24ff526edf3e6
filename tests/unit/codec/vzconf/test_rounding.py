from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from strategies import domains
from vzvirt.codec.vzconf import rounded, roundings
from vzvirt.model.devices import Filesystem, FilesystemKind, Interface, InterfaceKind
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.resources import Accounting, Memory
from vzvirt.model.values import SoftHard

from .configs import examples


def test_sizes_are_rounded_up_and_told() -> None:
    root = Filesystem(kind=FilesystemKind.TEMPLATE, source="t", space=SoftHard(1, 1025))
    bind = Filesystem(kind=FilesystemKind.MOUNT, source="/a", target="/b", space=SoftHard(1, 1))
    domain = Domain(
        name="x", memory=Memory(limit=1000001, swap=4096, soft_limit=1), filesystems=(bind, root)
    )
    found = rounded(domain)
    assert found.memory == Memory(limit=1003520, swap=4096, soft_limit=1)
    assert [item.space for item in found.filesystems] == [SoftHard(1, 1), SoftHard(1024, 2048)]
    assert roundings(domain) == (
        "memory limit of 1000001 bytes becomes 1003520: PHYSPAGES counts pages of 4096 bytes",
        "space quota of 1:1025 bytes becomes 1024:2048: DISKSPACE counts KiB",
    )


def test_more_files_than_the_key_can_count_are_no_quota() -> None:
    root = Filesystem(kind=FilesystemKind.TEMPLATE, inodes=SoftHard(5, 2**63 - 1))
    domain = Domain(name="x", filesystems=(root,))
    (found,) = rounded(domain).filesystems
    assert found.inodes is None
    assert roundings(domain) == (
        f"a quota of {2**63 - 1} files is none: DISKINODES has no larger number",
    )


def test_ubc_rounds_its_own_marks() -> None:
    domain = Domain(
        name="x",
        memory=Memory(limit=4096, soft_limit=1, min_guarantee=5000),
        openvz=OpenvzSettings(accounting=Accounting.UBC),
    )
    assert rounded(domain).memory == Memory(limit=4096, soft_limit=4096, min_guarantee=8192)
    assert len(roundings(domain)) == 2


def test_guest_names_are_made_up_where_they_are_missing() -> None:
    names = [None, "eth0", None]
    pairs = tuple(Interface(kind=InterfaceKind.ETHERNET, guest_name=name) for name in names)
    found = rounded(Domain(name="x", interfaces=pairs)).interfaces
    assert [item.guest_name for item in found] == ["eth1", "eth0", "eth2"]


@examples(12)
@given(domains(), st.integers(0, 4095))
def test_once_is_enough(domain: Domain, odd: int) -> None:
    if isinstance(domain.memory.limit, int):
        memory = dataclasses.replace(domain.memory, limit=domain.memory.limit + odd)
        domain = dataclasses.replace(domain, memory=memory)
    found = rounded(domain)
    assert rounded(found) == found
    assert roundings(found) == ()
