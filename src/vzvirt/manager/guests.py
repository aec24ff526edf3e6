"""Run commands in containers, and reach their consoles and files.

Files of a running container are reached as it sees them itself, with all that it has mounted,
and without its lock, since copying may take long and others must be able to stop it. Those of
one that is off are reached under the lock, with a note in the journal, since its root may have
to be mounted aside for the while.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.manager.areas import area
from vzvirt.manager.locks import exclusive
from vzvirt.manager.repairs import OPEN, note
from vzvirt.manager.world import World
from vzvirt.model.domain import Domain
from vzvirt.model.state import Action, next_state
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.engine import ConsoleLine, ExecRequest

_HASH: Final = re.compile(r"[^\x00-\x20\x7f-\U0010ffff:;*!\\]{13,512}")
"""What ``crypt(5)`` says of hashes; those of the oldest method have 13 characters."""


class Guests:
    """Use cases inside containers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def execute(self, ref: str, request: ExecRequest) -> int:
        """Run a command inside on our own standard streams.

        Returns:
            Its exit status, or 128 + the signal that ended it.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        ctid = self._world.store.find(ref)
        name = self._world.store.load(ctid).domain.name
        next_state(self._world.engine.observe(ctid).state, Action.EXECUTE, name)
        return self._world.engine.execute(ctid, request)

    def console(self, ref: str) -> int:
        """Connect our terminal to the console until it is detached.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
        """
        ctid = self._world.store.find(ref)
        self._require_active(ctid)
        return self._world.engine.attach_console(ctid)

    def _require_active(self, ctid: Ctid) -> None:
        if not self._world.engine.observe(ctid).is_active:
            name = self._world.store.load(ctid).domain.name
            raise errors.OperationInvalid(
                f"'{name}' has no console: it is not running", hint="start it first"
            )

    def open_console(self, ref: str, *, force: bool = False) -> ConsoleLine:
        """Open the console for a program that passes on what is shown and typed.

        Args:
            ref: Which container.
            force: Whether somebody who has it open now loses it.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is not running.
            Busy: Somebody has it open.
        """
        ctid = self._world.store.find(ref)
        self._require_active(ctid)
        return self._world.engine.open_console(ctid, force=force)

    def console_log(self, ref: str) -> bytes:
        """What the console has shown since the last start.

        Raises:
            NoDomain: There is no such container.
        """
        return self._world.engine.console_log(self._world.store.find(ref))

    def push(self, ref: str, local: Path, remote: str) -> None:
        """Copy a file or folder into a container, running or not.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: A source or the target's folder does not exist.
        """
        with self._opened(ref) as (root, owners):
            self._world.guestfiles.push(root, owners, local, remote, self._world.progress)

    def pull(self, ref: str, remote: str, local: Path) -> None:
        """Copy a file or folder out of a container, running or not.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: The source does not exist.
        """
        with self._opened(ref) as (root, owners):
            self._world.guestfiles.pull(root, owners, remote, local, self._world.progress)

    def set_password(self, ref: str, user: str, password: str, *, is_hash: bool = False) -> None:
        """Set a user's password inside.

        Args:
            ref: The container.
            user: Whose it is.
            password: The password, or with ``is_hash`` what ``crypt(5)`` makes of one.
            is_hash: Whether it is to be stored as it is.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: There is no such user, or it cannot be a password.
        """
        if is_hash and not _HASH.fullmatch(password):
            raise errors.InvalidArgument(
                "this is no password as /etc/shadow keeps it", hint="'openssl passwd -6' makes one"
            )
        with self._opened(ref) as (root, owners):
            self._world.guestfiles.set_password(root, owners, user, password, is_hash=is_hash)

    @contextlib.contextmanager
    def _opened(self, ref: str) -> Iterator[tuple[Path, IdMap]]:
        """A container's files, and how their owners are shifted."""
        world = self._world
        ctid = world.store.find(ref)
        with contextlib.ExitStack() as held:
            root = self._live_root(ctid, held)
            if root is not None:
                yield root, world.current(ctid).idmap or IdMap()
                return
            # Nobody starts it from here on, nor takes our note for a dead command's.
            held.enter_context(exclusive(world, ctid))
            domain = world.current(ctid)
            yield held.enter_context(self._root(ctid, domain)), domain.owners_on_disk

    def _live_root(self, ctid: Ctid, held: contextlib.ExitStack) -> Path | None:
        """What a running container sees; ``None``: there is nobody who sees anything."""
        if not self._world.engine.observe(ctid).is_active:
            return None
        try:
            return held.enter_context(self._world.engine.live_root(ctid))
        except errors.OperationInvalid:
            return None  # it has just ended, or is about to boot anew

    @contextlib.contextmanager
    def _root(self, ctid: Ctid, domain: Domain) -> Iterator[Path]:
        world = self._world
        place = area(world, domain)
        if not place.exists:
            raise errors.OperationInvalid(
                f"'{domain.name}' has no root yet", hint=f"vzvirt provision {domain.name}"
            )
        if place.layout.is_mounted(place.spec):
            with place.layout.opened(place.spec) as root:
                yield root
            return
        world.journal.begin(note(place, OPEN))
        try:
            with place.layout.opened(place.spec) as root:
                yield root
        finally:
            place.layout.clean(place.spec)
            world.journal.done(ctid)
