"""What a handler sees of the client that called: who it is, what it may, what is kept for it.

One object per connection, used on the loop only, except where a method says otherwise. What
handlers keep for a client (registrations of events, streams, containers that end with it) they
give back in a function passed to ``on_close``, which is called however the connection ends.
"""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable
from typing import Final

from vzvirt.server.peer import Peer
from vzvirt.server.stream import Stream

LOG: Final = logging.getLogger(__name__)


class Client(abc.ABC):
    """A connection.

    Attributes:
        peer: Who is at the other end.
        read_only: Whether it may change nothing: by its socket, or because it said so.
        secure: Whether nobody else can read along.
        encrypted: Whether what is said is encrypted.
        gone: Whether the connection has ended.
        opened: The name it opened, such as ``openvz:///system``; ``None``: nothing yet.
        wants_close_events: Whether it asked to be told when the daemon closes the connection.
    """

    __slots__ = (
        "_at_close",
        "encrypted",
        "gone",
        "opened",
        "peer",
        "read_only",
        "secure",
        "wants_close_events",
    )

    def __init__(self, peer: Peer, *, read_only: bool, encrypted: bool) -> None:
        self.peer = peer
        self.read_only = read_only
        self.encrypted = encrypted
        self.secure = encrypted or peer.is_local
        self.gone = False
        self.opened: str | None = None
        self.wants_close_events = False
        self._at_close: list[Callable[[], None]] = []

    def on_close(self, function: Callable[[], None]) -> None:
        """Have a function called, on the loop, when the connection ends or is closed.

        Work that a client asked for may outlive it: then the function is called now.
        """
        self._at_close.append(function)
        if self.gone:
            self.let_go()

    def let_go(self) -> None:
        """Give back everything that is kept for it; may be repeated."""
        while self._at_close:
            try:
                self._at_close.pop()()
            except Exception:  # one that fails must not keep the others from being called
                LOG.exception("a defect, in what is done when a client leaves")

    @abc.abstractmethod
    def send_event(self, procedure: int, payload: bytes) -> None:
        """Send an event; from the loop only. A client that does not read is dropped."""

    @abc.abstractmethod
    def enable_keepalive(self) -> None:
        """Ask it for signs of life from now on: it has said that it can answer."""

    @abc.abstractmethod
    def open_stream(self, procedure: int, serial: int) -> Stream:
        """Open the stream of a call that is being answered; safe from worker threads."""
