"""From a call's number to its handler, and from what happens there to a reply.

The table of handlers fills itself: each is marked with ``handles``. All else that there is to
know of a procedure (types, who may call it) comes from the protocol's own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any, Final, TypeVar

from vzvirt import errors
from vzvirt.rpc import faults
from vzvirt.rpc.packet import PAYLOAD_MAX, REMOTE_PROGRAM, VERSION, Packet, Status
from vzvirt.rpc.protocol.procedure import Procedure
from vzvirt.rpc.protocol.procedures import PROCEDURES
from vzvirt.rpc.xdr import ProtocolError, Struct
from vzvirt.server.call import Call
from vzvirt.server.replies import Refusal
from vzvirt.server.workers import Lane

Reply = Struct | bytes | None
"""What a handler returns: the result, or its bytes, or nothing."""

Run = Callable[[Call, Any], Reply]

F = TypeVar("F", bound=Callable[..., Reply])


class Where(Enum):
    """Where a handler runs."""

    LOOP = auto()
    """On the loop, at once: it must not wait for anything."""

    WORKER = auto()
    """In a worker thread: it may wait for files, programs and locks, but should compute little."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What answers a procedure.

    Attributes:
        procedure: The protocol's facts.
        arguments: The structure of its arguments; ``None``: it has none.
        run: The function.
        flags: Bits that the arguments' ``flags`` may have; ``None``: they have no flags.
        where: Where it runs.
        unopened: Whether it may be called before ``connect_open``.
    """

    procedure: Procedure
    arguments: type[Struct] | None
    run: Run
    flags: int | None
    where: Where
    unopened: bool

    @property
    def lane(self) -> Lane:
        """Which worker threads it is for."""
        return Lane.URGENT if self.procedure.high_priority else Lane.ORDINARY


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    run: Run
    flags: int | None
    where: Where
    unopened: bool


_ANSWERED: Final = (REMOTE_PROGRAM, VERSION, Status.OK.value)
"""Program, version and status of the calls that we have handlers for."""

_WORD: Final = 0xFFFFFFFF

_MARKED: Final[list[_Mark]] = []


def handles(
    name: str,
    *,
    flags: int | None = None,
    where: Where = Where.LOOP,
    unopened: bool = False,
) -> Callable[[F], F]:
    """Mark a function as the handler of a procedure.

    Args:
        name: The procedure, such as ``domain_get_info``.
        flags: Bits its arguments' ``flags`` may have, others are refused before it is called;
            ``None``: its arguments have no flags, or it checks them itself.
        where: Where it runs.
        unopened: Whether it may be called before ``connect_open``.

    The function gets the call and the arguments (``None`` where the procedure has none) and
    returns the result, or ``None`` where it has none. What it raises becomes an error reply.
    """

    def mark(function: F) -> F:
        _MARKED.append(_Mark(name, function, flags, where, unopened))
        return function

    return mark


@cache
def table() -> Mapping[int, Handler]:
    """The handlers by number of procedure; ``handlers.load`` comes first.

    Raises:
        LookupError: One is marked with what is no procedure, or two with the same.
    """
    by_name = {procedure.name: procedure for procedure in PROCEDURES.values()}
    found: dict[int, Handler] = {}
    for mark in _MARKED:
        procedure = by_name[mark.name]
        if procedure.number in found:
            raise LookupError(f"'{mark.name}' has two handlers")
        found[procedure.number] = Handler(
            procedure,
            procedure.args,
            mark.run,
            mark.flags,
            mark.where,
            mark.unopened,
        )
    return found


def find(packet: Packet, *, opened: bool) -> Handler:
    """The handler that may answer a client's call.

    Args:
        packet: The call.
        opened: Whether the client has opened a connection.

    Raises:
        Refusal: There is none, or it comes before ``connect_open``.
    """
    handler = table().get(packet.procedure)
    if handler is None or (packet.program, packet.version, packet.status) != _ANSWERED:
        raise Refusal(faults.misdirected(packet) or _unanswered(packet))
    if not opened and not handler.unopened:
        raise errors.OperationInvalid("connection not open")
    return handler


def _unanswered(packet: Packet) -> bytes:
    procedure = PROCEDURES.get(packet.procedure)
    if procedure is None or procedure.event is not None:
        return faults.unknown_procedure(packet)
    return faults.no_support(procedure)


def answer(handler: Handler, call: Call, payload: bytes) -> bytes:
    """Run a handler; the payload of its reply.

    Raises:
        ProtocolError: The arguments are not what the protocol says, or the result is larger than
            any message: a client would hang up.
        Refusal: The client may only read, and this is more; or it sets unknown flags.
        VzvirtError: What the handler refuses or fails to do.
    """
    kind, procedure = handler.arguments, handler.procedure
    arguments = kind.decode(payload) if kind is not None else None
    if call.session.read_only and procedure.denies_read_only(arguments):
        raise Refusal(faults.read_only(procedure, secure=procedure.read_only_ok))
    if handler.flags is not None:
        unknown = arguments.flags & ~handler.flags  # type: ignore[union-attr]  # a test looks
        if unknown:
            raise Refusal(faults.unsupported_flags(procedure, unknown & _WORD))
    result = handler.run(call, arguments)
    if result is None:
        return b""
    data = result if isinstance(result, bytes) else result.encode()
    if len(data) > PAYLOAD_MAX:
        raise ProtocolError(
            f"the reply would have {len(data)} bytes, the protocol allows {PAYLOAD_MAX}",
            hint="ask for less at one time",
        )
    return data
