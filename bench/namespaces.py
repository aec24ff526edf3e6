"""A host made of network namespaces: an uplink with a router behind it, and a bridge.

Nothing of it is connected to the machine's own network, and all of it goes with the namespaces.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

BRIDGE = "br0"
BRIDGE_ADDRESS = "10.5.255.254"
HOST_ADDRESS = "198.51.100.2"

HOST = f"""
link set lo up
link set up0 up
address add {HOST_ADDRESS}/24 dev up0
route add default via 198.51.100.1
link add {BRIDGE} type bridge
link set {BRIDGE} up
address add {BRIDGE_ADDRESS}/16 dev {BRIDGE}
"""
ROUTER = """
link set lo up
link set in0 up
address add 198.51.100.1/24 dev in0
"""


@dataclass(frozen=True, slots=True)
class Spaces:
    """Names of namespaces."""

    host: str
    router: str

    def at(self, name: str) -> tuple[str, ...]:
        """What a command begins with that is to run in a namespace.

        ``ip netns exec`` would give it mounts of its own, and so whatever it starts.
        """
        return ("nsenter", f"--net=/run/netns/{name}", "--")

    def ip(self, name: str, *words: str, batch: str = "") -> None:
        """Run ``ip`` in one."""
        subprocess.run(["ip", "-n", name, *words], input=batch, text=True, check=True)


@contextmanager
def spaces() -> Iterator[Spaces]:
    """The host and its router."""
    tag = f"vzb-{secrets.token_hex(3)}"
    made = Spaces(f"{tag}-host", f"{tag}-router")
    try:
        for name in (made.host, made.router):
            subprocess.run(["ip", "netns", "add", name], check=True)
        made.ip(
            made.host, "link", "add", "up0", "type", "veth", "peer", "in0", "netns", made.router
        )
        made.ip(made.host, "-batch", "-", batch=HOST)
        made.ip(made.router, "-batch", "-", batch=ROUTER)
        yield made
    finally:
        for name in (made.host, made.router):
            subprocess.run(["ip", "netns", "delete", name], check=False)
