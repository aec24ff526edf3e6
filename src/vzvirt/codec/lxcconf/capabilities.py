"""THE table of Linux capabilities and what OpenVZ leaves a container of them.

No state. Names are libvirt's (lower case, without ``CAP_``); OpenVZ's own two that the kernel
does not have are in ``GROUPS``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vzvirt import errors
from vzvirt.model.resources import CapabilityDefault, LinuxCapabilities


class Kept(enum.Enum):
    """When a container has a capability without being given it by name."""

    ALWAYS = "always"
    CONFINED = "in a user namespace"  # where it reaches no further than the container
    NEVER = "never"


_A, _C, _N = Kept.ALWAYS, Kept.CONFINED, Kept.NEVER

CAPABILITIES: Final[Mapping[str, Kept]] = MappingProxyType(
    {
        "chown": _A,
        "dac_override": _A,
        "dac_read_search": _A,
        "fowner": _A,
        "fsetid": _A,
        "kill": _A,
        "setgid": _A,
        "setuid": _A,
        "setpcap": _A,
        "linux_immutable": _A,
        "net_bind_service": _A,
        "net_broadcast": _A,
        "net_admin": _C,
        "net_raw": _A,
        "ipc_lock": _A,
        "ipc_owner": _A,
        "sys_module": _N,
        "sys_rawio": _N,
        "sys_chroot": _A,
        "sys_ptrace": _A,
        "sys_pacct": _N,
        "sys_admin": _C,
        "sys_boot": _A,
        "sys_nice": _A,
        "sys_resource": _A,
        "sys_time": _N,
        "sys_tty_config": _A,
        "mknod": _A,
        "lease": _A,
        "audit_write": _A,
        "audit_control": _N,
        "setfcap": _A,
        "mac_override": _N,
        "mac_admin": _N,
        "syslog": _N,
        "wake_alarm": _N,
        "block_suspend": _N,
        "audit_read": _N,
        "perfmon": _N,
        "bpf": _N,
        "checkpoint_restore": _N,
    }
)
"""Every capability, in the order of the kernel's numbers from 0."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ve_admin": ("net_admin", "sys_admin"),
        "fs_mask": ("chown", "dac_override", "dac_read_search", "fowner", "fsetid"),
    }
)
"""OpenVZ's own names, and what comes nearest to them on a stock kernel."""


def kept_capabilities(
    wanted: LinuxCapabilities, *, confined: bool, bridge: bool, last: int
) -> tuple[str, ...]:
    """The capabilities a container is left with, in the kernel's order.

    Args:
        wanted: The definition's default and switches.
        confined: Whether it has a user namespace.
        bridge: Whether FEATURES has ``bridge:on``, which includes ``net_admin``.
        last: Number of the highest capability this kernel knows.

    Raises:
        ConfigUnsupported: A switch names no capability.
    """
    kept = _from_default(wanted.default, confined)
    if bridge:
        kept.add("net_admin")
    for name, on in wanted.switches:
        members = GROUPS.get(name, (name,))
        if not CAPABILITIES.keys() >= set(members):
            raise errors.ConfigUnsupported(
                f"there is no Linux capability '{name}'",
                hint="take it out of <capabilities> (CAPABILITY)",
            )
        if on:
            kept.update(members)
        else:
            kept.difference_update(members)
    known = list(CAPABILITIES)[: last + 1]
    return tuple(name for name in known if name in kept)


def _from_default(default: CapabilityDefault, confined: bool) -> set[str]:
    if default is CapabilityDefault.ALLOW:
        return set(CAPABILITIES)
    if default is CapabilityDefault.DENY:
        return set()
    reaching = {Kept.ALWAYS, Kept.CONFINED} if confined else {Kept.ALWAYS}
    return {name for name, kept in CAPABILITIES.items() if kept in reaching}
