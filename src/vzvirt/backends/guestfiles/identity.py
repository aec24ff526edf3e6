"""What makes one root different from every other made of the same template.

No state. Names and secrets that came with the template are replaced or removed; what a guest
of that kind does not use is not put there.
"""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.guestfiles.edits import Editor
from vzvirt.backends.guestfiles.naming import write_hostname, write_hosts
from vzvirt.model.values import IdMap
from vzvirt.system.process import run, which
from vzvirt.system.safepath import GuestRoot

_MACHINE_ID: Final = "/etc/machine-id"
_DBUS_ID: Final = "/var/lib/dbus/machine-id"
_USERS_OF_MACHINE_ID: Final = (
    _MACHINE_ID,
    "/usr/lib/systemd/systemd",
    "/lib/systemd/systemd",
    "/usr/bin/dbus-daemon",
)
"""A guest with one of these has a use for a machine id."""

_SSH: Final = "/etc/ssh"
_SSH_SERVERS: Final = ("/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd")
_KEY_TYPES: Final = ("ecdsa", "ed25519")
"""An RSA key takes seconds to make, and whoever knows none of these is long out of support."""

_LEFTOVERS: Final = (
    "/etc/udev/rules.d/70-persistent-net.rules",
    "/var/lib/systemd/credential.secret",
    "/var/lib/systemd/random-seed",
)
"""Secrets and names of the machine that a template was made on."""


def give(guest: GuestRoot, owners: IdMap, hostname: str) -> None:
    """Give a fresh root an identity of its own.

    Raises:
        NoSupport: It has an SSH server, and this host cannot make keys for it.
        OSError: As the kernel says.
    """
    owner = owners.outside(0, 0)
    for path in _LEFTOVERS:
        if guest.exists(path):
            guest.unlink(path)
    _give_machine_id(guest, owner)
    _give_host_keys(guest, owner, hostname)
    if hostname and guest.is_folder("/etc"):
        editor = Editor(guest, owners)
        write_hostname(editor, hostname)
        write_hosts(editor, hostname)


def _give_machine_id(guest: GuestRoot, owner: tuple[int, int]) -> None:
    if not any(guest.exists(path) for path in _USERS_OF_MACHINE_ID):
        return
    guest.write_atomic(_MACHINE_ID, f"{secrets.token_hex(16)}\n".encode(), 0o444, owner)
    if guest.is_folder("/var/lib/dbus"):
        # One id for both, so that they cannot differ.
        guest.unlink(_DBUS_ID, missing_ok=True)
        guest.symlink(_MACHINE_ID, _DBUS_ID)
        guest.chown(_DBUS_ID, *owner)


def _give_host_keys(guest: GuestRoot, owner: tuple[int, int], hostname: str) -> None:
    if not guest.is_folder(_SSH):
        return
    for name in guest.listdir(_SSH):
        if name.startswith("ssh_host_") and name.removesuffix(".pub").endswith("_key"):
            guest.unlink(f"{_SSH}/{name}")
    # Debian makes keys only while its package is installed, so we do it.
    if not any(guest.exists(path) for path in _SSH_SERVERS):
        return
    if which("ssh-keygen") is None:
        raise errors.NoSupport(
            "the container has an SSH server, and this host has no 'ssh-keygen' to make its keys",
            hint="apt install openssh-client",
        )
    with tempfile.TemporaryDirectory(prefix="vzvirt-keys-") as folder:
        for kind in _KEY_TYPES:
            private = Path(folder) / f"ssh_host_{kind}_key"
            comment = f"root@{hostname}" if hostname else "root"
            run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", private])
            for file, mode in ((private, 0o600), (private.with_suffix(".pub"), 0o644)):
                guest.write_atomic(f"{_SSH}/{file.name}", file.read_bytes(), mode, owner)
