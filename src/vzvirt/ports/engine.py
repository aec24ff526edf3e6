"""What runs containers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vzvirt.model.devices import HostDevice
from vzvirt.model.domain import Domain
from vzvirt.model.host import EnforcedParameter
from vzvirt.model.state import Observation, Reason
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.network import BootStep

if TYPE_CHECKING:  # most commands have no use for them
    from vzvirt.model.guestinfo import MountUse
    from vzvirt.model.statistics import Statistics, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlan:
    """Everything an engine needs to start a container whose root is mounted.

    Attributes:
        domain: Its complete definition.
        root_mount: Where its root is mounted; never the host's own.
        idmap: The user namespace's map; empty: none.
        shifted: Whether owners on disk are shifted by it already.
        paused: Whether it stays paused once it is up.
        reason: What to report as the reason while it runs.
        boot_steps: What makes its interfaces; without, an engine refuses a definition that has
            interfaces or NICs of the host.
    """

    domain: Domain
    root_mount: Path
    idmap: IdMap
    shifted: bool
    paused: bool = False
    reason: Reason = Reason.BOOTED
    boot_steps: tuple[BootStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecRequest:
    """A command to run inside.

    Attributes:
        argv: The command; empty: the user's login shell.
        environment: Added to a small default one.
        user: User name or number inside, or ``None``: root.
        directory: Working folder inside, or ``None``: the home folder or ``/``.
        tty: Whether it gets a terminal of its own; ``None``: if ours is one.
    """

    argv: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    user: str | None = None
    directory: str | None = None
    tty: bool | None = None


class ConsoleLine(Protocol):
    """A container's console, opened for us alone.

    Reading ``fileno()`` gives what the console shows, writing is typing. Its end is no bytes or
    ``EIO``: the container has ended, or somebody else has taken the console by force. Terminal
    bytes pass unchanged both ways.
    """

    def fileno(self) -> int:
        """The descriptor to read and write; non-blocking if its user makes it so."""

    def close(self) -> None:
        """Give the console back. Idempotent."""


class ContainerEngine(Protocol):
    """Starts, stops and watches containers. The caller holds the container's lock for changes."""

    @property
    def name(self) -> str:
        """``lxc``, ``vzctl`` or ``memory``."""

    def start(self, plan: StartPlan) -> None:
        """Start a container; it outlives us. On failure nothing of it is left.

        Raises:
            OperationFailed: It did not come up; the message has the engine's own words.
            ConfigUnsupported: The definition has something that this engine cannot make.
        """

    def renew_boot_steps(self, ctid: Ctid, steps: tuple[BootStep, ...]) -> None:
        """Have other steps run from the next reboot of a running container on."""

    def attach_node(self, ctid: Ctid, device: HostDevice) -> None:
        """Give a running container a device node of the host (``STORAGE`` or ``MISC``).

        Raises:
            NoDevice: The host has no such node.
            OperationFailed: It could not be made.
        """

    def detach_node(self, ctid: Ctid, device: HostDevice) -> None:
        """Take a device node from a running container."""

    def request_shutdown(self, ctid: Ctid) -> None:
        """Ask a container's init to shut down; returns at once.

        Asked to reboot afterwards it counts as running again; paused and unpaused it does not.
        """

    def request_reboot(self, ctid: Ctid) -> None:
        """Ask a container's init to reboot; returns at once."""

    def wait_stopped(self, ctid: Ctid, timeout: float) -> bool:
        """Wait until nothing of it runs any more, its monitor included; ``False``: timed out."""

    def kill(self, ctid: Ctid) -> None:
        """End a container at once and wait until nothing of it runs."""

    def pause(self, ctid: Ctid) -> None:
        """Freeze all its processes."""

    def unpause(self, ctid: Ctid) -> None:
        """Thaw them."""

    def observe(self, ctid: Ctid) -> Observation:
        """How a container stands right now; starts no process."""

    def observe_all(self, ctids: Iterable[Ctid]) -> list[Observation]:
        """The same for many."""

    def settle(self, ctid: Ctid, *, host_went_down: bool = False) -> Observation:
        """Record why a container that no longer runs ended, and remove what it left.

        Called by the post-stop hook, by whoever stopped it, and in repairs: control groups,
        run files, devices. Idempotent; does nothing to a running one.
        """

    def forget(self, ctid: Ctid) -> None:
        """Remove what is kept of a container that is no more: last reason, logs. Idempotent."""

    def execute(self, ctid: Ctid, request: ExecRequest) -> int:
        """Run a command inside on our own standard streams.

        Returns:
            Its exit status, or 128 + the signal that ended it.
        """

    def attach_console(self, ctid: Ctid) -> int:
        """Connect our terminal to the container's console until it is detached."""

    def open_console(self, ctid: Ctid, *, force: bool = False) -> ConsoleLine:
        """Open a running container's console for a program, such as the daemon.

        Args:
            ctid: The container.
            force: Whether somebody who has it open now loses it.

        Raises:
            OperationInvalid: It does not run.
            Busy: Somebody has it open.
        """

    def console_log(self, ctid: Ctid) -> bytes:
        """What the console has shown since the last start, as far as it is kept."""

    def apply(self, domain: Domain) -> None:
        """Bring a running container's limits to what its definition says.

        Raises:
            OperationFailed: The kernel refuses one; those set before are put back.
        """

    def enforcement(self, domain: Domain) -> list[EnforcedParameter]:
        """What becomes of each limit of a definition on this host."""

    def statistics(self, ctid: Ctid, topics: Topic | None = None) -> Statistics:
        """What a running container has used; starts no process.

        Args:
            ctid: The container.
            topics: What of it; ``None``: everything.

        Raises:
            OperationInvalid: It does not run.
        """

    def statistics_of(
        self, ctids: Iterable[Ctid], topics: Topic | None = None
    ) -> dict[Ctid, Statistics]:
        """The same for many; those that do not run are left out."""

    def signal(self, ctid: Ctid, pid: int, number: int) -> None:
        """Send a signal to a process of a running container.

        Args:
            ctid: The container.
            pid: The process as the container itself numbers it; 1 is its init, from which the
                kernel keeps what it does not handle, SIGKILL and SIGSTOP excepted.
            number: The signal's number; 0 only looks whether there is such a process.

        Raises:
            OperationInvalid: It does not run.
            InvalidArgument: There is no such process, or no such signal.
        """

    def hostname(self, ctid: Ctid) -> str:
        """What a running container calls itself right now.

        Raises:
            OperationInvalid: It does not run.
        """

    def live_root(self, ctid: Ctid) -> AbstractContextManager[Path]:
        """Where a running container's files are as it sees them itself, all mounts included.

        A path for this process and for the while, which leads to that very container's files
        even if it ends meanwhile; their owners are shifted by its id map. A hostile guest's
        links are in it: to be walked as ``GuestFiles`` does only.

        Raises:
            OperationInvalid: It does not run.
        """

    def mounts(self, ctid: Ctid) -> list[MountUse]:
        """File systems that a running container has mounted, and how full they are.

        Those without files of their own (proc, sysfs ...) are left out.

        Raises:
            OperationInvalid: It does not run.
        """
