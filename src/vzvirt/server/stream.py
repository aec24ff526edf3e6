"""Streams: bytes beside calls, for consoles, channels and volumes.

A handler opens the stream of its call (``call.open_stream()``) and says who serves it, in one of
two ways:

* ``stream.serve(function)``: the function runs in a thread of its own with a ``Pipe``, reads and
  writes as with a file, and ends. For copying.
* ``stream.connect(consumer)``: the consumer is told on the loop what comes in. For what waits for
  two sides at once, such as a console.

The rules of the wire (libvirt's): the stream begins after the call's reply. The client ends it
with *finish*, which is confirmed when all is done, or with *abort*, which is confirmed at once.
The server's end of data is an empty message, which the client answers with *finish*; or it
fails, with an error. What comes for a stream that is over is ignored. Nothing has a window: who
cannot take more stops reading the connection.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from vzvirt.errors import OperationFailed
from vzvirt.rpc.packet import Packet
from vzvirt.rpc.stream import Incoming, ServerStream
from vzvirt.server import replies

PIPE_BYTES: Final = 1 << 20
"""Bytes that a pipe holds in either direction before it makes the other side wait."""


class Consumer(Protocol):
    """Serves a stream on the loop; nothing here may block."""

    def data(self, data: bytes) -> None:
        """Bytes came. ``stream.hold`` keeps more from coming."""

    def finished(self) -> None:
        """The client sends no more; ``stream.finish`` or ``stream.fail`` answers that."""

    def aborted(self) -> None:
        """The client gave up, or is gone. The stream is over."""

    def writable(self) -> None:
        """``stream.send`` may go on: the client has taken what it got."""


class Wire(Protocol):
    """What a stream needs of its connection."""

    def send(self, data: bytes) -> bool:
        """Send messages; whether more may follow at once."""

    def hold_stream(self, serial: int, *, hold: bool) -> None:
        """Stop or resume to read the connection."""

    def forget_stream(self, serial: int) -> None:
        """The stream is over."""

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have a function called on the loop; safe from any thread."""


class StreamAborted(OperationFailed):
    """The client gave up on the stream, or is gone."""


class Stream:
    """One stream. All methods but ``serve`` and ``connect`` are for the loop.

    Attributes:
        procedure: Number of the call that opened it.
    """

    __slots__ = (
        "_begun",
        "_client_finished",
        "_consumer",
        "_ended",
        "_function",
        "_held",
        "_lost",
        "_rules",
        "_serial",
        "_unsent",
        "_wire",
        "procedure",
    )

    def __init__(self, wire: Wire, call: Packet) -> None:
        """Open it.

        Args:
            wire: The connection.
            call: The call that opens it.
        """
        self._wire = wire
        self.procedure = call.procedure
        self._serial = call.serial
        self._rules = ServerStream(call)
        self._consumer: Consumer | None = None
        self._function: Callable[[Pipe], None] | None = None
        self._begun = False
        self._lost = False
        self._ended = False
        self._client_finished = False
        self._held = False
        self._unsent: list[Callable[[], object]] = []

    # ---- for handlers

    @property
    def over(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._lost or self._rules.over

    def connect(self, consumer: Consumer) -> None:
        """Serve it on the loop."""
        self._consumer = consumer

    def serve(self, function: Callable[[Pipe], None]) -> None:
        """Serve it with a function in a thread of its own.

        When the function returns, the stream is finished; what it raises is told to the client.
        """
        self._function = function

    def send(self, data: bytes) -> bool:
        """Send bytes; whether more are welcome. If not, wait for ``Consumer.writable``."""
        if self.over:
            return True
        if not self._begun:
            self._unsent.append(lambda: self.send(data))
            return False
        return self._wire.send(b"".join(self._rules.data(data)))

    def finish(self) -> None:
        """No more bytes follow; or, if the client has finished, all it sent is dealt with."""
        if self.over:
            return
        if not self._begun:
            self._unsent.append(self.finish)
        elif self._client_finished:
            self._confirm()
        else:
            self._ended = True
            self._wire.send(self._rules.end())

    def fail(self, exc: BaseException) -> None:
        """Tell the client what went wrong; the stream is over."""
        if self.over:
            return
        if not self._begun:
            self._unsent.append(lambda: self.fail(exc))
            return
        self._wire.send(self._rules.fail(replies.failure(exc, "a stream")))
        self._leave()

    def hold(self) -> None:
        """Take no more bytes for now."""
        if not self._held and not self.over:
            self._held = True
            self._wire.hold_stream(self._serial, hold=True)

    def release(self) -> None:
        """Take bytes again."""
        if self._held:
            self._held = False
            self._wire.hold_stream(self._serial, hold=False)

    # ---- for the connection

    def begin(self) -> None:
        """The call's reply is on its way."""
        if self._function is not None:
            pipe = Pipe(self, self._wire.call_soon)
            self._consumer = pipe
            arguments = (self._function,)
            threading.Thread(target=pipe.run, args=arguments, name="stream", daemon=True).start()
        self._begun = True
        unsent, self._unsent = self._unsent, []
        for again in unsent:
            again()
        if unsent and not self.over and self._consumer is not None:
            self._consumer.writable()

    def received(self, packet: Packet) -> None:
        """The client says something.

        Raises:
            ProtocolError: It makes no sense.
        """
        message = self._rules.receive(packet)
        consumer = self._consumer
        if consumer is None:
            return
        if message.what is Incoming.DATA:
            if not self._ended:
                consumer.data(message.data)
        elif message.what is Incoming.ABORT:
            self._confirm()
            consumer.aborted()
        elif message.what is Incoming.FINISH:
            self._client_finished = True
            if self._ended:
                self._confirm()
            else:
                consumer.finished()

    def writable(self) -> None:
        """The client reads again."""
        if self._begun and not self.over and self._consumer is not None:
            self._consumer.writable()

    def lost(self) -> None:
        """The connection is gone, or the call failed after all."""
        if not self.over:
            self._lost = True
            if self._consumer is not None:
                self._consumer.aborted()

    def _confirm(self) -> None:
        self._wire.send(self._rules.confirm())
        self._leave()

    def _leave(self) -> None:
        self.release()
        self._wire.forget_stream(self._serial)


class Pipe:
    """A stream as threads like it: reading and writing wait.

    One thread uses it, while the loop feeds and drains it.
    """

    def __init__(self, stream: Stream, call_soon: Callable[[Callable[[], None]], None]) -> None:
        self._stream = stream
        self._call_soon = call_soon
        self._changed = threading.Condition()
        self._incoming: deque[bytes] = deque()
        self._incoming_bytes = 0
        self._outgoing_bytes = 0
        self._stuck_bytes = 0
        self._no_more = False
        self._aborted = False

    # ---- for the thread

    def read(self) -> bytes:
        """Some bytes that the client sent; empty: it has finished.

        Raises:
            StreamAborted: The client gave up.
        """
        with self._changed:
            while not self._incoming:
                self._require_client()
                if self._no_more:
                    return b""
                self._changed.wait()
            self._require_client()
            data = self._incoming.popleft()
            self._incoming_bytes -= len(data)
            drained = self._incoming_bytes < PIPE_BYTES // 2
        if drained:
            self._call_soon(self._stream.release)
        return data

    def write(self, data: bytes) -> None:
        """Send bytes, when the client has taken most of what it got before.

        Raises:
            StreamAborted: The client gave up.
        """
        with self._changed:
            while self._outgoing_bytes >= PIPE_BYTES and not self._aborted:
                self._changed.wait()
            self._require_client()
            self._outgoing_bytes += len(data)
        self._call_soon(lambda: self._send(data))

    def run(self, function: Callable[[Pipe], None]) -> None:
        """What the thread does."""
        try:
            function(self)
        except StreamAborted:
            return
        except BaseException as exc:  # whatever it is, the client waits for an answer
            failure = exc
            self._call_soon(lambda: self._stream.fail(failure))
        else:
            self._call_soon(self._stream.finish)

    def _require_client(self) -> None:
        if self._aborted:
            raise StreamAborted("the client gave up on the stream")

    # ---- for the loop

    def data(self, data: bytes) -> None:
        """Keep it for the thread."""
        with self._changed:
            self._incoming.append(data)
            self._incoming_bytes += len(data)
            self._changed.notify()
            if self._incoming_bytes >= PIPE_BYTES:
                self._stream.hold()

    def finished(self) -> None:
        """The thread will read to the end, and end."""
        with self._changed:
            self._no_more = True
            self._changed.notify()

    def aborted(self) -> None:
        """The thread's next step fails."""
        with self._changed:
            self._aborted = True
            self._changed.notify()

    def writable(self) -> None:
        """The thread may write more."""
        with self._changed:
            self._outgoing_bytes -= self._stuck_bytes
            self._stuck_bytes = 0
            self._changed.notify()

    def _send(self, data: bytes) -> None:
        welcome = self._stream.send(data)
        with self._changed:
            if welcome:
                self._outgoing_bytes -= len(data)
                self._changed.notify()
            else:
                self._stuck_bytes += len(data)
