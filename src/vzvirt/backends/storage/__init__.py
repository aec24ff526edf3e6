"""Storage layouts: ways to store a private area.

The table of layouts is the one place that knows them all; each keeps its state on disk only.
"""

from __future__ import annotations

from vzvirt.backends.storage.image import ImageLayout
from vzvirt.backends.storage.simfs import SimfsLayout
from vzvirt.ports.storage import StorageLayout
from vzvirt.system.root import Root


def layouts(root: Root) -> dict[str, StorageLayout]:
    """All layouts, by their VE_LAYOUT name."""
    known: tuple[StorageLayout, ...] = (SimfsLayout(root), ImageLayout(root))
    return {layout.abilities.name: layout for layout in known}


__all__ = ["ImageLayout", "SimfsLayout", "layouts"]
