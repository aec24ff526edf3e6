"""What vzvirt calls itself for. Not for people; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from vzvirt import bootstrap
from vzvirt.cli.session import Session
from vzvirt.model.values import Ctid
from vzvirt.system.process import spawn_detached


def stopped(session: Session, *, ctid: Ctid) -> None:
    """A container's processes have ended. Takes no lock: whoever stopped it may hold it."""
    if session.manager.lifecycle.ended(ctid):
        # Under the lock, so by a process that the container's monitor does not wait for.
        spawn_detached((*bootstrap.hook(session.settings), "forget", str(ctid)))


def forget(session: Session, *, ctid: Ctid) -> None:
    """Forget a transient container that has ended by itself."""
    session.manager.lifecycle.forget(ctid)


def rebooted(session: Session, *, ctid: Ctid) -> None:
    """A container has rebooted from inside, and nobody in it asks DHCP for its addresses."""
    session.manager.lifecycle.rebooted(ctid)


def restart(session: Session, *, ctid: Ctid) -> None:
    """Start a container again where its policy says so."""
    session.manager.lifecycle.restart_by_policy(ctid)


def stem(session: Session) -> None:
    """Do the daemon's use cases; it speaks through standard input."""
    import socket

    bootstrap.stem(session.settings, socket.socket(fileno=0))


def host_start(session: Session) -> None:
    """Start what starts with the host, unless that was done in this boot of it."""
    parallel = bootstrap.server_settings(session.settings).boot_parallel
    result = session.manager.hostboot.start_all(at_once=parallel or 1, again=True)
    if result is not None:
        session.output.note(f"{len(result.done)} containers started, {len(result.failed)} failed")


def host_stop(session: Session) -> None:
    """Stop all containers, because the host goes down."""
    parallel = bootstrap.server_settings(session.settings).boot_parallel
    result = session.manager.hostboot.stop_all(at_once=parallel or 1)
    session.output.note(f"{len(result.done)} containers stopped, {len(result.failed)} failed")


def _containers(session: Session) -> list[str]:
    entries = bootstrap.store(session.settings).index()
    return [item.name for item in entries] + [str(item.ctid) for item in entries]


_WORDS: Final[Mapping[str, Callable[[Session], list[str]]]] = {
    "container": _containers,
    "template": lambda session: [item.name for item in session.manager.templates.list()],
    "network": lambda session: bootstrap.network_store(session.settings).names(),
    "nodedev": lambda session: [item.name for item in session.manager.inventory.devices()],
}
"""The names of each kind."""


def complete(session: Session, *, kind: str) -> None:
    """Print what a shell may offer; only what needs no quoting there."""
    for word in dict.fromkeys(_WORDS[kind](session)):
        if word.isascii() and not set(word) & set(" \t\n'\"\\$`&|;<>()*?[]#~!{}"):
            session.output.line(word)
