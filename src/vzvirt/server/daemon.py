"""The daemon from its start to its end.

It begins to listen when it can answer, and says so to the service manager. SIGTERM and SIGINT
end it: nobody is let in any more, calls that run may finish, then the clients are let go.
Containers are none of its children, so they do not notice. SIGHUP has it read its settings
again. What it knows is in memory only; files and the kernel say it anew after the next start.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vzvirt import errors
from vzvirt.server import dispatch, handlers, log, peer, tls
from vzvirt.server.listener import Listener
from vzvirt.server.peer import Peer
from vzvirt.server.service import Service
from vzvirt.server.servicemanager import Notifier
from vzvirt.server.session import Session
from vzvirt.server.settings import ServerSettings, not_at_once
from vzvirt.server.workers import SWITCH_INTERVAL

LOG: Final = logging.getLogger(__name__)

_TICK: Final = 1.0
"""Seconds between two looks at who was silent for too long."""

_FLUSH: Final = 2.0
"""Seconds that clients have to take their last replies when the daemon ends."""


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
    """Clients, listeners, signals and time of one daemon."""

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
        self._listeners = listeners
        self._notifier = notifier
        self._hooks = hooks
        self._sessions: set[Session] = set()
        self._arriving: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._stopping = False
        self._secure = any(listener.secure for listener in listeners)
        self._context = tls.context(service.settings, service.root) if self._secure else None

    @property
    def clients(self) -> int:
        """How many clients there are, those included whose handshake is not done yet."""
        return len(self._sessions) + len(self._arriving)

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
            self._start()
            await self._stop.wait()
            LOG.info("ending")
        finally:
            self._notifier.stopping()
            await self._end()

    def stop(self) -> None:
        """End, as SIGTERM does; from the loop only."""
        self._stop.set()

    # ---- beginning

    def _start(self) -> None:
        for listener in self._listeners:
            accept = self._accepter(listener)
            listener.start(self._service.loop, self._service.settings.max_queued_clients, accept)
            LOG.info("listening on %s", listener.name)
        self._hooks.started()
        self._tick()
        if self._notifier.watchdog_interval:
            self._sign_of_life()
        self._notifier.ready(f"{len(self._listeners)} sockets")

    def _accepter(self, listener: Listener) -> Callable[[socket.socket], None]:
        def accept(sock: socket.socket) -> None:
            task = self._service.loop.create_task(self._arrive(listener, sock))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)
            if self.clients >= self._service.settings.max_clients:
                self._let_in(yes=False)

        return accept

    async def _arrive(self, listener: Listener, sock: socket.socket) -> None:
        """Make a client of a connection; TLS has its handshake here."""
        loop = self._service.loop
        who = peer.remote_peer(sock) if listener.secure else peer.local_peer(sock)
        session = Session(
            self._service,
            who,
            read_only=listener.read_only,
            encrypted=listener.secure,
            when_gone=self._left,
        )
        self._sessions.add(session)
        more: dict[str, Any] = {}
        if listener.secure:
            more = {"ssl": self._context, "ssl_handshake_timeout": tls.HANDSHAKE_TIMEOUT}
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: session, sock, **more)
        except (OSError, asyncio.CancelledError) as exc:
            sock.close()
            LOG.warning("%s is refused: %s", who, str(exc) or "the daemon ends")
            self._left(session)
            return
        if listener.secure:
            self._check_certificate(session, transport)
        else:
            LOG.debug("%s came", who)

    def _check_certificate(self, session: Session, transport: asyncio.Transport) -> None:
        certificate = transport.get_extra_info("peercert") or {}
        subject = certificate.get("subject", ())
        name = tls.names(subject)[0]
        session.peer = Peer(address=session.peer.address, name=name)
        if tls.is_allowed(subject, self._service.settings.tls_allowed_dn_list):
            LOG.debug("%s came", session.peer)
            session.send(tls.ACCEPTED)
        else:
            LOG.warning("%s is refused: not in tls_allowed_dn_list", session.peer)
            session.finish()

    def _left(self, session: Session) -> None:
        self._sessions.discard(session)
        LOG.debug("%s left", session.peer)
        if self.clients < self._service.settings.max_clients and not self._stopping:
            self._let_in(yes=True)

    def _let_in(self, *, yes: bool) -> None:
        for listener in self._listeners:
            if yes:
                listener.resume()
            else:
                listener.pause()

    # ---- time and signals

    def _tick(self) -> None:
        loop = self._service.loop
        now = loop.time()
        for session in list(self._sessions):
            session.tick(now)
        if not self._stopping:
            loop.call_later(_TICK, self._tick)

    def _sign_of_life(self) -> None:
        self._notifier.watchdog()
        self._service.loop.call_later(self._notifier.watchdog_interval, self._sign_of_life)

    def _reload(self) -> None:
        """Read the settings again; if they are wrong, those that are stay."""
        self._notifier.reloading()
        old = self._service.settings
        try:
            new = self._hooks.read_settings()
            context = tls.context(new, self._service.root) if self._secure else None
        except errors.VzvirtError as exc:
            LOG.error("the settings stay as they are: %s", exc)
        else:
            self._service.settings, self._context = new, context
            log.set_level(new.log_level)
            for name in not_at_once(old, new):
                LOG.warning("%s counts from the next start", name)
            LOG.info("the settings are read again")
            self._let_in(yes=self.clients < new.max_clients)
        self._notifier.ready("settings read again")

    # ---- ending

    async def _end(self) -> None:
        self._stopping = True
        for listener in self._listeners:
            listener.close()
        for task in list(self._arriving):
            task.cancel()
        for session in self._sessions:
            session.stop_reading()
        self._hooks.stopping()
        end = self._service.loop.time() + self._service.settings.stop_timeout
        await self._wait_for_calls(end)
        await self._let_go()
        # What is kept for clients may end with them, such as containers, which takes a while.
        await self._wait_for_calls(end)

    async def _let_go(self) -> None:
        """End all connections, once what was said is heard."""
        for session in list(self._sessions):
            session.finish()
        end = self._service.loop.time() + _FLUSH
        while self._sessions and self._service.loop.time() < end:
            await asyncio.sleep(0.01)
        for session in list(self._sessions):
            session.abort()
        await asyncio.sleep(0)

    async def _wait_for_calls(self, end: float) -> None:
        while self._service.workers.busy and self._service.loop.time() < end:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0)  # the last answer is on its way from its thread to its client
        if self._service.workers.busy:
            LOG.warning("%d calls did not finish in time", self._service.workers.busy)


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
