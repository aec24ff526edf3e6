"""The engine for stock kernels: liblxc's programs, and what the kernel itself says.

Starting and going inside run one short-lived child process each; everything else is files,
signals and control groups. Observing starts no process. What is known of a container that runs
is in ``run/vzvirt/CTID`` (``runfolder``), what is known of one that does not in
``var/lib/vzvirt/state`` (``record``). The caller holds the container's lock for changes; the
hook alone, which runs while whoever stops the container may hold it, goes without.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vzvirt import errors
from vzvirt.backends.liblxc import ending, record
from vzvirt.backends.liblxc.ending import exit_status, force_out, has_ended, settle, why_ended
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.runfolder import (
    Facts,
    Mark,
    Pauses,
    Process,
    RunFolder,
    older,
)
from vzvirt.model.state import Observation, Reason
from vzvirt.model.values import Ctid
from vzvirt.system.cgroups import KnownHierarchies
from vzvirt.system.files import mapping_os_errors, read_bytes
from vzvirt.system.root import Root

if TYPE_CHECKING:
    from vzvirt.model.devices import HostDevice
    from vzvirt.model.domain import Domain
    from vzvirt.model.guestinfo import MountUse
    from vzvirt.model.host import EnforcedParameter
    from vzvirt.model.statistics import Statistics, Topic
    from vzvirt.ports.engine import ConsoleLine, ExecRequest, StartPlan
    from vzvirt.ports.network import BootStep

_EARS_PATIENCE: Final = 3.0
"""Seconds that a fresh init gets until it listens to signals."""


class LxcEngine:
    """Implements ``ports.engine.ContainerEngine``.

    Args:
        root: The installation.
        hook: Command line of ``vzvirt internal``, which is called back with ``stopped CTID``
            when a container has ended and with ``restart CTID`` when its policy wants so.
    """

    def __init__(self, root: Root, hook: tuple[str, ...]) -> None:
        self._root = root
        self._hook = hook
        self._trees = KnownHierarchies()

    @property
    def name(self) -> str:
        """``lxc``."""
        return "lxc"

    def _run(self, ctid: Ctid) -> RunFolder:
        return RunFolder(self._root, ctid)

    def _groups(self, ctid: Ctid) -> Groups:
        return Groups.of(self._root, ctid, self._trees.now())

    def _log(self, ctid: Ctid) -> Path:
        return self._root.path(f"var/log/vzvirt/{ctid}.log")

    def _console_log(self, ctid: Ctid) -> Path:
        return self._root.path(f"var/log/vzvirt/{ctid}.console")

    def _running_init(self, ctid: Ctid) -> Process:
        """The init of a running container.

        Raises:
            OperationInvalid: It does not run.
        """
        init = self._run(ctid).init
        if init is None or not init.alive:
            raise errors.OperationInvalid(f"container {ctid} is not running")
        return init

    # -- beginning and end --------------------------------------------------------------

    def start(self, plan: StartPlan) -> None:
        """Start a container; it outlives us. On failure nothing of it is left."""
        from vzvirt.backends.liblxc.starting import Starter

        ctid = plan.domain.number
        if not has_ended(self._run(ctid)):
            raise errors.OperationInvalid(f"container {ctid} is running already")
        self.settle(ctid)
        Starter(
            root=self._root,
            run=self._run(ctid),
            groups=self._groups(ctid),
            log=self._log(ctid),
            console_log=self._console_log(ctid),
            hook=self._hook,
        ).start(plan)

    def renew_boot_steps(self, ctid: Ctid, steps: tuple[BootStep, ...]) -> None:
        """Have other steps run from the next reboot of a running container on."""
        from vzvirt.backends.liblxc.booting import script

        self._running_init(ctid)
        self._run(ctid).replace("boot", script(steps, self._hook))

    def attach_node(self, ctid: Ctid, device: HostDevice) -> None:
        """Give a running container a device node of the host."""
        from vzvirt.backends.liblxc import nodes

        nodes.attach(self._running_init(ctid).pid, self._groups(ctid), self._run(ctid), device)

    def detach_node(self, ctid: Ctid, device: HostDevice) -> None:
        """Take a device node from a running container."""
        from vzvirt.backends.liblxc import nodes

        nodes.detach(self._running_init(ctid).pid, self._groups(ctid), self._run(ctid), device)

    def request_shutdown(self, ctid: Ctid) -> None:
        """Ask a container's init to shut down; returns at once."""
        self._ask(ctid, Mark.SHUTDOWN, instead_of=Mark.REBOOT)

    def request_reboot(self, ctid: Ctid) -> None:
        """Ask a container's init to reboot; returns at once."""
        self._ask(ctid, Mark.REBOOT, instead_of=Mark.SHUTDOWN)

    def _ask(self, ctid: Ctid, mark: Mark, *, instead_of: Mark) -> None:
        from vzvirt.backends.liblxc.attaching import Attacher
        from vzvirt.backends.liblxc.guest import InitKind

        run, init = self._run(ctid), self._running_init(ctid)
        facts = run.facts
        kind = InitKind.of(facts.init_kind if facts else "")
        asking = kind.shutdown if mark is Mark.SHUTDOWN else kind.reboot
        run.mark(mark)
        run.unmark(instead_of)  # whatever follows is what was asked for last
        if asking.signal is not None:
            _wait_for_ears(init, asking.signal)
            init.signal(asking.signal)
        else:
            Attacher(run, init).start_inside(asking.argv)

    def wait_stopped(self, ctid: Ctid, timeout: float) -> bool:
        """Wait until nothing of it runs any more, its monitor included."""
        run = self._run(ctid)
        known = record.load(self._root, ctid)
        monitor = run.monitor or (known.monitor if known else None)
        if monitor is None:
            return has_ended(run)
        return monitor.wait(timeout)

    def kill(self, ctid: Ctid) -> None:
        """End a container at once and wait until nothing of it runs."""
        run = self._run(ctid)
        if not has_ended(run):
            force_out(run, self._groups(ctid))
        self.wait_stopped(ctid, 10.0)

    def settle(self, ctid: Ctid, *, host_went_down: bool = False) -> Observation:
        """Record why a container that no longer runs ended, and remove what it left."""
        again = settle(
            self._root,
            self._run(ctid),
            self._groups(ctid),
            self._log(ctid),
            host_went_down=host_went_down,
        )
        if again is not None:
            from vzvirt.backends.liblxc.starting import hook_environment

            command = (*self._hook, "restart", str(ctid))
            ending.restart_later(command, hook_environment(self._root), self._log(ctid))
        return self.observe(ctid)

    def forget(self, ctid: Ctid) -> None:
        """Remove what is kept of a container that is no more: last reason, logs.

        Groups, too, which a start that was cut short may have made after it was cleared away.
        """
        with contextlib.suppress(errors.OperationFailed):
            self._groups(ctid).remove()
        console = self._console_log(ctid)
        kept = (*record.paths(self._root, ctid), self._log(ctid), console, older(console))
        with mapping_os_errors(f"forget container {ctid}"):
            for path in kept:
                path.unlink(missing_ok=True)

    # -- pausing ------------------------------------------------------------------------

    def pause(self, ctid: Ctid) -> None:
        """Freeze all its processes."""
        self._running_init(ctid)
        self._groups(ctid).freeze()
        self._run(ctid).mark(Mark.PAUSED)

    def unpause(self, ctid: Ctid) -> None:
        """Thaw them."""
        self._running_init(ctid)
        run = self._run(ctid)
        run.mark(Mark.UNPAUSED)
        self._groups(ctid).thaw()
        run.unmark(Mark.PAUSED)  # last: whoever watches the folder looks now

    # -- observing ----------------------------------------------------------------------

    def observe(self, ctid: Ctid) -> Observation:
        """How a container stands right now; starts no process."""
        run = self._run(ctid)
        while True:
            instance = run.instance
            seen = self._recorded(ctid) if instance is None else self._in_folder(run)
            if run.instance == instance:
                return seen
            # It was cleared away or made anew while we looked.

    def observe_all(self, ctids: Iterable[Ctid]) -> list[Observation]:
        """The same for many; most of them never ran, which their absence says."""
        known = {*_names(self._root.path("run/vzvirt"))}
        known.update(name.removesuffix(".json") for name in _names(record.folder(self._root)))
        return [
            self.observe(ctid)
            if str(ctid) in known
            else Observation(ctid=ctid, reason=Reason.NEVER_STARTED)
            for ctid in ctids
        ]

    def _recorded(self, ctid: Ctid) -> Observation:
        known = record.load(self._root, ctid)
        if known is None:
            return Observation(ctid=ctid, reason=Reason.NEVER_STARTED)
        return Observation(
            ctid=ctid,
            reason=known.settled_reason,
            exit_status=known.exit_status,
            run=known.run,
        )

    def _in_folder(self, run: RunFolder) -> Observation:
        ctid, monitor, init, facts = run.ctid, run.monitor, run.init, run.facts
        if has_ended(run):
            status = exit_status(run, self._log(ctid))
            return Observation(
                ctid=ctid,
                reason=why_ended(run, status),
                exit_status=status,
                run=str(monitor) if monitor else None,
                unsettled=True,
            )
        pauses, reason = _pauses_and_reason(run, facts, self._groups(ctid))
        return Observation(
            ctid=ctid,
            reason=reason,
            init_pid=init.pid if init and init.alive else None,
            started_at=run.booted_at,
            run=str(monitor) if monitor else None,
            previous_end=facts.previous_end if facts else None,
            unpaused_at=pauses.lifted_at(is_paused=reason is Reason.PAUSED_BY_USER),
        )

    # -- inside -------------------------------------------------------------------------

    def execute(self, ctid: Ctid, request: ExecRequest) -> int:
        """Run a command inside on our own standard streams."""
        from vzvirt.backends.liblxc.attaching import Attacher

        return Attacher(self._run(ctid), self._running_init(ctid)).execute(request)

    def attach_console(self, ctid: Ctid) -> int:
        """Connect our terminal to the container's console until it is detached."""
        from vzvirt.backends.liblxc.attaching import Attacher

        return Attacher(self._run(ctid), self._running_init(ctid)).console()

    def open_console(self, ctid: Ctid, *, force: bool = False) -> ConsoleLine:
        """Open a running container's console for a program, such as the daemon."""
        from vzvirt.backends.liblxc.attaching import Attacher

        return Attacher(self._run(ctid), self._running_init(ctid)).open_console(force=force)

    def console_log(self, ctid: Ctid) -> bytes:
        """What the console has shown since the last start, as far as it is kept."""
        console = self._console_log(ctid)
        return b"".join(read_bytes(part) or b"" for part in (older(console), console))

    def signal(self, ctid: Ctid, pid: int, number: int) -> None:
        """Send a signal to a process, by the number it has inside."""
        from vzvirt.backends.liblxc import signalling

        signalling.send(self._groups(ctid), self._running_init(ctid), pid, number)

    def hostname(self, ctid: Ctid) -> str:
        """What a running container calls itself right now."""
        from vzvirt.backends.liblxc import looking

        return looking.hostname(self._running_init(ctid))

    def live_root(self, ctid: Ctid) -> AbstractContextManager[Path]:
        """Where a running container's files are as it sees them itself."""
        from vzvirt.backends.liblxc import looking

        return looking.held_root(self._running_init(ctid))

    def mounts(self, ctid: Ctid) -> list[MountUse]:
        """File systems that a running container has mounted."""
        from vzvirt.backends.liblxc import looking

        return looking.mounts(self._running_init(ctid))

    # -- counting -----------------------------------------------------------------------

    def statistics(self, ctid: Ctid, topics: Topic | None = None) -> Statistics:
        """What a running container has used."""
        from vzvirt.backends.liblxc import statistics

        self._running_init(ctid)
        found = statistics.read(self._groups(ctid), topics)
        if found is None:
            raise errors.OperationInvalid(f"container {ctid} has ended")
        return found

    def statistics_of(
        self, ctids: Iterable[Ctid], topics: Topic | None = None
    ) -> dict[Ctid, Statistics]:
        """The same for many."""
        from vzvirt.backends.liblxc import statistics

        found = (statistics.read(self._groups(ctid), topics) for ctid in ctids)
        return {item.ctid: item for item in found if item is not None}

    # -- limits -------------------------------------------------------------------------

    def apply(self, domain: Domain) -> None:
        """Bring a running container's limits to what its definition says."""
        from vzvirt.backends.liblxc import limits, looking

        ctid = domain.number
        disk = limits.disk_of(looking.root(self._running_init(ctid)))
        groups = self._groups(ctid)
        limits.apply(domain, groups, disk)
        self._run(ctid).replace("limits", limits.lines(domain, groups, disk))

    def enforcement(self, domain: Domain) -> list[EnforcedParameter]:
        """What becomes of each limit of a definition on this host."""
        from vzvirt.backends.liblxc import limits

        return limits.enforcement(domain, self._groups(domain.ctid or Ctid(1)))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # names are all we need
    except FileNotFoundError:
        return []


def _wait_for_ears(init: Process, number: int) -> None:
    """An init that has only just begun would miss a signal: give it a moment."""
    end = time.monotonic() + _EARS_PATIENCE
    while not init.listens_to(number) and time.monotonic() < end:
        if init.wait(0.02):
            return


def _pauses_and_reason(
    run: RunFolder, facts: Facts | None, groups: Groups
) -> tuple[Pauses, Reason]:
    """Both as they were at one instant."""
    while True:
        pauses = run.pauses
        reason = _active_reason(run, facts, groups)
        if run.pauses == pauses:
            return pauses, reason


def _active_reason(run: RunFolder, facts: Facts | None, groups: Groups) -> Reason:
    """Why a container that runs is in its state: what happened last says it."""
    if groups.is_frozen:
        return Reason.PAUSED_BY_USER
    if run.is_marked(Mark.SHUTDOWN):
        return Reason.SHUTTING_DOWN
    if run.is_marked(Mark.UNPAUSED):
        return Reason.UNPAUSED
    if run.is_marked(Mark.REBOOTED):
        return Reason.REBOOTED_FROM_INSIDE
    return facts.reason if facts else Reason.RUNNING_UNKNOWN
