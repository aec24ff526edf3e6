"""One client: bytes in, calls to handlers, replies out.

An asyncio protocol, not a stream: what can be answered at once is, without a task, while the bytes
that came are looked at. What may block goes to a worker thread and is answered when that has
ended; so replies may overtake each other, as libvirt allows.

What keeps memory bounded: a client's connection is not read while it has
``max_client_requests`` calls under way, or does not take its replies, or one of its streams is
full. Events cannot wait, so a client that lets them pile up beyond ``EVENT_BACKLOG`` is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from vzvirt import errors
from vzvirt.rpc.connection import ServerConnection
from vzvirt.rpc.packet import (
    LARGEST,
    REMOTE_PROGRAM,
    STREAM_TYPES,
    VERSION,
    Packet,
    PacketType,
    Status,
    event,
)
from vzvirt.rpc.xdr import ProtocolError
from vzvirt.server import dispatch, replies
from vzvirt.server.call import Call
from vzvirt.server.client import Client
from vzvirt.server.dispatch import Handler, Where
from vzvirt.server.peer import Peer
from vzvirt.server.replies import Refusal
from vzvirt.server.service import Service
from vzvirt.server.stream import Stream

LOG: Final = logging.getLogger(__name__)

READ_BYTES: Final = 65536
"""Bytes read at one time; one buffer is enough for all, since what is in it is used at once."""

WRITE_BYTES: Final = 1 << 20
"""Bytes of replies that wait for a client before it is read no more."""

EVENT_BACKLOG: Final = 16 << 20
"""Bytes that may wait for a client when an event is to be sent."""

MOST_STREAMS: Final = 64
"""Streams that a client may have open."""

_BUFFER: Final = bytearray(READ_BYTES)
_VIEW: Final = memoryview(_BUFFER)

LARGEST_READ_ONLY: Final = 4 << 20
"""Bytes of a message from a client that may only read: anybody may be one."""

_NOT_TAKEN: Final = 1
_BUSY: Final = 2
_STREAM: Final = 4
_STOPPING: Final = 8
_TURN: Final = 16
"""Why it is not read: replies pile up; calls are under way; a stream is full; it is over; it has
said so much at once that others come first."""

AT_ONCE: Final = 32
"""Messages of a client that are handled before others have their turn."""


class Session(Client, asyncio.BufferedProtocol):
    """The connection of one client."""

    __slots__ = (
        "_admit",
        "_backlog",
        "_connection",
        "_handling",
        "_held",
        "_reading",
        "_running",
        "_service",
        "_streams",
        "_streams_held",
        "_transport",
        "_when_gone",
    )

    def __init__(
        self,
        service: Service,
        peer: Peer,
        *,
        read_only: bool,
        encrypted: bool,
        admit: Callable[[Session, asyncio.Transport], bool],
        when_gone: Callable[[Session], None],
    ) -> None:
        """Begin with nothing said yet.

        Args:
            service: The daemon.
            peer: Who it is.
            read_only: Whether it came to the read-only socket.
            encrypted: Whether it speaks TLS.
            admit: Says whether it may stay, before anything it says is looked at.
            when_gone: Called once when the connection has ended.
        """
        super().__init__(peer, read_only=read_only, encrypted=encrypted)
        self._service = service
        self._admit = admit
        self._when_gone = when_gone
        self._connection = ServerConnection(LARGEST_READ_ONLY if read_only else LARGEST)
        self._transport: asyncio.Transport | None = None
        self._backlog: deque[Packet] = deque()
        self._held = 0
        self._handling = False
        self._reading = True
        self._running = 0
        self._streams: dict[int, Stream] = {}
        self._streams_held: set[int] = set()

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has come."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # sockets have these
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_BYTES)
        if not self._admit(self, transport):
            self._held |= _STOPPING  # it may have said more than it was asked already
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone, however."""
        self.gone = True
        self._backlog.clear()
        for stream in list(self._streams.values()):
            stream.lost()
        self._streams.clear()
        self.let_go()
        self._when_gone(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what it says."""
        return _VIEW

    def buffer_updated(self, nbytes: int) -> None:
        """It said something."""
        try:
            self._backlog += self._connection.receive(bytes(_VIEW[:nbytes]))
        except ProtocolError as exc:
            self._drop(f"does not keep to the protocol: {exc}")
            return
        pongs = self._connection.outgoing()
        if pongs:
            self._write(pongs)
        if self._backlog:
            self._work_off()

    def eof_received(self) -> bool:
        """It says no more: it is not there to read replies either."""
        return False

    def pause_writing(self) -> None:
        """It does not read what it is sent."""
        self._hold(_NOT_TAKEN)

    def resume_writing(self) -> None:
        """It reads again."""
        for stream in list(self._streams.values()):
            stream.writable()
        self._release(_NOT_TAKEN)

    # ---- reading

    def _hold(self, reason: int) -> None:
        self._held |= reason
        self._read_or_not()

    def _release(self, reason: int) -> None:
        self._held &= ~reason
        if not self.gone:
            self._work_off()

    def _read_or_not(self) -> None:
        reading = not self._held
        if reading != self._reading and self._transport is not None and not self.gone:
            self._reading = reading
            if not reading:
                self._transport.pause_reading()
            elif not self._transport.is_closing():
                self._transport.resume_reading()

    def _work_off(self) -> None:
        """Handle what was said, as far as that may be now."""
        if self._handling:
            return
        self._handling = True
        try:
            left = AT_ONCE
            while self._backlog and not self._held:
                if not left:
                    self._held |= _TURN
                    self._service.loop.call_soon(self._release, _TURN)
                    break
                left -= 1
                self._handle(self._backlog.popleft())
        except ProtocolError as exc:
            self._drop(f"does not keep to the protocol: {exc}")
        finally:
            self._handling = False
        self._read_or_not()

    def _handle(self, packet: Packet) -> None:
        if packet.type == PacketType.CALL:
            self._call(packet)
        elif packet.type in STREAM_TYPES:
            self._stream(packet)
        elif packet.type == PacketType.CALL_WITH_FDS:
            self._refuse(packet, errors.NoSupport("file descriptors with a call"))
        else:
            raise ProtocolError(f"it sent a message of type {packet.type}")

    # ---- calls

    def _call(self, packet: Packet) -> None:
        try:
            handler = dispatch.find(packet, opened=self.opened is not None)
        except (errors.VzvirtError, Refusal) as exc:
            self._refuse(packet, exc)
            return
        call = Call(
            self._service, self, packet.procedure, packet.serial, handler.procedure.function
        )
        if handler.where is Where.LOOP:
            self._reply(call, packet, _attempt(handler, call, packet))
            return
        self._running += 1
        if self._running >= self._service.settings.max_client_requests:
            self._hold(_BUSY)
        self._service.workers.submit(lambda: self._work(handler, call, packet), lane=handler.lane)

    def _work(self, handler: Handler, call: Call, packet: Packet) -> None:
        """In a worker thread."""
        message = _attempt(handler, call, packet)
        self.call_soon(lambda: self._worked(call, packet, message))

    def _worked(self, call: Call, packet: Packet, message: tuple[bool, bytes]) -> None:
        self._running -= 1
        self._reply(call, packet, message)
        if self._running < self._service.settings.max_client_requests:
            self._release(_BUSY)

    def _reply(self, call: Call, packet: Packet, message: tuple[bool, bytes]) -> None:
        done, data = message
        self._write(data)
        if call.stream is None:
            return
        if done and not self.gone:
            call.stream.begin()
        else:
            self.forget_stream(packet.serial)
            call.stream.lost()

    def _refuse(self, packet: Packet, exc: Exception) -> None:
        self._write(packet.refusal(replies.failure(exc, "a call")))

    # ---- streams

    def _stream(self, packet: Packet) -> None:
        stream = self._streams.get(packet.serial)
        if stream is not None and stream.procedure == packet.procedure:
            stream.received(packet)

    def open_stream(self, procedure: int, serial: int) -> Stream:
        """Open the stream of a call that is being answered; safe from worker threads.

        Raises:
            OperationFailed: The client has too many, or has one of that serial number.
        """
        if len(self._streams) >= MOST_STREAMS:
            raise errors.OperationFailed(
                f"this client has {MOST_STREAMS} streams open, and may not have more"
            )
        call = Packet(REMOTE_PROGRAM, VERSION, procedure, PacketType.CALL, serial, Status.OK)
        stream = Stream(self, call)
        if self._streams.setdefault(serial, stream) is not stream:
            raise errors.OperationFailed(f"this client has a stream of the call {serial} open")
        return stream

    def send(self, data: bytes) -> bool:
        """Send messages of a stream; whether more may follow at once."""
        self._write(data)
        return not self._held & _NOT_TAKEN

    def hold_stream(self, serial: int, *, hold: bool) -> None:
        """Stop or resume reading: a stream is full, or has room again."""
        if hold:
            self._streams_held.add(serial)
            self._hold(_STREAM)
        else:
            self._streams_held.discard(serial)
            if not self._streams_held:
                self._release(_STREAM)

    def forget_stream(self, serial: int) -> None:
        """A stream is over."""
        self._streams.pop(serial, None)

    # ---- for the daemon, handlers and streams

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have a function called on the loop; safe from any thread."""
        # The loop may be closed already, when the daemon ends.
        with contextlib.suppress(RuntimeError):
            self._service.loop.call_soon_threadsafe(function)

    def send_event(self, procedure: int, payload: bytes) -> None:
        """Send an event. A client that does not read is dropped."""
        if self._transport is None or self.gone:
            return
        if self._transport.get_write_buffer_size() > EVENT_BACKLOG:
            self._drop(f"has not read the last {EVENT_BACKLOG >> 20} MiB of events")
        else:
            self._write(event(procedure, payload))

    def enable_keepalive(self) -> None:
        """Ask it for signs of life from now on."""
        settings = self._service.settings
        self._connection.start_keepalive(settings.keepalive_interval, settings.keepalive_count)

    def tick(self, now: float) -> None:
        """Let time pass: ping it if it is time for that.

        Args:
            now: Seconds of the loop's clock.
        """
        if self._held or self.gone:
            return  # what it says is not read, so it cannot be silent
        try:
            self._connection.tick(now)
        except ProtocolError as exc:
            self._drop(str(exc))
        pings = self._connection.outgoing()
        if pings:
            self._write(pings)

    def finish(self) -> None:
        """Take no more calls; end when what was said is sent."""
        if self._transport is not None and not self.gone:
            self._transport.close()

    def abort(self) -> None:
        """End at once."""
        if self._transport is not None and not self.gone:
            self._transport.abort()

    def stop_reading(self) -> None:
        """Take no more calls."""
        self._hold(_STOPPING)

    def _drop(self, why: str) -> None:
        if not self.gone:
            LOG.warning("%s %s; it is dropped", self.peer, why)
            self.abort()

    def _write(self, data: bytes) -> None:
        if data and not self.gone and self._transport is not None:
            self._transport.write(data)


def _attempt(handler: Handler, call: Call, packet: Packet) -> tuple[bool, bytes]:
    """Answer a call; whether it went well, and the reply."""
    try:
        return True, packet.reply(dispatch.answer(handler, call, packet.payload))
    except BaseException as exc:  # the client waits for an answer whatever happens
        return False, packet.refusal(replies.failure(exc, handler.procedure.name))
