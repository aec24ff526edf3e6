"""Who comes and goes: clients are let in up to a number, and given back what they held.

State: the sessions of all clients, on the loop. A client that speaks TLS is nobody before its
certificate is checked, which happens before a byte of what it says is looked at; those in between
are few at a time, so that whoever has no certificate cannot keep others out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from vzvirt.server import peer, tls
from vzvirt.server.listener import Listener
from vzvirt.server.peer import Peer
from vzvirt.server.service import Service
from vzvirt.server.session import Session

LOG: Final = logging.getLogger(__name__)

_TICK: Final = 1.0
"""Seconds between two looks at who was silent for too long."""

_AT_ONCE: Final = 200
"""Clients looked at before others have their turn."""

_FLUSH: Final = 2.0
"""Seconds that clients have to take their last replies when the daemon ends."""


class Reception:
    """The clients of a daemon, and the sockets they come to."""

    def __init__(self, service: Service, listeners: Sequence[Listener]) -> None:
        """Let nobody in yet.

        Raises:
            ConfigUnsupported: TLS is to be spoken, and its files are not as they should be.
        """
        self._service = service
        self._listeners = listeners
        self._sessions: set[Session] = set()
        self._deserted = asyncio.Event()
        self._arriving: dict[asyncio.Task[None], bool] = {}
        self._closed = False
        self._secure = any(listener.secure for listener in listeners)
        self._context = self.make_context()

    def make_context(self) -> ssl.SSLContext | None:
        """What TLS needs, as the settings and their files are now; ``None``: nobody speaks it.

        Raises:
            ConfigUnsupported: A file is not as it should be.
        """
        service = self._service
        return tls.context(service.settings, service.root) if self._secure else None

    def open(self) -> None:
        """Let clients in."""
        for listener in self._listeners:
            backlog = self._service.settings.max_queued_clients
            listener.start(self._service.loop, backlog, self._accepter(listener))
            LOG.info("listening on %s", listener.name)
        self._tick()

    def use(self, context: ssl.SSLContext | None) -> None:
        """Heed changed settings: for TLS with who comes from now on."""
        self._context = context
        self._let_in_or_not()

    async def close(self) -> None:
        """Let nobody in any more, and take no more calls."""
        self._closed = True
        for listener in self._listeners:
            listener.close()
        arriving = list(self._arriving)
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)
        for session in self._sessions:
            session.stop_reading()

    async def let_go(self) -> None:
        """End all connections, once what was said is heard."""
        for session in list(self._sessions):
            session.finish()
        if self._sessions:
            self._deserted.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH):
                    await self._deserted.wait()
        for session in list(self._sessions):
            session.abort()
        await asyncio.sleep(0)

    # ---- coming

    def _accepter(self, listener: Listener) -> Callable[[socket.socket], None]:
        def accept(sock: socket.socket) -> None:
            session = Session(
                self._service,
                peer.remote_peer(sock) if listener.secure else peer.local_peer(sock),
                read_only=listener.read_only,
                encrypted=listener.secure,
                admit=self._admit,
                when_gone=self._left,
            )
            self._sessions.add(session)
            task = self._service.loop.create_task(self._arrive(session, sock))
            self._arriving[task] = listener.secure
            task.add_done_callback(self._arrived)
            self._let_in_or_not()

        return accept

    async def _arrive(self, session: Session, sock: socket.socket) -> None:
        """Have a session speak through a socket; TLS has its handshake here."""
        more: dict[str, Any] = {}
        if session.encrypted:
            more = {"ssl": self._context, "ssl_handshake_timeout": tls.HANDSHAKE_TIMEOUT}
        try:
            await self._service.loop.connect_accepted_socket(lambda: session, sock, **more)
        except (OSError, asyncio.CancelledError) as exc:
            sock.close()
            LOG.warning("%s is refused: %s", session.peer, str(exc) or "the daemon ends")
            self._left(session)

    def _arrived(self, task: asyncio.Task[None]) -> None:
        del self._arriving[task]
        self._let_in_or_not()

    def _admit(self, session: Session, transport: asyncio.Transport) -> bool:
        """Whether a client may stay; nothing it said was looked at yet."""
        if session.encrypted:
            certificate = transport.get_extra_info("peercert") or {}
            subject = certificate.get("subject", ())
            session.peer = Peer(address=session.peer.address, name=tls.names(subject)[0])
            if not tls.is_allowed(subject, self._service.settings.tls_allowed_dn_list):
                LOG.warning("%s is refused: not in tls_allowed_dn_list", session.peer)
                return False
            transport.write(tls.ACCEPTED)
        LOG.debug("%s came", session.peer)
        return True

    def _left(self, session: Session) -> None:
        self._sessions.discard(session)
        if not self._sessions:
            self._deserted.set()
        LOG.debug("%s left", session.peer)
        self._let_in_or_not()

    def _let_in_or_not(self) -> None:
        if self._closed:
            return
        settings = self._service.settings
        room = len(self._sessions) < settings.max_clients
        for listener in self._listeners:
            nobodies = sum(self._arriving.values()) if listener.secure else 0
            if room and nobodies < settings.max_anonymous_clients:
                listener.resume()
            else:
                listener.pause()

    # ---- time

    def _tick(self) -> None:
        if not self._closed:
            self._service.loop.call_later(_TICK, self._tick)
            self._tick_some(iter(list(self._sessions)))

    def _tick_some(self, sessions: Iterator[Session]) -> None:
        now = self._service.loop.time()
        some = list(islice(sessions, _AT_ONCE))
        for session in some:
            session.tick(now)
        if some:
            self._service.loop.call_soon(self._tick_some, sessions)
