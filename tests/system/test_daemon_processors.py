"""While the daemon starts containers, a processor is left to those who ask it something."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import daemonlab
from daemonlab import PATIENCE, Daemon
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.model.values import Ctid
from vzvirt.system import affinity, confined
from vzvirt.system.root import Root

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        len(os.sched_getaffinity(0)) < 2, reason="there is only one processor to leave or to use"
    ),
]

XML = """
<domain type='openvz'>
  <name>web</name>
  <vcpu{cpuset}>2</vcpu>
  <devices><filesystem type='template'><source name='busybox'/></filesystem></devices>
</domain>
"""

ALL = os.sched_getaffinity(0)
MOST = ALL - {min(ALL)}


@contextmanager
def defined(*settings: str, cpuset: str = "") -> Iterator[Daemon]:
    with daemonlab.running("lxc", settings=settings) as daemon:
        said = f" cpuset='{cpuset}'" if cpuset else ""
        for words in (
            ("template", "build", "busybox"),
            ("define", "/dev/stdin"),
            ("provision", "web"),
        ):
            done = daemon.vzvirt.call(*words, stdin=XML.format(cpuset=said))
            assert done.returncode == 0, done
        yield daemon


def at_first(daemon: Daemon) -> set[int]:
    """Start it; what its init may use when there is one."""
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(daemon.ok, "start", "web")
        until = time.monotonic() + PATIENCE
        while not (found := list(daemon.folder.glob("[0-9]*/init"))):
            assert time.monotonic() < until
            time.sleep(0.001)
        at_first = os.sched_getaffinity(int(found[0].read_text().split()[0]))
        starting.result()
    return at_first


def run_folder(daemon: Daemon) -> Path:
    return next(path for path in daemon.folder.iterdir() if path.name.isdecimal())


def allowed(daemon: Daemon, process: str) -> set[int]:
    pid = int((run_folder(daemon) / process).read_text().split()[0])
    return os.sched_getaffinity(pid)


def notes(daemon: Daemon) -> list[Path]:
    folder = daemon.folder / "confined"
    return list(folder.iterdir()) if folder.exists() else []


def confine(daemon: Daemon) -> None:
    """Leave it as a starter does that dies."""
    root, ctid = Root(daemon.root), Ctid(run_folder(daemon).name)
    os.sched_setaffinity(int((run_folder(daemon) / "init").read_text().split()[0]), MOST)
    affinity.leave_one()
    try:
        confined.note(root, str(ctid), Groups.of(root, ctid).tops)
    finally:
        affinity.use_all()


def wait_until_released(daemon: Daemon) -> None:
    until = time.monotonic() + PATIENCE
    while notes(daemon):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert allowed(daemon, "init") == ALL
    done = daemon.vzvirt.call(
        *("-q", "exec", "web", "--", "sh", "-c"),
        "grep -h Cpus_allowed: /proc/[0-9]*/status | sort | uniq",
    )
    assert done.returncode == 0, done
    assert len(done.stdout.splitlines()) == 1, "every process in it"


def test_a_container_leaves_one_in_its_first_moments() -> None:
    with defined() as daemon:
        assert at_first(daemon) == MOST
        assert allowed(daemon, "monitor") == ALL, "it lives as long as the container"
        assert os.sched_getaffinity(daemon.pid) == ALL
        wait_until_released(daemon)


def test_a_daemon_that_ends_leaves_none_behind() -> None:
    with defined() as daemon:
        at_first(daemon)
        wait_until_released(daemon)
        confine(daemon)
        daemon.stop()
        assert not notes(daemon)
        assert allowed(daemon, "init") == ALL


def test_one_that_dies_changes_nothing_for_the_container() -> None:
    with defined() as daemon:
        assert at_first(daemon) == MOST
        daemon.kill()
        wait_until_released(daemon)


def test_what_a_starter_that_died_left_is_seen_to() -> None:
    with defined() as daemon:
        at_first(daemon)
        wait_until_released(daemon)
        confine(daemon)
        wait_until_released(daemon)


def test_it_may_be_told_to_leave_none() -> None:
    with defined("spare_processor = 0") as daemon:
        assert at_first(daemon) == ALL
        assert not notes(daemon)


def test_one_that_is_to_run_on_that_very_one_does() -> None:
    with defined(cpuset=str(min(ALL))) as daemon:
        assert at_first(daemon) == {min(ALL)}
        assert not notes(daemon)


def test_one_that_is_killed_leaves_no_note() -> None:
    with defined() as daemon:
        at_first(daemon)
        daemon.ok("destroy", "web")
        until = time.monotonic() + PATIENCE
        while notes(daemon):
            assert time.monotonic() < until
            time.sleep(0.05)
