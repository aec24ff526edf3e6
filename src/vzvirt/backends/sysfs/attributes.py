"""What the kernel, and udev beside it, say of one device. A device may be gone at any moment.

So nothing here raises: what cannot be read says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folder:
    """A device's folder in sysfs."""

    path: Path

    def text(self, name: str) -> str:
        """An attribute without the blanks around it; empty: there is none."""
        try:
            return (self.path / name).read_text(errors="replace").replace("\0", "").strip()
        except OSError:
            return ""  # the kernel refuses some, such as the speed of a link that is down

    def number(self, name: str, base: int = 10) -> int | None:
        """An attribute that is a number; ``None``: there is none, or a negative one: unknown."""
        try:
            number = int(self.text(name), base)
        except ValueError:
            return None
        return number if number >= 0 else None

    def target(self, name: str) -> Path | None:
        """What a link in it leads to."""
        link = self.path / name
        return link.resolve() if link.exists() else None

    def event(self) -> dict[str, str]:
        """What the kernel tells udev of it, such as ``DEVNAME``."""
        return _pairs(self.text("uevent"))


def udev_properties(data: Path, key: str) -> dict[str, str]:
    """What udev has found out about a device; empty where there is no udev.

    Args:
        data: udev's folder.
        key: What udev calls the device, such as ``b8:0``.
    """
    try:
        text = (data / key).read_text(errors="replace")
    except OSError:
        return {}
    lines = (line[2:] for line in text.splitlines() if line.startswith("E:"))
    return _pairs("\n".join(lines))


def _pairs(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in text.splitlines())}
