from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from vzvirt.backends.liblxc import record
from vzvirt.backends.liblxc.ending import exit_status, finish, has_ended, settle, why_ended
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.runfolder import Facts, Mark, Process, RunFolder
from vzvirt.model.domain import LifecyclePolicy, OnEnd
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid, IdMap
from vzvirt.system.cgroups import Hierarchies
from vzvirt.system.root import Root

CTID = Ctid(101)
GONE = "4194304 (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 0 0"
"""A process of the highest pid there can be, which therefore is none."""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.fixture
def run(root: Root) -> RunFolder:
    run = RunFolder(root, CTID)
    run.make(IdMap())
    run.write("init", GONE)
    run.write("monitor", GONE)
    return run


@pytest.fixture
def groups() -> Groups:
    return Groups(Hierarchies(()), "vzvirt-test", CTID)


def _log(root: Root, *lines: str) -> Path:
    path = root.path("log")
    path.write_text(
        "\n".join(f"lxc-start 101 2026 INFO error - e.c:f:1 - {line}" for line in lines)
    )
    return path


STARTED = 'Started "/sbin/init" with pid "4194304"'


def test_processes_are_told_by_their_start() -> None:
    assert Process.read(GONE.encode()) == Process(4194304, 77)
    own = Process.read(Path(f"/proc/{os.getpid()}/stat").read_bytes())
    assert own.alive
    assert not Process(own.pid, own.started + 1).alive
    assert not Process(own.pid, own.started + 1).signal(signal.SIGKILL)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Child <4194304> ended on error (3)", 3),
        ("Child <4194304> ended on signal SIGKILL(9)", -9),
        ("Child <4194304> ended on signal Killed(9)", -9),
        ("Child <5> ended on error (3)", 0),
        ("", 0),
    ],
)
def test_exit_statuses(root: Root, run: RunFolder, words: str, status: int) -> None:
    run.mark(Mark.ENDED)
    assert exit_status(run, _log(root, STARTED, words)) == status


def test_nobody_saw_how_it_ended(root: Root, run: RunFolder) -> None:
    assert exit_status(run, _log(root, STARTED)) is None
    run.mark(Mark.ENDED)
    assert exit_status(run, _log(root)) is None
    assert exit_status(run, root.path("no/log")) is None


@pytest.mark.parametrize(
    ("status", "marks", "reason"),
    [
        (-2, (), Reason.POWERED_OFF),
        (0, (), Reason.POWERED_OFF),
        (-1, (), Reason.POWERED_OFF),
        (3, (), Reason.DIED),
        (-9, (), Reason.DIED),
        (-11, (), Reason.DIED),
        (None, (), Reason.DIED),
        (-1, (Mark.REBOOT_STORM,), Reason.DIED),
        (-2, (Mark.SHUTDOWN,), Reason.SHUT_DOWN),
        (143, (Mark.SHUTDOWN,), Reason.SHUT_DOWN),
        (-9, (Mark.SHUTDOWN,), Reason.DIED),
        (-9, (Mark.SHUTDOWN, Mark.KILL), Reason.KILLED),
        (None, (Mark.KILL,), Reason.KILLED),
    ],
)
def test_reasons(
    run: RunFolder, status: int | None, marks: tuple[Mark, ...], reason: Reason
) -> None:
    for mark in marks:
        run.mark(mark)
    assert why_ended(run, status) is reason


def test_out_of_memory(run: RunFolder) -> None:
    run.write("oom", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\noom_kill 2\n")
    assert why_ended(run, -9) is Reason.OUT_OF_MEMORY
    assert why_ended(run, 3) is Reason.DIED
    run.write("oom", "oom_kill 0\n")
    assert why_ended(run, -9) is Reason.DIED


def test_it_never_ran(run: RunFolder) -> None:
    (run.path / "init").unlink()
    assert why_ended(run, None) is Reason.FAILED_TO_START


def test_a_monitor_that_may_boot_anew_is_no_end(run: RunFolder) -> None:
    assert has_ended(run)
    run.write("monitor", Path(f"/proc/{os.getpid()}/stat").read_text())
    assert not has_ended(run)
    run.mark(Mark.ENDED)
    assert has_ended(run)
    run.write("init", Path(f"/proc/{os.getpid()}/stat").read_text())
    assert not has_ended(run)


OURSELVES = Path(f"/proc/{os.getpid()}/stat").read_text()


@pytest.mark.parametrize(
    ("starter", "ended"), [(OURSELVES, False), (GONE, True), ("1234\n", True)]
)
def test_of_what_is_being_started_nothing_need_run(
    root: Root, run: RunFolder, groups: Groups, starter: str, ended: bool
) -> None:
    for name in ("init", "monitor"):
        (run.path / name).unlink()
    run.write("starting", starter)
    assert has_ended(run) is ended
    settle(root, run, groups, _log(root), host_went_down=False)
    assert run.exists is not ended


def _facts(policy: LifecyclePolicy) -> Facts:
    return Facts(name="web", reason=Reason.BOOTED, init_kind="other", policy=policy)


def test_facts_are_kept(run: RunFolder) -> None:
    facts = _facts(LifecyclePolicy(on_crash=OnEnd.RESTART))
    run.write_facts(facts)
    assert run.facts == facts


def test_settling_records_clears_away_and_is_done_once(
    root: Root, run: RunFolder, groups: Groups
) -> None:
    run.write_facts(_facts(LifecyclePolicy()))
    run.mark(Mark.ENDED)
    log = _log(root, STARTED, "Child <4194304> ended on error (3)")
    assert settle(root, run, groups, log, host_went_down=False) is None
    assert not run.exists
    known = record.load(root, CTID)
    assert known is not None
    assert (known.reason, known.exit_status) == (Reason.DIED, 3)
    assert settle(root, run, groups, log, host_went_down=True) is None
    assert record.load(root, CTID) == known


def test_an_earlier_boot_of_the_host(root: Root, run: RunFolder, groups: Groups) -> None:
    record.save(root, CTID, record.Record(reason=Reason.BOOTED, boot_id="earlier"))
    settle(root, run, groups, root.path("log"), host_went_down=False)
    known = record.load(root, CTID)
    assert known is not None
    assert known.reason is Reason.HOST_STOPPED


def test_the_restart_policy_gives_up(root: Root, run: RunFolder, groups: Groups) -> None:
    facts = _facts(LifecyclePolicy(on_poweroff=OnEnd.RESTART))
    for _ in range(3):
        assert finish(root, run, groups, Reason.POWERED_OFF, 0, facts) is facts
        run.make(IdMap())
    assert finish(root, run, groups, Reason.POWERED_OFF, 0, facts) is None
    known = record.load(root, CTID)
    assert known is not None
    assert known.reason is Reason.KEPT_ENDING


def test_records(root: Root) -> None:
    assert record.load(root, CTID) is None
    kept = record.Record(
        reason=Reason.BOOTED,
        boot_id=record.boot_id(),
        monitor=Process(4, 5),
        restarts=(1.5,),
    )
    record.save(root, CTID, kept)
    assert record.load(root, CTID) == kept
    assert kept.settled_reason is Reason.DIED
    for garbage in (b"", b"{}", b"[]", b'{"reason": "NONSENSE"}', b"\xff"):
        record.paths(root, CTID)[0].write_bytes(garbage)
        assert record.load(root, CTID) is None
