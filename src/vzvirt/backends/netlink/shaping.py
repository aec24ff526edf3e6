"""Limits of bandwidth as text for ``tc -batch``; no state.

What a guest receives queues on its interface's host end. What it sends is led to an ``ifb``
device by the last rule of its filter (``filters``) and queues there, so that the limit is out
of the guest's reach and spoofed packets take no part of it.
"""

from __future__ import annotations

from typing import Final

from vzvirt.backends.netlink import names
from vzvirt.model.devices import Bandwidth
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Plug

KIB: Final = 1024

SMALLEST_BURST: Final = 64 * KIB
"""One packet as large as the kernel ever makes them."""

LATENCY: Final = "50ms"
"""How long a packet may queue before the next one is dropped."""


def limits(plug: Plug, ctid: Ctid, tag: str, old: Plug | None = None) -> list[str]:
    """Commands that bring both directions' limits to what an interface says."""
    device = names.host_end(plug, ctid, tag)
    if device is None:
        return []
    before = old.interface.inbound if old else None
    lines = []
    if plug.interface.inbound is not None:
        lines.append(f"qdisc replace dev {device} root {_bucket(plug.interface.inbound)}")
    elif before is not None:
        lines.append(f"qdisc del dev {device} root")
    if plug.interface.outbound is not None:
        bucket = _bucket(plug.interface.outbound)
        lines.append(f"qdisc replace dev {names.shaper(device)} root {bucket}")
    return lines


def _bucket(limit: Bandwidth) -> str:
    rate = limit.average * KIB
    # What passes in the 10 ms between two looks of the slowest clock must fit.
    burst = max(SMALLEST_BURST, rate // 100, (limit.burst or 0) * KIB)
    words = f"tbf rate {rate}bps burst {burst}b latency {LATENCY}"
    if limit.peak is not None and limit.peak > limit.average:
        words += f" peakrate {limit.peak * KIB}bps mtu {SMALLEST_BURST}"
    return words
