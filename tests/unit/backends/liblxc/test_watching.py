"""What is heard of containers from the files that hooks and commands leave."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vzvirt.backends.liblxc import record
from vzvirt.backends.liblxc.runfolder import Mark, RunFolder
from vzvirt.backends.liblxc.watching import RunWatch
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root

CTID = Ctid(101)
HEARD = Changes(containers=frozenset({CTID}))


@pytest.fixture
def root(tmp_path: Path) -> Root:
    root = Root(tmp_path)
    RunFolder(root, Ctid(1)).make(IdMap())
    record.save(root, Ctid(1), record.Record(reason=Reason.KILLED))
    return root


@pytest.fixture
def watch(root: Root) -> Iterator[RunWatch]:
    watch = RunWatch(root)
    yield watch
    watch.close()


@pytest.fixture
def monitor() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def _note(run: RunFolder, name: str, pid: int) -> None:
    """As the hook does."""
    (run.path / f"{name}.new").write_bytes(Path(f"/proc/{pid}/stat").read_bytes())
    (run.path / f"{name}.new").rename(run.path / name)


def test_a_whole_life_is_heard(
    root: Root, watch: RunWatch, monitor: subprocess.Popen[bytes]
) -> None:
    run = RunFolder(root, CTID)
    for change in (
        lambda: run.make(IdMap()),
        lambda: _note(run, "monitor", monitor.pid),
        lambda: _note(run, "init", os.getpid()),
        lambda: run.mark(Mark.PAUSED),
        lambda: run.unmark(Mark.PAUSED),
        lambda: run.mark(Mark.SHUTDOWN),
        lambda: run.mark(Mark.ENDED),
        lambda: record.save(root, CTID, record.Record(reason=Reason.SHUT_DOWN)),
        run.remove,
    ):
        change()
        assert watch.changes() == HEARD
        assert watch.changes() == Changes()


def test_what_says_nothing_of_the_state_is_no_news(root: Root, watch: RunWatch) -> None:
    run = RunFolder(root, Ctid(1))
    run.write("limits", "")
    run.write("boots", "1 1\n")
    (root.path("run/vzvirt") / "registry.lck").touch()
    (root.path("run/vzvirt") / "live").mkdir()
    assert watch.changes() == Changes()


@pytest.mark.parametrize("known", [True, False])
def test_a_monitor_that_is_killed_leaves_nothing_but_is_missed(
    root: Root, monitor: subprocess.Popen[bytes], known: bool
) -> None:
    run = RunFolder(root, CTID)
    if known:
        run.make(IdMap())
        _note(run, "monitor", monitor.pid)
    watch = RunWatch(root)
    try:
        if not known:
            run.make(IdMap())
            _note(run, "monitor", monitor.pid)
        watch.changes()
        monitor.kill()
        assert select.select([watch], [], [], 5)[0]
        assert watch.changes() == HEARD
        assert watch.changes() == Changes()
    finally:
        watch.close()


def test_a_run_that_follows_at_once_is_heard_to_its_end(root: Root, watch: RunWatch) -> None:
    """The folder of the next run has the name of the one before."""
    run = RunFolder(root, CTID)
    run.make(IdMap())
    watch.changes()
    run.make(IdMap())  # removes it, makes it again
    assert watch.changes() == HEARD
    run.mark(Mark.ENDED)
    assert watch.changes() == HEARD
