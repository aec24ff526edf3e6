"""Keeping routed addresses answered for when an uplink has been down.

Routes to containers lie on the containers' own devices and stay. The kernel forgets whom it
answers for on a device that is set down, though, so while any container has such addresses one
small shell script (``watch.sh``) waits for devices to come up and says it again. What it says
is in ``run/vzvirt/links/CTID.proxies``; of which devices, ``uplinks/NAME`` beside them, so that
it costs nothing while other devices come and go. Its pid and start time are in ``watch.pid``.
All change under one lock; nothing outlives a reboot of the host, so nothing is synced.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from vzvirt.backends.netlink import batches, kernel
from vzvirt.model.devices import IpAddress
from vzvirt.model.values import Ctid
from vzvirt.system import affinity, process
from vzvirt.system.files import exclusive, mapping_os_errors, read_bytes, write_atomic
from vzvirt.system.root import Root

SCRIPT: Final = Path(__file__).with_name("watch.sh")

_PATIENCE: Final = 10.0


class ProxyWatch:
    """The watcher of one installation."""

    def __init__(self, root: Root) -> None:
        self._folder = root.path("run/vzvirt/links")

    def _file(self, ctid: Ctid) -> Path:
        return self._folder / f"{ctid}.proxies"

    @property
    def _uplinks(self) -> Path:
        """One empty file for each device that any address is answered for on, or was."""
        return self._folder / "uplinks"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "watch.pid"

    def watch(self, ctid: Ctid, proxies: Mapping[IpAddress, Iterable[str]]) -> None:
        """Keep a container's addresses answered for, in the place of those it had."""
        lines = [
            line
            for address, devices in proxies.items()
            for line in batches.proxy("replace", address, devices)
        ]
        with self._locked():
            write_atomic(self._file(ctid), kernel.text(lines).encode(), durable=False)
            self._uplinks.mkdir(exist_ok=True)
            for device in {device for devices in proxies.values() for device in devices}:
                (self._uplinks / device).touch()
            if self._watcher() is None:
                self._begin()

    def forget(self, ctid: Ctid) -> None:
        """It has no such addresses any more; the last one ends the watch. Idempotent."""
        with self._locked():
            with mapping_os_errors("forget addresses"):
                self._file(ctid).unlink(missing_ok=True)
            if not any(self._folder.glob("*.proxies")):
                self._end()

    def _locked(self) -> contextlib.AbstractContextManager[None]:
        return exclusive(self._folder / "watch.lock", _PATIENCE, "the watch on uplinks")

    def _watcher(self) -> int | None:
        data = read_bytes(self._pid_file)
        if not data:
            return None
        pid, started = map(int, data.split())
        return pid if process.is_alive(pid, started) else None

    def _begin(self) -> None:
        null = os.open(os.devnull, os.O_RDWR)
        try:
            with affinity.using_all():
                pid = os.posix_spawn(
                    "/bin/sh",
                    ["/bin/sh", str(SCRIPT), str(self._folder)],
                    {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                    file_actions=[(os.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1, 2)],
                    setsid=True,
                    setsigmask=[],
                )
        finally:
            os.close(null)
        line = f"{pid} {process.started_at(pid) or 0}\n".encode()
        write_atomic(self._pid_file, line, durable=False)

    def _end(self) -> None:
        pid = self._watcher()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGTERM)  # and what it waits for
            process.wait_for_exit(pid, None, 1.0)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        with mapping_os_errors("end the watch on uplinks"):
            self._pid_file.unlink(missing_ok=True)
            for file in self._uplinks.glob("*"):
                file.unlink(missing_ok=True)
