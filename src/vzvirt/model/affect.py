"""Which of a container's definitions a change is to touch (VIR_DOMAIN_AFFECT_*)."""

from __future__ import annotations

import enum


class Affect(enum.Enum):
    """What a change is for: the container as it runs, its next start, or both."""

    CURRENT = "current"  # what runs if it runs, else the stored definition
    LIVE = "live"  # what runs; it must
    STORED = "stored"  # the stored definition; it must have one
    BOTH = "both"  # both, and both must be there
    ALL = "all"  # whatever of the two is there

    @classmethod
    def of(cls, *, live: bool, stored: bool) -> Affect:
        """What libvirt's two flags mean; neither of them: the current one."""
        if live:
            return cls.BOTH if stored else cls.LIVE
        return cls.STORED if stored else cls.CURRENT
