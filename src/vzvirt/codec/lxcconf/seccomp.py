"""THE table of system calls that a container is refused.

No state. Everything else is allowed: a system container runs whole distributions. What
stands here can reach past the container's namespaces to the host or to its neighbours. Each
call fails with the error that programs take for "not here", so that guests go on without it.
Both word sizes of the processor are covered.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused call.

    Attributes:
        call: Its name.
        why: What it could do to the host.
        error: What it fails with.
        only: When it is refused, in liblxc's words (an argument's number, a value and how the
            two compare); empty: always.
    """

    call: str
    why: str
    error: int = errno.EPERM
    only: str = ""


_MODULES = "loads code into the host's kernel"
_KEXEC = "replaces the host's kernel"
_REBOOT = "reaches the host's power; the container's own reboot and power-off stay allowed"
_SWAP = "changes the host's swap"
_HANDLES = "opens files by number, past the container's root"
_PORTS = "reaches hardware directly"
_CLOCK = "sets the host's clock"
_WATCH = "looks into the host's kernel"
_KEYS = "reaches keyrings that are not divided by container"
_ACCOUNT = "switches the host's accounting"

_RB_KEXEC: Final = 0x45584543
_RB_SW_SUSPEND: Final = 0xD000FCE2
_RB_CAD_ON: Final = 0x89ABCDEF
_RB_CAD_OFF: Final = 0


def _command(number: int) -> str:
    """Compares the third argument of reboot(2); the kernel looks at its lower half only."""
    return f"2,{number:#x},SCMP_CMP_MASKED_EQ,0xffffffff"


REFUSED: Final = (
    Refusal("init_module", _MODULES),
    Refusal("finit_module", _MODULES),
    Refusal("delete_module", _MODULES),
    Refusal("create_module", _MODULES),
    Refusal("kexec_load", _KEXEC),
    Refusal("kexec_file_load", _KEXEC),
    Refusal("reboot", _REBOOT, only=_command(_RB_KEXEC)),
    Refusal("reboot", _REBOOT, only=_command(_RB_SW_SUSPEND)),
    Refusal("reboot", _REBOOT, only=_command(_RB_CAD_ON)),
    Refusal("reboot", _REBOOT, only=_command(_RB_CAD_OFF)),
    Refusal("swapon", _SWAP),
    Refusal("swapoff", _SWAP),
    Refusal("open_by_handle_at", _HANDLES),
    Refusal("iopl", _PORTS),
    Refusal("ioperm", _PORTS),
    Refusal("settimeofday", _CLOCK),
    Refusal("stime", _CLOCK),
    Refusal("clock_settime", _CLOCK),
    Refusal("clock_settime64", _CLOCK),
    Refusal("adjtimex", _CLOCK),
    Refusal("clock_adjtime", _CLOCK),
    Refusal("clock_adjtime64", _CLOCK),
    Refusal("bpf", _WATCH),
    Refusal("perf_event_open", _WATCH),
    Refusal("lookup_dcookie", _WATCH),
    Refusal("add_key", _KEYS, errno.ENOSYS),
    Refusal("keyctl", _KEYS, errno.ENOSYS),
    Refusal("request_key", _KEYS, errno.ENOSYS),
    Refusal("acct", _ACCOUNT),
)
"""In the order they are written."""


def write_seccomp() -> str:
    """The profile in liblxc's form, version 2: a list of what is denied."""
    rows = [_row(refusal) for refusal in REFUSED]
    return "\n".join(["2", "denylist", "reject_force_umount", "[all]", *rows, ""])


def _row(refusal: Refusal) -> str:
    condition = f" [{refusal.only}]" if refusal.only else ""
    return f"{refusal.call} errno {refusal.error}{condition}"
