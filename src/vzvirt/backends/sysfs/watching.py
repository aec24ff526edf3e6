"""ports.watch.Watch over what the kernel says of devices."""

from __future__ import annotations

from typing import Final

from vzvirt.ports.watch import Changes
from vzvirt.system.watch import Uevents

_SHOWN: Final = frozenset({"pci", "net", "block", "usb"})
"""Subsystems whose devices the inventory shows."""


class DeviceWatch:
    """Hears of devices that are plugged in, pulled out, renamed or moved into containers."""

    def __init__(self) -> None:
        self._uevents = Uevents()

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._uevents.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._uevents.close()

    def changes(self) -> Changes:
        """The news since the last call."""
        events, lost = self._uevents.read()
        return Changes(devices=lost or any(event.subsystem in _SHOWN for event in events))
