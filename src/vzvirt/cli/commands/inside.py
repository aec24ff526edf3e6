"""Commands, consoles and files inside containers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.cli.session import Session, read_password, title
from vzvirt.ports.engine import ExecRequest

FOLLOW_INTERVAL: Final = 0.3
"""Seconds between two looks at a log that is followed."""


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
    ctid = str(session.find(ref).ctid)
    shown = manager.guests.console_log(ctid)
    session.output.raw(shown)
    while follow:
        runs = any(str(item.ctid) == ctid for item in manager.definitions.summaries())
        log = manager.guests.console_log(ctid)
        # A log that does not go on where it was has begun anew.
        session.output.raw(log.removeprefix(shown))
        shown = log
        if not runs:
            return
        time.sleep(FOLLOW_INTERVAL)


def push(session: Session, *, ref: str, local: str, remote: str) -> None:
    """Copy a file or folder in."""
    domain = session.find(ref)
    session.manager.guests.push(str(domain.ctid), Path(local), remote)
    session.output.note(f"'{local}' copied into {title(domain)} as '{remote}'")


def pull(session: Session, *, ref: str, remote: str, local: str) -> None:
    """Copy a file or folder out."""
    domain = session.find(ref)
    session.manager.guests.pull(str(domain.ctid), remote, Path(local))
    session.output.note(f"'{remote}' of {title(domain)} copied to '{local}'")


def passwd(session: Session, *, ref: str, user: str | None) -> None:
    """Set a password, which never stands on a command line."""
    name = user or "root"
    domain = session.find(ref)
    session.manager.guests.set_password(str(domain.ctid), name, read_password(name))
    session.output.note(f"password of '{name}' in {title(domain)} set")
