"""Running a program on a terminal we make, or on pipes, where our own streams are the other.

No state. Bytes are passed on as they are until the program has ended and its output is dry.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from vzvirt.system import process
from vzvirt.system.files import write_all

_PORTION: Final = 64 << 10
_GLANCE: Final = 0.005
"""Seconds between two looks at a terminal's mode, of which nobody tells us."""
_LINGER: Final = 200
"""Milliseconds without output after which a program that has ended is taken for dry."""
_OUTPUT_MODES: Final = 1
_LOCAL_MODES: Final = 3
SETSID: Final = "/usr/bin/setsid"

Forwarding = Callable[[], AbstractContextManager[Callable[[int], None]]]
"""Hands signals on while it lasts, to the pid that the function it gives is told."""

_END_OF_INPUT: Final = b"\x04"


def run_on_terminal(argv: Sequence[str], env: Mapping[str, str], forwarding: Forwarding) -> int:
    """Run a program on a fresh terminal that our standard streams feed and drain."""
    ours, its = pty.openpty()
    # It must be the program's controlling terminal: lxc-attach talks to /dev/tty alone.
    leading = [SETSID, "--ctty", *argv]
    with forwarding() as aim:
        child = subprocess.Popen(leading, env=env, cwd="/", stdin=its, stdout=its, stderr=its)
        os.close(its)
        aim(child.pid)
        wait_for_raw(child, ours)
        _pump(child, {0: ours, ours: 1}, end_of_input={ours: _END_OF_INPUT})
        status = child.wait()
    os.close(ours)
    return 128 - status if status < 0 else status


def wait_for_raw(child: subprocess.Popen[bytes], terminal: int) -> None:
    """Wait until one of LXC's programs has taken its terminal over, or has ended.

    What comes before, it throws away.

    It leaves the making of line ends on, which the terminal inside has done by then.
    """
    modes = termios.tcgetattr(terminal)
    while child.poll() is None and modes[_LOCAL_MODES] & termios.ICANON:
        time.sleep(_GLANCE)
        modes = termios.tcgetattr(terminal)
    modes[_OUTPUT_MODES] &= ~termios.OPOST
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def run_on_pipes(argv: Sequence[str], env: Mapping[str, str], forwarding: Forwarding) -> int:
    """Run a program on our standard streams; those that are a terminal it has as pipes.

    It is in no terminal's foreground, where it could not even read one, so none may reach it:
    ``lxc-attach`` looks at each stream, and takes over the terminal that it finds.
    """
    kinds = [subprocess.PIPE if os.isatty(stream) else None for stream in (0, 1, 2)]
    with forwarding() as aim:
        child = subprocess.Popen(
            argv,
            env=env,
            cwd="/",
            stdin=kinds[0],
            stdout=kinds[1],
            stderr=kinds[2],
            process_group=0,
        )
        aim(child.pid)
        routes = {}
        for number, stream in enumerate((child.stdin, child.stdout, child.stderr)):
            if stream is not None:
                end = os.dup(stream.fileno())
                stream.close()
                routes.update({0: end} if number == 0 else {end: number})
        _pump(child, routes, end_of_input={})
        status = child.wait()
    for end in {*routes, *routes.values()} - {0, 1, 2}:
        with contextlib.suppress(OSError):
            os.close(end)
    return 128 - status if status < 0 else status


def _pump(
    child: subprocess.Popen[bytes], routes: Mapping[int, int], end_of_input: Mapping[int, bytes]
) -> None:
    """Pass bytes on along ``routes`` (from, to) until the program has ended and is dry.

    Args:
        child: The program.
        routes: Whence to where; 0 is our standard input.
        end_of_input: What to write where our input ends; elsewhere it is closed.
    """
    poll = select.poll()
    ended = process.hold(child.pid)
    sources = {*routes} - {0} if ended is None else {*routes, ended}
    for source in sources:
        poll.register(source, select.POLLIN)
    while sources:
        ready = poll.poll(None if ended in sources else _LINGER)
        if not ready:
            break  # what the program has left behind holds the rest open
        for source in sources.intersection(number for number, _events in ready):
            over = {source}
            if source == ended:
                over |= sources & {0}  # what is typed from now on is not for it
            elif _passed_on(source, routes[source]):
                continue
            elif source == 0:
                _end(routes[0], end_of_input)
            for number in over & sources:
                poll.unregister(number)
                sources.discard(number)
    if ended is not None:
        os.close(ended)


def _passed_on(source: int, target: int) -> bool:
    """Pass on what there is; ``False``: it has ended."""
    data = _read(source)
    with contextlib.suppress(BrokenPipeError):
        write_all(target, data)
    return bool(data)


def _read(source: int) -> bytes:
    """What there is; nothing at its end (which terminals report as an error)."""
    try:
        return os.read(source, _PORTION)
    except OSError:
        return b""


def _end(target: int, end_of_input: Mapping[int, bytes]) -> None:
    if target in end_of_input:
        write_all(target, end_of_input[target])
    else:
        os.close(target)
