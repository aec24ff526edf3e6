"""Names of PCI devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.backends.sysfs.machine import PCI_IDS
from vzvirt.backends.sysfs.pciids import names


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "pci.ids"
    path.write_text(PCI_IDS)
    return path


def test_names_of_the_vendors_that_are_asked_for(database: Path) -> None:
    assert names({0x8086, 0x4711}, [database]) == {
        (0x8086, None): "Intel Corporation",
        (0x8086, 0x10D3): "82574L Gigabit Network Connection",
        (0x8086, 0x1C10): "6 Series PCI Express Root Port",
    }


def test_device_classes_are_no_vendors(database: Path) -> None:
    assert names({0xC, 0xC02, 0x2}, [database]) == {}


def test_the_first_database_there_is_counts(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ids"
    other.write_text("8086  Another\n")
    assert names({0x8086}, [tmp_path / "none", other, database]) == {(0x8086, None): "Another"}


def test_no_database_no_names(tmp_path: Path) -> None:
    assert names({0x8086}, [tmp_path / "none"]) == {}


def test_a_damaged_database_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    odd = tmp_path / "pci.ids"
    odd.write_bytes(b"\tlost\n8086  Intel \xff\n\tzzzz  what\n\t\n\t10d3  NIC\n8086\n")
    assert names({0x8086}, [odd]) == {(0x8086, None): "Intel \ufffd", (0x8086, 0x10D3): "NIC"}
