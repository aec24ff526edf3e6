"""Reading and writing files of a guest's root without being led out of it by its links."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from vzvirt.model.storage import Progress
from vzvirt.model.values import IdMap


class GuestFiles(Protocol):
    """``root`` is a folder with the guest's files; ``owners`` shifts the owners on disk."""

    def give_identity(self, root: Path, owners: IdMap, hostname: str) -> None:
        """Make a fresh root one of its own: machine id, SSH host keys, host name."""

    def set_password(self, root: Path, owners: IdMap, user: str, password: str) -> None:
        """Set a user's password.

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
