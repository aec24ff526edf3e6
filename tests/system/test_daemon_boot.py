"""The daemon starts with the host what is to start with it, once; a unit stops all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

import daemonlab
from daemonlab import PATIENCE, Daemon

pytestmark = pytest.mark.root

XML = """
<domain type='openvz'>
  <name>{name}</name>
  <devices><filesystem type='template'><source name='busybox'/></filesystem></devices>
  <openvz:container xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>
    {order}
  </openvz:container>
</domain>
"""

ORDERS = {"last": None, "second": 5, "first": 10}


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """One whose containers start with the host, which has not booted yet."""
    with daemonlab.running("lxc", settings=("boot_parallel = 2",)) as running:
        vzvirt(running, "template", "build", "busybox")
        for name, number in ORDERS.items():
            order = f"<openvz:bootorder>{number}</openvz:bootorder>" if number else ""
            vzvirt(running, "define", "/dev/stdin", stdin=XML.format(name=name, order=order))
            vzvirt(running, "autostart", name)
        running.stop()
        boots(running)
        yield running


def vzvirt(daemon: Daemon, *words: str, stdin: str = "") -> None:
    done = daemon.vzvirt.call(*words, stdin=stdin)
    assert done.returncode == 0, done


def boots(daemon: Daemon) -> None:
    """What is left of a boot is gone with it."""
    for name in ("boot.json", "boot.ended"):
        (daemon.folder / name).unlink(missing_ok=True)


def running_now(daemon: Daemon) -> list[str]:
    """Containers that run, in the order in which they booted."""
    names = daemon.vzvirt.call("-q", "list").stdout.split()
    ctids = {path.name for path in daemon.folder.iterdir() if path.name.isdecimal()}
    begun = {ctid: (daemon.folder / ctid / "init").stat().st_mtime for ctid in ctids}
    assert len(names) == len(ctids)
    return [name_of(daemon, ctid) for ctid in sorted(begun, key=begun.__getitem__)]


def name_of(daemon: Daemon, ctid: str) -> str:
    config = (daemon.root / f"etc/vz/conf/{ctid}.conf").read_text()
    return next(line.split('"')[1] for line in config.splitlines() if line.startswith("NAME="))


def stopped_in_order(daemon: Daemon) -> list[str]:
    """All of them, in the order in which they ended."""
    notes = (daemon.root / "var/lib/vzvirt/state").glob("[0-9]*.json")
    ended = {path.stem: path.stat().st_mtime for path in notes}
    return [name_of(daemon, ctid) for ctid in sorted(ended, key=ended.__getitem__)]


def boot(daemon: Daemon) -> float:
    """Have it start them all; the seconds until they ran.

    Where nothing is to be started, nothing is in as many seconds.
    """
    begin = time.monotonic()
    daemon.start()
    wait_until(lambda: len(daemon.ok("list", "--name").split()) == len(ORDERS))
    return time.monotonic() - begin


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_once_in_each_boot_in_their_order(daemon: Daemon) -> None:
    took = boot(daemon)
    assert running_now(daemon) == ["first", "second", "last"]
    daemon.ok("destroy", "second")
    for _ in range(2):
        daemon.kill()
        daemon.start()
        time.sleep(took)
        assert running_now(daemon) == ["first", "last"], "what was stopped stays off"
    daemon.stop()
    boots(daemon)
    boot(daemon)


def test_one_that_is_killed_half_way_leaves_the_rest_to_the_next(daemon: Daemon) -> None:
    daemon.start()
    wait_until(lambda: bool(daemon.ok("list", "--name")))
    daemon.kill()
    daemon.start()
    wait_until(lambda: len(daemon.ok("list", "--name").split()) == 3)
    assert running_now(daemon) == ["first", "second", "last"]


def test_the_units_commands_stop_all_and_bring_them_back(daemon: Daemon) -> None:
    begin = time.monotonic()
    vzvirt(daemon, "internal", "host-start")
    took = time.monotonic() - begin
    assert running_now(daemon) == ["first", "second", "last"]
    vzvirt(daemon, "autostart", "--disable", "last")
    daemon.start()
    vzvirt(daemon, "internal", "host-stop")
    assert running_now(daemon) == []
    assert stopped_in_order(daemon) == ["last", "second", "first"]
    assert daemon.ok("domstate", "--reason", "first") == "shut off (shutdown)"
    daemon.restart()
    time.sleep(took)
    assert running_now(daemon) == [], "the host goes down"
    vzvirt(daemon, "internal", "host-start")
    assert running_now(daemon) == ["first", "second"]


def test_a_daemon_that_is_to_start_none(daemon: Daemon) -> None:
    took = boot(daemon)
    for name in ORDERS:
        daemon.ok("destroy", name)
    daemon.stop()
    boots(daemon)
    daemon.settings = ["boot_parallel = 0"]
    daemon.start()
    time.sleep(took)
    assert running_now(daemon) == []
