"""A call that is being answered: what every handler gets, beside its arguments."""

from __future__ import annotations

from vzvirt.server.client import Client
from vzvirt.server.service import Service
from vzvirt.server.stream import Stream


class Call:
    """One call of one client.

    Attributes:
        daemon: What the daemon has: the manager, the snapshot of all containers, and so on.
        session: The client that called.
        procedure: Number of the procedure.
        serial: What the client knows the call by.
        function: Name of libvirt's function, such as ``virDomainCreate``.
        stream: The stream that it has opened; ``None``: none.
    """

    __slots__ = ("daemon", "function", "procedure", "serial", "session", "stream")

    def __init__(
        self, daemon: Service, session: Client, procedure: int, serial: int, function: str
    ) -> None:
        self.daemon = daemon
        self.session = session
        self.procedure = procedure
        self.serial = serial
        self.function = function
        self.stream: Stream | None = None

    def open_stream(self) -> Stream:
        """The stream that this call opens. It begins once the call's reply is on its way."""
        self.stream = self.session.open_stream(self.procedure, self.serial)
        return self.stream
