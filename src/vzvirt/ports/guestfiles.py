"""Reading and writing files of a guest's root without being led out of it by its links."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from vzvirt.model.devices import GuestNaming, Interface
from vzvirt.model.guestinfo import GuestSystem, GuestTimezone, GuestUser
from vzvirt.model.progress import Progress
from vzvirt.model.values import IdMap

Refresh = tuple[str, ...]
"""A command that makes a running guest notice what was changed in its files."""


class GuestFiles(Protocol):
    """``root`` is a folder with the guest's files; ``owners`` shifts their owners there.

    What is unshifted on disk may well be shifted where a running guest sees it.
    """

    def give_identity(self, root: Path, owners: IdMap, hostname: str) -> None:
        """Make a fresh root one of its own: machine id, SSH host keys, host name."""

    def apply_naming(
        self, root: Path, owners: IdMap, guest_naming: GuestNaming, spare: GuestNaming
    ) -> tuple[Refresh, ...]:
        """Write host name, name servers and search domains where the guest looks for them.

        Idempotent. What is not set is left as it is; what an earlier call set and is not set
        any more is taken back, a host name excepted.

        Args:
            root: The guest's files.
            owners: How their owners are shifted.
            guest_naming: What is set.
            spare: Name servers and search domains for want of those of a lease: a guest that
                writes down what came with one never uses them.

        Returns:
            What a running guest must be told.

        Raises:
            InvalidArgument: A name or address is none.
            OperationFailed: The guest protects a file, or the host has nothing to inherit.
        """

    def apply_network(
        self, root: Path, owners: IdMap, interfaces: Sequence[Interface]
    ) -> dict[str, Refresh]:
        """Tell the guest's own network programs of the interfaces that its definition configures.

        They are to leave those alone, or to ask DHCP for them. Idempotent; files of ours for
        interfaces that are gone go, too.

        Args:
            root: The guest's files.
            owners: How their owners are shifted.
            interfaces: All that the guest has.

        Returns:
            For each interface inside that is to ask DHCP, what makes the guest's own program do
            so at once while the guest runs; empty: no program of the guest will.

        Raises:
            OperationFailed: The guest protects a file.
        """

    def set_password(
        self, root: Path, owners: IdMap, user: str, password: str, *, is_hash: bool = False
    ) -> None:
        """Set a user's password.

        Args:
            root: The root directory of the guest.
            owners: How their owners are shifted.
            user: Whose it is.
            password: The password, or with ``is_hash`` what ``crypt(5)`` makes of one.
            is_hash: Whether it is to be stored as it is.

        Raises:
            InvalidArgument: There is no such user, or the password has a colon or newline.
        """

    def add_ssh_key(self, root: Path, owners: IdMap, user: str, key: str) -> None:
        """Let a public key log in as a user.

        Raises:
            InvalidArgument: There is no such user, or it is not a public key.
        """

    def push(
        self, root: Path, owners: IdMap, local: Path, remote: str, progress: Progress
    ) -> None:
        """Copy a file or folder in; a ``remote`` that is a folder gets it inside.

        Raises:
            InvalidArgument: A source or the target's folder does not exist.
        """

    def pull(
        self, root: Path, owners: IdMap, remote: str, local: Path, progress: Progress
    ) -> None:
        """Copy a file or folder out.

        Raises:
            InvalidArgument: The source does not exist or is neither file nor folder.
        """

    def system(self, root: Path) -> GuestSystem:
        """What operating system a root says it is, on this host's kernel.

        This and what follows take nothing of the guest's on trust: what is too large, or no
        regular file, is as if it were not there.
        """

    def users(self, root: Path) -> list[GuestUser]:
        """Who is logged in to a running guest, longest first."""

    def timezone(self, root: Path) -> GuestTimezone:
        """The guest's time zone as it is now; UTC where it says none."""
