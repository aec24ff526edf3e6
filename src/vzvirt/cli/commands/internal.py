"""What vzvirt calls itself for. Not for people; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from vzvirt import bootstrap
from vzvirt.cli.session import Session
from vzvirt.model.values import Ctid


def stopped(session: Session, *, ctid: Ctid) -> None:
    """A container's processes have ended. Takes no lock: whoever stopped it may hold it."""
    session.manager.lifecycle.ended(ctid)


def restart(session: Session, *, ctid: Ctid) -> None:
    """Start a container again where its policy says so."""
    session.manager.lifecycle.restart_by_policy(ctid)


def _containers(session: Session) -> list[str]:
    identities = bootstrap.store(session.settings).identities()
    return [item.name for item in identities] + [str(item.ctid) for item in identities]


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
