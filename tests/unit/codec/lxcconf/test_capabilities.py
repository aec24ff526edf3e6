from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.lxcconf.capabilities import CAPABILITIES, kept_capabilities
from vzvirt.model.resources import CapabilityDefault, LinuxCapabilities

ALL = tuple(CAPABILITIES)
DENY = CapabilityDefault.DENY


def _kept(
    *switches: tuple[str, bool],
    default: CapabilityDefault = CapabilityDefault.DEFAULT,
    confined: bool = True,
    bridge: bool = False,
    last: int = 40,
) -> tuple[str, ...]:
    wanted = LinuxCapabilities(default=default, switches=switches)
    return kept_capabilities(wanted, confined=confined, bridge=bridge, last=last)


def test_the_kernels_numbers() -> None:
    """The order is the number: linux/capability.h."""
    assert len(ALL) == 41
    numbers = {name: ALL.index(name) for name in ("chown", "sys_admin", "syslog", "bpf")}
    assert numbers == {"chown": 0, "sys_admin": 21, "syslog": 34, "bpf": 39}


def test_what_openvz_leaves() -> None:
    dropped = set(ALL[:32]) - set(_kept(confined=False)) - {"audit_control"}
    assert dropped == {
        "net_admin",
        "sys_module",
        "sys_rawio",
        "sys_pacct",
        "sys_admin",
        "sys_time",
    }
    assert set(_kept()) - set(_kept(confined=False)) == {"net_admin", "sys_admin"}
    assert not set(_kept()) & set(ALL[32:])


def test_switches_in_their_order() -> None:
    assert "sys_time" in _kept(("sys_time", True))
    assert "mknod" not in _kept(("mknod", False))
    assert "mknod" in _kept(("mknod", False), ("mknod", True))
    assert _kept(("kill", True), default=DENY) == ("kill",)
    assert _kept(default=CapabilityDefault.ALLOW) == ALL
    assert "kill" not in _kept(("kill", False), default=CapabilityDefault.ALLOW)


def test_openvzs_own_names() -> None:
    assert not set(_kept(("ve_admin", False))) & {"net_admin", "sys_admin"}
    assert set(_kept(("fs_mask", True), default=DENY)) >= {"chown", "fsetid"}
    assert "net_admin" in _kept(confined=False, bridge=True)


def test_none_that_the_kernel_does_not_know() -> None:
    assert _kept(default=CapabilityDefault.ALLOW, last=37) == ALL[:38]


def test_an_unknown_name() -> None:
    with pytest.raises(errors.ConfigUnsupported, match="no Linux capability 'fly'"):
        _kept(("fly", True))
