"""Consoles: what a container shows goes to a client, and the client's keys to the container."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from vzvirt import errors
from vzvirt.ports.engine import ConsoleLine
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.constants import VIR_DOMAIN_CONSOLE_FORCE, VIR_DOMAIN_CONSOLE_SAFE
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.service import Service
from vzvirt.server.stream import Stream
from vzvirt.server.targets import active

PORTION: Final = 1 << 16
"""Bytes taken from a console at once."""

NAMES: Final = frozenset({"console0", "serial0", "/dev/console"})
"""What clients call the one console there is, if they give a name at all."""


class ConsoleStream:
    """Passes bytes between a console and a stream, on the loop.

    Whoever is slow makes the other wait: a client that does not read stops the reading of the
    console, a console that takes nothing stops the reading of the client.
    """

    def __init__(self, daemon: Service, stream: Stream, line: ConsoleLine) -> None:
        self._daemon = daemon
        self._stream = stream
        self._line: ConsoleLine | None = line
        self._unwritten = bytearray()

    def start(self) -> None:
        """Begin to read the console."""
        if self._line is not None:
            os.set_blocking(self._line.fileno(), False)
            self._daemon.loop.add_reader(self._line.fileno(), self._shown)

    # -- from the console -----------------------------------------------------------------

    def _shown(self) -> None:
        if self._line is None:
            return
        try:
            data = os.read(self._line.fileno(), PORTION)
        except BlockingIOError:
            return
        except OSError:  # how a terminal says that its other end is gone
            data = b""
        if not data:
            self._leave(self._stream.finish)
        elif not self._stream.send(data):
            self._daemon.loop.remove_reader(self._line.fileno())

    def writable(self) -> None:
        """The client has taken what it got."""
        if self._line is not None:
            self._daemon.loop.add_reader(self._line.fileno(), self._shown)

    # -- from the client ------------------------------------------------------------------

    def data(self, data: bytes) -> None:
        """The client typed."""
        self._unwritten += data
        self._type()

    def _type(self) -> None:
        line = self._line
        if line is None:
            return
        try:
            while self._unwritten:
                del self._unwritten[: os.write(line.fileno(), self._unwritten)]
        except BlockingIOError:
            self._stream.hold()
            self._daemon.loop.add_writer(line.fileno(), self._type)
            return
        except OSError:
            self._unwritten.clear()  # reading says the same
        self._daemon.loop.remove_writer(line.fileno())
        self._stream.release()

    def finished(self) -> None:
        """The client has enough."""
        self._leave(self._stream.finish)

    def aborted(self) -> None:
        """The client gave up, or is gone."""
        self._leave()

    def _leave(self, then: Callable[[], None] = lambda: None) -> None:
        """Give the console back, and go on when others can have it."""
        line, self._line = self._line, None
        if line is None:
            then()
            return
        loop = self._daemon.loop
        loop.remove_reader(line.fileno())
        loop.remove_writer(line.fileno())

        def close() -> None:
            line.close()  # it waits for a program to end
            loop.call_soon_threadsafe(then)

        self._daemon.in_worker(close)


@handles(
    "domain_open_console",
    flags=VIR_DOMAIN_CONSOLE_FORCE | VIR_DOMAIN_CONSOLE_SAFE,
    where=Where.WORKER,
)
def open_console(call: Call, args: remote.DomainOpenConsoleArgs) -> None:
    """Connect a client to the console; one at a time, always, so it is safe.

    Raises:
        InvalidArgument: Another console is named than there is.
        OperationFailed: Somebody has it, and is not to lose it.
    """
    ref = str(active(call, args.dom).ctid)
    if args.dev_name and args.dev_name not in NAMES:
        raise errors.InvalidArgument(
            f"cannot find character device {args.dev_name}",
            hint="a container has one console, 'console0'",
        )
    force = bool(args.flags & VIR_DOMAIN_CONSOLE_FORCE)
    stream = call.open_stream()  # what can be refused comes before what must be given back
    try:
        line = call.daemon.manager.guests.open_console(ref, force=force)
    except errors.Busy as error:
        raise errors.OperationFailed(
            "Active console session exists for this domain", hint=error.hint
        ) from error
    console = ConsoleStream(call.daemon, stream, line)
    stream.connect(console)
    call.daemon.loop.call_soon_threadsafe(console.start)


@handles("domain_open_channel", flags=0b1, where=Where.WORKER)
def open_channel(call: Call, args: remote.DomainOpenChannelArgs) -> None:
    """There is no such thing.

    Raises:
        ConfigUnsupported: Always.
    """
    active(call, args.dom)
    raise errors.ConfigUnsupported(
        f"cannot find channel '{args.name or ''}': containers have no channel devices",
        hint="use the console, or a network",
    )
