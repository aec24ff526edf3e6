"""Names of what this backend makes on the host; no state.

A name carries the installation's tag, so that two installations on one host never meet, and
fits into the kernel's 15 characters however long a container's number is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from vzvirt.model.devices import GUEST_NAME_MAX, ROUTED_GUEST_NAME, InterfaceKind
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Plug
from vzvirt.system.root import Root

ROUTED_MAC: Final = "02:18:51:00:00:01"
"""Both ends of every routed pair have it; such a pair never asks who has an address."""

ROUTE_PROTOCOL: Final = "118"
"""Marks host routes as ours (``ip route show proto 118``)."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def routed_name(ctid: Ctid, tag: str) -> str:
    """The host end of a container's routed interface."""
    behind = f".{tag}" if tag else ""
    candidates = (f"venet{ctid}{behind}", f"v{ctid}{behind}", f"w{_short(ctid)}{behind}")
    return next(name for name in candidates if len(name) <= GUEST_NAME_MAX)


def _short(number: int) -> str:
    """A number with more than ten digits to count with."""
    text = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def host_end(plug: Plug, ctid: Ctid, tag: str) -> str | None:
    """The device on the host that belongs to an interface; ``None``: it has none."""
    interface = plug.interface
    if interface.kind is InterfaceKind.DIRECT:
        return None
    if interface.kind is InterfaceKind.ROUTED:
        return interface.host_name or routed_name(ctid, tag)
    return interface.host_name


def guest_end(plug: Plug) -> str:
    """The device inside."""
    return plug.interface.guest_name or ROUTED_GUEST_NAME


def shaper(host_name: str) -> str:
    """The ``ifb`` device on which what a guest sends queues up."""
    import hashlib  # hardly ever needed, and not small

    return f"ifb{hashlib.sha256(host_name.encode()).hexdigest()[:8]}"


def table(tag: str) -> str:
    """The nftables table of family ``netdev`` with all containers' filters."""
    return f"vzvirt{tag}"


def chain(host_name: str) -> str:
    """A name that nftables takes, another one for each device."""
    return "on_" + re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):02x}", host_name)


def kept_namespace(root: Root, ctid: Ctid) -> Path:
    """Where the network namespace of a container that has a NIC of the host is held on to."""
    return root.path(f"run/vzvirt/links/{ctid}.netns")
