"""Listening sockets: made with the right owner and mode, never taken from one who still listens.

Nobody can connect to a Unix socket before its owner and mode are right: it does not listen yet.
What is left by a daemon that died is replaced, what another one answers on is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import grp
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from vzvirt import errors

LONGEST_PATH: Final = 107
"""Bytes in the path of a Unix socket."""

_AT_ONCE: Final = 64
"""Clients let in before others are heard again."""

_PAUSE: Final = 1.0
"""Seconds to wait when the system has no more descriptors."""

Accept = Callable[[socket.socket], None]


class Listener:
    """One listening socket on the loop.

    Attributes:
        name: How the log calls it.
        read_only: Whether clients may change nothing.
        secure: Whether clients speak TLS.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        name: str,
        read_only: bool = False,
        secure: bool = False,
        path: Path | None = None,
    ) -> None:
        """Take a socket that is bound.

        Args:
            sock: The socket; it is closed by ``close``.
            name: How the log calls it.
            read_only: Whether clients may change nothing.
            secure: Whether clients speak TLS.
            path: What ``close`` removes; ``None``: it is somebody else's.
        """
        sock.setblocking(False)
        self.name = name
        self.read_only = read_only
        self.secure = secure
        self._socket = sock
        self._path = path
        self._inode = _inode(path) if path is not None else None
        self._listening = False
        self._accept: Accept | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop, backlog: int, accept: Accept) -> None:
        """Let clients in.

        Args:
            loop: Where to.
            backlog: How many may wait.
            accept: Takes a client's socket, which does not block.
        """
        self._socket.listen(backlog)
        self._loop, self._accept = loop, accept
        self.resume()

    def pause(self) -> None:
        """Let clients wait."""
        if self._listening and self._loop is not None:
            self._listening = False
            self._loop.remove_reader(self._socket)

    def resume(self) -> None:
        """Let clients in again."""
        if not self._listening and self._loop is not None and self._socket.fileno() >= 0:
            self._listening = True
            self._loop.add_reader(self._socket, self._clients_wait)

    def close(self) -> None:
        """Listen no more, and remove the socket's file if it still is ours."""
        self.pause()
        self._socket.close()
        if self._path is not None and _inode(self._path) == self._inode:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    def _clients_wait(self) -> None:
        assert self._accept is not None and self._loop is not None  # noqa: S101  # since start
        for _ in range(_AT_ONCE):
            if not self._listening:
                return
            try:
                client, _address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as exc:
                if exc.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    raise
                self.pause()
                self._loop.call_later(_PAUSE, self.resume)
                return
            client.setblocking(False)
            self._accept(client)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def unix_socket(path: Path, mode: int, group: str) -> socket.socket:
    """A bound Unix socket with the right owner and mode.

    Raises:
        Conflict: A living process answers there, or what is there is no socket.
        InvalidArgument: The path is too long, or there is no such group.
        SystemFailure: It cannot be made there.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise errors.InvalidArgument(
            f"the path of the socket '{path}' is longer than {LONGEST_PATH} bytes",
            hint="unix_sock_dir in vzvirtd.conf names a shorter folder",
        )
    gid = _gid(group)
    _require_free(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        path.unlink(missing_ok=True)
        old_mask = os.umask(0o777)
        try:
            sock.bind(str(path))
        finally:
            os.umask(old_mask)
        if gid is not None:
            os.chown(path, -1, gid)
        path.chmod(mode)
    except OSError as exc:
        sock.close()
        raise errors.SystemFailure(f"cannot make the socket '{path}': {exc.strerror}") from exc
    return sock


def _gid(group: str) -> int | None:
    if not group:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise errors.InvalidArgument(
            f"unix_sock_group names '{group}', which is no group here",
            hint=f"'groupadd --system {group}' makes it",
        ) from None


def _require_free(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as exc:
        raise errors.SystemFailure(f"cannot look at '{path}': {exc.strerror}") from exc
    if not stat.S_ISSOCK(kind):
        raise errors.Conflict(f"'{path}' is no socket, so no socket can be made there")
    if is_answered(path):
        raise errors.Conflict(f"another process listens on '{path}'", hint="end it first")


def is_answered(path: Path) -> bool:
    """Whether somebody listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:
            return True  # so many wait there that there is no room for one more
        except OSError:
            return False
    return True


def tcp_sockets(host: str, port: int) -> list[socket.socket]:
    """Bound TCP sockets, one for each address that a host name has.

    Raises:
        InvalidArgument: There is no such host.
        Conflict: Somebody else listens there.
        SystemFailure: They cannot be made.
    """
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as exc:
        raise errors.InvalidArgument(f"listen_addr is '{host}': {exc.strerror}") from exc
    made: list[socket.socket] = []
    try:
        for family, kind, protocol, _name, address in dict.fromkeys(found):
            sock = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
            made.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
    except OSError as exc:
        for sock in made:
            sock.close()
        if exc.errno == errno.EADDRINUSE:
            raise errors.Conflict(f"another process listens on port {port}") from exc
        raise errors.SystemFailure(f"cannot listen on port {port}: {exc.strerror}") from exc
    return made
