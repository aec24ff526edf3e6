"""What interfaces cost: at the start of a container, among many, and in throughput."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from bench.installation import Installation, timed
from bench.namespaces import BRIDGE, BRIDGE_ADDRESS, HOST_ADDRESS, Spaces, spaces
from bench.rows import Row, Unit

ADDED_MOST = 0.06
"""Seconds that a routed and a bridged interface may add to a start."""

MANY = 200
EDGE = 20
"""So many of the first and of the last containers are compared."""

FLATNESS = 1.15
"""How much longer than the first ones the last ones may take: what is flat, but for noise."""

THROUGHPUT = 0.95
"""Least part of a bare pair's throughput."""

ROUNDS = 14
TCP_ROUNDS = 12
SECONDS = 0.5
PORT = "7001"

DOCUMENT = """
<domain type='openvz' id='{ctid}' xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>
  <name>bench-{ctid}</name>
  <devices>
    <filesystem type='template'><source name='busybox'/></filesystem>
    {interfaces}
  </devices>
  <openvz:container><openvz:layout>simfs</openvz:layout></openvz:container>
</domain>
"""
ROUTED = "<interface type='ethernet'><ip address='198.51.100.{number}'/></interface>"
BRIDGED = (
    f"<interface type='bridge'><source bridge='{BRIDGE}'/>"
    "<ip address='10.5.{high}.{number}' prefix='16'/></interface>"
)

SINK = """
import socket, sys, time
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
one, _ = server.accept()
buffer, total, begin = memoryview(bytearray(1 << 20)), 0, 0.0
while count := one.recv_into(buffer):
    begin = begin or time.monotonic()
    total += count
print(total / (time.monotonic() - begin), flush=True)
"""
FLOOD = """
import socket, sys, time
one = socket.create_connection((sys.argv[1], int(sys.argv[2])))
data, end = bytes(1 << 20), time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    one.sendall(data)
"""


def measure(plain: Installation) -> Iterator[Row]:
    """The lines, as they are measured, on a host of their own."""
    with spaces() as made:
        installation = replace(plain, prefix=made.at(made.host))
        installation.vzvirt("template", "build", "busybox")
        yield from _starts(installation)
        yield from _throughput(installation, made)
        yield from _many(installation)


def _define(installation: Installation, ctid: int, interfaces: str) -> None:
    document = DOCUMENT.format(ctid=ctid, interfaces=interfaces)
    installation.vzvirt("define", "-", stdin=document)
    installation.vzvirt("provision", str(ctid))


def _both(number: int) -> str:
    return ROUTED.format(number=number) + BRIDGED.format(high=0, number=number)


def _starts(installation: Installation) -> Iterator[Row]:
    kinds = {"without": "", "with": _both(10)}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for ctid, (_, interfaces) in enumerate(kinds.items(), 101):
        _define(installation, ctid, interfaces)
    for _ in range(ROUNDS):
        for ctid, name in enumerate(kinds, 101):
            started = timed(lambda ctid=ctid: installation.vzvirt("start", str(ctid)), runs=1)  # type: ignore[misc]  # bound now
            times[name].append(started)
            installation.vzvirt("kill", str(ctid))
    without = median(times["without"])
    rounds = zip(times["with"], times["without"], strict=True)
    with_both = without + median(one - other for one, other in rounds)
    yield Row(
        name="start with a routed and a bridged NIC (beside it: without)",
        ours=with_both,
        beside=without,
        goal=without + ADDED_MOST,
    )


def _many(installation: Installation) -> Iterator[Row]:
    """Start many on one bridge; the last ones must not take longer than the first ones."""
    ctids = range(1001, 1001 + MANY)
    for index, ctid in enumerate(ctids):
        high, number = divmod(index + 256, 250)
        _define(installation, ctid, BRIDGED.format(high=high, number=number + 1))
    times = [timed(lambda c=ctid: installation.vzvirt("start", str(c)), runs=1) for ctid in ctids]  # type: ignore[misc]  # bound now
    first, last = median(times[:EDGE]), median(times[-EDGE:])
    yield Row(
        name=f"start the last {EDGE} of {MANY} on a bridge (beside it: the first)",
        ours=last,
        beside=first,
        goal=first * FLATNESS,
    )
    for ctid in ctids:
        installation.vzvirt("kill", str(ctid))


def _throughput(installation: Installation, made: Spaces) -> Iterator[Row]:
    """From a container to its host, in turns with a bare pair between two namespaces."""
    with ExitStack() as undo:
        senders = {"bare veth pair": (_bare(made, undo), "10.6.0.1")}
        containers = {
            "routed (beside it: a bare pair)": (ROUTED.format(number=21), HOST_ADDRESS),
            "bridged (beside it: a bare pair)": (
                BRIDGED.format(high=0, number=21),
                BRIDGE_ADDRESS,
            ),
        }
        for ctid, (name, (interfaces, address)) in enumerate(containers.items(), 111):
            _define(installation, ctid, interfaces)
            installation.vzvirt("start", str(ctid))
            undo.callback(installation.vzvirt, "kill", str(ctid))
            pid = json.loads(installation.vzvirt("info", str(ctid), "--json"))["init_pid"]
            senders[name] = (("nsenter", f"--net=/proc/{pid}/ns/net", "--"), address)
        rates = _rates(senders, made)
    bares = rates.pop("bare veth pair")
    bare = median(bares)
    for name, found in rates.items():
        # Of each round by itself: what else the machine does changes from one to the next.
        ratio = median(one / other for one, other in zip(found, bares, strict=True))
        yield Row(
            name=f"TCP, {name}",
            ours=ratio * bare,
            beside=bare,
            unit=Unit.THROUGHPUT,
            goal=bare * THROUGHPUT,
        )


def _bare(made: Spaces, undo: ExitStack) -> tuple[str, ...]:
    """A namespace that a plain pair connects to the host; how to get into it."""
    name = f"{made.host}-peer"
    subprocess.run(["ip", "netns", "add", name], check=True)
    undo.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
    made.ip(made.host, "link", "add", "bare", "type", "veth", "peer", "eth0", "netns", name)
    for where, device, address in (
        (made.host, "bare", "10.6.0.1/24"),
        (name, "eth0", "10.6.0.2/24"),
    ):
        made.ip(where, "link", "set", device, "up")
        made.ip(where, "address", "add", address, "dev", device)
    return made.at(name)


def _rates(
    senders: Mapping[str, tuple[tuple[str, ...], str]], made: Spaces
) -> dict[str, list[float]]:
    """Bytes per second from each sender, by round; each round begins with another one."""
    found: dict[str, list[float]] = {name: [] for name in senders}
    turns = list(senders.items())
    for _ in range(TCP_ROUNDS):
        for name, (sender, address) in turns:
            found[name].append(_rate(sender, made.at(made.host), address))
        turns = turns[1:] + turns[:1]
    return found


def _rate(sender: tuple[str, ...], receiver: tuple[str, ...], address: str) -> float:
    # Before all others, so that whatever else the machine does makes no difference.
    python = ("chrt", "--fifo", "10", sys.executable, "-S", "-E", "-c")
    with subprocess.Popen(
        [*receiver, *python, SINK, address, PORT], stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdout is not None
        sink.stdout.readline()
        subprocess.run([*sender, *python, FLOOD, address, PORT, str(SECONDS)], check=True)
        rate = float(sink.stdout.readline())
    time.sleep(0.05)  # the port is free again
    return rate
