"""What a command works with: the settings, the output, and a manager made when it is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vzvirt import bootstrap, errors
from vzvirt.cli.output import Json, Output
from vzvirt.config import Settings

if TYPE_CHECKING:
    from vzvirt.manager import Manager
    from vzvirt.model.affect import Affect
    from vzvirt.model.domain import Domain

LARGEST_FILE: Final = 4 << 20
"""Bytes read of a file somebody names; more than any document vzvirt takes."""


class Session:
    """One run of a command.

    Attributes:
        settings: What was set.
        output: Where words go.
    """

    def __init__(self, settings: Settings, output: Output) -> None:
        self.settings = settings
        self.output = output

    @cached_property
    def manager(self) -> Manager:
        """The use cases."""
        return bootstrap.manager(
            self.settings, progress=self.output.progress(), warn=self.output.warn
        )

    def require_privilege(self) -> None:
        """Refuse an ordinary user who wants real containers.

        Raises:
            AccessDenied: He is one.
        """
        bootstrap.require_privilege(self.settings)

    def repair(self) -> None:
        """Finish or undo what crashed commands left; a failure to is only worth a warning."""
        try:
            self.manager.repairs.repair_pending()
        except errors.VzvirtError as exc:
            self.output.warn(f"what a crashed command left could not be repaired: {exc}")

    def find(self, ref: str) -> Domain:
        """The definition that a CTID, name or UUID names.

        Raises:
            NoDomain: None does; the hint has names like it.
        """
        try:
            return self.manager.definitions.get(ref).domain
        except errors.NoDomain as exc:
            raise errors.NoDomain(exc.message, hint=self._similar(ref) or exc.hint) from None

    def each(
        self, refs: Sequence[str], act: Callable[[str], object], done: str, *, json: bool
    ) -> int:
        """Do something with each container; one that fails does not keep the others from it.

        Args:
            refs: CTIDs, names or UUIDs.
            act: What to do with a CTID.
            done: How to say that it is done: ``container 101 (web) started``.
            json: Whether to print a list of what was done instead.

        Returns:
            The exit status: that of the first failure.
        """

        def acted(ref: str) -> tuple[str, dict[str, Json]]:
            domain = self.find(ref)
            act(str(domain.ctid))
            return title(domain), identity(domain)

        return self.each_of(refs, acted, done, json=json)

    def each_of(
        self,
        refs: Sequence[str],
        act: Callable[[str], tuple[str, dict[str, Json]]],
        done: str,
        *,
        json: bool,
    ) -> int:
        """Do something with each thing that is named, be it a container or not.

        Args:
            refs: What names them.
            act: Does it; returns the thing for people and for programs.
            done: As for ``each``.
            json: As for ``each``.

        Returns:
            The exit status: that of the first failure.
        """
        status = 0
        finished: list[Json] = []
        for ref in refs:
            try:
                shown, known = act(ref)
            except errors.VzvirtError as exc:
                if len(refs) == 1:
                    raise
                self.output.error(exc.message, exc.hint)
                status = status or exc.exit_status
            else:
                finished.append({**known, "done": done})
                if not json:
                    self.output.note(f"{shown} {done}")
        if json:
            self.output.json(finished)
        return status

    def _similar(self, ref: str) -> str | None:
        import difflib

        known = [item.name for item in self.manager.definitions.summaries(all=True)]
        names = [f"'{name}'" for name in difflib.get_close_matches(ref, known, n=3, cutoff=0.5)]
        return f"did you mean {' or '.join(names)}?" if names else None


def title(domain: Domain) -> str:
    """A container for people: ``container 101 (web)``."""
    name = f" ({domain.name})" if domain.has_own_name else ""
    return f"container {domain.ctid}{name}"


def identity(domain: Domain) -> dict[str, Json]:
    """A container for programs."""
    return {
        "ctid": None if domain.ctid is None else int(domain.ctid),
        "name": domain.name,
        "uuid": None if domain.uuid is None else str(domain.uuid),
    }


def affected(*, live: bool, config: bool) -> Affect:
    """Which definitions are meant by --live and --config; by neither, those that there are."""
    from vzvirt.model.affect import Affect

    return {
        (False, False): Affect.ALL,
        (True, False): Affect.LIVE,
        (False, True): Affect.STORED,
        (True, True): Affect.BOTH,
    }[live, config]


def read_file(name: str) -> bytes:
    """A file that the user names, or standard input for ``-``.

    Raises:
        InvalidArgument: It cannot be read, or is larger than any document vzvirt takes.
    """
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
    except OSError as exc:
        reason = os.strerror(exc.errno or 0)
        raise errors.InvalidArgument(f"cannot read '{name}': {reason}") from exc
    if len(data) > LARGEST_FILE:
        raise errors.InvalidArgument(f"'{name}' is larger than {LARGEST_FILE >> 20} MiB")
    return data


def read_password(user: str) -> str:
    """A password: asked for twice on a terminal, else the first line of standard input.

    Raises:
        InvalidArgument: It is empty, or was not the same twice.
    """
    if sys.stdin.isatty():
        import getpass

        password = getpass.getpass(f"New password of {user}: ")
        if getpass.getpass("The same again: ") != password:
            raise errors.InvalidArgument("the two passwords differ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise errors.InvalidArgument("the password is empty")
    return password
