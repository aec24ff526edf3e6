"""Which devices of the host may be taken away: none but such as this backend makes. No state.

What is noted to be a container's may not have been made in the end, because something else has
that name. A bridge or a NIC is never ours, whatever a note says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vzvirt.backends.netlink import rtnetlink

MADE: Final = frozenset({"veth", "ifb"})
"""Kinds of devices on the host that containers' interfaces are made of."""


def removing(lines: Iterable[str]) -> list[str]:
    """Those of some commands ``link del dev NAME`` that take away a device of our kinds."""
    return [line for line in lines if rtnetlink.link_kind(line.split()[-1]) in MADE]
