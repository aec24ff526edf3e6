"""Running a program on a terminal we make, or on pipes, when our own streams are the other.

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

from vzvirt.system.files import write_all

_PORTION: Final = 64 << 10
_GLANCE: Final = 0.005
"""Seconds between two looks at a terminal's mode, of which nobody tells us."""
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
    """Run a program on pipes that our terminal feeds and drains."""
    pipe = subprocess.PIPE
    with forwarding() as aim:
        child = subprocess.Popen(
            argv, env=env, cwd="/", stdin=pipe, stdout=pipe, stderr=pipe, process_group=0
        )
        aim(child.pid)
        if child.stdin is None or child.stdout is None or child.stderr is None:
            raise AssertionError("asked for three pipes")
        streams = (child.stdin, child.stdout, child.stderr)
        to, out, err = (os.dup(stream.fileno()) for stream in streams)
        for stream in streams:
            stream.close()
        _pump(child, {0: to, out: 1, err: 2}, end_of_input={})
        status = child.wait()
    for end in (to, out, err):
        with contextlib.suppress(OSError):
            os.close(end)
    return 128 - status if status < 0 else status


def _pump(
    child: subprocess.Popen[bytes], routes: dict[int, int], end_of_input: Mapping[int, bytes]
) -> None:
    """Pass bytes on along ``routes`` (from, to) until the program's outputs are dry.

    Args:
        child: The program.
        routes: Whence to where; 0 is our standard input.
        end_of_input: What to write where our input ends; elsewhere it is closed.
    """
    poll = select.poll()
    for source in routes:
        poll.register(source, select.POLLIN)
    open_outputs = set(routes) - {0}
    while open_outputs:
        for source, _events in poll.poll(None if child.poll() is None else 200):
            data = _read(source)
            if data:
                with contextlib.suppress(BrokenPipeError):
                    write_all(routes[source], data)
                continue
            poll.unregister(source)
            open_outputs.discard(source)
            if source == 0:
                _end(routes[0], end_of_input)
        if child.poll() is not None and not poll.poll(0):
            return


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
