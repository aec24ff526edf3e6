"""A simulated world behind the same ports: to try everything without root, and for tests.

Run state is a file below the root (``state``), so that one command sees what another started.
Private areas are real folders with a handful of files; nothing in them is ever run, nothing is
mounted, and quotas are checked where they are set, not where files are written. ``store`` and
``journal`` keep everything in this process and are for tests only.
"""

from vzvirt.backends.memory.engine import MemoryEngine
from vzvirt.backends.memory.guestfiles import MemoryGuestFiles
from vzvirt.backends.memory.host import MemoryHost
from vzvirt.backends.memory.inventory import MemoryInventory
from vzvirt.backends.memory.network import MemoryLinks, MemoryNetworks
from vzvirt.backends.memory.storage import MemoryLayout, layouts
from vzvirt.backends.memory.templates import MemoryTemplates

__all__ = [
    "MemoryEngine",
    "MemoryGuestFiles",
    "MemoryHost",
    "MemoryInventory",
    "MemoryLayout",
    "MemoryLinks",
    "MemoryNetworks",
    "MemoryTemplates",
    "layouts",
]
