from __future__ import annotations

import pytest

from vzvirt.codec.vzconf import Document, builtin_global, builtin_samples, read
from vzvirt.model.devices import FilesystemKind
from vzvirt.model.resources import BEANCOUNTERS, Accounting

MIB = 2**20

UBC_REQUIRED = set(BEANCOUNTERS) - {"swappages", "avnumproc", "privvmpages", "vmguarpages"}
"""What real vzctl asks for at start, beside what ``Memory`` holds."""


def test_the_samples_there_are() -> None:
    sizes = [f"vswap-{size}" for size in ("256m", "512m", "1g", "2g", "4g")]
    assert set(builtin_samples()) == {"basic", "light", *sizes}


@pytest.mark.parametrize("name", sorted(builtin_samples()))
def test_a_sample_is_clean_and_complete(name: str) -> None:
    found = read(builtin_samples()[name])
    assert found.warnings == ()
    root = found.domain.root
    assert root is not None
    assert root.kind is FilesystemKind.TEMPLATE
    assert not root.source
    assert root.space
    assert root.inodes
    assert found.domain.cpu.shares


@pytest.mark.parametrize(
    ("name", "ram"), [("256m", 256), ("512m", 512), ("1g", 1024), ("4g", 4096)]
)
def test_vswap_samples_are_named_for_their_memory(name: str, ram: int) -> None:
    memory = read(builtin_samples()[f"vswap-{name}"]).domain.memory
    assert memory.limit == ram * MIB
    assert memory.swap == 2 * ram * MIB


@pytest.mark.parametrize("name", ["basic", "light"])
def test_ubc_samples_say_all_that_vzctl_requires(name: str) -> None:
    found = read(builtin_samples()[name]).domain
    assert found.openvz.accounting is Accounting.UBC
    assert found.memory.limit
    assert found.memory.min_guarantee
    assert {row.name for row in found.openvz.beancounters} >= UBC_REQUIRED


def test_vz_conf_can_be_sourced_by_a_shell() -> None:
    for line in builtin_global().lines:
        assert not line or line.startswith("#") or " =" not in line
    assert isinstance(builtin_global(), Document)
