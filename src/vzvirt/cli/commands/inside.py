"""Commands, consoles and files inside containers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.cli.session import Session, identity, read_password, title
from vzvirt.model.domain import Domain
from vzvirt.ports.engine import ExecRequest

FOLLOW_INTERVAL: Final = 0.3
"""Seconds between two looks at a log that is followed."""

_RECOGNISED: Final = 1024
"""Bytes by which the place is found where what is left of a log begins."""


def execute(
    session: Session,
    *,
    ref: str,
    user: str | None,
    directory: str | None,
    environment: tuple[tuple[str, str], ...],
    tty: bool,
    no_tty: bool,
    tail: tuple[str, ...],
) -> int:
    """Run a command inside; its exit status is ours."""
    if tty and no_tty:
        raise errors.InvalidArgument("--tty and --no-tty exclude each other")
    request = ExecRequest(
        argv=tail,
        environment=environment,
        user=user,
        directory=directory,
        tty=True if tty else False if no_tty else None,
    )
    return session.manager.guests.execute(str(session.find(ref).ctid), request)


def enter(session: Session, *, ref: str) -> int:
    """Get a login shell."""
    return session.manager.guests.execute(str(session.find(ref).ctid), ExecRequest())


def console(session: Session, *, ref: str) -> int:
    """Connect the terminal to the console."""
    return session.manager.guests.console(str(session.find(ref).ctid))


def logs(session: Session, *, ref: str, follow: bool) -> None:
    """Print the console's log, and what is added until the container stops."""
    manager = session.manager
    ctid = manager.definitions.resolve(str(session.find(ref).ctid))
    shown = manager.looks.console_log(ctid)
    session.output.raw(shown)
    while follow:
        runs = manager.looks.observe(ctid).is_active
        log = manager.looks.console_log(ctid)
        session.output.raw(added(shown, log))
        shown = log
        if not runs:
            return
        time.sleep(FOLLOW_INTERVAL)


def added(shown: bytes, log: bytes) -> bytes:
    """What a log has that was not shown of it; its oldest part may have been dropped meanwhile.

    One that does not go on where it was has begun anew.
    """
    if log.startswith(shown):
        return log[len(shown) :]
    start = max(0, len(shown) - len(log))
    while log and (start := shown.find(log[:_RECOGNISED], start)) >= 0:
        known = shown[start:]
        if log.startswith(known):
            return log[len(known) :]
        start += 1
    return log


def push(session: Session, *, ref: str, local: str, remote: str, json: bool) -> None:
    """Copy a file or folder in."""
    domain = session.find(ref)
    session.manager.guests.push(str(domain.ctid), Path(local), remote)
    words = f"'{local}' copied into {title(domain)} as '{remote}'"
    _say(session, domain, words, "pushed", json=json)


def pull(session: Session, *, ref: str, remote: str, local: str, json: bool) -> None:
    """Copy a file or folder out."""
    domain = session.find(ref)
    session.manager.guests.pull(str(domain.ctid), remote, Path(local))
    words = f"'{remote}' of {title(domain)} copied to '{local}'"
    _say(session, domain, words, "pulled", json=json)


def passwd(session: Session, *, ref: str, user: str | None, json: bool) -> None:
    """Set a password, which never stands on a command line."""
    name = user or "root"
    domain = session.find(ref)
    session.manager.guests.set_password(str(domain.ctid), name, read_password(name))
    words = f"password of '{name}' in {title(domain)} set"
    _say(session, domain, words, "password set", json=json)


def _say(session: Session, domain: Domain, words: str, done: str, *, json: bool) -> None:
    if json:
        session.output.json([{**identity(domain), "done": done}])
    else:
        session.output.note(words)
