"""What every container engine promises, simulated or real: ports.engine.ContainerEngine."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import select
import signal
import time
from pathlib import Path

import pytest

from contract.conftest import CTID, MIB, Site, wait_until
from vzvirt import errors
from vzvirt.model.state import DomainState, Reason
from vzvirt.model.statistics import Topic
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ConsoleLine, ExecRequest


def test_nobody_ever_started_it(site: Site) -> None:
    observation = site.observe(Ctid(4711))
    assert (observation.state, observation.reason) == (
        DomainState.SHUTOFF,
        Reason.NEVER_STARTED,
    )
    assert site.engine.wait_stopped(Ctid(4711), 0)
    site.engine.kill(Ctid(4711))
    assert site.engine.settle(Ctid(4711)).reason is Reason.NEVER_STARTED
    assert site.engine.console_log(Ctid(4711)) == b""


def test_a_life(site: Site) -> None:
    plan = site.mounted_plan()
    site.engine.start(plan)
    up = site.observe()
    assert up.reason is Reason.BOOTED
    assert up.init_pid is not None
    assert up.started_at is not None
    assert not site.engine.wait_stopped(CTID, 0)
    site.engine.pause(CTID)
    assert site.observe().reason is Reason.PAUSED_BY_USER
    site.engine.unpause(CTID)
    assert site.observe().reason is Reason.UNPAUSED
    site.engine.request_shutdown(CTID)
    assert site.engine.wait_stopped(CTID, 20)
    assert site.engine.settle(CTID).reason is Reason.SHUT_DOWN
    assert site.observe().init_pid is None


def test_started_twice(site: Site) -> None:
    plan = site.mounted_plan()
    site.engine.start(plan)
    before = site.observe()
    with pytest.raises(errors.VzvirtError, match="running already"):
        site.engine.start(plan)
    assert site.observe() == before


def test_the_reason_to_run_is_the_plans(site: Site) -> None:
    plan = site.mounted_plan()
    site.engine.start(dataclasses.replace(plan, reason=Reason.RESTARTED))
    assert site.observe().reason is Reason.RESTARTED


def test_started_paused(site: Site) -> None:
    site.engine.start(dataclasses.replace(site.mounted_plan(), paused=True))
    assert site.observe().reason is Reason.PAUSED_BY_USER
    site.engine.kill(CTID)
    assert site.observe().reason is Reason.KILLED


def test_killed(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    site.engine.kill(CTID)
    assert site.engine.wait_stopped(CTID, 0)
    observation = site.engine.settle(CTID)
    assert (observation.reason, observation.exit_status) == (Reason.KILLED, -9)
    assert site.engine.settle(CTID) == observation
    site.engine.kill(CTID)


def test_powered_off_inside(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    site.power_off_inside()
    site.wait_for(Reason.POWERED_OFF)
    site.wait_given_back()


def test_died(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    site.crash_inside()
    site.wait_for(Reason.DIED)
    assert site.observe().exit_status == -9
    site.wait_given_back()


def test_each_run_is_told_from_others_and_knows_how_the_one_before_ended(site: Site) -> None:
    plan = site.mounted_plan()
    site.engine.start(plan)
    first = site.observe()
    assert first.run is not None
    assert first.previous_end is None
    site.engine.pause(CTID)
    assert site.observe().run == first.run
    site.engine.kill(CTID)
    assert site.engine.settle(CTID).run == first.run, "of one that is off, the last"
    place = site.area()
    place.layout.unmount(place.spec)
    place.layout.mount(place.spec)
    site.engine.start(plan)
    second = site.observe()
    assert second.run not in {None, first.run}
    assert second.previous_end is Reason.KILLED


def test_a_pause_that_was_lifted_leaves_a_mark(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    assert site.observe().unpaused_at is None
    site.engine.pause(CTID)
    assert site.observe().unpaused_at is None
    site.engine.unpause(CTID)
    once = site.observe().unpaused_at
    assert once is not None
    time.sleep(0.02)
    site.engine.pause(CTID)
    assert site.observe().unpaused_at == once
    site.engine.unpause(CTID)
    twice = site.observe().unpaused_at
    assert twice is not None
    assert twice > once


def test_rebooted(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    before = site.observe()
    site.engine.request_reboot(CTID)
    for _ in range(100):
        if site.observe().init_pid not in {None, before.init_pid}:
            break
        assert not site.engine.wait_stopped(CTID, 0.1)
    assert site.observe().is_active
    assert site.observe().init_pid != before.init_pid
    assert site.observe().run == before.run


def test_forgotten(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    site.engine.kill(CTID)
    site.engine.settle(CTID)
    site.engine.forget(CTID)
    site.engine.forget(CTID)
    assert site.observe().reason is Reason.NEVER_STARTED


def test_another_process_sees_the_same(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    others = {item.ctid: item for item in site.engine.observe_all([Ctid(100), CTID, Ctid(102)])}
    assert list(others) == [100, 101, 102]
    assert others[CTID] == site.observe()
    assert not others[Ctid(100)].is_active


@pytest.mark.parametrize(
    ("argv", "status"),
    [(("true",), 0), (("false",), 1), (("sh", "-c", "exit 42"), 42), (("echo", "a", "b"), 0)],
)
def test_exit_statuses(
    site: Site, argv: tuple[str, ...], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    site.engine.start(site.mounted_plan())
    assert site.engine.execute(CTID, ExecRequest(argv=argv, tty=False)) == status
    assert capfd.readouterr().out == ("a b\n" if argv[0] == "echo" else "")


@pytest.mark.parametrize(
    "call",
    [
        *("request_shutdown", "request_reboot", "pause", "unpause", "attach_console"),
        *("open_console", "statistics", "hostname", "mounts"),
    ],
)
def test_not_running(site: Site, call: str) -> None:
    with pytest.raises(errors.OperationInvalid, match="not running"):
        getattr(site.engine, call)(CTID)
    with pytest.raises(errors.OperationInvalid, match="not running"):
        site.engine.execute(CTID, ExecRequest(argv=("true",)))
    with pytest.raises(errors.OperationInvalid, match="not running"), site.engine.live_root(CTID):
        pass


def test_a_start_that_fails_leaves_nothing(site: Site, tmp_path: Path) -> None:
    plan = site.mounted_plan()
    place = site.area()
    place.layout.unmount(place.spec)
    with pytest.raises(errors.VzvirtError):
        site.engine.start(plan)
    assert not site.observe().is_active
    place.layout.mount(place.spec)
    site.engine.start(plan)
    assert site.observe().is_active


def test_limits_are_told(site: Site) -> None:
    plan = site.mounted_plan()
    rows = {row.parameter: row for row in site.engine.enforcement(plan.domain)}
    assert "memory" in rows
    site.engine.start(plan)
    site.engine.apply(plan.domain)


def test_what_it_uses_is_counted(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    one = site.engine.statistics(CTID)
    assert one.cpu is not None
    assert one.cpu.total > 0
    assert one.cpu.user + one.cpu.system <= one.cpu.total
    assert one.memory is not None
    assert 0 < one.memory.resident <= one.memory.usage
    assert one.memory.limit == 256 * MIB
    assert one.memory.unused == 256 * MIB - one.memory.usage
    assert one.processes is not None
    assert one.processes >= 1
    assert one.all_blocks is not None
    later = site.engine.statistics_of([Ctid(100), CTID], Topic.CPU)
    assert list(later) == [CTID]
    assert later[CTID].cpu is not None
    assert later[CTID].cpu.total >= one.cpu.total
    assert later[CTID].memory is None
    site.engine.kill(CTID)
    with pytest.raises(errors.OperationInvalid, match="not running"):
        site.engine.statistics(CTID)
    assert site.engine.statistics_of([CTID]) == {}


def test_signals_for_its_processes(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    site.engine.signal(CTID, 1, 0)
    with pytest.raises(errors.InvalidArgument, match="no process 4194305"):
        site.engine.signal(CTID, 4194305, signal.SIGTERM)
    with pytest.raises(errors.InvalidArgument, match="no signal 65"):
        site.engine.signal(CTID, 1, 65)
    site.engine.signal(CTID, 1, signal.SIGKILL)
    wait_until(lambda: not site.observe().is_active, site.observe)
    assert site.observe().reason is Reason.DIED


def _shown(line: ConsoleLine, wanted: bytes, typed: bytes = b"") -> bytes:
    """What a console shows until it shows what is wanted, or its end.

    What is typed is typed again until then: a guest that is booting may throw it away.
    """
    shown, end = b"", time.monotonic() + 10
    while wanted not in shown and time.monotonic() < end:
        if typed:
            os.write(line.fileno(), typed)
        if select.select([line.fileno()], [], [], 0.5)[0]:
            try:
                shown += os.read(line.fileno(), 4096)
            except OSError as error:
                assert error.errno == errno.EIO
                return shown + END
    return shown


END = b"<the end>"


def test_its_console_is_anyones_who_has_it(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    with contextlib.closing(site.engine.open_console(CTID)) as first:
        assert b"knock" in _shown(first, b"knock", b"knock\n")
        with pytest.raises(errors.Busy, match="in use"):
            site.engine.open_console(CTID)
        with contextlib.closing(site.engine.open_console(CTID, force=True)) as second:
            assert _shown(first, END).endswith(END)
            assert b"again" in _shown(second, b"again", b"again\n")
    with contextlib.closing(site.engine.open_console(CTID)) as third:
        site.engine.kill(CTID)
        assert _shown(third, END).endswith(END)
    third.close()


def test_what_is_to_be_seen_inside(site: Site) -> None:
    site.engine.start(site.mounted_plan())
    assert site.engine.hostname(CTID) == "web"
    with site.engine.live_root(CTID) as root_inside:
        assert (root_inside / "etc").is_dir()
    root = next(item for item in site.engine.mounts(CTID) if item.mountpoint == "/")
    assert root.total is not None
    assert root.used is not None
    assert 0 < root.used <= root.total
    assert not [item for item in site.engine.mounts(CTID) if item.fstype in {"proc", "sysfs"}]
