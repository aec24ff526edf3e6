"""Clients that listen for events, and what they have heard."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from clients import containers
from daemonlab import PATIENCE, SYSTEM_PYTHON, Daemon

PROGRAM = Path(__file__).parent / "programs/events.py"

PROBE = "probe"
"""A container of whose changes nobody is told."""

QUIET = 1.5
"""Seconds in which nothing is said if there is nothing to say."""


class Ear:
    """A client that listens, and what it has heard."""

    def __init__(self, process: subprocess.Popen[str], read: Callable[[str], Any]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self._read = read
        self.has_heard = False
        """Anything at all, also what does not count."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())
            self.has_heard = True

    def next(self, seconds: float = PATIENCE) -> Any:
        """What is heard next; ``None``: nothing in so many seconds."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                return None
            heard = self._read(line) if line else None
            if heard is not None:
                return heard

    def listens(self) -> None:
        """It says so; what it heard before, while it still registered, does not count."""
        while json.loads(self._lines.get(timeout=PATIENCE)) != ["listening"]:
            pass

    def hears(self, *expected: Any) -> None:
        """This, in this order, and nothing in between."""
        for wanted in expected:
            heard = self.next()
            assert heard == wanted, f"heard {heard}, not {wanted} of {expected}"

    def hears_nothing_more(self) -> None:
        assert self.next(QUIET) is None

    def end(self) -> list[str]:
        """Let it go as it wants to; what it said last."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE) == 0
        last = []
        while (heard := self.next(0.5)) is not None:
            last.append(heard)
        return last


@contextlib.contextmanager
def listening(argv: list[str], read: Callable[[str], Any]) -> Iterator[Ear]:
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    ) as process:
        try:
            yield Ear(process, read)
        finally:
            process.kill()


def _event(line: str) -> str | None:
    """A line of virsh's: ``event 'lifecycle' for domain 'web': Started Booted``."""
    kind, _, rest = line.removeprefix("event '").partition("' for domain '")
    name, _, what = rest.partition("'")
    return f"{name} {what.removeprefix(': ') or kind}" if name != PROBE else None


@contextlib.contextmanager
def virsh(daemon: Daemon) -> Iterator[Ear]:
    """``virsh event``, once it listens: it hears of the probe."""
    daemon.ok("define", "/dev/stdin", stdin=containers.XML.format(name=PROBE, devices=""))
    words = ["stdbuf", "-oL", "virsh", "-q", "-c", daemon.uri, "event", "--all", "--loop"]
    try:
        with listening(words, _event) as ear:
            until = time.monotonic() + PATIENCE
            while not ear.has_heard:
                assert time.monotonic() < until
                daemon.ok("desc", PROBE, "--title", "--config", f"{time.monotonic()}")
                assert ear.next(0.3) is None
            yield ear
    finally:
        daemon.ok("undefine", PROBE)


@contextlib.contextmanager
def python(daemon: Daemon, *words: str, of_host: bool = False) -> Iterator[Ear]:
    """libvirt's own event loop: what it hands out of containers, or of the host."""

    def read(line: str) -> Any:
        heard = json.loads(line)
        return heard if (heard[0] in {"network", "pool refreshed", "device"}) is of_host else None

    with listening([SYSTEM_PYTHON, str(PROGRAM), daemon.uri, *words], read) as ear:
        ear.listens()
        yield ear
