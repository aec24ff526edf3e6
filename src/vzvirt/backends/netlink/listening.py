"""ports.watch.Watch over what connects containers to the world: the host's routes and rules.

State: two sockets. Each start of a container makes routes and rules, too; only what may have
taken something from those that run is news: a route of the host's own that came or went (an
uplink was down, another one took its place), one of ours that was deleted, a table of ours that
was flushed with others by a firewall, a bridge that is new.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Final

from vzvirt import errors
from vzvirt.backends.netlink import names, rtnetlink
from vzvirt.ports.watch import Changes
from vzvirt.system.files import os_error
from vzvirt.system.root import Root

_LINKS: Final = 0x1
_ROUTES: Final = 0x40 | 0x400
_RULES: Final = 0x40
"""Groups in which the kernel tells; those of routes by IP version."""

_NETFILTER: Final = 12
_TABLE_DELETED: Final = 0x0A02
_NETFILTER_HEADER: Final = 4
_TABLE_NAME: Final = 1

_NEWLY_MADE: Final = 0xFFFFFFFF
"""What has changed of a device that was not there before."""

_HEADER: Final = struct.Struct("=IHHII")
_ROOM: Final = 1 << 17
_BUFFER: Final = 1 << 20


class WiringWatch:
    """Hears of what running containers' interfaces may have lost."""

    def __init__(self, root: Root) -> None:
        """Begin to listen.

        Raises:
            SystemFailure: The kernel does not let us.
        """
        self._tables = {names.table(root.tag), f"vzvirt-net{root.tag}"}
        self._routes = _listening(socket.NETLINK_ROUTE, _LINKS | _ROUTES)
        self._rules: socket.socket | None = None
        # A kernel without nftables has no rules to hear of, and none of ours to lose.
        with contextlib.suppress(errors.VzvirtError):
            self._rules = _listening(_NETFILTER, _RULES)
        self._epoll = select.epoll()
        for each in filter(None, (self._routes, self._rules)):
            self._epoll.register(each.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._epoll.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._epoll.close()
        for each in filter(None, (self._routes, self._rules)):
            each.close()

    def changes(self) -> Changes:
        """The news since the last call."""
        heard = [_read(self._routes, _is_news)]
        if self._rules is not None:
            heard.append(_read(self._rules, self._is_loss))
        return Changes(wiring=any(heard))

    def _is_loss(self, kind: int, body: bytes) -> bool:
        if kind != _TABLE_DELETED:
            return False
        said = rtnetlink.attributes(body[_NETFILTER_HEADER:]).get(_TABLE_NAME, b"")
        return said.rstrip(b"\0").decode(errors="replace") in self._tables


def _is_news(kind: int, body: bytes) -> bool:
    if kind in {rtnetlink.NEW_ROUTE, rtnetlink.DELETED_ROUTE}:
        route = rtnetlink.read_route(body)
        if route is None or route.table != rtnetlink.MAIN or route.destination.is_link_local:
            return False
        is_ours = route.protocol == int(names.ROUTE_PROTOCOL)
        return kind == rtnetlink.DELETED_ROUTE if is_ours else True
    if kind == rtnetlink.NEW_LINK:
        return rtnetlink.kind_of(body) == "bridge" and rtnetlink.changed(body) == _NEWLY_MADE
    return False


def _listening(protocol: int, groups: int) -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    made = None
    try:
        made = socket.socket(socket.AF_NETLINK, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        made.bind((0, groups))
    except OSError as error:
        if made is not None:
            made.close()
        raise os_error(error, "listen to the kernel's notices of routes and rules") from error
    return made


def _read(listening: socket.socket, matters: Callable[[int, bytes], bool]) -> bool:
    """Whether anything of what was said since the last call matters."""
    found = False
    while True:
        try:
            data = listening.recv(_ROOM)
        except BlockingIOError:
            return found
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise os_error(error, "listen to the kernel's notices of routes") from error
            found = True  # something was lost: it may have been that
            continue
        found = found or any(matters(kind, body) for kind, body in _messages(data))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if length < _HEADER.size:
            return
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]
