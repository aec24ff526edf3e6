"""What is known of a procedure of the protocol, whatever a server does with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from vzvirt.rpc.protocol import remote
from vzvirt.rpc.xdr import Struct

NONE: Final = "-"
"""What stands in a table where nothing is to be said."""


class Procedure(NamedTuple):
    """A call, or an event the server sends.

    Attributes:
        number: Its number on the wire.
        name: The protocol's name, such as ``domain_get_info``.
        function: The public function that makes this call, such as ``virDomainGetInfo``; error
            messages name it. Empty for events and authentication.
        domain: The error domain (VIR_FROM_...) of errors about the call itself.
        parts: Which structures it has: ``args``, ``ret``, ``msg``.
        stream: ``read`` or ``write`` if it opens a stream, as the client sees it; else empty.
        high_priority: Whether real servers answer it while all ordinary workers are busy.
        read_only_ok: Whether a read-only connection may call it.
        denied_field: With ``denied_mask``: bits in an argument a read-only connection may not set.
        denied_mask: See ``denied_field``; 0 if there are none.
    """

    number: int
    name: str
    function: str
    domain: int
    parts: frozenset[str]
    stream: str
    high_priority: bool
    read_only_ok: bool
    denied_field: str
    denied_mask: int

    @property
    def args(self) -> type[Struct] | None:
        """The structure of its arguments."""
        return self._struct("args")

    @property
    def ret(self) -> type[Struct] | None:
        """The structure of its result."""
        return self._struct("ret")

    @property
    def event(self) -> type[Struct] | None:
        """The structure of an event."""
        return self._struct("msg")

    @property
    def is_event(self) -> bool:
        """Whether it is the server that sends it."""
        return "msg" in self.parts

    def denies_read_only(self, args: Struct | None) -> bool:
        """Whether a call with these arguments is more than a read-only connection may do."""
        if not self.read_only_ok:
            return True
        return bool(self.denied_mask and getattr(args, self.denied_field) & self.denied_mask)

    def _struct(self, part: str) -> type[Struct] | None:
        if part not in self.parts:
            return None
        made: type[Struct] = getattr(remote, f"{self.name}_{part}".title().replace("_", ""))
        return made


def read_table(text: str) -> Mapping[int, Procedure]:
    """Procedures by number, from the generated table; its columns are those of ``Procedure``."""
    parts: dict[str, frozenset[str]] = {}
    rows = (_row(line.split(), parts) for line in text.splitlines() if line)
    return {row.number: row for row in rows}


def _row(cells: list[str], known: dict[str, frozenset[str]]) -> Procedure:
    number, name, function, domain, parts, stream, priority, access = cells
    allowed, _, condition = access.partition("!")
    field, _, mask = condition.partition("&")
    return Procedure(
        int(number),
        name,
        "" if function == NONE else function,
        int(domain),
        known.setdefault(parts, frozenset(parts.split("+"))),
        "" if stream == NONE else stream,
        priority == "high",
        allowed == "read",
        field,
        int(mask or 0),
    )
