"""What starts with the host, in which order, and how often."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from copy import copy
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.vzfiles.hostmarks import FileHostMarks
from vzvirt.manager import Manager
from vzvirt.model.domain import OpenvzSettings
from vzvirt.model.state import DomainState, Reason
from vzvirt.model.values import Ctid
from worlds import World


class Ward:
    """A world of containers, and who was started or stopped in it, in which order."""

    def __init__(self, folder: Path) -> None:
        self.world = World.at(folder)
        self.manager: Manager = self.world.manager
        self.order: list[str] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self.marks = FileHostMarks(self.world.root)
        # Its own, so that what tests start themselves is not noted.
        lifecycle = self.manager.hostboot._lifecycle = copy(self.manager.lifecycle)
        for name in ("start", "shutdown"):
            setattr(lifecycle, name, self._noting(getattr(lifecycle, name)))

    def _noting(self, call: Callable[[str], None]) -> Callable[[str], None]:
        def noted(ref: str) -> None:
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
                self.order.append(self.names[ref])
            try:
                call(ref)
            finally:
                with self._lock:
                    self._now -= 1

        return noted

    @property
    def names(self) -> dict[str, str]:
        return {str(item.ctid): item.name for item in self.world.store.index()}

    def define(self, name: str, order: int | None = None, autostart: bool | None = True) -> Ctid:
        openvz = OpenvzSettings(autostart_priority=order)
        ctid = self.world.define(name=name, openvz=openvz).domain.ctid
        assert ctid is not None
        self.manager.definitions.set_autostart(name, autostart)
        return ctid

    def running(self) -> set[str]:
        names = self.names
        return {names[str(ctid)] for ctid in self.world.store.ctids() if self.is_on(ctid)}

    def is_on(self, ctid: Ctid) -> bool:
        return self.world.engine.observe(ctid).is_active

    def reboot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The host does."""
        monkeypatch.setattr("vzvirt.backends.vzfiles.hostmarks.boot_id", lambda: "the next one")
        for ctid in self.world.store.ctids():
            self.world.engine.settle(ctid, host_went_down=True)
        self.order.clear()


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    return Ward(tmp_path)


def test_the_highest_boot_order_starts_first_and_stops_last(ward: Ward) -> None:
    for name, order in (("third", None), ("first", 10), ("second", 0), ("fourth", None)):
        ward.define(name, order)
    ward.define("never", 99, autostart=False)
    started = ward.manager.hostboot.start_all(at_once=1)
    assert started is not None
    assert (len(started.done), started.failed, started.left) == (4, (), ())
    assert ward.order == ["first", "second", "third", "fourth"]
    ward.order.clear()
    ward.manager.lifecycle.start("never")
    stopped = ward.manager.hostboot.stop_all(at_once=1)
    assert len(stopped.done) == 5
    assert ward.order[-3:] == ["second", "first", "never"]
    assert ward.running() == set()


def test_a_class_starts_at_once_but_only_so_many(ward: Ward) -> None:
    for number in range(12):
        ward.define(f"c{number}")
    ward.manager.hostboot.start_all(at_once=3)
    assert len(ward.running()) == 12
    assert 1 <= ward.most <= 3


def test_it_happens_once_in_each_boot(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.define("web")
    assert ward.manager.hostboot.start_all(at_once=4) is not None
    ward.manager.lifecycle.kill("web")
    assert ward.manager.hostboot.start_all(at_once=4) is None
    assert ward.running() == set(), "somebody stopped it: it stays off"
    ward.reboot(monkeypatch)
    ward.manager.hostboot.start_all(at_once=4)
    assert ward.running() == {"web"}


def test_after_all_were_stopped_only_who_says_so_starts_them_again(ward: Ward) -> None:
    ward.define("web")
    ward.define("db", autostart=None)
    ward.manager.hostboot.start_all(at_once=4)
    ward.manager.lifecycle.start("db")
    ward.manager.hostboot.stop_all(at_once=4)
    assert ward.manager.hostboot.start_all(at_once=4) is None
    ward.manager.hostboot.start_all(at_once=4, again=True)
    assert ward.running() == {"web", "db"}
    assert ward.manager.hostboot.start_all(at_once=4, again=True) is None


@pytest.mark.parametrize("clean", [True, False])
def test_what_ran_when_the_host_went_down_runs_again_unless_it_must_not(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, *, clean: bool
) -> None:
    ward.define("asked", autostart=None)
    ward.define("refused", autostart=False)
    ward.define("idle", autostart=None)
    ward.manager.hostboot.start_all(at_once=4)
    assert ward.running() == set()
    ward.manager.lifecycle.start("asked")
    ward.manager.lifecycle.start("refused")
    if clean:
        ward.manager.hostboot.stop_all(at_once=4)
    ward.reboot(monkeypatch)
    ward.manager.hostboot.start_all(at_once=4)
    assert ward.running() == {"asked"}
    assert ward.marks.stopped_with_host() == frozenset()


def test_whoever_comes_after_one_that_was_killed_goes_on_there(ward: Ward) -> None:
    names = [f"c{number}" for number in range(4)]
    for name in names:
        ward.define(name)
    answers = iter([True, True, False])
    first = ward.manager.hostboot.start_all(at_once=1, go_on=lambda: next(answers, False))
    assert first is not None
    assert len(first.done) == 2
    assert len(first.left) == 2
    ward.manager.lifecycle.kill(ward.order[0])
    second = ward.manager.hostboot.start_all(at_once=1)
    assert second is not None
    assert ward.order == names, "each of them once"
    assert ward.running() == set(names[1:])


def test_somebody_who_is_at_it_is_left_alone(ward: Ward) -> None:
    ward.define("web")
    with ward.marks.lock(0):
        assert ward.manager.hostboot.start_all(at_once=4) is None
        with pytest.raises(errors.Busy):
            ward.manager.hostboot.stop_all(at_once=4, wait=0)
    assert ward.manager.hostboot.start_all(at_once=4) is None, "the host goes down"


def test_one_that_does_not_start_keeps_nobody_from_it(ward: Ward) -> None:
    ward.define("broken", 5)
    ward.define("web")
    broken = ward.world.store.load(Ctid(101)).domain
    ward.world.store.save(
        dataclasses.replace(broken, openvz=dataclasses.replace(broken.openvz, disabled=True))
    )
    result = ward.manager.hostboot.start_all(at_once=4)
    assert result is not None
    assert [ctid for ctid, _ in result.failed] == [101]
    assert ward.running() == {"web"}
    assert any("container 101 does not start with the host" in said for said in ward.world.warned)
    assert ward.manager.hostboot.start_all(at_once=4) is None, "it is not tried for ever"


def test_those_that_run_already_are_left_alone(ward: Ward) -> None:
    ctid = ward.define("web")
    ward.manager.lifecycle.start("web")
    before = ward.world.engine.observe(ctid)
    ward.manager.hostboot.start_all(at_once=4)
    assert ward.world.engine.observe(ctid) == before


def test_one_that_is_defined_meanwhile_is_left_alone(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.define("web")
    before = ward.world.store.index()
    ward.define("new")
    monkeypatch.setattr(ward.world.store, "index", lambda: before)
    result = ward.manager.hostboot.start_all(at_once=1)
    assert result is not None
    assert result.done == (Ctid(101),)


def test_paused_ones_are_let_shut_down(ward: Ward) -> None:
    ctid = ward.define("web")
    ward.manager.lifecycle.start("web")
    ward.manager.lifecycle.pause("web")
    assert ward.manager.hostboot.stop_all(at_once=4).done == (ctid,)
    assert ward.world.engine.observe(ctid).reason is Reason.SHUT_DOWN
    assert ward.world.state(ctid) is DomainState.SHUTOFF


def test_one_that_somebody_reboots_meanwhile_goes_down_with_the_host(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctid = ward.define("web")
    ward.manager.lifecycle.start("web")
    engine = ward.world.engine
    engine.make_stubborn(ctid)

    def wait_stopped(*_: object) -> bool:
        monkeypatch.undo()
        ward.manager.lifecycle.request_reboot("web")
        return False

    monkeypatch.setattr(engine, "wait_stopped", wait_stopped)
    assert ward.manager.hostboot.stop_all(at_once=4).done == (ctid,)
    assert engine.observe(ctid).reason is Reason.KILLED


def test_what_cannot_be_read_counts_as_not_there(ward: Ward) -> None:
    ward.world.root.path("run/vzvirt").mkdir(parents=True, exist_ok=True)
    ward.world.root.path("run/vzvirt/boot.json").write_text('{"boot_id": 5, "pending": "x"')
    assert ward.marks.boot_note() is None
    ward.marks.note_stopped([Ctid(101)])
    ward.world.root.path("var/lib/vzvirt/stopped-with-host").write_text("101\nrubbish\n")
    assert ward.marks.stopped_with_host() == frozenset({101})
