"""The daemon from its start to its end.

It begins to listen when it can answer, and says so to the service manager. SIGTERM and SIGINT
end it: nobody is let in any more, calls that run may finish, then the clients are let go.
Containers are none of its children, so they do not notice. SIGHUP has it read its settings
again. What it knows is in memory only; files and the kernel say it anew after the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.server import dispatch, handlers, log
from vzvirt.server.listener import Listener
from vzvirt.server.reception import Reception
from vzvirt.server.service import Service
from vzvirt.server.servicemanager import Notifier
from vzvirt.server.settings import ServerSettings, not_at_once
from vzvirt.server.workers import SWITCH_INTERVAL

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What happens around the daemon's life, beside what it does itself.

    Attributes:
        read_settings: Reads the settings again.
        started: Called when it listens.
        stopping: Called when it listens no more; calls may still run.
    """

    read_settings: Callable[[], ServerSettings]
    started: Callable[[], None] = lambda: None
    stopping: Callable[[], None] = lambda: None


class Daemon:
    """Clients, signals and time of one daemon."""

    def __init__(
        self,
        service: Service,
        listeners: Sequence[Listener],
        notifier: Notifier,
        hooks: Hooks,
    ) -> None:
        """Take what is made already; nobody is let in yet.

        Raises:
            ConfigUnsupported: TLS is to be spoken, and its files are not as they should be.
        """
        self._service = service
        self._reception = Reception(service, listeners)
        self._notifier = notifier
        self._hooks = hooks
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Serve until a signal ends it."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        handlers.load()
        dispatch.table()
        loop = self._service.loop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        try:
            self._reception.open()
            self._hooks.started()
            self._sign_of_life()
            self._notifier.ready("listening")
            await self._stop.wait()
            LOG.info("ending")
        finally:
            self._notifier.stopping()
            await self._end()

    def stop(self) -> None:
        """End, as SIGTERM does; from the loop only."""
        self._stop.set()

    def _sign_of_life(self) -> None:
        interval = self._notifier.watchdog_interval
        if interval:
            self._notifier.watchdog()
            self._service.loop.call_later(interval, self._sign_of_life)

    def _reload(self) -> None:
        """Read the settings again; if they are wrong, those that are stay."""
        self._notifier.reloading()
        old = self._service.settings
        try:
            self._service.settings = new = self._hooks.read_settings()
            context = self._reception.make_context()
        except errors.VzvirtError as exc:
            self._service.settings = old
            LOG.error("the settings stay as they are: %s", exc)
        else:
            self._reception.use(context)
            log.set_level(new.log_level)
            for name in not_at_once(old, new):
                LOG.warning("%s counts from the next start", name)
            LOG.info("the settings are read again")
        self._notifier.ready("listening")

    async def _end(self) -> None:
        await self._reception.close()
        self._hooks.stopping()
        end = self._service.loop.time() + self._service.settings.stop_timeout
        await self._wait_for_calls(end)
        await self._reception.let_go()
        # What is kept for clients may end with them, such as containers, which takes a while.
        await self._wait_for_calls(end)

    async def _wait_for_calls(self, end: float) -> None:
        loop, workers, idle = self._service.loop, self._service.workers, asyncio.Event()

        def tell() -> None:
            # The last answer is on its way to its client, and gets there before this does; if it
            # comes too late, the loop is closed.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(idle.set)

        workers.when_idle(tell)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                await idle.wait()
        if workers.busy:
            LOG.warning("%d calls did not finish in time", workers.busy)


def have_descriptors() -> None:
    """Each client is a descriptor, each container that runs another: have as many as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def lock(path: Path) -> int:
    """Be the only daemon of an installation, until the process ends.

    Args:
        path: A file that only says who it is.

    Raises:
        Conflict: Another one is.
        SystemFailure: The file cannot be made.
    """
    import fcntl

    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise errors.SystemFailure(f"cannot make '{path}': {exc.strerror}") from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.read(descriptor, 20).decode(errors="replace").strip()
        os.close(descriptor)
        raise errors.Conflict(
            f"a vzvirtd serves this installation already, as process {said or '?'}",
            hint="end it first, or name another installation with --root",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
