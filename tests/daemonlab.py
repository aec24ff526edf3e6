"""A real vzvirtd with an installation of its own, and real clients of it.

``Daemon`` starts, stops, kills and restarts it; ``virsh`` and ``connect`` are Debian's, in the
version of libvirt that is installed. What tests define is removed by ``running``, also when they
fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from commandline import Vzvirt
from installation import Host
from vzvirt.rpc.packet import REMOTE_PROGRAM, VERSION, Packet, PacketType, Status

PROGRAM = (sys.executable, "-P", "-m", "vzvirt.cli.vzvirtd")

SYSTEM_PYTHON = "/usr/bin/python3"
"""The interpreter that Debian's python3-libvirt is made for."""

AUTH_LIST = 66
"""The first call of every client."""

PATIENCE = 20.0
"""Seconds for what takes a moment, on a machine that is busy."""


class Daemon:
    """One daemon and its installation."""

    def __init__(self, root: Path, engine: str) -> None:
        self.root = root
        self.engine = engine
        self.settings: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.extra: dict[str, str] = {}
        self.prefix: tuple[str, ...] = ()
        """Words before its own: a program that becomes it, somewhere else."""
        self.within: tuple[str, ...] = ()
        """The same before virsh."""

    # ---- where it is

    @property
    def folder(self) -> Path:
        return self.root / "run/vzvirt"

    @property
    def socket(self) -> Path:
        return self.folder / "vzvirt-sock"

    @property
    def read_only_socket(self) -> Path:
        return self.folder / "vzvirt-sock-ro"

    @property
    def uri(self) -> str:
        """What clients connect to."""
        return f"openvz+unix:///system?socket={self.socket}"

    @property
    def read_only_uri(self) -> str:
        """The same, through the socket that only answers questions."""
        return f"openvz+unix:///system?socket={self.read_only_socket}"

    @property
    def log(self) -> Path:
        """What it said."""
        return self.root / "vzvirtd.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def vzvirt(self) -> Vzvirt:
        """The vzvirt command, on the same installation."""
        return Vzvirt(self.root, self.engine)

    # ---- its life

    def start(self, *words: str) -> None:
        """Start it, and wait until it listens."""
        conf = self.root / "etc/vzvirt/vzvirtd.conf"
        conf.parent.mkdir(parents=True, exist_ok=True)
        says = any(line.startswith("log_level") for line in self.settings)
        level = () if says else ("log_level = 1",)
        conf.write_text("".join(f"{line}\n" for line in (*level, *self.settings)))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *PROGRAM, *words],
                env={**self.vzvirt.environment, **self.extra},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether somebody answers on the socket."""
        call = Packet(REMOTE_PROGRAM, VERSION, AUTH_LIST, PacketType.CALL, 0, Status.OK)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(PATIENCE)
            if probe.connect_ex(str(self.read_only_socket)) != 0:
                return False
            probe.sendall(call.encode())
            return len(probe.recv(100)) > 0

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """End it as a service manager does; its exit status."""
        if self.process is None:
            return 0
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.process = None

    def kill(self) -> None:
        """End it as a defect does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def resident(self) -> int:
        """Bytes of memory it has."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    # ---- its clients

    def virsh(
        self, *words: str | Path, uri: str | None = None, stdin: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run virsh, however it ends."""
        return subprocess.run(
            [*self.within, "virsh", "-q", "-c", uri or self.uri, *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=False,
        )

    def ok(self, *words: str | Path, uri: str | None = None, stdin: str = "") -> str:
        """Run virsh, which must succeed; what it printed."""
        done = self.virsh(*words, uri=uri, stdin=stdin)
        assert done.returncode == 0, f"virsh {words}: {done}\n{self.last_words()}"
        return done.stdout.strip()

    def refused(self, *words: str | Path, uri: str | None = None, stdin: str = "") -> str:
        """Run virsh, which must fail; what it complained of."""
        done = self.virsh(*words, uri=uri, stdin=stdin)
        assert done.returncode != 0, f"virsh {words}: {done}"
        return done.stderr.strip()

    def python(self, code: str, *words: str, timeout: float = 60) -> str:
        """Run Python code that uses libvirt; ``sys.argv[1]`` is the URI. What it printed."""
        done = subprocess.run(
            [SYSTEM_PYTHON, "-c", code, self.uri, *words],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{self.last_words()}"
        return done.stdout

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


def popen_virsh(daemon: Daemon, *words: str) -> subprocess.Popen[bytes]:
    """Begin a virsh."""
    return subprocess.Popen(
        ["virsh", "-q", "-c", daemon.uri, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def running(
    engine: str, *, settings: tuple[str, ...] = (), within: tuple[str, ...] = ()
) -> Iterator[Daemon]:
    """A daemon that runs; in the end nothing of it is left.

    Args:
        engine: ``memory``, or ``lxc`` for real containers.
        settings: Lines of its settings file.
        within: Words before it and its clients.
    """
    # Not pytest's temporary folder, whose paths are too long for sockets, and which the users of
    # containers could not reach.
    root = Path(tempfile.mkdtemp(prefix="vzvirtd.", dir="/var/tmp"))
    root.chmod(0o755)
    daemon = Daemon(root, engine)
    daemon.settings += settings
    daemon.prefix = daemon.within = within
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.kill()
        clear(daemon)


def clear(daemon: Daemon) -> None:
    """Remove the installation of a daemon that has ended, and the containers in it."""
    vzvirt = daemon.vzvirt
    if daemon.engine != "memory":
        for conf in sorted((daemon.root / "etc/vz/conf").glob("[0-9]*.conf")):
            vzvirt.call("kill", conf.stem)
            vzvirt.call("undefine", "--remove-data", conf.stem)
        for network in json.loads(vzvirt.call("net", "list", "--all", "--json").stdout or "[]"):
            vzvirt.call("net", "stop", network["name"])
    Host(daemon.root).remove()
