"""The daemon is killed again and again while clients work with it.

No container may notice, none may be lost, and whoever listens to the next daemon hears exactly
what happens.
"""

# ruff: noqa: S311  # nothing here is a secret

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest

import daemonlab
from clients import containers
from clients.ears import Ear, python
from daemonlab import PATIENCE, Daemon

pytestmark = pytest.mark.root

WORKERS = 3
ROUNDS = [pytest.param(3, id="3"), pytest.param(50, id="50", marks=pytest.mark.slow)]

DEEDS = (
    ("start", "{name}"),
    ("destroy", "{name}"),
    ("suspend", "{name}"),
    ("resume", "{name}"),
    ("shutdown", "{name}"),
    ("reboot", "{name}"),
    ("desc", "{name}", "--config", "{words}"),
    ("autostart", "{name}"),
    ("dumpxml", "{name}"),
    ("domstats",),
)
"""What clients do. That it fails while there is no daemon, or in the wrong state, is no wonder."""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with daemonlab.running("lxc") as running:
        built = running.vzvirt.call("template", "build", "busybox")
        assert built.returncode == 0, built
        yield running


class Load:
    """Clients that work, each with a container of its own, half of them without the daemon."""

    def __init__(self, daemon: Daemon, names: list[str]) -> None:
        self._daemon = daemon
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(name,)) for name in names]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, name: str) -> None:
        chance = random.Random(name)
        while not self._over.is_set():
            words = chance.choice(DEEDS)
            said = [word.format(name=name, words=chance.random()) for word in words]
            if chance.random() < 0.3 and words[0] in {"start", "shutdown"}:
                self._daemon.vzvirt.call(*said)
            else:
                self._daemon.virsh(*said)


def init_of(daemon: Daemon, name: str) -> str:
    """Init's pid and the moment it began."""
    return (daemon.folder / daemon.ok("domid", name) / "init").read_text()


def hears_a_whole_life(daemon: Daemon, ear: Ear, name: str) -> None:
    """Of a container that is off and that nobody else touches."""
    deeds = {
        "start": (2, 0),
        "suspend": (3, 0),
        "resume": (4, 0),
        "destroy": (5, 1),
    }
    for deed, wanted in deeds.items():
        daemon.ok(deed, name)
        while True:
            heard = ear.next()
            assert heard is not None, f"nothing is heard of {deed}"
            if heard[1] == name:
                break
        assert (heard[0], *heard[3:5]) == ("lifecycle", *wanted), heard


NIC = f"<interface type='ethernet'><target dev='{containers.HOST_END}'/></interface>"

NETWORK = """
<network><name>lab</name><ip address='10.7.1.1' netmask='255.255.255.0'/></network>
"""


def hears_all_else(daemon: Daemon, name: str) -> None:
    """Of such a container and of networks: whatever is no step of a life."""
    with python(daemon, name) as ear:
        daemon.ok("start", name)
        assert ear.next()[:2] == ["lifecycle", name]
        daemon.ok("desc", name, "--live", "--config", "words")
        ear.hears(["metadata", name, 0, None])
        daemon.ok("attach-device", name, "/dev/stdin", "--live", stdin=NIC)
        ear.hears(["device added", name, "net0"])
        daemon.ok("detach-device", name, "/dev/stdin", "--live", stdin=NIC)
        ear.hears(["device removed", name, "net0"])
        daemon.ok("reboot", name)
        ear.hears(["reboot", name])
        daemon.ok("destroy", name)
        assert ear.next()[:2] == ["lifecycle", name]
        ear.hears_nothing_more()
    with python(daemon, of_host=True) as ear:
        # It is not started: the daemon is on the machine's own network.
        for event, deed, what in ((0, "net-define", "/dev/stdin"), (1, "net-undefine", "lab")):
            daemon.ok(deed, what, stdin=NETWORK)
            while (heard := ear.next())[0] == "device":
                pass  # other tests' come and go
            assert heard == ["network", "lab", event, 0]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_daemon_that_is_killed_under_load(daemon: Daemon, rounds: int) -> None:
    names = [f"worker{number}" for number in range(WORKERS)]
    chance = random.Random(rounds)
    everybody = {"quiet", "model", *names}
    for name in everybody:
        daemon.ok("define", "/dev/stdin", stdin=containers.XML.format(name=name, devices=""))
    try:
        daemon.ok("start", "quiet")
        init = init_of(daemon, "quiet")
        with Load(daemon, names):
            for _ in range(rounds):
                time.sleep(chance.uniform(0.1, 1.0))
                daemon.kill()
                daemon.start()
                assert {*daemon.ok("list", "--all", "--name").split()} == everybody
                assert init_of(daemon, "quiet") == init
                with python(daemon) as ear:
                    hears_a_whole_life(daemon, ear, "model")
        for name in names:
            comes_to_rest(daemon, name)
        hears_all_else(daemon, "model")
        assert daemon.ok("domstate", "quiet") == "running"
    finally:
        for name in everybody:
            daemon.vzvirt.call("kill", name)
            daemon.vzvirt.call("undefine", "--remove-data", name)


def comes_to_rest(daemon: Daemon, name: str) -> None:
    """Whatever was interrupted, it can be stopped, and started and heard of again."""
    until = time.monotonic() + PATIENCE
    while daemon.virsh("destroy", name).returncode == 0 or (
        daemon.ok("domstate", name) not in {"shut off", "crashed"}
    ):
        assert time.monotonic() < until
        time.sleep(0.2)
    with python(daemon, name) as ear:
        hears_a_whole_life(daemon, ear, name)
        assert ear.next(1) is None


def test_what_happens_while_there_is_no_daemon_is_known_to_the_next(daemon: Daemon) -> None:
    with containers.running(daemon, "web"), containers.running(daemon, "db"):
        uuid = daemon.ok("domuuid", "web")
        daemon.kill()
        run = daemon.vzvirt.call
        assert run("exec", "web", "--", "poweroff").returncode == 0
        assert run("pause", "db").returncode == 0
        daemon.start()
        until = time.monotonic() + PATIENCE
        while daemon.ok("domstate", uuid) != "shut off":
            assert time.monotonic() < until
            time.sleep(0.1)
        assert daemon.ok("domstate", "db") == "paused"
        with python(daemon, "db") as ear:
            daemon.ok("resume", "db")
            assert ear.next()[3:5] == [4, 0]
