"""A desktop on which programs with windows run, and eyes and hands to use them.

It has an X server without a screen, a bus of its own and nothing of the host's: no home, no
settings, no system bus, no network. ``hands.py`` sees and does what is asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from daemonlab import SYSTEM_PYTHON

HANDS = Path(__file__).with_name("hands.py")

SCREEN = "1280x1024x24"

PATIENCE = 30.0
"""Seconds for what the hands wait for, and a little more."""


class Desktop:
    """What is on the screen; windows are named by their title, a regular expression."""

    def __init__(self, hands: subprocess.Popen[str], environment: Mapping[str, str]) -> None:
        self._hands = hands
        self.environment = environment

    def __getattr__(self, request: str) -> Any:
        """The requests of ``hands.py`` are methods."""
        return lambda *arguments: self._ask(request, *arguments)

    def _ask(self, *request: object) -> Any:
        assert self._hands.stdin is not None
        assert self._hands.stdout is not None
        self._hands.stdin.write(json.dumps(request) + "\n")
        self._hands.stdin.flush()
        ready, _, _ = select.select([self._hands.stdout], [], [], PATIENCE)
        assert ready, f"the hands do not come back from {request}"
        answer = json.loads(self._hands.stdout.readline() or '{"error": "the hands are gone"}')
        assert "error" not in answer, f"{request}: {answer['error']}"
        return answer["value"]


@contextmanager
def desktop(folder: Path, settings: str = "") -> Iterator[Desktop]:
    """Begin a desktop; in the end all of it is gone.

    Args:
        folder: For the home of its user and what is logged; its path is short.
        settings: What is set for programs, as GSettings' key files say it.
    """
    home = folder / "home"
    keyfile = home / ".config/glib-2.0/settings/keyfile"
    keyfile.parent.mkdir(parents=True)
    keyfile.write_text(settings)
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "LC_ALL": "C.UTF-8",
        "GSETTINGS_BACKEND": "keyfile",
        "GTK_MODULES": "gail:atk-bridge",
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={runtime}/none",
    }
    with ExitStack() as ended_in_reverse:
        log = ended_in_reverse.enter_context((folder / "desktop.log").open("ab"))
        environment["DISPLAY"] = ended_in_reverse.enter_context(_screen(environment, log))
        environment["DBUS_SESSION_BUS_ADDRESS"] = ended_in_reverse.enter_context(
            _bus(environment, log)
        )
        hands = subprocess.Popen(
            [SYSTEM_PYTHON, "-B", HANDS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            text=True,
        )
        ended_in_reverse.enter_context(ending(hands))
        yield Desktop(hands, environment)


@contextmanager
def _screen(environment: Mapping[str, str], log: Any) -> Iterator[str]:
    """An X server; its name. It takes the first number that is free, and listens on no port."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        env=environment,
        stdout=log,
        stderr=log,
        pass_fds=[writing],
    )
    os.close(writing)
    with ending(process), os.fdopen(reading) as told:
        yield f":{_line(told, 'the X server')}"


@contextmanager
def _bus(environment: Mapping[str, str], log: Any) -> Iterator[str]:
    """A session bus; its address. What it starts ends with it."""
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    with ending(process):
        yield _line(process.stdout, "the bus")


def _line(source: Any, who: str) -> str:
    ready, _, _ = select.select([source], [], [], PATIENCE)
    line: str = source.readline().strip() if ready else ""
    assert line, f"{who} does not begin"
    return line


@contextmanager
def ending(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Have a process ended, whatever happens."""
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def wait_for(text: str, path: Path) -> None:
    """Wait until a file has a text."""
    until = time.monotonic() + PATIENCE
    while not path.exists() or text not in path.read_text(errors="replace"):
        assert time.monotonic() < until, f"{text!r} is not in {path}"
        time.sleep(0.05)
