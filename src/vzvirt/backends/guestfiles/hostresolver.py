"""Whom this host asks for names, as far as its containers could ask them, too.

No state. The host's own files are read anew each time.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.guestfiles.resolvers import Lookup
from vzvirt.system.files import read_bytes

SOURCES: Final = (
    Path("/etc/resolv.conf"),
    Path("/run/systemd/resolve/resolv.conf"),
    Path("/run/NetworkManager/no-stub-resolv.conf"),
)
"""Where name servers stand: the usual place, and where those behind a local one stand."""


def host_resolver(sources: Iterable[Path] = SOURCES) -> Lookup:
    """What the first file says that names a server which containers can reach.

    Raises:
        OperationFailed: None does: the host has no name server but itself.
    """
    domains: tuple[str, ...] = ()
    for source in sources:
        found = _parsed(read_bytes(source) or b"")
        domains = domains or found.domains
        if found.servers:
            return Lookup(found.servers, domains)
    raise errors.OperationFailed(
        "name servers are to be those of the host, but it has none that a container can reach",
        hint="set them by their addresses",
    )


def _parsed(data: bytes) -> Lookup:
    servers: list[str] = []
    domains: tuple[str, ...] = ()
    for line in data.decode("utf-8", "replace").splitlines():
        word, *values = line.split() or [""]
        if word == "nameserver" and values and _is_reachable(values[0]):
            servers.append(values[0])
        elif word in {"search", "domain"} and values:
            domains = tuple(value for value in values if value != ".")  # the last one counts
    return Lookup(tuple(dict.fromkeys(servers)), domains)


def _is_reachable(text: str) -> bool:
    """Whether an address means the same inside a container as on the host."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
