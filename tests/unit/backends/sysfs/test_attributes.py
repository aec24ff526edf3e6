"""What is read of a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.backends.sysfs.attributes import Folder, udev_properties


@pytest.mark.parametrize(
    ("content", "text", "number", "hexadecimal"),
    [
        (b"12\n", "12", 12, 0x12),
        (b"0x1af4\n", "0x1af4", None, 0x1AF4),
        (b"-1\n", "-1", None, None),
        (b" QEMU   \n", "QEMU", None, None),
        (b"a\0b\n", "ab", None, 0xAB),
        (b"\xff", "\ufffd", None, None),
        (b"", "", None, None),
        (None, "", None, None),
    ],
)
def test_attributes(
    tmp_path: Path,
    content: bytes | None,
    text: str,
    number: int | None,
    hexadecimal: int | None,
) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    folder = Folder(tmp_path)
    assert folder.text("file") == text
    assert folder.number("file") == number
    assert folder.number("file", 16) == hexadecimal


def test_what_the_kernel_refuses_to_say() -> None:
    """The loopback device has no speed, and reading it fails."""
    assert Folder(Path("/sys/class/net/lo")).number("speed") is None


def test_links(tmp_path: Path) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "driver").symlink_to("drivers")
    (tmp_path / "dangling").symlink_to("nowhere")
    folder = Folder(tmp_path)
    assert folder.target("driver") == (tmp_path / "drivers").resolve()
    assert folder.target("dangling") is None
    assert folder.target("none") is None


def test_events(tmp_path: Path) -> None:
    (tmp_path / "uevent").write_text("MAJOR=8\nDEVNAME=a=b\nodd\n")
    assert Folder(tmp_path).event() == {"MAJOR": "8", "DEVNAME": "a=b", "odd": ""}
    assert Folder(tmp_path / "none").event() == {}


def test_what_udev_found_out(tmp_path: Path) -> None:
    (tmp_path / "b8:0").write_text("S:disk/x\nE:ID_BUS=ata\nG:systemd\nE:ID_SERIAL=a b\n")
    assert udev_properties(tmp_path, "b8:0") == {"ID_BUS": "ata", "ID_SERIAL": "a b"}
    assert udev_properties(tmp_path, "b8:1") == {}
