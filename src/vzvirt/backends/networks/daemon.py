"""The dnsmasq of a network: started, looked for, ended.

State, by the name of the bridge: ``var/lib/vzvirt/networks/BRIDGE.conf`` while it runs,
``BRIDGE.leases`` for good, so that a guest keeps its address; ``run/vzvirt/networks/BRIDGE.pid``.
A pid is taken for ours only if that process was started with our configuration.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.networks import dnsmasq
from vzvirt.model.network import Lease, Network
from vzvirt.system.files import make_folder, mapping_os_errors, read_bytes, write_atomic
from vzvirt.system.process import run, started_at, wait_for_exit
from vzvirt.system.root import Root

PROGRAM: Final = "dnsmasq"

USER: Final = "dnsmasq"
"""Whom it runs as where the distribution has made that user."""

ENDING: Final = 3.0
"""Seconds until one that does not end is killed."""


class Daemons:
    """The dnsmasqs of one installation. The caller holds the networks' lock for changes."""

    def __init__(self, root: Root) -> None:
        self._kept = root.path("var/lib/vzvirt/networks")
        self._run = root.path("run/vzvirt/networks")

    def start(self, network: Network) -> None:
        """Start a network's, anew if it runs.

        Raises:
            NoSupport: The program is not installed.
            OperationFailed: It does not come up.
        """
        self.stop(network)
        if not dnsmasq.is_needed(network):
            return
        for folder in (self._kept, self._run):
            make_folder(folder)
        write_atomic(self._config(network), self._text(network).encode())
        try:
            run([PROGRAM, f"--conf-file={self._config(network)}"], timeout=20)
        except errors.NoSupport as missing:
            raise errors.NoSupport(
                f"network '{network.name}' gives out addresses or names, which needs the program "
                f"'{PROGRAM}', and it is not installed",
                hint="install the package dnsmasq-base",
            ) from missing
        except errors.OperationFailed as failure:
            failure.hint = "'ss -lnup' shows who has the ports 53, 67 and 547"
            raise

    def stop(self, network: Network) -> None:
        """End a network's, if it runs. Idempotent."""
        pid = self.pid(network)
        if pid is not None:
            _end(pid)
        with mapping_os_errors("remove the files of dnsmasq"):
            self._config(network).unlink(missing_ok=True)
            self._pid_file(network).unlink(missing_ok=True)

    def update(self, network: Network) -> None:
        """Let it know of a change: it is started anew, if that makes a difference to it."""
        written = read_bytes(self._config(network))
        wanted = self._text(network).encode() if dnsmasq.is_needed(network) else None
        if written != wanted or not self.is_well(network):
            self.start(network)

    def is_well(self, network: Network) -> bool:
        """Whether it runs, if it has to."""
        return not dnsmasq.is_needed(network) or self.pid(network) is not None

    def pid(self, network: Network) -> int | None:
        """The process that serves a network."""
        said = (read_bytes(self._pid_file(network)) or b"").strip()
        if not said.isdigit():
            return None
        words = read_bytes(Path(f"/proc/{int(said)}/cmdline")) or b""
        ours = os.fsencode(f"--conf-file={self._config(network)}")
        return int(said) if ours in words.split(b"\0") else None

    def leases(self, network: Network) -> list[Lease]:
        """What it has given out.

        Raises:
            OperationFailed: Its notes cannot be read.
        """
        text = read_bytes(self._leases(network)) or b""
        return dnsmasq.leases(text.decode(errors="replace"), network)

    def _text(self, network: Network) -> str:
        return dnsmasq.config(
            network,
            pid_file=self._pid_file(network),
            leases=self._leases(network),
            user=_user(),
        )

    def _config(self, network: Network) -> Path:
        return self._kept / f"{network.bridge}.conf"

    def _leases(self, network: Network) -> Path:
        return self._kept / f"{network.bridge}.leases"

    def _pid_file(self, network: Network) -> Path:
        return self._run / f"{network.bridge}.pid"


def _user() -> str | None:
    try:
        return pwd.getpwnam(USER).pw_name
    except KeyError:
        return None


def _end(pid: int) -> None:
    started = started_at(pid)
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        if wait_for_exit(pid, started, ENDING):
            return
