"""How vzvirtd compares to Debian's libvirtd with its test driver: same clients, same run.

The test driver keeps all it knows in memory and runs nothing; ours reads configs that others
may change under it, and its containers are real.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from bench.containers import DOCUMENT
from bench.installation import Installation, timed
from bench.peer import Peer, libvirtd
from bench.rows import Row, Unit

CLIENT = Path(__file__).parent / "client.py"
DAEMON = Path(__file__).parent.parent / ".venv/bin/vzvirtd"

CLIENTS = 16
FEW, MANY = 1_000, 10_000
STARTS = 50
_WORDS = {"list": "list", "states": "statistics: state", "stats": "statistics: all"}
SECONDS = 3.0


def measure(installation: Installation) -> Iterator[Row]:
    """The lines, as they are measured."""
    installation.vzvirt("template", "build", "busybox")
    _define_many(installation, range(FIRST, FIRST + 1))
    with libvirtd() as theirs, _vzvirtd(installation) as ours:
        yield _memory("memory, idle", ours, theirs, 1.5)
        yield from _calls(ours, theirs)
    yield from _lookups_while_starting(installation)
    for count in (FEW, MANY):
        yield from _crowd(installation, count)
    yield _cold_start(installation)


FIRST = 100_000
"""The first CTID of containers that are only defined."""


def _calls(ours: Peer, theirs: Peer) -> Iterator[Row]:
    names = (f"ct{FIRST}", "test")
    for clients, share in ((1, 1.0), (CLIENTS, 0.8)):
        mine, other = (
            sum(_ask(peer, clients, task="calls", name=name, seconds=SECONDS))
            for peer, name in zip((ours, theirs), names, strict=True)
        )
        yield Row(
            name=f"lookup, info, dumpxml; clients: {clients}",
            ours=mine,
            beside=other,
            unit=Unit.CALLS,
            goal=share * other,
        )


def _crowd(installation: Installation, count: int) -> Iterator[Row]:
    """Lists and statistics of many containers, and the memory they take."""
    _define_many(installation, range(FIRST, FIRST + count))
    with (
        libvirtd() as theirs,
        _defined(theirs, count),
        _vzvirtd(installation) as ours,
    ):
        for task in ("list", "states", "stats"):
            mine, other = (_ask(peer, 1, task=task, seconds=SECONDS)[0] for peer in (ours, theirs))
            yield Row(
                name=f"{_WORDS[task]} of {count} containers",
                ours=mine,
                beside=other,
                unit=Unit.CALLS,
                # Asked for all it has, the test driver tells the state alone; ours tells more.
                goal=other if task != "stats" else None,
            )
        yield _memory(f"memory, {count} containers", ours, theirs, 2.5)


def _lookups_while_starting(installation: Installation) -> Iterator[Row]:
    """The slowest of a hundred lookups while our daemon starts containers.

    First beside our daemon when it is idle: that ratio is one of the machine, too, since the
    processes of a start want its processors. So then beside libvirtd, which has nothing else to
    do, while the same containers start.
    """
    names = [str(ctid) for ctid in range(1001, 1001 + STARTS)]
    for name in names:
        installation.vzvirt("define", "-", stdin=DOCUMENT.format(ctid=name))
        installation.vzvirt("provision", name)
    with libvirtd() as theirs, _vzvirtd(installation) as ours:
        idle = _slowest_lookup(ours, f"ct{FIRST}")
        with _starting(installation, ours, names):
            busy = _slowest_lookup(ours, f"ct{FIRST}")
        with _starting(installation, ours, names):
            beside = _slowest_lookup(theirs, "test")
    for name in names:
        installation.vzvirt("undefine", "--remove-data", name)
    yield Row(
        name=f"p99 of a lookup while {STARTS} start (beside it: idle)",
        ours=busy,
        beside=idle,
        unit=Unit.SHORT,
        goal=5 * idle,
    )
    yield Row(
        name="the same (beside it: libvirtd's meanwhile)",
        ours=busy,
        beside=beside,
        unit=Unit.SHORT,
    )


@contextmanager
def _starting(installation: Installation, ours: Peer, names: Sequence[str]) -> Iterator[None]:
    """Meanwhile our daemon starts containers, one after the other; afterwards they are off."""
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(_ask, ours, 1, task="start", names=names)
        yield
        starting.result()
    for name in names:
        installation.vzvirt("kill", name)


def _slowest_lookup(peer: Peer, name: str) -> float:
    taken: Sequence[float] = _ask(peer, 1, task="lookups", name=name, seconds=4.0)[0]
    return sorted(taken)[int(len(taken) * 0.99)]


def _cold_start(installation: Installation) -> Row:
    """From nothing to answers, beside ``cat`` of the same configs."""
    folder = installation.root / "etc/vz/conf"
    configs = sorted(folder.glob("*.conf"))

    def cat() -> None:
        subprocess.run(["cat", *configs], stdout=subprocess.DEVNULL, check=True)

    beside = timed(cat)
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        with _vzvirtd(installation):
            taken.append(time.perf_counter() - begin)
    return Row(
        name=f"cold start with {len(configs)} configs (beside it: cat)",
        ours=sorted(taken)[1],
        beside=beside,
        goal=15 * beside,
    )


def _memory(name: str, ours: Peer, theirs: Peer, share: float) -> Row:
    mine, other = ours.memory, theirs.memory
    return Row(name=name, ours=mine, beside=other, unit=Unit.MEMORY, goal=share * other)


# ---- clients


def _start_client(peer: Peer, **asked: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["/usr/bin/python3", CLIENT, json.dumps({"uri": peer.uri, **asked})],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ask(peer: Peer, clients: int, **asked: object) -> list:  # type: ignore[type-arg]
    """What so many clients say that do the same at the same time."""
    running = [_start_client(peer, **asked) for _ in range(clients)]
    said = [client.communicate(timeout=600)[0] for client in running]
    if any(client.returncode for client in running):
        raise RuntimeError(f"a client of {peer.uri} failed")
    return [json.loads(text) for text in said]


@contextmanager
def _defined(peer: Peer, count: int) -> Iterator[None]:
    """As many domains in libvirt's test driver; its own one is there besides."""
    client = _start_client(peer, task="define", count=count)
    assert client.stdout is not None
    try:
        if client.stdout.readline() != "defined\n":
            raise RuntimeError("libvirt's test driver does not take them")
        yield
    finally:
        client.communicate(timeout=60)


# ---- our daemon


@contextmanager
def _vzvirtd(installation: Installation) -> Iterator[Peer]:
    """Ours, from when it answers."""
    path = installation.root / "run/vzvirt/vzvirt-sock"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [*installation.prefix, DAEMON],
        env=environment | {"VZVIRT_ROOT": str(installation.root), "VZVIRT_ENGINE": "lxc"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 120
        while not _answers(path):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("vzvirtd does not answer")
            time.sleep(0.002)
        yield Peer(f"openvz+unix:///system?socket={path}", process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _define_many(installation: Installation, ctids: range) -> None:
    """Write configs as ``vzvirt define`` does, without waiting for the disk each time."""
    folder = installation.root / "etc/vz/conf"
    names = installation.root / "etc/vz/names"
    model = str(FIRST - 1)
    installation.vzvirt("define", "-", stdin=DOCUMENT.format(ctid=model))
    config = (folder / f"{model}.conf").read_text().replace(f"bench-{model}", "ct{ctid}")
    config = re.sub(r"(?m)^#UUID: .*", "#UUID: {uuid}", config)
    installation.vzvirt("undefine", model)
    for ctid in ctids:
        path = folder / f"{ctid}.conf"
        if not path.exists():
            path.write_text(config.format(ctid=ctid, uuid=uuid4()))
            (names / f"ct{ctid}").symlink_to(path)
