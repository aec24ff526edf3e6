"""Files of simulated guests: copied for real, within folders that nothing is ever run from."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from vzvirt import errors
from vzvirt.backends.memory.files import replace_file
from vzvirt.model.devices import GuestNaming, Interface
from vzvirt.model.guestinfo import GuestSystem, GuestTimezone, GuestUser
from vzvirt.model.progress import Progress
from vzvirt.model.values import IdMap
from vzvirt.ports.guestfiles import Refresh
from vzvirt.system.files import mapping_os_errors


class MemoryGuestFiles:
    """ports.guestfiles.GuestFiles; owners are ours, whatever a map says."""

    def give_identity(self, root: Path, owners: IdMap, hostname: str) -> None:
        """Write a host name and a machine id."""
        del owners
        with mapping_os_errors("give the root an identity"):
            (root / "etc").mkdir(exist_ok=True)
        replace_file(root / "etc/hostname", f"{hostname}\n".encode())
        replace_file(root / "etc/machine-id", f"{uuid.uuid4().hex}\n".encode())

    def apply_naming(
        self, root: Path, owners: IdMap, guest_naming: GuestNaming, spare: GuestNaming
    ) -> tuple[Refresh, ...]:
        """Write host name and name servers in the plainest way; nobody need be told."""
        del owners
        written: list[tuple[str, str]] = []
        if guest_naming.hostname:
            written.append(("etc/hostname", f"{guest_naming.hostname}\n"))
        servers = guest_naming.nameservers or spare.nameservers
        domains = guest_naming.search_domains or spare.search_domains
        if servers or domains:
            lines = [f"search {' '.join(domains)}\n"] if domains else []
            lines += [f"nameserver {server}\n" for server in servers]
            written.append(("etc/resolv.conf", "".join(lines)))
        for path, text in written:
            if (root / "etc").is_dir():
                replace_file(_inside(root, path), text.encode())
        return ()

    def apply_network(
        self, root: Path, owners: IdMap, interfaces: Sequence[Interface]
    ) -> dict[str, Refresh]:
        """Change nothing: simulated guests have no programs, and no lease to ask for."""
        del root, owners, interfaces
        return {}

    def set_password(
        self, root: Path, owners: IdMap, user: str, password: str, *, is_hash: bool = False
    ) -> None:
        """Check the user; a simulation keeps no passwords.

        Raises:
            InvalidArgument: There is no such user, or the password has a colon or newline.
        """
        del owners, is_hash
        _check_user(root, user)
        if ":" in password or "\n" in password:
            raise errors.InvalidArgument("a password cannot have a colon or a newline")

    def add_ssh_key(self, root: Path, owners: IdMap, user: str, key: str) -> None:
        """Check user and key.

        Raises:
            InvalidArgument: There is no such user, or it is not a public key.
        """
        del owners
        _check_user(root, user)
        if not key.startswith(("ssh-", "ecdsa-", "sk-")):
            raise errors.InvalidArgument(f"'{key[:20]}...' is not a public SSH key")

    def push(
        self, root: Path, owners: IdMap, local: Path, remote: str, progress: Progress
    ) -> None:
        """Copy a file or folder in.

        Raises:
            InvalidArgument: A source or the target's folder does not exist.
        """
        del owners
        _copy(local, _inside(root, remote), progress)

    def pull(
        self, root: Path, owners: IdMap, remote: str, local: Path, progress: Progress
    ) -> None:
        """Copy a file or folder out.

        Raises:
            InvalidArgument: The source does not exist.
        """
        del owners
        _copy(_inside(root, remote), local, progress)

    def system(self, root: Path) -> GuestSystem:
        """The simulation's own."""
        del root
        kernel = os.uname()
        return GuestSystem(
            id="simulation",
            name="Simulation",
            pretty_name="Simulated guest",
            version="1",
            version_id="1",
            kernel_release=kernel.release,
            kernel_version=kernel.version,
            machine=kernel.machine,
        )

    def users(self, root: Path) -> list[GuestUser]:
        """Nobody logs in to a simulation."""
        del root
        return []

    def timezone(self, root: Path) -> GuestTimezone:
        """Greenwich's."""
        del root
        return GuestTimezone(name="UTC", offset=0)


def _inside(root: Path, remote: str) -> Path:
    """A path in the root; its links are followed, but not out of it.

    Raises:
        InvalidArgument: It leads out.
    """
    path = (root / remote.lstrip("/")).resolve()
    if not path.is_relative_to(root.resolve()):
        raise errors.InvalidArgument(f"'{remote}' leads out of the container")
    return path


def _copy(source: Path, target: Path, progress: Progress) -> None:
    if not source.exists():
        raise errors.InvalidArgument(f"'{source}' does not exist")
    if target.is_dir():
        target /= source.name
    if not target.parent.is_dir():
        raise errors.InvalidArgument(f"the folder '{target.parent}' does not exist")
    progress(f"copying {source.name}", 0, None)
    with mapping_os_errors(f"copy '{source}'"):
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)


def _check_user(root: Path, user: str) -> None:
    with mapping_os_errors("look up a user"):
        passwd = root / "etc/passwd"
        lines = passwd.read_text(errors="replace").splitlines() if passwd.exists() else []
    if not any(line.startswith(f"{user}:") for line in lines):
        raise errors.InvalidArgument(f"there is no user '{user}' in the container")
