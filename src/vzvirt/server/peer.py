"""Who is at the other end of a connection.

Whoever could open a socket may use it: modes and the group of a Unix socket, and certificates for
TLS, decide that. There is nothing to log in with, so what is known of a client is for the log.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A client.

    Attributes:
        uid: Its user on this host; ``None``: it is on another one.
        gid: Its group.
        pid: Its process.
        address: Where it is, of one on another host.
        name: Distinguished name of its certificate.
    """

    uid: int | None = None
    gid: int | None = None
    pid: int | None = None
    address: str = ""
    name: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is on this host, on a Unix socket."""
        return self.uid is not None

    def __str__(self) -> str:
        if self.is_local:
            return f"process {self.pid} of user {self.uid}"
        return f"{self.address} ({self.name})" if self.name else self.address


def local_peer(sock: socket.socket) -> Peer:
    """Who is at the other end of a Unix socket: the kernel knows."""
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(data)
    return Peer(pid=pid, uid=uid, gid=gid)


def remote_peer(sock: socket.socket, name: str = "") -> Peer:
    """Who is at the other end of a TCP connection, and the name in its certificate."""
    try:
        host, port = sock.getpeername()[:2]
    except OSError:
        return Peer(address="somebody who left", name=name)
    return Peer(address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}", name=name)
