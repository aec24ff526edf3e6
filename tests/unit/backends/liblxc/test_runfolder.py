"""What the marks in a run folder say, and that it goes in one step."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from vzvirt.backends.liblxc.runfolder import Facts, Mark, Pauses, RunFolder
from vzvirt.model.domain import LifecyclePolicy
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid, IdMap, IdRange
from vzvirt.system.root import Root


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(Root(tmp_path), Ctid(101))
    run.make(IdMap())
    return run


@pytest.mark.parametrize(
    ("paused", "unpaused", "while_paused", "while_running"),
    [
        (None, None, None, None),
        (5.0, None, None, None),
        (5.0, 6.0, None, 6.0),  # about to go on; or it does
        (7.0, 6.0, 6.0, 6.0),  # paused once more
        (None, 6.0, 6.0, 6.0),  # about to be paused; or it goes on
    ],
)
def test_when_a_pause_was_lifted(
    paused: float | None,
    unpaused: float | None,
    while_paused: float | None,
    while_running: float | None,
) -> None:
    pauses = Pauses(paused, unpaused)
    assert pauses.lifted_at(is_paused=True) == while_paused
    assert pauses.lifted_at(is_paused=False) == while_running


def test_marks_know_when_they_were_left(run: RunFolder) -> None:
    assert run.pauses == Pauses(None, None)
    run.mark(Mark.PAUSED)
    run.mark(Mark.UNPAUSED)
    os.utime(run.path / "unpaused", (5, 5))
    assert run.pauses.unpaused == 5
    assert run.pauses.paused is not None
    run.unmark(Mark.PAUSED)
    assert run.pauses == Pauses(None, 5.0)


def test_facts_are_kept_how_the_run_before_ended_among_them(run: RunFolder) -> None:
    for end in (None, Reason.DIED):
        facts = Facts(
            name="web",
            reason=Reason.BOOTED,
            init_kind="other",
            policy=LifecyclePolicy(),
            previous_end=end,
        )
        run.write_facts(facts)
        assert run.facts == facts


def test_nobody_sees_it_half_empty(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.mark(Mark.ENDED)
    seen: list[tuple[bool, int | None]] = []

    def removing(path: Path) -> None:
        seen.append((run.exists, run.instance))
        assert (path / Mark.ENDED.value).exists()

    monkeypatch.setattr("vzvirt.backends.liblxc.runfolder.remove_tree", removing)
    run.remove()
    run.remove()
    assert seen == [(False, None)]


def test_what_a_killed_process_had_put_aside_goes_with_the_next_run(run: RunFolder) -> None:
    first = run.instance
    run.path.rename(run.path.with_name(".101.aside-0123abcd"))
    run.make(IdMap())
    assert run.instance not in {None, first}
    assert [path.name for path in run.path.parent.iterdir()] == ["101"]


def test_only_the_containers_own_root_may_pass(run: RunFolder) -> None:
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    shift = IdMap((IdRange(0, 100000, 65536),), (IdRange(0, os.getgid(), 1),))
    run.make(shift)
    found = run.path.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (
        0o710,
        os.getuid(),
        os.getgid(),
    )
