"""Edit definitions as XML in the user's editor."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from vzvirt import errors
from vzvirt.cli.session import Session, title
from vzvirt.codec.xml import Read, read_domain, write_domain
from vzvirt.model.domain import Domain


def edit(session: Session, *, ref: str) -> None:
    """Let the user edit a definition until it is accepted or given up."""
    domain = session.find(ref)

    def take(text: bytes) -> None:
        _take(session, domain, read_domain(text))

    if not edited(session, str(domain.ctid), write_domain(domain), take):
        session.output.note(f"{title(domain)} not changed")


def edited(session: Session, name: str, before: str, take: Callable[[bytes], None]) -> bool:
    """Have a document edited until it is taken or given up.

    Args:
        session: For what the user is told.
        name: What the file is called.
        before: The document.
        take: Called with what became of it; what it refuses can be edited again, and what the
            host failed to do be tried again. What is given up is kept.

    Returns:
        Whether it was changed at all.
    """
    with _draft(session, name, before.encode()) as path:
        while True:
            _run_editor(path)
            text = path.read_bytes()
            if text == before.encode():
                return False
            if _taken(session, text, take):
                return True


def _taken(session: Session, text: bytes, take: Callable[[bytes], None]) -> bool:
    """Whether it was taken; else the user wants to edit it again."""
    while True:
        try:
            take(text)
        except errors.Outdated:
            raise  # whatever is written: it was made from what is no more
        except errors.HostError as exc:
            if not _wanted(session, exc, "Try it again?"):
                raise
        except errors.VzvirtError as exc:
            if not _wanted(session, exc, "Edit it again?"):
                raise
            return False
        else:
            return True


@contextlib.contextmanager
def _draft(session: Session, name: str, before: bytes) -> Iterator[Path]:
    """A file to edit; it goes, unless something fails after it was changed."""
    path = Path(tempfile.mkdtemp(prefix="vzvirt-edit-")) / f"{name}.xml"
    path.write_bytes(before)
    try:
        yield path
    except BaseException:
        if path.exists() and path.read_bytes() != before:
            session.output.warn(f"what was written is kept in '{path}'")
        else:
            shutil.rmtree(path.parent)
        raise
    shutil.rmtree(path.parent)


def _take(session: Session, old: Domain, read: Read) -> None:
    new = read.domain
    if (new.ctid, new.uuid) != (old.ctid, old.uuid):
        raise errors.InvalidArgument(
            f"the id or uuid of {title(old)} was changed",
            hint="editing keeps who a container is; define another one with 'vzvirt define'",
        )
    defined = session.manager.definitions.define(new, warnings=read.warnings, replacing=old)
    for warning in defined.warnings:
        session.output.warn(warning)
    session.output.note(f"{title(defined.domain)} edited")


def _run_editor(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "editor"
    try:
        status = subprocess.run([*shlex.split(editor), path], check=False).returncode
    except (OSError, ValueError) as exc:
        raise errors.NoSupport(
            f"the editor '{editor}' cannot be started", hint="set EDITOR to one that can"
        ) from exc
    if status != 0:
        raise errors.OperationFailed(f"the editor '{editor}' ended with status {status}")


def _wanted(session: Session, exc: errors.VzvirtError, question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    session.output.error(exc.message, exc.hint)
    try:
        return input(f"{question} [Y/n] ").strip().lower() in {"", "y", "yes"}
    except EOFError:
        return False
