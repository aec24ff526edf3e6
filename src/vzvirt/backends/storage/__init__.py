"""Storage layouts: ways to store a private area.

The table of layouts is the one place that knows them all; each keeps its state on disk only.
"""

from __future__ import annotations

from pathlib import Path

from vzvirt.backends.storage.image import ImageLayout
from vzvirt.backends.storage.simfs import SimfsLayout
from vzvirt.ports.storage import StorageLayout
from vzvirt.system.root import Root


def layouts(root: Root, private: Path | None = None) -> dict[str, StorageLayout]:
    """All layouts, by their VE_LAYOUT name.

    Args:
        root: The installation.
        private: The folder that private areas are in; ``None``: the usual one.
    """
    return {"simfs": SimfsLayout(root, private), "image": ImageLayout(root)}


__all__ = ["ImageLayout", "SimfsLayout", "layouts"]
