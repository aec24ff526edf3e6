"""Connecting programs to containers' consoles.

``lxc-console`` is connected to the console by the container's monitor, which serves one at a
time, and to a program by a terminal that we make for it. No state: who has a console is the
``lxc-console`` of that container that runs. Whoever takes it by force ends that one, and its
user sees the end of the console.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc.relay import SETSID, wait_for_raw
from vzvirt.backends.liblxc.runfolder import Process, RunFolder
from vzvirt.system.files import mapping_os_errors

LXC_CONSOLE: Final = "/usr/bin/lxc-console"

NO_ESCAPE: Final = "Y"
"""No key detaches: liblxc counts control characters on from ``Z``, and takes 0 for none."""

_PATIENCE: Final = 3.0
"""Seconds that whoever loses the console gets to let go of it."""

_LETTING_GO: Final = 0.3
"""Seconds after which a console that is in use really is."""

_PAUSE: Final = 0.05

_LAST_WORDS: Final = 1000
"""Bytes of a failed ``lxc-console``'s message."""


class _HungUpOn(errors.OperationFailed):
    """The monitor has ended the connection before it said anything."""


class LxcConsole:
    """ports.engine.ConsoleLine: our end of the terminal that ``lxc-console`` runs on."""

    def __init__(self, terminal: int, child: subprocess.Popen[bytes]) -> None:
        self._terminal = terminal
        self._child = child

    def fileno(self) -> int:
        """The descriptor to read and write."""
        return self._terminal

    def close(self) -> None:
        """Hang up: ``lxc-console`` ends, and the console is free for others."""
        if self._terminal < 0:
            return
        terminal, self._terminal = self._terminal, -1
        os.close(terminal)
        self._child.terminate()
        try:
            self._child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def command(run: RunFolder, escape: str) -> list[str]:
    """The argument vector of ``lxc-console``; ``escape`` is the key before the ``q``."""
    place = ["-n", str(run.ctid), "-P", str(run.path.parent)]
    return [LXC_CONSOLE, *place, "-t", "0", "-e", escape]


def connect(run: RunFolder, environment: Mapping[str, str], *, force: bool) -> LxcConsole:
    """Connect to the console of a running container.

    Raises:
        Busy: Somebody has it, and is not to lose it or does not let go of it.
        OperationFailed: ``lxc-console`` cannot reach it; the message has its own words.
    """
    if force:
        _take_away(run)
    end = time.monotonic() + (_PATIENCE if force else _LETTING_GO)
    while True:
        try:
            return _connect(run, environment)
        except (errors.Busy, _HungUpOn):
            # The monitor may not have noticed yet that the last one has hung up, or, noticing
            # it, may hang up on the next one.
            if time.monotonic() >= end:
                raise
            time.sleep(_PAUSE)


def _connect(run: RunFolder, environment: Mapping[str, str]) -> LxcConsole:
    with mapping_os_errors("make a terminal"):
        ours, its = pty.openpty()
    try:
        child = subprocess.Popen(
            [SETSID, "--ctty", *command(run, NO_ESCAPE)],
            env=environment,
            cwd="/",
            stdin=its,
            stdout=its,
            stderr=its,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(its)
    line = LxcConsole(ours, child)
    try:
        wait_for_raw(child, ours)
        if child.poll() is not None:
            raise _refused(run, _last_words(ours))
    except BaseException:
        line.close()
        raise
    return line


def _take_away(run: RunFolder) -> None:
    for holder in _holders(run):
        holder.signal(signal.SIGTERM)
        if not holder.wait(_PATIENCE):
            raise _refused(run, f"process {holder.pid} does not let go of it")


def _holders(run: RunFolder) -> list[Process]:
    """Those who are connected to the console, or try to be."""
    words = command(run, "")[:-1]  # whichever key ends it
    ours = os.fsencode("\0".join(words)) + b"\0"
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            one = Process.read((place / "stat").read_bytes())
            if (place / "cmdline").read_bytes().startswith(ours):
                found.append(one)
    return found


def _last_words(terminal: int) -> str:
    try:
        return os.read(terminal, _LAST_WORDS).decode(errors="replace").strip()
    except OSError:
        return ""


def _refused(run: RunFolder, words: str) -> errors.VzvirtError:
    if "Denied access" in words:
        return errors.Busy(
            f"the console of container {run.ctid} is in use",
            hint="whoever uses it leaves it with Ctrl-] (and q), or loses it by force",
        )
    kind = _HungUpOn if os.strerror(errno.ECONNRESET) in words else errors.OperationFailed
    return kind(
        f"cannot connect to the console of container {run.ctid}: {words or 'it is ending'}"
    )
