"""A small internet of network namespaces: a host, its router, somebody outside, and guests.

::

    guests - bridges - HOST .2 --198.51.100.0/24-- .1 ROUTER .1 --203.0.113.0/24-- .2 OUTSIDE
                            ::2 -- 2001:db8:1:: -- ::1       ::1 -- 2001:db8:2:: -- ::2

Nothing is connected to the machine's own network. All of it is gone after the test, also what
was started in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HOST = "198.51.100.2"
OUTSIDE = "203.0.113.2"
HOST6 = "2001:db8:1::2"
OUTSIDE6 = "2001:db8:2::2"
PORT = 7000

SETTLING = 2
"""Seconds in which a limit lets more through: what it had saved up."""

PYTHON = (sys.executable, "-S", "-E", "-c")
DRIVER = Path(__file__).with_name("networkdriver.py")

LEASE = """\
#!/bin/sh
test "$1" = bound || test "$1" = renew || exit 0
ip -4 address flush dev "$interface"
ip address add "$ip/$mask" dev "$interface"
test -z "$router" || ip route replace default via "$router"
test -z "$mtu" || ip link set dev "$interface" mtu "$mtu"
echo "$dns" > "$(dirname "$0")/dns"
"""
"""What udhcpc runs when it has a lease."""

WHO = """\
import socket
server = socket.create_server(("::", {port}), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    client, peer = server.accept()
    client.sendall(f"{{peer[0]}} {{peer[1]}}".encode())
    client.close()
"""
"""Tells whoever calls from which address and port."""

FLOW = """\
import socket, time
server = socket.create_server(("::", {port}), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    client, peer = server.accept()
    client.settimeout(5)
    count, begin = 0, time.monotonic()
    try:
        if client.recv(1) == b"s":
            while piece := client.recv(65536):
                if count == 0 and time.monotonic() - begin < {settling}:
                    continue
                if count == 0:
                    begin = time.monotonic()
                count += len(piece)
            client.sendall(str(count / (time.monotonic() - begin)).encode())
        else:
            while time.monotonic() - begin < {settling} + 3:
                client.send(bytes(65536))
    except OSError:
        pass
    client.close()
"""
"""Takes bytes and says how fast they came, or sends them for a while."""

PUSH = """\
import socket, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as one:
    count, begin = 0, time.monotonic()
    if sys.argv[3] == "send":
        one.sendall(b"s")
        while time.monotonic() - begin < {settling} + 2:
            one.send(bytes(65536))
        one.shutdown(socket.SHUT_WR)
        print(one.recv(100).decode())
    else:
        one.sendall(b"r")
        while time.monotonic() - begin < {settling}:
            one.recv(65536)
        begin = time.monotonic()
        while time.monotonic() - begin < 2 and (piece := one.recv(65536)):
            count += len(piece)
        print(count / (time.monotonic() - begin))
"""

SOLICIT = """\
import ipaddress, socket, struct, sys
duid = bytes.fromhex(sys.argv[1])
def option(code, value):
    return struct.pack("!HH", code, len(value)) + value
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
    one.bind(("::", 546))
    one.settimeout(3)
    wanted = b"\\x01abc" + option(1, duid) + option(3, bytes(12)) + option(8, bytes(2))
    one.sendto(wanted, ("ff02::1:2", 547, 0, socket.if_nametoindex("eth0")))
    answer = one.recv(1500)
options = answer[4:]
while options:
    code, length = struct.unpack("!HH", options[:4])
    if code == 3:  # an association, and in it after 12 bytes an address
        print(ipaddress.IPv6Address(options[20:36]))
    options = options[4 + length:]
"""
"""Asks DHCPv6 which address a client of this id would get."""

ASK = """\
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3) as one:
    print(one.recv(100).decode().removeprefix("::ffff:"))
"""


class Failed(Exception):
    """A use case failed, as it says."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Lab:
    def __init__(self) -> None:
        self.tag = f"vzt-{secrets.token_hex(3)}"
        # Not below /tmp, which may be a file system that real containers cannot live on.
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.tag}-", dir="/var/tmp"))
        self.root = self.folder / "root"
        self.warned: list[str] = []
        self._spaces: list[str] = []
        self._started: list[subprocess.Popen[str]] = []
        self._count = 0
        (self.folder / "lease").write_text(LEASE)
        (self.folder / "lease").chmod(0o755)

    # -- the world -----------------------------------------------------------------------

    def build(self) -> None:
        for name in ("host", "router", "outside"):
            self.space(name)
        self._cable("host", "up0", (f"{HOST}/24", f"{HOST6}/64"), "router", "in0")
        for address in ("198.51.100.1/24", "2001:db8:1::1/64"):
            self.ip("router", "address", "add", address, "dev", "in0", *_nodad(address))
        self._cable("outside", "up0", (f"{OUTSIDE}/24", f"{OUTSIDE6}/64"), "router", "out0")
        for address in ("203.0.113.1/24", "2001:db8:2::1/64"):
            self.ip("router", "address", "add", address, "dev", "out0", *_nodad(address))
        for name, gateways in {
            "host": ("198.51.100.1", "2001:db8:1::1"),
            "outside": ("203.0.113.1", "2001:db8:2::1"),
        }.items():
            for gateway in gateways:
                self.ip(name, "route", "add", "default", "via", gateway)
        for switch in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.run("router", "sh", "-c", f"echo 1 > /proc/sys/net/{switch}")

    def space(self, name: str) -> None:
        self._spaces.append(name)
        subprocess.run(["ip", "netns", "add", self._full(name)], check=True)
        self.ip(name, "link", "set", "lo", "up")

    def _cable(
        self, one: str, device: str, addresses: tuple[str, ...], other: str, far: str
    ) -> None:
        self.ip(
            one, "link", "add", device, "type", "veth", "peer", far, "netns", self._full(other)
        )
        for address in addresses:
            self.ip(one, "address", "add", address, "dev", device, *_nodad(address))
        self.ip(one, "link", "set", device, "up")
        self.ip(other, "link", "set", far, "up")

    def remove(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for name in self._spaces:
            for pid in self.pids(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", self._full(name)], check=False)
        shutil.rmtree(self.folder)

    def pids(self, name: str) -> list[int]:
        said = subprocess.run(
            ["ip", "netns", "pids", self._full(name)], check=False, capture_output=True, text=True
        )
        return [int(word) for word in said.stdout.split()]

    # -- in a namespace ------------------------------------------------------------------

    def inside(self, name: str) -> tuple[str, ...]:
        """Words that have the program behind them run in a namespace."""
        return ("ip", "netns", "exec", self._full(name))

    def _full(self, name: str) -> str:
        return f"{self.tag}-{name}"

    def ip(self, name: str, *words: str) -> str:
        return _output(["ip", "-n", self._full(name), *words])

    def run(self, name: str, *words: str, stdin: str = "", timeout: float = 30) -> str:
        return _output(["ip", "netns", "exec", self._full(name), *words], stdin, timeout)

    def works(self, name: str, *words: str) -> bool:
        try:
            self.run(name, *words)
        except AssertionError:
            return False
        return True

    def python(self, name: str, text: str, *words: str) -> str:
        return self.run(name, *PYTHON, text, *words)

    def background(self, name: str, *words: str) -> subprocess.Popen[str]:
        """Start something that says a line when it is ready."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self._full(name), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def serve(self, name: str, port: int = PORT) -> None:
        self.background(name, *PYTHON, WHO.format(port=port))

    def seen_from(self, name: str, server: str, port: int = PORT) -> tuple[str, int]:
        """The address and port that a server sees somebody come from."""
        address, source = self.python(name, ASK, server, str(port)).split()
        return address, int(source)

    def throughput(self, name: str, direction: str) -> float:
        """Bytes a second that go to (``send``) or come from (``receive``) somebody outside."""
        port = PORT + 1 + len(self._started)
        self.background("outside", *PYTHON, FLOW.format(port=port, settling=SETTLING))
        push = PUSH.format(settling=SETTLING)
        return float(self.run(name, *PYTHON, push, OUTSIDE, str(port), direction))

    def begin(self, case: str, *words: str) -> subprocess.Popen[str]:
        """A use case on the host that has just begun its work, in a session of its own."""
        argv = [sys.executable, str(DRIVER), str(self.root), case, *words]
        process = subprocess.Popen(
            ["ip", "netns", "exec", self._full("host"), *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "VZT_TELL": "1"},
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        return process

    def all_reached(self, addresses: dict[str, str]) -> set[tuple[str, str]]:
        """Who reaches whom of those that have these addresses."""
        pairs = [(one, other) for one in addresses for other in addresses if one != other]
        with ThreadPoolExecutor(len(pairs)) as pool:
            answers = pool.map(lambda pair: self.reaches(pair[0], addresses[pair[1]]), pairs)
            return {pair for pair, is_reached in zip(pairs, answers, strict=True) if is_reached}

    def reaches(self, name: str, address: str) -> bool:
        return self.works(name, "busybox", "ping", "-c1", "-W1", address)

    # -- use cases -----------------------------------------------------------------------

    def net(
        self,
        case: str,
        *words: str,
        stdin: str = "",
        root: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Any:
        """Run a use case on the host.

        Raises:
            Failed: It failed.
        """
        driver = [sys.executable, str(DRIVER), str(root or self.root), case, *words]
        settings = [f"{name}={value}" for name, value in (environment or {}).items()]
        if settings:
            driver = ["env", *settings, *driver]
        said = json.loads(self.run("host", *driver, stdin=stdin))
        self.warned += said["warned"]
        if "error" in said:
            raise Failed(*said["error"])
        return said["value"]

    def update(
        self, network: str, kind: str, entry: str, where: str = "both", **fields: Any
    ) -> None:
        change = {"kind": kind, "entry": entry, "fields": fields}
        self.net("update", network, where, stdin=json.dumps(change))

    def guest(self, name: str, bridge: str, mac: str | None = None) -> None:
        """A namespace with ``eth0`` in a bridge of the host."""
        self.space(name)
        self._count += 1
        port = f"port{self._count}"
        address = ("address", mac) if mac else ()
        peer = ("peer", "name", "eth0", *address, "netns", self._full(name))
        self.ip("host", "link", "add", port, "type", "veth", *peer)
        self.ip("host", "link", "set", port, "master", bridge, "up")
        self.ip(name, "link", "set", "eth0", "up")

    def dhcp(self, name: str) -> str:
        """Ask for a lease; gives back the address."""
        self.run(
            name,
            *("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t5", "-T1"),
            *("-O", "mtu", "-x", f"hostname:{name}", "-s", str(self.folder / "lease")),
        )
        return self.addresses(name)[0]

    def dhcp6(self, name: str, duid: str) -> str:
        """The address that DHCPv6 offers to a client of an id, which is hex."""
        return self.run(name, *PYTHON, SOLICIT, duid).strip()

    def addresses(self, name: str, family: str = "-4") -> list[str]:
        rows = json.loads(self.ip(name, "-j", family, "address", "show", "dev", "eth0"))
        return [
            item["local"] for row in rows for item in row["addr_info"] if item["scope"] == "global"
        ]

    def resolve(self, name: str, question: str, server: str) -> set[str]:
        """The addresses that a server says a name has."""
        said = self.run(name, "sh", "-c", f"busybox nslookup {question} {server} || true")
        _, _, body = said.partition("\n\n")
        return {line.split()[-1] for line in body.splitlines() if line.startswith("Address")}


def _nodad(address: str) -> tuple[str, ...]:
    return ("nodad",) if ":" in address else ()


def _output(argv: list[str], stdin: str = "", timeout: float = 30) -> str:
    done = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def eventually(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.1)
    return is_so()


def assert_rate(measure: Callable[[], float], least: float, most: float) -> None:
    """A rate is between two. Measured again if not: what else the machine does spoils some."""
    found: list[float] = []
    while not (found and least <= found[-1] <= most):
        assert len(found) < 3, f"{found} are not from {least} to {most}"
        found.append(measure())


def assert_about(measure: Callable[[], float], wanted: float) -> None:
    """The same, within 15 %."""
    assert_rate(measure, 0.85 * wanted, 1.15 * wanted)


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    one = Lab()
    try:
        one.build()
        yield one
    finally:
        one.remove()
