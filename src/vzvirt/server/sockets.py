"""Which sockets a daemon listens on.

``vzvirt-sock`` and ``vzvirt-sock-ro`` in ``run/vzvirt`` below the root. The host's own
installation is found without saying where: libvirt's clients look for a driver's daemon at
``/run/libvirt/virtDRIVERd-sock``, and ours is ``openvz``. A service manager may pass all of them
instead, told apart by name.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.server.listener import Listener, tcp_sockets, unix_socket
from vzvirt.server.servicemanager import Passed
from vzvirt.server.settings import ServerSettings
from vzvirt.system.root import Root

LOG: Final = logging.getLogger(__name__)

NAME: Final = "vzvirt-sock"
READ_ONLY: Final = "-ro"
FOLDER: Final = "run/vzvirt"
"""Below the root."""

LIBVIRT: Final = Path("/run/libvirt/virtopenvzd-sock")
"""Where clients look that name no socket."""

PASSED: Final[Mapping[str, tuple[bool, bool]]] = {
    "vzvirtd": (False, False),
    "vzvirtd-ro": (True, False),
    "vzvirtd-tls": (False, True),
}
"""Names of passed sockets: whether clients may only read, and whether they speak TLS."""


def folder(settings: ServerSettings, root: Root, *, home: Path | None = None) -> Path:
    """The folder of the sockets.

    Args:
        settings: What they say comes first.
        root: The installation.
        home: The run-time folder of a user whose installation this is; ``None``: the root's.
    """
    if settings.unix_sock_dir is not None:
        return settings.unix_sock_dir
    return home / "vzvirt" if home is not None else root.path(FOLDER)


def open_all(
    settings: ServerSettings, root: Root, passed: Sequence[Passed], home: Path | None = None
) -> list[Listener]:
    """Everything the daemon listens on; nobody is let in yet.

    Args:
        settings: The daemon's.
        root: The installation.
        passed: What the service manager passed; if anything, no Unix socket is made.
        home: As for ``folder``.

    Raises:
        VzvirtError: A socket cannot be had; those that were made are closed again.
    """
    with ExitStack() as undo:
        made: list[Listener] = []
        for listener in _all(settings, root, passed, home):
            undo.callback(listener.close)
            made.append(listener)
        undo.pop_all()
    return made


def _all(
    settings: ServerSettings, root: Root, passed: Sequence[Passed], home: Path | None
) -> Iterator[Listener]:
    yield from (_adopted(item) for item in passed)
    if not passed:
        where = folder(settings, root, home=home)
        _make_folder(where)
        yield from _pair(settings, where / NAME)
        if root.prefix == Path("/") and settings.unix_sock_dir is None and home is None:
            yield from _where_clients_look(settings)
    if settings.listen_tls and not any(item.name == "vzvirtd-tls" for item in passed):
        for sock in tcp_sockets(settings.listen_addr, settings.tls_port):
            host, port = sock.getsockname()[:2]
            yield Listener(sock, name=f"TLS {host} port {port}", secure=True)


def _adopted(item: Passed) -> Listener:
    # A unit that does not say FileDescriptorName= gives its own name.
    name = item.name.removesuffix(".socket")
    if name not in PASSED:
        raise errors.InvalidArgument(
            f"a socket was passed as '{item.name}'", hint=f"it must be {', '.join(PASSED)}"
        )
    read_only, secure = PASSED[name]
    sock = socket.socket(fileno=item.descriptor)
    return Listener(sock, name=f"passed {item.name}", read_only=read_only, secure=secure)


def _pair(settings: ServerSettings, path: Path) -> Iterator[Listener]:
    """The socket that may change things, and the read-only one."""
    group = settings.unix_sock_group
    sock = unix_socket(path, settings.unix_sock_rw_perms, group)
    yield Listener(sock, name=str(path), path=path)
    path = path.with_name(path.name + READ_ONLY)
    sock = unix_socket(path, settings.unix_sock_ro_perms, group)
    yield Listener(sock, name=str(path), path=path, read_only=True)


def _where_clients_look(settings: ServerSettings) -> Iterator[Listener]:
    try:
        _make_folder(LIBVIRT.parent)
        yield from _pair(settings, LIBVIRT)
    except errors.Conflict as exc:
        LOG.warning("clients must name our socket: %s", exc)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as exc:
        raise errors.SystemFailure(f"cannot make '{path}': {exc.strerror}") from exc


def home_of(environment: Mapping[str, str]) -> Path | None:
    """The run-time folder of an ordinary user, where there is one."""
    named = environment.get("XDG_RUNTIME_DIR", "")
    return Path(named) if named and os.access(named, os.W_OK) else None
