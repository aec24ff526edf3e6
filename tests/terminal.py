"""A terminal to run a program in, for tests of what people see and type."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


class Terminal:
    """A program that runs on a terminal of its own."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        self.resize(24, 80)
        self._seen = b""
        self._process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def resize(self, rows: int, columns: int) -> None:
        """Make the window so large."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def expect(self, text: bytes, timeout: float = 20) -> bytes:
        """Wait until a text is shown; all that was shown up to its end, since the last time."""
        until = time.monotonic() + timeout
        while text not in self._seen:
            rest = until - time.monotonic()
            assert rest > 0, f"{text!r} was not shown, but: {self._seen!r}"
            if not self._read(rest):
                raise AssertionError(f"ended before it showed {text!r}; it showed {self._seen!r}")
        shown, found, self._seen = self._seen.partition(text)
        return shown + found

    def expect_after(self, keys: bytes, text: bytes, attempts: int = 10) -> None:
        """Press keys, again if need be, until a text is shown."""
        for _ in range(attempts - 1):
            self.type(keys)
            with contextlib.suppress(AssertionError):
                self.expect(text, 2)
                return
        self.type(keys)
        self.expect(text)

    def ends(self, timeout: float = 20) -> tuple[int, bytes]:
        """Wait until the program ends: its exit status, and what else it showed."""
        until = time.monotonic() + timeout
        while self._read(max(0.0, until - time.monotonic())):
            assert time.monotonic() < until, f"it goes on, and showed {self._seen!r}"
        return self._process.wait(max(0.1, until - time.monotonic())), self._seen

    def close(self) -> None:
        """Hang up."""
        os.close(self._master)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self, timeout: float) -> bool:
        """Read what there is; ``False``: nobody holds the other end any more."""
        if not select.select([self._master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # what Linux says when the last one closed it
            return False
        self._seen += data
        return bool(data)


@contextmanager
def terminal(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """A program on a terminal, which is hung up in the end."""
    one = Terminal(arguments, environment)
    try:
        yield one
    finally:
        one.close()
