"""An engine that only says it runs containers.

It answers like a real one, states and reasons included, and keeps them in ``state``. A few
commands are simulated; of any other it says that this is a simulation.
"""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.memory import usage
from vzvirt.backends.memory.state import Run, Runs
from vzvirt.model.devices import HostDevice
from vzvirt.model.domain import Domain
from vzvirt.model.guestinfo import MountUse
from vzvirt.model.host import EnforcedParameter, Enforcement
from vzvirt.model.state import ACTIVE, Observation, Reason
from vzvirt.model.statistics import Statistics, Topic
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ConsoleLine, ExecRequest, StartPlan
from vzvirt.ports.network import BootStep
from vzvirt.system.root import Root

_FIRST_PID: Final = 5_000_000
"""Above the highest pid of any kernel (2**22): a simulated init is nobody's process."""

_SIMULATED: Final = "true, false, echo WORDS, sh -c 'exit N'"


class MemoryEngine:
    """ports.engine.ContainerEngine without containers."""

    def __init__(self, root: Root) -> None:
        self._runs = Runs(root)

    @property
    def name(self) -> str:
        """``memory``."""
        return "memory"

    # -- beginning and end --------------------------------------------------------------

    def start(self, plan: StartPlan) -> None:
        """Say that a container runs.

        Raises:
            OperationFailed: It runs already, or its root is not mounted.
        """
        ctid = plan.domain.number
        with self._runs.changing(ctid) as run:
            if run.is_active:
                raise errors.OperationFailed(f"container {ctid} is running already")
            if not run.mounted:
                raise errors.OperationFailed(f"nothing is mounted on '{plan.root_mount}'")
            run.log = ""
            run.previous_end = run.reason if run.run else None
            run.run += 1
            _configure(run, plan.domain)
            _boot(run, ctid, Reason.PAUSED_BY_USER if plan.paused else plan.reason)

    def renew_boot_steps(self, ctid: Ctid, steps: tuple[BootStep, ...]) -> None:
        """Nothing is run at boot."""
        del ctid, steps

    def attach_node(self, ctid: Ctid, device: HostDevice) -> None:
        """Nothing looks into a simulated /dev."""
        del ctid, device

    def detach_node(self, ctid: Ctid, device: HostDevice) -> None:
        """Nor does anything miss it."""
        del ctid, device

    def request_shutdown(self, ctid: Ctid) -> None:
        """Its simulated init obeys at once, unless it is stubborn."""
        with self._active(ctid) as run:
            if run.stubborn:
                run.reason = Reason.SHUTTING_DOWN.name
            else:
                _end(run, Reason.SHUT_DOWN, 0)

    def request_reboot(self, ctid: Ctid) -> None:
        """Its simulated init obeys at once, unless it is stubborn."""
        with self._active(ctid) as run:
            if not run.stubborn:
                _boot(run, ctid, Reason.BOOTED)
            elif run.reason == Reason.SHUTTING_DOWN.name:
                run.reason = Reason.BOOTED.name

    def wait_stopped(self, ctid: Ctid, timeout: float) -> bool:
        """Wait until a container is off; one that is stubborn never is by itself."""
        end = time.monotonic() + timeout
        while self.observe(ctid).is_active:
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, 0.02))  # another process may change the file
        return True

    def kill(self, ctid: Ctid) -> None:
        """End a container at once."""
        with self._runs.changing(ctid) as run:
            if run.is_active:
                _end(run, Reason.KILLED, -9)

    def settle(self, ctid: Ctid, *, host_went_down: bool = False) -> Observation:
        """There is nothing to remove; a reason may be put right."""
        if host_went_down and self.observe(ctid).is_active:
            with self._runs.changing(ctid) as run:
                _end(run, Reason.HOST_STOPPED, None)
        return self.observe(ctid)

    def forget(self, ctid: Ctid) -> None:
        """Remove what is kept of a container that is no more."""
        self._runs.drop(ctid)

    # -- what a test or a curious user makes happen ---------------------------------------

    def end_from_inside(self, ctid: Ctid, reason: Reason, exit_status: int | None = 0) -> None:
        """Let a container end by itself, as by a power-off or a crash inside.

        Raises:
            OperationInvalid: It does not run.
        """
        with self._active(ctid) as run:
            _end(run, reason, exit_status)

    def make_stubborn(self, ctid: Ctid) -> None:
        """Let a container's init ignore requests from now on.

        Raises:
            OperationInvalid: It does not run.
        """
        with self._active(ctid) as run:
            run.stubborn = True

    # -- while it runs --------------------------------------------------------------------

    def pause(self, ctid: Ctid) -> None:
        """Say that it is frozen."""
        with self._active(ctid) as run:
            run.was_asked = run.reason == Reason.SHUTTING_DOWN.name
            run.reason = Reason.PAUSED_BY_USER.name

    def unpause(self, ctid: Ctid) -> None:
        """Say that it is thawed."""
        with self._active(ctid) as run:
            reason = Reason.SHUTTING_DOWN if run.was_asked else Reason.UNPAUSED
            run.reason = reason.name
            run.was_asked = False
            run.unpaused_at = time.time()

    def observe(self, ctid: Ctid) -> Observation:
        """How a container stands right now."""
        return _observation(ctid, self._runs.one(ctid))

    def observe_all(self, ctids: Iterable[Ctid]) -> list[Observation]:
        """The same for many, by one look at the file."""
        runs = self._runs.all()
        return [_observation(ctid, runs.get(ctid, Run())) for ctid in ctids]

    def execute(self, ctid: Ctid, request: ExecRequest) -> int:
        """Simulate one of a few commands.

        Raises:
            NoSupport: It is another one.
            OperationInvalid: The container does not run.
        """
        self._require_active(ctid)
        match request.argv:
            case ("true",) | ("/bin/true",):
                return 0
            case ("false",) | ("/bin/false",):
                return 1
            case ("echo" | "/bin/echo", *words):
                sys.stdout.write(" ".join(words) + "\n")
                sys.stdout.flush()
                return 0
            case ("sh" | "/bin/sh", "-c", command):
                status = re.fullmatch(r"\s*exit\s+([0-9]{1,3})\s*", command)
                if status:
                    return int(status[1]) % 256
        raise errors.NoSupport(
            f"container {ctid} is a simulation, it cannot run '{' '.join(request.argv)}'",
            hint=f"simulated are: {_SIMULATED}",
        )

    def attach_console(self, ctid: Ctid) -> int:
        """Show what the console has shown.

        Raises:
            OperationInvalid: The container does not run.
        """
        self._require_active(ctid)
        sys.stdout.write(self._runs.one(ctid).log)
        sys.stdout.flush()
        return 0

    def open_console(self, ctid: Ctid, *, force: bool = False) -> ConsoleLine:
        """Open a terminal that shows what the console has shown, and echoes."""
        from vzvirt.backends.memory.console import connect

        return connect(self._runs, ctid, force=force)

    def console_log(self, ctid: Ctid) -> bytes:
        """What the console has shown since the last start."""
        return self._runs.one(ctid).log.encode()

    def apply(self, domain: Domain) -> None:
        """Note what the statistics show of it.

        Raises:
            OperationInvalid: The container does not run.
        """
        with self._active(domain.number) as run:
            _configure(run, domain)

    def signal(self, ctid: Ctid, pid: int, number: int) -> None:
        """Its init, the only process there is, ends by SIGKILL and ignores the others."""
        if not 0 <= number < signal.NSIG:
            raise errors.InvalidArgument(f"there is no signal {number}")
        with self._active(ctid) as run:
            if pid < 1:
                raise errors.InvalidArgument(f"{pid} is not the number of a process")
            if pid != 1:
                raise errors.InvalidArgument(f"container {ctid} has no process {pid}")
            if number == signal.SIGKILL:
                _end(run, Reason.DIED, -number)

    def hostname(self, ctid: Ctid) -> str:
        """What it was told to be called."""
        return self._running(ctid).hostname

    @contextlib.contextmanager
    def live_root(self, ctid: Ctid) -> Iterator[Path]:
        """Where the files of its root are."""
        yield Path(self._running(ctid).root)

    def mounts(self, ctid: Ctid) -> list[MountUse]:
        """Its root alone."""
        return usage.mounts(self._running(ctid))

    def statistics(self, ctid: Ctid, topics: Topic | None = None) -> Statistics:
        """Something that looks like what an idle container uses."""
        return usage.statistics(ctid, self._running(ctid), topics)

    def statistics_of(
        self, ctids: Iterable[Ctid], topics: Topic | None = None
    ) -> dict[Ctid, Statistics]:
        """The same for many."""
        runs = ((ctid, self._runs.one(ctid)) for ctid in ctids)
        return {ctid: usage.statistics(ctid, run, topics) for ctid, run in runs if run.is_active}

    def enforcement(self, domain: Domain) -> list[EnforcedParameter]:
        """Each limit is kept in the definition, and nowhere else."""
        limits = (
            ("memory", domain.memory.limit),
            ("swap", domain.memory.swap),
            ("vcpu", domain.cpu.vcpus),
            ("cputune/shares", domain.cpu.shares),
            ("cputune/quota", domain.cpu.quota),
            *((row.name, row.value.limit) for row in domain.openvz.beancounters),
        )
        return [
            EnforcedParameter(
                parameter=name,
                value=str(value),
                enforcement=Enforcement.KEPT,
                how="this is a simulation",
            )
            for name, value in limits
            if value is not None
        ]

    def _require_active(self, ctid: Ctid) -> None:
        self._running(ctid)

    def _running(self, ctid: Ctid) -> Run:
        run = self._runs.one(ctid)
        if not run.is_active:
            raise _not_running(ctid)
        return run

    @contextlib.contextmanager
    def _active(self, ctid: Ctid) -> Iterator[Run]:
        """A container that runs, to be changed.

        Raises:
            OperationInvalid: It does not run.
        """
        with self._runs.changing(ctid) as run:
            if not run.is_active:
                raise _not_running(ctid)
            yield run


def _not_running(ctid: Ctid) -> errors.OperationInvalid:
    return errors.OperationInvalid(f"container {ctid} is not running", hint="start it first")


def _reason(run: Run) -> Reason:
    return Reason[run.reason]


def _configure(run: Run, domain: Domain) -> None:
    limit = domain.memory.limit
    run.memory = limit if isinstance(limit, int) else None
    run.hostname = domain.guest_naming.hostname or domain.name


def _boot(run: Run, ctid: Ctid, reason: Reason) -> None:
    """A new run, told from the one before by its pid."""
    previous = run.init_pid or _FIRST_PID + ctid * 1000
    run.reason = reason.name
    run.init_pid = previous + 1
    run.started_at = time.time()
    run.exit_status = None
    run.unpaused_at = None
    run.stubborn = run.was_asked = False
    run.log += f"container {ctid}: simulated init started\r\n"


def _end(run: Run, reason: Reason, exit_status: int | None) -> None:
    run.reason = reason.name
    run.exit_status = exit_status
    run.log += f"container: {reason.words}\r\n"


def _observation(ctid: Ctid, run: Run) -> Observation:
    reason = _reason(run)
    active = reason.state in ACTIVE
    return Observation(
        ctid=ctid,
        reason=reason,
        init_pid=run.init_pid if active else None,
        started_at=run.started_at if active else None,
        exit_status=run.exit_status,
        run=str(run.run) if run.run else None,
        previous_end=Reason[run.previous_end] if active and run.previous_end else None,
        unpaused_at=run.unpaused_at if active else None,
    )
