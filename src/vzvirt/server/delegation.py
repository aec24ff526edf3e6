"""Use cases that compute, or start many programs, are done by processes of their own.

Python runs one thread at a time, and starting a program stops all of them for a moment. So a
thread that starts a container would hold up everybody who only asks. It asks a process instead,
and waits.

One process, the *stem*, has everything imported that is needed; it does nothing but fork a child
for each request, which takes a millisecond or two. It is started when it is first needed and ends
when nobody needed it for a while. The daemon and the child speak through a socket of their own,
which the stem only passes on: the request, the word ``BEGUN``, the answer. All of that is between
processes of one user, and Python's own serialization is good enough.

If the daemon dies, a child finishes what it has begun.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import pickle
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from vzvirt import errors
from vzvirt.manager import Manager
from vzvirt.system import affinity

LOG: Final = logging.getLogger(__name__)

DELEGATED: Final[Mapping[str, frozenset[str]]] = {
    "lifecycle": frozenset(
        {
            "start",
            "start_transient",
            "shutdown",
            "kill",
            "kill_run",
            "request_reboot",
            "clear_away",
        }
    ),
    "guests": frozenset({"set_password"}),
    "networks": frozenset({"start", "start_transient", "stop", "update"}),
}
"""By topic of the manager: the use cases that are done elsewhere."""

ASIDE: Final[Mapping[str, frozenset[str]]] = {
    "lifecycle": frozenset({"start", "start_transient"}),
}
"""Those that leave a processor to the daemon and to who asks it."""

BEGUN: Final = b"\x01"

IDLE: Final = 60.0
"""Seconds without a request until the stem ends."""

_LAST_MOMENT: Final = 5.0
"""Seconds that a stem nobody needs any more has to end."""

_FILES: Final = 1024
"""Files that what a child starts may have open, unless it asks for more: as for most programs."""

_LENGTH: Final = 8
"""Bytes of the length that stands before what is sent."""

_PLAIN: Final = b"\x01"
"""The byte that comes with a request's socket."""

_ASIDE: Final = b"\x02"
"""The same, if a processor is to be left to others."""


class Stem:
    """The daemon's end; used by worker threads.

    Args:
        argv: What starts the stem; it finds its socket as standard input.
        warn: Told what use cases warn of.
        spares: Whether those of ``ASIDE`` leave a processor to others.
    """

    def __init__(
        self,
        argv: Sequence[str],
        warn: Callable[[str], None],
        spares: Callable[[], bool] = lambda: False,
    ) -> None:
        self._argv = argv
        self._warn = warn
        self._spares = spares
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def call(
        self, topic: str, name: str, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> object:
        """Have a use case done, and wait.

        Raises:
            VzvirtError: What it refuses or fails to do.
        """
        request = pickle.dumps((topic, name, args, kwargs))
        aside = name in ASIDE.get(topic, ()) and self._spares()
        for _ in range(3):
            here, there = socket.socketpair()
            with here:
                with there:
                    self._pass_on(there, _ASIDE if aside else _PLAIN)
                answer = _ask(here, request)
            if answer is not None:
                break
            LOG.debug("the stem had just ended")
        else:
            raise errors.InternalError(f"no process could be had for {topic}.{name}")
        done, value, warnings = answer
        for sentence in warnings:
            self._warn(sentence)
        if done:
            return value
        raise cast("errors.VzvirtError", value)

    def close(self) -> None:
        """Let it end; what it has begun is finished."""
        with self._lock:
            self._end()

    def _pass_on(self, sock: socket.socket, mark: bytes) -> None:
        with self._lock:
            if self._control is not None:
                try:
                    socket.send_fds(self._control, [mark], [sock.fileno()])
                except OSError:
                    self._end()
                else:
                    return
            self._control = self._begin()
            # If it has ended already, nobody answers.
            with contextlib.suppress(OSError):
                socket.send_fds(self._control, [mark], [sock.fileno()])

    def _begin(self) -> socket.socket:
        here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(
                self._argv, stdin=there.fileno(), start_new_session=True
            )
        return here

    def _end(self) -> None:
        if self._control is not None and self._process is not None:
            self._control.close()
            try:
                self._process.wait(_LAST_MOMENT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._control = self._process = None


def _ask(sock: socket.socket, request: bytes) -> tuple[bool, object, list[str]] | None:
    """Send a request and wait for the answer; ``None``: nobody took it."""
    try:
        _send(sock, request)
        if sock.recv(1) != BEGUN:
            return None
    except OSError:
        return None
    answer = _receive(sock)
    if answer is None:
        raise errors.OperationFailed("the process that was at it has died")
    return cast("tuple[bool, object, list[str]]", pickle.loads(answer))  # noqa: S301  # our own child


def _send(sock: socket.socket, data: bytes) -> None:
    sock.sendall(len(data).to_bytes(_LENGTH, "big") + data)


def _receive(sock: socket.socket) -> bytes | None:
    """What was sent as a whole; ``None``: it was not."""
    head = _exactly(sock, _LENGTH)
    return None if head is None else _exactly(sock, int.from_bytes(head, "big"))


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        try:
            more = sock.recv(size - len(data))
        except ConnectionError:
            return None
        if not more:
            return None
        data += more
    return bytes(data)


class _Elsewhere:
    """A topic of the manager, some of whose use cases are done by other processes."""

    def __init__(self, topic: str, here: object, stem: Stem) -> None:
        self._topic = topic
        self._here = here
        self._stem = stem

    def __getattr__(self, name: str) -> object:
        if name not in DELEGATED[self._topic]:
            return getattr(self._here, name)

        def call(*args: object, **kwargs: object) -> object:
            return self._stem.call(self._topic, name, args, kwargs)

        return call


def delegate(manager: Manager, stem: Stem) -> None:
    """Have a manager's use cases done elsewhere as ``DELEGATED`` says."""
    for topic in DELEGATED:
        setattr(manager, topic, _Elsewhere(topic, getattr(manager, topic), stem))


# ---- the stem and its children

Make = Callable[[Callable[[str], None]], Manager]
"""Makes a manager that warns so."""


def serve(
    make: Make, control: socket.socket, afterwards: Callable[[], None] = lambda: None
) -> None:
    """Be the stem: fork a child for each request, until nobody needs that any more.

    Args:
        make: Makes the manager, in the child.
        control: Where requests' sockets come from.
        afterwards: Called in the child when it has answered; nobody waits for it.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for children
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, _FILES), hard))
    control.settimeout(IDLE)
    gc.collect()
    gc.freeze()  # or each child would look at all of it, and so have a copy of it made
    while True:
        try:
            data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        except TimeoutError:
            return
        if not data:
            return
        if data == _ASIDE:
            affinity.leave_one()  # and so does the child, which has but to begin
        else:
            affinity.use_all()
        if os.fork() == 0:
            control.close()
            _child(make, socket.socket(fileno=descriptors[0]), afterwards)
        for descriptor in descriptors:
            os.close(descriptor)


def _child(make: Make, sock: socket.socket, afterwards: Callable[[], None]) -> None:
    """Do one use case, and end."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        request = _receive(sock)
        if request is not None:
            sock.sendall(BEGUN)
            answer = _answer(make, request)
            # The daemon may have died, but what it asked for is done.
            with contextlib.suppress(OSError):
                _send(sock, answer)
            sock.close()
            afterwards()
    finally:
        os._exit(0)


def _answer(make: Make, request: bytes) -> bytes:
    warnings: list[str] = []
    topic, name, args, kwargs = pickle.loads(request)  # noqa: S301  # our own daemon's
    try:
        value = getattr(getattr(make(warnings.append), topic), name)(*args, **kwargs)
        return pickle.dumps((True, value, warnings))
    except errors.VzvirtError as exc:
        return pickle.dumps((False, _plain(exc), warnings))
    except Exception as exc:
        LOG.exception("a defect, in %s.%s", topic, name)
        defect = errors.InternalError(f"a defect of vzvirt: {type(exc).__name__}: {exc}")
        return pickle.dumps((False, defect, warnings))


def _plain(exc: errors.VzvirtError) -> errors.VzvirtError:
    """An error without what cannot leave the process."""
    exc.__traceback__ = exc.__cause__ = exc.__context__ = None
    return exc
