"""When a container has ended: why, and clearing away what it left.

Both may be done by the hook (a child of the container's own monitor), by whoever stopped it,
and by whoever finds it dead: the first one does it, under a lock on the run folder.
"""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc import record
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.runfolder import Facts, Mark, RunFolder
from vzvirt.model.state import Reason
from vzvirt.system.root import Root

RESTARTS_MOST: Final = 3
"""How often the policy restarts a container within ``RESTARTS_SECONDS``; then it stays off."""

RESTARTS_SECONDS: Final = 60.0

_END: Final = re.compile(
    r"Child <(?P<pid>\d+)> ended on (?P<how>error|signal) (?:\w+)?\((?P<number>\d+)\)"
)
"""What liblxc's log says of an init that has ended."""

_TELL_FAILURE: Final = """said=$("$@" 2>&1) ||
printf '%s not restarted by its policy: %s\\n' "$(date '+%F %T')" "$said" >> "$0"
"""
"""A shell script: run a command, and keep in a file what it says if it fails. Only then is the
file opened, since a start begins it anew."""

_KILL_PATIENCE: Final = 20
"""Seconds that a monitor gets to notice that its container is dead."""


def exit_status(run: RunFolder, log: Path) -> int | None:
    """How init ended: exit status, or minus the signal; ``None``: nobody saw it."""
    init = run.init
    if init is None or not run.is_marked(Mark.ENDED):
        return None
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    pid = str(init.pid)
    found = [end for end in _END.finditer(text) if end["pid"] == pid]
    if not found:
        # Of one that ran, liblxc is silent about the status 0.
        return 0 if f'with pid "{pid}"' in text else None
    number = int(found[-1]["number"])
    return number if found[-1]["how"] == "error" else -number


def why_ended(run: RunFolder, status: int | None) -> Reason:
    """The reason that a container that no longer runs ended for.

    The kernel ends an init whose container powers off with SIGINT, and one whose container
    reboots with SIGHUP (which comes to us only where a reboot was turned into a stop).
    """
    if run.init is None and run.read("boots") is None:
        return Reason.FAILED_TO_START
    if run.is_marked(Mark.KILL):
        return Reason.KILLED
    if status == -signal.SIGKILL and _kills_for_memory(run):
        return Reason.OUT_OF_MEMORY
    if status is None or run.is_marked(Mark.REBOOT_STORM):
        return Reason.DIED
    asked = run.is_marked(Mark.SHUTDOWN)
    if asked and status != -signal.SIGKILL:
        return Reason.SHUT_DOWN
    if status in {0, -signal.SIGINT, -signal.SIGHUP}:
        return Reason.POWERED_OFF
    return Reason.DIED


def _kills_for_memory(run: RunFolder) -> bool:
    counts = re.findall(r"^oom_kill (\d+)$", run.read("oom") or "", re.MULTILINE)
    return any(int(count) for count in counts)


def settle(
    root: Root, run: RunFolder, groups: Groups, log: Path, *, host_went_down: bool
) -> Facts | None:
    """Record why a container ended and clear away; nothing happens while it runs.

    Returns:
        The facts of a container that its policy wants to have restarted, else ``None``.
    """
    with run.locked() as is_ours:
        if not is_ours or not has_ended(run):
            return None
        old = record.load(root, run.ctid)
        rebooted = old is not None and old.boot_id != record.boot_id()
        status = exit_status(run, log)
        reason = Reason.HOST_STOPPED if host_went_down or rebooted else why_ended(run, status)
        return finish(root, run, groups, reason, status, run.facts)


def has_ended(run: RunFolder) -> bool:
    """Whether nothing of a container runs but, perhaps, its monitor on its way out.

    A monitor whose init is gone may be about to boot it anew, so it must be gone as well or
    must have said that it is done. Of what is being started nothing may run yet; whoever starts
    it clears away himself.
    """
    init, monitor = run.init, run.monitor
    if (init is not None and init.alive) or run.is_being_started:
        return False
    return run.is_marked(Mark.ENDED) or monitor is None or not monitor.alive


def finish(
    root: Root,
    run: RunFolder,
    groups: Groups,
    reason: Reason,
    status: int | None,
    facts: Facts | None = None,
) -> Facts | None:
    """Keep the reason for good, then remove the control groups and the run folder."""
    old = record.load(root, run.ctid)
    monitor = run.monitor
    restart = facts is not None and facts.policy.restarts_after(reason)
    now = time.time()
    recent = tuple(t for t in (old.restarts if old else ()) if now - t < RESTARTS_SECONDS)
    if restart and len(recent) >= RESTARTS_MOST:
        # It would only spin. Off for good is a crash, whatever it calls itself.
        restart = False
        reason = Reason.KEPT_ENDING
    record.save(
        root,
        run.ctid,
        record.Record(
            reason=reason,
            # The kernel's way to say that the container has powered off.
            exit_status=0 if status == -signal.SIGINT else status,
            boot_id=record.boot_id(),
            monitor=monitor if monitor and monitor.alive else None,
            restarts=(*recent, now) if restart else recent,
            run=str(monitor) if monitor else old.run if old else None,
        ),
    )
    if monitor is not None and monitor.alive:
        groups.release_monitor()
    # The reason is kept by now; a group that cannot go yet goes before the next start.
    with contextlib.suppress(errors.OperationFailed):
        groups.remove()
    run.remove()
    return facts if restart else None


def restart_later(command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
    """Have a container started again by a process of its own: we may be the monitor's child.

    What keeps that from it is in the log.
    """
    from vzvirt.system.process import spawn_detached

    spawn_detached(("/bin/sh", "-c", _TELL_FAILURE, str(log), *command), env)


def force_out(run: RunFolder, groups: Groups) -> None:
    """End whatever runs of a container, the monitor last, and wait for it.

    A monitor that is just about to boot its container anew finds the mark and gives up.
    """
    with run.locked() as is_there:  # a monitor that is just beginning is noted by now, or gives up
        if not is_there:
            return  # it has ended by itself, just now or long ago
        run.mark(Mark.KILL)
    monitor = run.monitor
    for _ in range(_KILL_PATIENCE):
        # The hook may be done with the run folder before its monitor is gone.
        init, monitor = run.init, run.monitor or monitor
        if init is not None:
            init.signal(signal.SIGKILL)
        # Version 1 delivers not even SIGKILL to what is frozen.
        with contextlib.suppress(errors.NoSupport):
            groups.thaw()
        if (monitor is None or monitor.wait(1.0)) and (init is None or init.wait(1.0)):
            break
    else:
        if monitor is not None:
            monitor.signal(signal.SIGKILL)
            monitor.wait(1.0)
    groups.kill_all()
