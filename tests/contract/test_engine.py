"""What every container engine promises, simulated or real: ports.engine.ContainerEngine."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from contract.conftest import CTID, Site
from vzvirt import errors
from vzvirt.model.state import DomainState, Reason
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ExecRequest


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
    "call", ["request_shutdown", "request_reboot", "pause", "unpause", "attach_console"]
)
def test_not_running(site: Site, call: str) -> None:
    with pytest.raises(errors.OperationInvalid, match="not running"):
        getattr(site.engine, call)(CTID)
    with pytest.raises(errors.OperationInvalid, match="not running"):
        site.engine.execute(CTID, ExecRequest(argv=("true",)))


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
