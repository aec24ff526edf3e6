"""While the daemon starts containers, a processor is left to those who ask it something."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import daemonlab
from daemonlab import PATIENCE, Daemon

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
def started(*settings: str, cpuset: str = "") -> Iterator[Daemon]:
    with daemonlab.running("lxc", settings=settings) as daemon:
        said = f" cpuset='{cpuset}'" if cpuset else ""
        for words in (
            ("template", "build", "busybox"),
            ("define", "/dev/stdin"),
            ("provision", "web"),
        ):
            done = daemon.vzvirt.call(*words, stdin=XML.format(cpuset=said))
            assert done.returncode == 0, done
        daemon.ok("start", "web")
        yield daemon


def run_folder(daemon: Daemon) -> Path:
    return next(path for path in daemon.folder.iterdir() if path.name.isdecimal())


def allowed(daemon: Daemon, process: str) -> set[int]:
    pid = int((run_folder(daemon) / process).read_text().split()[0])
    return os.sched_getaffinity(pid)


def notes(daemon: Daemon) -> list[Path]:
    folder = daemon.folder / "confined"
    return list(folder.iterdir()) if folder.exists() else []


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


def test_a_container_leaves_one_in_its_first_seconds() -> None:
    with started() as daemon:
        assert allowed(daemon, "init") == MOST
        assert allowed(daemon, "monitor") == ALL, "it lives as long as the container"
        assert os.sched_getaffinity(daemon.pid) == ALL
        wait_until_released(daemon)


def test_a_daemon_that_ends_leaves_none_behind() -> None:
    with started() as daemon:
        assert notes(daemon)
        daemon.stop()
        assert not notes(daemon)
        assert allowed(daemon, "init") == ALL


def test_one_that_dies_leaves_them_to_the_next() -> None:
    with started() as daemon:
        daemon.kill()
        assert allowed(daemon, "init") == MOST
        daemon.start()
        wait_until_released(daemon)


def test_it_may_be_told_to_leave_none() -> None:
    with started("spare_processor = 0") as daemon:
        assert allowed(daemon, "init") == ALL
        assert not notes(daemon)


def test_one_that_is_to_run_on_that_very_one_does() -> None:
    with started(cpuset=str(min(ALL))) as daemon:
        assert allowed(daemon, "init") == {min(ALL)}
        assert not notes(daemon)


def test_one_that_is_killed_leaves_no_note() -> None:
    with started() as daemon:
        daemon.ok("destroy", "web")
        until = time.monotonic() + PATIENCE
        while notes(daemon):
            assert time.monotonic() < until
            time.sleep(0.05)
