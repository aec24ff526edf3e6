"""Names of PCI vendors and products, from the database that hosts keep for ``lspci``.

A line is ``VVVV  name`` for a vendor, and below it ``<tab>PPPP  name`` for each product.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from pathlib import Path
from typing import Final

DATABASES: Final = (Path("/usr/share/misc/pci.ids"), Path("/usr/share/hwdata/pci.ids"))
"""Where distributions have it; many have none."""

Names = dict[tuple[int, int | None], str]
"""By vendor and product; the vendor's own name is at ``(vendor, None)``."""


def names(vendors: Set[int], databases: Iterable[Path] = DATABASES) -> Names:
    """Names of some vendors and all their products, from the first database there is."""
    for path in databases:
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError:
            continue
        return _names(vendors, lines)
    return {}


def _names(vendors: Set[int], lines: list[str]) -> Names:
    wanted = {f"{vendor:04x}": vendor for vendor in vendors}
    found: Names = {}
    vendor: int | None = None
    for line in lines:
        if line[:1] == "\t":
            if vendor is not None and line[1:2] != "\t":
                number = _number(line[1:5])
                if number is not None:
                    found[vendor, number] = line[5:].strip()
        elif line[:1] not in {"", "#"}:
            vendor = wanted.get(line[:4].lower()) if line[4:6] == "  " else None
            if vendor is not None:
                found[vendor, None] = line[4:].strip()
    return found


def _number(digits: str) -> int | None:
    try:
        return int(digits, 16)
    except ValueError:
        return None
