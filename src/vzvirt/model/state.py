"""A container's life: states, actions, and THE table of what leads where.

Everything about transitions lives here. Managers ask ``next_state`` whether an action is
allowed; the documentation prints ``TRANSITIONS``. States and reasons carry the numbers of
libvirt's ``virDomainState`` and ``virDomain*Reason``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vzvirt import errors
from vzvirt.model.values import Ctid


class DomainState(enum.IntEnum):
    """Where a container stands (virDomainState)."""

    RUNNING = 1
    PAUSED = 3
    SHUTDOWN = 4  # was asked to shut down, has not yet
    SHUTOFF = 5
    CRASHED = 6  # its init died, or the kernel killed it


class Reason(enum.Enum):
    """Why a container is in its state: (state, libvirt's reason number, words)."""

    BOOTED = (DomainState.RUNNING, 1, "booted")
    RUNNING_UNKNOWN = (DomainState.RUNNING, 0, "unknown")
    UNPAUSED = (DomainState.RUNNING, 5, "unpaused")
    REBOOTED_FROM_INSIDE = (DomainState.RUNNING, 1, "rebooted from inside")
    RESTARTED = (DomainState.RUNNING, 1, "restarted by its policy")
    PAUSED_BY_USER = (DomainState.PAUSED, 1, "paused by user")
    SHUTTING_DOWN = (DomainState.SHUTDOWN, 1, "was asked to shut down")
    NEVER_STARTED = (DomainState.SHUTOFF, 0, "unknown")
    SHUT_DOWN = (DomainState.SHUTOFF, 1, "shut down")
    POWERED_OFF = (DomainState.SHUTOFF, 1, "powered off from inside")
    KILLED = (DomainState.SHUTOFF, 2, "killed")
    DIED = (DomainState.CRASHED, 0, "died by itself")
    OUT_OF_MEMORY = (DomainState.CRASHED, 1, "out of memory")
    KEPT_ENDING = (DomainState.CRASHED, 0, "ended again and again")
    FAILED_TO_START = (DomainState.SHUTOFF, 6, "failed to start")
    HOST_STOPPED = (DomainState.SHUTOFF, 8, "the host went down")

    @property
    def state(self) -> DomainState:
        """The state it explains."""
        return self.value[0]

    @property
    def number(self) -> int:
        """libvirt's reason number within that state."""
        return self.value[1]

    @property
    def words(self) -> str:
        """For people."""
        return self.value[2]


class Action(enum.Enum):
    """What can be asked of a container, or happens to it."""

    START = "start"
    SHUTDOWN = "shutdown"
    KILL = "kill"
    REBOOT = "reboot"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    EXECUTE = "execute"
    UNDEFINE = "undefine"
    PROVISION = "provision"
    END = "end"  # init exited as asked, or powered off
    CRASH = "crash"  # init died


_S: Final = DomainState
_A: Final = Action

TRANSITIONS: Final = MappingProxyType(
    {
        (_S.SHUTOFF, _A.START): _S.RUNNING,
        (_S.SHUTOFF, _A.PROVISION): _S.SHUTOFF,
        (_S.SHUTOFF, _A.UNDEFINE): _S.SHUTOFF,
        (_S.CRASHED, _A.START): _S.RUNNING,
        (_S.CRASHED, _A.PROVISION): _S.CRASHED,
        (_S.CRASHED, _A.UNDEFINE): _S.SHUTOFF,
        (_S.RUNNING, _A.SHUTDOWN): _S.SHUTDOWN,
        (_S.RUNNING, _A.KILL): _S.SHUTOFF,
        (_S.RUNNING, _A.REBOOT): _S.RUNNING,
        (_S.RUNNING, _A.PAUSE): _S.PAUSED,
        (_S.RUNNING, _A.UNPAUSE): _S.RUNNING,
        (_S.RUNNING, _A.EXECUTE): _S.RUNNING,
        (_S.RUNNING, _A.END): _S.SHUTOFF,
        (_S.RUNNING, _A.CRASH): _S.CRASHED,
        (_S.PAUSED, _A.PAUSE): _S.PAUSED,
        (_S.PAUSED, _A.UNPAUSE): _S.RUNNING,
        (_S.PAUSED, _A.KILL): _S.SHUTOFF,
        (_S.PAUSED, _A.CRASH): _S.CRASHED,
        (_S.SHUTDOWN, _A.SHUTDOWN): _S.SHUTDOWN,
        (_S.SHUTDOWN, _A.KILL): _S.SHUTOFF,
        (_S.SHUTDOWN, _A.REBOOT): _S.RUNNING,
        (_S.SHUTDOWN, _A.PAUSE): _S.PAUSED,
        (_S.SHUTDOWN, _A.UNPAUSE): _S.SHUTDOWN,
        (_S.SHUTDOWN, _A.EXECUTE): _S.SHUTDOWN,
        (_S.SHUTDOWN, _A.END): _S.SHUTOFF,
        (_S.SHUTDOWN, _A.CRASH): _S.CRASHED,
    }
)
"""(state, action) -> state. What is not here is refused."""

ACTIVE: Final = frozenset({_S.RUNNING, _S.PAUSED, _S.SHUTDOWN})
"""States in which the container has processes."""

_HINTS: Final = {
    (_S.SHUTOFF, _A.UNPAUSE): "start it first",
    (_S.SHUTOFF, _A.EXECUTE): "start it first",
    (_S.PAUSED, _A.SHUTDOWN): "unpause it first, or kill it",
    (_S.PAUSED, _A.REBOOT): "unpause it first",
    (_S.PAUSED, _A.EXECUTE): "unpause it first",
    (_S.RUNNING, _A.UNDEFINE): "shut it down or kill it first",
    (_S.PAUSED, _A.UNDEFINE): "kill it first",
    (_S.RUNNING, _A.PROVISION): "shut it down or kill it first",
}


def next_state(state: DomainState, action: Action, name: str) -> DomainState:
    """Where an action leads.

    Raises:
        OperationInvalid: The action is not possible in this state.
    """
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        words = {
            _S.SHUTOFF: "not running",
            _S.CRASHED: "not running",
            _S.SHUTDOWN: "shutting down",
        }
        raise errors.OperationInvalid(
            f"cannot {action.value} '{name}': it is {words.get(state, state.name.lower())}",
            hint=_HINTS.get((state, action)),
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What an engine sees of one container right now.

    Attributes:
        reason: Why it is in its state; gives the state too.
        init_pid: Host pid of its init while it is active.
        started_at: Seconds since the epoch of its last start, while it is active.
        exit_status: How its init ended the last time: exit status, or minus the signal.
        run: What tells its run, from start to end with all reboots in between, from any other;
            of one that is off, the last.
        previous_end: Why the run before the one that is under way ended.
        unpaused_at: Seconds since the epoch of the last time a pause was lifted in this boot.
        unsettled: Whether it has ended and nobody has cleared away yet what it left.
    """

    ctid: Ctid
    reason: Reason
    init_pid: int | None = None
    started_at: float | None = None
    exit_status: int | None = None
    run: str | None = None
    previous_end: Reason | None = None
    unpaused_at: float | None = None
    unsettled: bool = False

    @property
    def state(self) -> DomainState:
        """Its state."""
        return self.reason.state

    @property
    def is_active(self) -> bool:
        """Whether it has processes."""
        return self.state in ACTIVE
