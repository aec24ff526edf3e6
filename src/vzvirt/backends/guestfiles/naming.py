"""A guest's host name, and whom it asks for names.

No state. What is set is written wherever the guest's distribution looks for it; what is not
set is left as it is, apart from lines of ours that an earlier setting left.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Final

from vzvirt import errors
from vzvirt.backends.guestfiles.blocks import assignment
from vzvirt.backends.guestfiles.edits import Editor
from vzvirt.backends.guestfiles.resolvers import Lookup, apply_resolver
from vzvirt.model.devices import INHERIT, GuestNaming
from vzvirt.model.network import check_dns_name
from vzvirt.ports.guestfiles import Refresh

_HOSTNAME: Final = "/etc/hostname"
_HOSTS: Final = "/etc/hosts"
_OWN_ADDRESS: Final = "127.0.1.1"
"""An address by which a host may know itself that is neither ``localhost`` nor comes and goes."""

_SYSTEMD: Final = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
_RENAME: Final = (
    'hostname "$1" || hostnamectl set-hostname "$1" || echo "$1" > /proc/sys/kernel/hostname'
)
"""Programs that tell the kernel: no distribution has all of them."""


def apply(
    editor: Editor, naming: GuestNaming, spare: GuestNaming, host: Callable[[], Lookup]
) -> tuple[Refresh, ...]:
    """Write a guest's naming into its files.

    Args:
        editor: The guest.
        naming: What is set.
        spare: Name servers and search domains for want of those of a lease.
        host: What the host itself has, asked only where it counts.

    Returns:
        What a running guest must be told.

    Raises:
        InvalidArgument: A name or address is none.
        OperationFailed: The guest protects a file, or the host has nothing to inherit.
        OSError: As the kernel says.
    """
    if not editor.guest.is_folder("/etc"):
        return ()
    refresh: list[Refresh] = []
    if naming.hostname:
        name = check_dns_name(naming.hostname)
        write_hostname(editor, name)
        refresh.append(("sh", "-c", f"{{ {_RENAME}; }} 2> /dev/null", "sh", name))
    write_hosts(editor, naming.hostname)
    return (*refresh, *apply_resolver(editor, _lookup(naming, host), _lookup(spare, host)))


def _lookup(naming: GuestNaming, host: Callable[[], Lookup]) -> Lookup:
    """What is set; lists whose first word says so are the host's."""
    servers, domains = naming.nameservers, naming.search_domains
    return Lookup(
        host().servers if servers[:1] == (INHERIT,) else tuple(map(_server, servers)),
        host().domains if domains[:1] == (INHERIT,) else tuple(map(_domain, domains)),
    )


def _server(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise errors.InvalidArgument(
            f"name server '{text}' is not an address", hint=f"or say '{INHERIT}'"
        ) from None


def _domain(text: str) -> str:
    return check_dns_name(text.rstrip("."))


def write_hostname(editor: Editor, name: str) -> None:
    """Let a guest call itself by a name when it boots."""
    editor.put(_HOSTNAME, f"{name}\n".encode())
    if editor.has("/etc/HOSTNAME") and editor.link("/etc/HOSTNAME") is None:
        editor.put("/etc/HOSTNAME", f"{name}\n".encode())  # of an old SUSE or a Slackware
    if editor.has("/etc/sysconfig/network-scripts") and not editor.has(*_SYSTEMD):
        # RHEL up to 6 knows no other place.
        editor.block("/etc/sysconfig/network", [f"HOSTNAME={name}"], assignment("HOSTNAME"))


def write_hosts(editor: Editor, name: str | None) -> None:
    """Let a guest find its own name, as programs such as sudo want to."""
    hosts = editor.read_clean(_HOSTS)
    if hosts is None:
        return
    lines = [] if name is None or name in _names(hosts) else [_own_line(name)]
    editor.block(_HOSTS, lines)


def _own_line(name: str) -> str:
    short = name.partition(".")[0]
    return " ".join(dict.fromkeys([_OWN_ADDRESS, name, short]))


def _names(hosts: bytes) -> Iterable[str]:
    """Names that the guest's own lines know."""
    for line in hosts.decode("utf-8", "replace").splitlines():
        yield from line.partition("#")[0].split()[1:]
