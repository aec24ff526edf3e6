"""Files of a guest's root: its identity, its accounts, and copies in and out.

No state. A guest may have laid any link anywhere in its root, and may go on doing so while we
work: every path in it is walked by ``system.safepath``, which cannot be led out.
"""

from __future__ import annotations

from vzvirt.backends.guestfiles.files import RealGuestFiles

__all__ = ["RealGuestFiles"]
