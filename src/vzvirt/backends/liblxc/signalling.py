"""Signals for processes of a running container, by the numbers that the container gives them.

No state. ``/proc/PID/status`` says what number a process has in each of its pid namespaces; the
container's processes are those in its control groups. A process is held by a pidfd before it is
looked at, so the signal reaches the one that was found, or none.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.runfolder import Process
from vzvirt.system import process

_INIT: Final = 1


def send(groups: Groups, init: Process, pid: int, number: int) -> None:
    """Send a signal to a process of a container; 0 only looks for it.

    Raises:
        InvalidArgument: There is no such process, or no such signal.
        OperationInvalid: The container has ended.
    """
    if not 0 <= number < signal.NSIG:
        raise errors.InvalidArgument(f"there is no signal {number}")
    if pid < _INIT:
        raise errors.InvalidArgument(
            f"{pid} is not the number of a process", hint="groups of processes get no signals"
        )
    if pid == _INIT:
        if not (init.signal(number) if number else init.alive):
            raise errors.OperationInvalid(f"container {groups.ctid} has ended")
        return
    with _held(groups, init, pid) as handle:
        if number:
            with contextlib.suppress(ProcessLookupError):  # it just ended: as if it had got it
                signal.pidfd_send_signal(handle, number)


@contextlib.contextmanager
def _held(groups: Groups, init: Process, pid: int) -> Iterator[int]:
    """The pidfd of a process that has a number inside."""
    depth = len(_numbers(init.pid))
    if not depth or not init.alive:
        raise errors.OperationInvalid(f"container {groups.ctid} has ended")
    for candidate in groups.processes():
        if not _is(candidate, depth, pid):
            continue
        handle = process.hold(candidate)
        if handle is None:
            continue
        try:
            # Once more, now that the number cannot be another process's any more.
            if _is(candidate, depth, pid) and candidate in groups.processes():
                yield handle
                return
        finally:
            os.close(handle)
    raise errors.InvalidArgument(f"container {groups.ctid} has no process {pid}")


def _is(candidate: int, depth: int, pid: int) -> bool:
    """Whether a process has a number in the container's pid namespace.

    One that merely is in the container's control groups, such as a command on its way inside,
    has no number there. Where a container is in another, there are further numbers behind.
    """
    numbers = _numbers(candidate)
    return len(numbers) >= depth and numbers[depth - 1] == pid


def _numbers(pid: int) -> list[int]:
    """A process's number in our pid namespace, in the one below, and so on."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return []
    for line in status.splitlines():
        if line.startswith(b"NSpid:"):
            return [int(word) for word in line.split()[1:]]
    return []
