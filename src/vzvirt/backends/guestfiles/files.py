"""ports.guestfiles.GuestFiles over real folders.

No state. Errors of the kernel are mapped here, once for all that stands beside this module.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

from vzvirt import errors
from vzvirt.backends.guestfiles import accounts, identity, looking, naming, network
from vzvirt.backends.guestfiles.copying import Copier
from vzvirt.backends.guestfiles.edits import Editor
from vzvirt.backends.guestfiles.hostresolver import SOURCES, host_resolver
from vzvirt.model.devices import GuestNaming, Interface
from vzvirt.model.guestinfo import GuestSystem, GuestTimezone, GuestUser
from vzvirt.model.progress import Progress
from vzvirt.model.values import IdMap
from vzvirt.ports.guestfiles import Refresh
from vzvirt.system.fileowner import making_files_as
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.safepath import GuestRoot

_HOST_MODE = 0o777
"""Permissions that a copy on the host keeps: a guest must not hand out set-user-id programs."""

_GUEST_MODE = 0o7777
"""Permissions that a copy in the guest keeps."""


class RealGuestFiles:
    """ports.guestfiles.GuestFiles.

    Args:
        resolvers: Files of this host that may say whom it asks for names.
    """

    def __init__(self, resolvers: Sequence[Path] = SOURCES) -> None:
        self._resolvers = resolvers

    def give_identity(self, root: Path, owners: IdMap, hostname: str) -> None:
        """Make a fresh root one of its own: machine id, SSH host keys, host name."""
        with mapping_os_errors("give the root an identity"), GuestRoot(root) as guest:
            identity.give(guest, owners, hostname)

    def apply_naming(
        self, root: Path, owners: IdMap, guest_naming: GuestNaming, spare: GuestNaming
    ) -> tuple[Refresh, ...]:
        """Give a root the host name, name servers and search domains that are set.

        Raises:
            InvalidArgument: A name or address is none.
            OperationFailed: The guest protects a file, or the host has nothing to inherit.
        """
        with mapping_os_errors("set host name and name servers"), GuestRoot(root) as guest:
            editor = Editor(guest, owners)
            return naming.apply(
                editor, guest_naming, spare, lambda: host_resolver(self._resolvers)
            )

    def apply_network(
        self, root: Path, owners: IdMap, interfaces: Sequence[Interface]
    ) -> dict[str, Refresh]:
        """Let a root's own network programs leave alone what the host sets up.

        Raises:
            OperationFailed: The guest protects a file.
        """
        with mapping_os_errors("set up the guest's network programs"), GuestRoot(root) as guest:
            return network.apply(Editor(guest, owners), interfaces)

    def system(self, root: Path) -> GuestSystem:
        """What operating system a root says it is."""
        with mapping_os_errors("look at the container's files"), GuestRoot(root) as guest:
            return looking.system(guest)

    def users(self, root: Path) -> list[GuestUser]:
        """Who is logged in, longest first."""
        with mapping_os_errors("look at the container's files"), GuestRoot(root) as guest:
            return looking.users(guest)

    def timezone(self, root: Path) -> GuestTimezone:
        """The guest's time zone as it is now."""
        with mapping_os_errors("look at the container's files"), GuestRoot(root) as guest:
            return looking.timezone(guest)

    def set_password(
        self, root: Path, owners: IdMap, user: str, password: str, *, is_hash: bool = False
    ) -> None:
        """Set a user's password.

        Raises:
            InvalidArgument: There is no such user, or the password is unusable.
        """
        with (
            mapping_os_errors(f"set the password of '{user}'"),
            GuestRoot(root) as guest,
            making_files_as(*owners.outside(0, 0)),
        ):
            accounts.set_password(guest, owners, user, password, is_hash=is_hash)

    def add_ssh_key(self, root: Path, owners: IdMap, user: str, key: str) -> None:
        """Let a public key log in as a user.

        Raises:
            InvalidArgument: There is no such user, or it is not a public key.
        """
        with mapping_os_errors(f"add an SSH key for '{user}'"), GuestRoot(root) as guest:
            accounts.add_ssh_key(guest, owners, user, key)

    def push(
        self, root: Path, owners: IdMap, local: Path, remote: str, progress: Progress
    ) -> None:
        """Copy a file or folder in; it belongs to the guest's root, its permissions are kept.

        A ``remote`` that is a folder, or ends in ``/``, gets it inside, under the name that
        ``local`` has, be it a link's. A folder that is there already keeps its owner and
        permissions. A link at the very place of the copy is replaced, not followed.

        Raises:
            InvalidArgument: A source or the target's folder does not exist, or the source
                holds something that is neither file, folder nor link.
        """
        if not local.exists():
            raise errors.InvalidArgument(f"there is no '{local}' on the host")
        source = local.resolve()
        called = source.name if local.name in {"", ".."} else local.name
        owner = owners.outside(0, 0)
        copier = Copier(f"copying {called}", owner, _GUEST_MODE, progress)
        with mapping_os_errors(f"copy '{local}' into the container"), GuestRoot(root) as guest:
            target = remote
            if guest.is_folder(remote):
                target = posixpath.join(remote, called)
            elif remote.endswith("/") or not guest.is_folder(posixpath.dirname(remote) or "/"):
                raise errors.InvalidArgument(
                    f"there is no folder for '{remote}' in the container",
                    hint="make it first: vzvirt exec NAME mkdir -p ...",
                )
            above = os.open(source.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                with guest.parent(target) as (folder, name), making_files_as(*owner):
                    copier.copy(above, source.name, folder, name)
            finally:
                os.close(above)

    def pull(
        self, root: Path, owners: IdMap, remote: str, local: Path, progress: Progress
    ) -> None:
        """Copy a file or folder out; it belongs to the caller, without set-user-id bits.

        A ``local`` that is a folder gets it inside. A link that ``remote`` names is followed
        inside the root; links within a folder are copied as links.

        Raises:
            InvalidArgument: The source does not exist, or is or holds something that is
                neither file, folder nor link.
        """
        name = posixpath.basename(posixpath.normpath("/" + remote)) or "root"
        if local.is_dir():
            local = local / name
        elif not local.parent.is_dir():
            raise errors.InvalidArgument(f"there is no folder '{local.parent}' on the host")
        copier = Copier(f"copying {name}", None, _HOST_MODE, progress)
        with (
            mapping_os_errors(f"copy '{remote}' out of the container"),
            GuestRoot(root) as guest,
        ):
            if not guest.exists(remote):
                raise errors.InvalidArgument(f"there is no '{remote}' in the container")
            source = guest.open(remote, os.O_PATH)
            target = os.open(local.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                copier.copy_opened(source, remote, target, local.name)
            finally:
                os.close(target)
                os.close(source)
