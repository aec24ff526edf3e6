"""Starting child processes, and telling whether a process still is the one it was.

No state of its own. A process is named by its pid **and** the moment it started (in clock
ticks since boot), because pids are used again. Programs are argument vectors, never shell
lines, and speak English so that their messages can be quoted.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.system import affinity

_NONE: Final = frozenset({errno.ESRCH, errno.EINVAL, errno.ENOENT})
"""There is no such process. The others mean that there is only a thread of that number, which
kernels, by their age, also say of a process that is just being reaped."""

ADMINISTRATORS: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where their programs are."""

_LAST_WORDS: Final = 300
"""Characters of a failed program's messages that an error quotes."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: exit status (or minus the signal) and what it wrote."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def last_words(self) -> str:
        """The end of what it complained about, on one line."""
        said = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return "; ".join(lines[-3:])[-_LAST_WORDS:]


def which(program: str) -> str | None:
    """Where a program is that ``run`` would start; ``None``: it is not installed."""
    import shutil

    return shutil.which(program, path=_environment()["PATH"])


def _environment() -> dict[str, str]:
    """Ours, with a path that has administrators' programs too: an ordinary user's has not."""
    path = os.environ.get("PATH") or os.defpath
    more = [folder for folder in ADMINISTRATORS if folder not in path.split(":")]
    return {**os.environ, "PATH": ":".join([path, *more])}


def run(
    argv: Sequence[str | Path],
    *,
    stdin: bytes | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
    pass_fds: Sequence[int] = (),
) -> Finished:
    """Run a program to its end and keep what it writes.

    Args:
        argv: Program and arguments.
        stdin: What it reads; ``None``: nothing.
        timeout: Seconds until it is killed.
        env: Its whole environment; ``None``: ours, administrators' programs on its path.
            ``LC_ALL`` is set in either.
        cwd: Folder it runs in.
        check: Whether a status other than 0 is an error.
        pass_fds: File descriptors it inherits.

    Raises:
        OperationFailed: It failed and ``check`` is set; the message has its last words.
        NoSupport: The program is not installed.
        TimedOut: It ran longer than ``timeout`` and was killed.
    """
    words = [os.fspath(word) for word in argv]
    environment = {**(_environment() if env is None else env), "LC_ALL": "C.UTF-8"}
    finished = _complete(words, stdin or b"", timeout, environment, cwd, pass_fds)
    if check and finished.status != 0:
        raise errors.OperationFailed(_failure(words, finished))
    return finished


def _complete(
    words: list[str],
    stdin: bytes,
    timeout: float | None,
    env: Mapping[str, str],
    cwd: Path | None,
    pass_fds: Sequence[int],
) -> Finished:
    import subprocess  # 8 ms that commands without child processes need not spend

    try:
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            timeout=timeout,
            env=env,
            cwd=cwd,
            pass_fds=pass_fds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise errors.TimedOut(f"'{words[0]}' took longer than {timeout:g} s") from None
    except OSError as error:
        raise _cannot_start(words[0], error, cwd) from error
    return Finished(done.returncode, done.stdout, done.stderr)


def _failure(words: Sequence[str], finished: Finished) -> str:
    how = (
        f"was ended by signal {-finished.status}"
        if finished.status < 0
        else f"failed with status {finished.status}"
    )
    said = f": {finished.last_words}" if finished.last_words else ""
    return f"'{' '.join(words[:3])}' {how}{said}"


def _cannot_start(program: str, error: OSError, cwd: Path | None) -> errors.VzvirtError:
    missing = isinstance(error, FileNotFoundError) and (cwd is None or cwd.is_dir())
    if missing:
        return errors.NoSupport(
            f"the program '{program}' is not installed", hint=f"install '{program}'"
        )
    return errors.SystemFailure(f"cannot run '{program}': {error.strerror}")


def spawn_detached(argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Start a program that outlives us, in a session of its own, with no standard streams.

    It ignores no signal, whatever our caller had us ignore, and may use all processors that we
    were given. It becomes a child of init at once,
    so nobody here has to wait for it.

    Raises:
        NoSupport: The program is not installed.
    """
    words = [os.fspath(word) for word in argv]
    if which(words[0]) is None:
        raise _cannot_start(words[0], FileNotFoundError(), None)
    setsid = which("setsid")
    if setsid is None:
        raise _cannot_start("setsid", FileNotFoundError(), None)
    null = os.open(os.devnull, os.O_RDWR)
    try:
        with affinity.using_all():
            child = os.posix_spawn(
                setsid,
                [setsid, "--fork", *words],
                _environment() if env is None else dict(env),
                file_actions=[(os.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1, 2)],
                setsigmask=[],
                setsigdef=signal.valid_signals(),
            )
    finally:
        os.close(null)
    os.waitpid(child, 0)


def _stat_fields(pid: int) -> list[bytes] | None:
    """The fields of ``/proc/PID/stat`` after the command name (which may hold anything)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return text.rpartition(b")")[2].split()


def started_at(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; ``None``: there is none."""
    fields = _stat_fields(pid)
    return int(fields[19]) if fields else None


def is_alive(pid: int, started: int | None) -> bool:
    """Whether that very process still runs (a zombie does not).

    Args:
        pid: Its pid.
        started: What ``started_at`` said of it; ``None``: whichever has the pid now.
    """
    fields = _stat_fields(pid)
    if not fields or fields[0] in {b"Z", b"X"}:
        return False
    return started is None or int(fields[19]) == started


def hold(pid: int) -> int | None:
    """A descriptor of whichever process has a pid now; ``None``: none has.

    The caller closes it. While it is open it means that process and no later one.
    """
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno in _NONE:
            return None
        raise errors.SystemFailure(f"cannot hold on to process {pid}: {error.strerror}") from error


def wait_for_exit(pid: int, started: int | None, timeout: float | None) -> bool:
    """Wait until that very process has ended.

    Args:
        pid: Its pid; it need not be our child.
        started: As for ``is_alive``.
        timeout: Seconds; ``None``: without end.

    Returns:
        Whether it has ended; ``False``: still there after ``timeout``.
    """
    handle = hold(pid)
    if handle is None:
        return True
    try:
        # The descriptor holds on to the process, so this cannot look at a later one.
        if not is_alive(pid, started):
            return True
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(_poll(poll, timeout))
    finally:
        os.close(handle)


def _poll(poll: select.poll, timeout: float | None) -> bool:
    """Poll in portions: ``poll`` counts milliseconds in a C int."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = 3600.0 if end is None else min(3600.0, max(0.0, end - time.monotonic()))
        if poll.poll(int(left * 1000) + 1 if left else 0):
            return True
        if end is not None and time.monotonic() >= end:
            return False
