"""What systemd and a service say to each other, as ``sd_notify(3)`` and ``sd_listen_fds(3)`` do.

No library is needed: one is a datagram to a socket that an environment variable names, the other
are open descriptors from 3 on. Without the variables all of it does nothing.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Final

FIRST_PASSED: Final = 3
"""Number of the first descriptor that is passed."""


class Notifier:
    """Tells the service manager how the daemon is."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        """Take what the environment says; the variables are removed, so no child sees them."""
        self._address = environment.pop("NOTIFY_SOCKET", "")
        usec = environment.pop("WATCHDOG_USEC", "")
        pid = environment.pop("WATCHDOG_PID", "")
        meant = not pid or pid == str(os.getpid())
        self.watchdog_interval = int(usec) / 2e6 if usec.isdigit() and meant else 0.0
        """Seconds between two signs of life that are wanted; 0: none are."""

    def ready(self, status: str) -> None:
        """It answers its clients."""
        self._send(f"READY=1\nSTATUS={status}\nMAINPID={os.getpid()}")

    def reloading(self) -> None:
        """It reads its settings again; ``ready`` ends that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """It is about to end."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """It is alive."""
        self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto(state.encode(), address)
        except OSError:
            # Nobody there, or too busy to listen: no reason for the daemon to fail.
            return


@dataclass(frozen=True, slots=True)
class Passed:
    """A listening socket that was passed, and its name (``FileDescriptorName=``)."""

    name: str
    descriptor: int


def passed(environment: MutableMapping[str, str]) -> list[Passed]:
    """The sockets that the service manager passed; the variables are removed."""
    pid = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    found = []
    for index in range(int(count)):
        descriptor = FIRST_PASSED + index
        os.set_inheritable(descriptor, False)
        found.append(Passed(names[index] if index < len(names) else "", descriptor))
    return found
