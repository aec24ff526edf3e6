"""Going into a running container: commands and its console.

``lxc-attach`` puts a command into all of the container's namespaces and control groups, with
its capabilities and its seccomp profile; a terminal of its own comes from ``lxc-attach`` too.
What we add is who runs it and where, the signals sent to us, and a terminal where we have
none ourselves.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc import consoles
from vzvirt.backends.liblxc import guest as guests
from vzvirt.backends.liblxc.relay import run_on_pipes, run_on_terminal
from vzvirt.backends.liblxc.runfolder import Process, RunFolder
from vzvirt.backends.liblxc.starting import TOOL_PATH
from vzvirt.ports.engine import ExecRequest
from vzvirt.system.safepath import GuestRoot

LXC_ATTACH: Final = "/usr/bin/lxc-attach"

ESCAPE: Final = "}"
"""Ctrl-] and then q detaches: liblxc counts control characters on from ``a``, so to it that
key is called ``}`` (where it indeed is on many keyboards)."""

GUEST_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_FORWARDED: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)

_IN_FOLDER: Final = 'cd -- "$1" 2>/dev/null || cd /; shift; exec "$@"'
_IN_FOLDER_OR_FAIL: Final = 'cd -- "$1" || exit 126; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class Attacher:
    """Goes into one container.

    Attributes:
        init: Its init.
    """

    run: RunFolder
    init: Process

    def execute(self, request: ExecRequest) -> int:
        """Run a command inside on our own standard streams.

        Raises:
            InvalidArgument: There is no such user inside.
        """
        argv = self.command(request)
        terminal = _our_terminal()
        wanted = terminal if request.tty is None else request.tty
        if wanted and not terminal:
            return run_on_terminal(argv, _environment(), _forwarding)
        if not wanted:
            # In a group of its own: signals reach the command through us alone, once.
            return run_on_pipes(argv, _environment(), _forwarding)
        with _forwarding() as aim:
            child = subprocess.Popen(argv, env=_environment(), cwd="/")
            aim(child.pid)
            return status_of(child.wait())

    def command(self, request: ExecRequest) -> list[str]:
        """The argument vector of ``lxc-attach`` for a request."""
        with self._guest() as guest:
            user = guests.find_user(guest, request.user or "root")
            has_shell = guest.exists("/bin/sh")
            shell = user.shell if guest.exists(user.shell) else "/bin/sh"
        environment = {
            "PATH": GUEST_PATH,
            "HOME": user.home,
            "TERM": os.environ.get("TERM", "linux"),
            "container": "lxc",
            **dict(request.environment),
        }
        words = [LXC_ATTACH, "-q", "-n", str(self.run.ctid), "-P", str(self.run.path.parent)]
        words.append("--clear-env")
        for name, value in environment.items():
            words += ["-v", f"{name}={value}"]
        if user.uid or user.gid:
            words += ["-u", str(user.uid), "-g", str(user.gid)]
        argv = request.argv or (shell, "-l")
        folder = request.directory or user.home
        if folder == "/" or (not has_shell and request.directory is None):
            return [*words, "--", *argv]
        script = _IN_FOLDER if request.directory is None else _IN_FOLDER_OR_FAIL
        return [*words, "--", "/bin/sh", "-c", script, "sh", folder, *argv]

    def _guest(self) -> GuestRoot:
        try:
            return GuestRoot(Path(f"/proc/{self.init.pid}/root"))
        except OSError as error:
            raise errors.OperationInvalid(f"container {self.run.ctid} has ended") from error

    def console(self) -> int:
        """Connect our terminal to the console until it is detached, or taken by force.

        Raises:
            InvalidArgument: We have no terminal.
        """
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise errors.InvalidArgument(
                "the console needs a terminal", hint="'vzvirt logs' shows what it has said"
            )
        child = subprocess.Popen(consoles.command(self.run, ESCAPE), env=_environment(), cwd="/")
        return status_of(child.wait())

    def open_console(self, *, force: bool) -> consoles.LxcConsole:
        """Connect a program to the container's console.

        Raises:
            Busy: Somebody has it, and is not to lose it.
        """
        return consoles.connect(self.run, _environment(), force=force)

    def start_inside(self, argv: Sequence[str]) -> None:
        """Run a command inside that nobody waits for."""
        from vzvirt.system.process import spawn_detached

        spawn_detached(self.command(ExecRequest(argv=tuple(argv), directory="/")), _environment())


def status_of(returned: int) -> int:
    """An exit status as shells have it: 128 + the signal for a child that one ended."""
    return 128 - returned if returned < 0 else returned


def _our_terminal() -> bool:
    """Whether all our standard streams are a terminal (``lxc-attach`` looks at each)."""
    return all(os.isatty(stream) for stream in (0, 1, 2))


def _environment() -> dict[str, str]:
    return {"PATH": TOOL_PATH, "TERM": os.environ.get("TERM", "linux"), "LC_ALL": "C.UTF-8"}


@contextlib.contextmanager
def _forwarding() -> Iterator[Callable[[int], None]]:
    """Hand signals on to the command inside: ``lxc-attach`` itself would just die of them.

    Gives a function that is told the pid of ``lxc-attach``; signals that come before wait.
    """
    pids: list[int] = []
    early: list[int] = []

    def forward(number: int, _frame: FrameType | None = None) -> None:
        if not pids:
            early.append(number)
            return
        for target in _children(pids[0]) or pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, number)

    def aim(pid: int) -> None:
        pids.append(pid)
        while early:
            forward(early.pop(0))

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield aim
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _children(pid: int) -> tuple[int, ...]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return ()
    return tuple(int(word) for word in text.split())
