"""What vzvirt calls itself for. Not for people; may change at any time."""

from __future__ import annotations

from vzvirt import bootstrap
from vzvirt.cli.session import Session
from vzvirt.model.values import Ctid


def stopped(session: Session, *, ctid: Ctid) -> None:
    """A container's processes have ended. Takes no lock: whoever stopped it may hold it."""
    session.manager.lifecycle.ended(ctid)


def restart(session: Session, *, ctid: Ctid) -> None:
    """Start a container again where its policy says so."""
    session.manager.lifecycle.restart_by_policy(ctid)


def complete(session: Session, *, kind: str) -> None:
    """Print what a shell may offer; only what needs no quoting there."""
    if kind == "template":
        words = [item.name for item in session.manager.templates.list()]
    else:
        identities = bootstrap.store(session.settings).identities()
        words = [item.name for item in identities] + [str(item.ctid) for item in identities]
    for word in dict.fromkeys(words):
        if word.isascii() and not set(word) & set(" \t\n'\"\\$`&|;<>()*?[]#~!{}"):
            session.output.line(word)
