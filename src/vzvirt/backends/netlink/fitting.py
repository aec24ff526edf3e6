"""What the host has to say of an interface that its definition leaves open.

No state. A bridge's MTU is that of its ports: a port with a smaller one would make the whole
bridge's smaller, one with a larger one would send what nobody behind the bridge receives.
"""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.netlink import kernel, rtnetlink
from vzvirt.backends.netlink.batches import DEFAULT_MTU
from vzvirt.ports.network import Plug

_IFB: Final = Path("/sys/module/ifb")


def fitted(plugs: tuple[Plug, ...]) -> tuple[Plug, ...]:
    """Interfaces that have the MTU of their bridge where they name none."""
    return tuple(map(_fitted, plugs))


def _fitted(plug: Plug) -> Plug:
    if plug.interface.mtu is not None or plug.bridge is None:
        return plug
    mtu = rtnetlink.mtu(plug.bridge)
    if mtu is None or mtu == DEFAULT_MTU:
        return plug
    return dataclasses.replace(plug, interface=dataclasses.replace(plug.interface, mtu=mtu))


def make_way_for_shapers(plugs: tuple[Plug, ...]) -> None:
    """Have the kernel's module for limits of what a guest sends, without devices of its own.

    Loaded by the first device of its kind, it would bring ``ifb0`` and ``ifb1`` along.
    """
    if any(plug.interface.outbound is not None for plug in plugs) and not _IFB.exists():
        with contextlib.suppress(errors.NoSupport):  # the kernel may still do it by itself
            kernel.run(("modprobe", "ifb", "numifbs=0"), check=False)
