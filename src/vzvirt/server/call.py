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
    """

    __slots__ = ("daemon", "function", "procedure", "serial", "session")

    def __init__(
        self, daemon: Service, session: Client, procedure: int, serial: int, function: str
    ) -> None:
        self.daemon = daemon
        self.session = session
        self.procedure = procedure
        self.serial = serial
        self.function = function

    def require_write(self) -> None:
        """Refuse a read-only client: for flags that only others may use.

        Raises:
            OperationDenied: It is one.
        """
        self.session.require_write(self.function)

    def open_stream(self) -> Stream:
        """The stream that this call opens. It begins once the call's reply is on its way."""
        return self.session.open_stream(self.procedure, self.serial)
