"""What a call is about: the container its arguments name, and which of its definitions.

Clients keep what they once looked up, so only the UUID of what they send counts. The snapshot
lives on the loop; these functions may be called from worker threads, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from vzvirt import errors
from vzvirt.model.affect import Affect
from vzvirt.model.limitchange import LimitChange
from vzvirt.model.values import Ctid
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.constants import VIR_DOMAIN_AFFECT_CONFIG, VIR_DOMAIN_AFFECT_LIVE
from vzvirt.server.call import Call
from vzvirt.server.expected import Expected, Maker

if TYPE_CHECKING:
    from vzvirt.model.domain import Domain
    from vzvirt.server.snapshot import Entry

AFFECTS: Final = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG
"""Bits that say which definition is meant."""

_AFFECTS: Final = {
    0: Affect.CURRENT,
    VIR_DOMAIN_AFFECT_LIVE: Affect.LIVE,
    VIR_DOMAIN_AFFECT_CONFIG: Affect.STORED,
    AFFECTS: Affect.BOTH,
}


def entry(call: Call, dom: remote.NonnullDomain) -> Entry:
    """What is known of the container that is meant.

    Raises:
        NoDomain: There is none of that UUID.
    """
    daemon = call.daemon
    return daemon.on_loop(lambda: daemon.snapshot.by_uuid(dom.uuid))


def active(call: Call, dom: remote.NonnullDomain) -> Entry:
    """The same of a container that runs.

    Raises:
        NoDomain: There is none of that UUID.
        OperationInvalid: It does not run.
    """
    found = entry(call, dom)
    if not found.observation.is_active:
        raise errors.OperationInvalid("domain is not running")
    return found


def reference(call: Call, dom: remote.NonnullDomain) -> str:
    """What the manager knows the container by."""
    return str(entry(call, dom).ctid)


def definition(call: Call, dom: remote.NonnullDomain, flags: int) -> Domain:
    """The definition that is asked about, with nothing left open.

    Raises:
        NoDomain: There is no container of that UUID.
        OperationInvalid: It has no such definition.
        InvalidArgument: Both are asked about.
    """
    meant, found = one(flags), entry(call, dom)
    if meant is Affect.CURRENT or (meant is Affect.LIVE and found.observation.is_active):
        return found.effective()
    return call.daemon.manager.tuning.domain(str(found.ctid), meant)


def changed(call: Call, reference: str) -> None:
    """Have the snapshot follow a change before its caller is told that it is done."""
    daemon = call.daemon
    daemon.on_loop(lambda: daemon.snapshot.refresh(Ctid(reference)))


@contextlib.contextmanager
def changing(call: Call, dom: remote.NonnullDomain) -> Iterator[str]:
    """Change a container; the snapshot follows before the caller is told that it is done.

    Also if it fails: it may have been done half.

    Gives what the manager knows the container by.

    Raises:
        NoDomain: There is none of that UUID.
    """
    daemon = call.daemon

    def hold() -> Ctid:
        ctid = daemon.snapshot.by_uuid(dom.uuid).ctid
        daemon.snapshot.hold(ctid)
        return ctid

    ctid = daemon.on_loop(hold)
    try:
        yield str(ctid)
    finally:
        daemon.on_loop(lambda: daemon.snapshot.hear(ctid))
        look = daemon.snapshot.look(ctid)  # here, where it holds up nobody
        daemon.on_loop(lambda: daemon.snapshot.release(ctid, look))


@contextlib.contextmanager
def changing_networks(call: Call) -> Iterator[None]:
    """The same for networks, of which nothing is kept; who wants to know is told what happened."""
    try:
        yield
    finally:
        call.daemon.look_at_networks()


def change(call: Call, dom: remote.NonnullDomain, limits: LimitChange, flags: int) -> None:
    """Change what a container may use, in the definitions that the flags name."""
    with changing(call, dom) as ref:
        call.daemon.manager.tuning.set(ref, limits, affect(flags))


@contextlib.contextmanager
def telling(call: Call, *makers: Maker) -> Iterator[Callable[[Ctid], None]]:
    """Have clients told of what is done within, also if it changes nothing.

    Args:
        call: The call.
        makers: What is told of it; see ``Expected``.

    Gives what is called with the container, once it is done, in place of ``changed``.
    """
    daemon, expected, done = call.daemon, Expected(*makers), set[Ctid]()
    daemon.on_loop(lambda: daemon.snapshot.expect(expected))
    try:
        yield done.add
    finally:
        daemon.on_loop(lambda: daemon.snapshot.fulfil(expected, next(iter(done), None)))


def affect(flags: int) -> Affect:
    """Which definitions a change is for."""
    return _AFFECTS[flags & AFFECTS]


def one(flags: int) -> Affect:
    """Which definition is asked about.

    Raises:
        InvalidArgument: Both are.
    """
    if flags & AFFECTS == AFFECTS:
        raise errors.InvalidArgument(
            "flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' exclude each other"
        )
    return affect(flags)
