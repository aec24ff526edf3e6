"""Traffic counters, from where the guest sees them: no state, no child process."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FIELDS: Final = (
    *("rx_bytes", "rx_packets", "rx_errors", "rx_drops"),
    *("", "", "", ""),  # fifo, frame, compressed, multicast
    *("tx_bytes", "tx_packets", "tx_errors", "tx_drops"),
)
"""Columns of ``/proc/net/dev`` behind a device's name; those without a name are left out."""


def of(pid: int) -> dict[str, dict[str, int]]:
    """Counters by device in the network namespace of a process; empty: it is gone."""
    try:
        said = Path(f"/proc/{pid}/net/dev").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return parse(said)


def parse(said: str) -> dict[str, dict[str, int]]:
    """Counters by device, from the text of ``/proc/net/dev``."""
    found = {}
    for line in said.splitlines()[2:]:
        device, _, numbers = line.rpartition(":")
        pairs = zip(_FIELDS, numbers.split(), strict=False)
        found[device.strip()] = {field: int(number) for field, number in pairs if field}
    return found
