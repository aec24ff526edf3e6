"""The caller is killed in the middle of its work; the next command finishes or repairs it.

The caller is killed at points spread over the time the work takes, every other time together
with the programs it started. Afterwards a command on *another* container is the next command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import crashes
from installation import Footprint, Host

from .conftest import BYSTANDER

pytestmark = pytest.mark.root

VICTIM = 201
POINTS = [pytest.param(3, id="3"), pytest.param(30, id="30", marks=pytest.mark.slow)]
LAYOUTS = ["simfs", "image"]


@pytest.fixture
def nothing(host: Host) -> Iterator[Footprint]:
    """What the host holds without the victim."""
    forget(host)
    before = host.footprint()
    yield before
    forget(host)
    assert not host.footprint().beyond(before)


def forget(host: Host) -> None:
    host.run("kill", str(VICTIM))
    host.run("undefine", "--remove-data", str(VICTIM))


def campaign(
    host: Host,
    points: int,
    prepare: Callable[[], None],
    arguments: tuple[str, ...],
    judge: Callable[[], None],
) -> None:
    """Crash a command at many points of its work, judging each time what is left."""
    prepare()
    expected = host.footprint()

    def fresh() -> None:
        forget(host)
        prepare()

    def judge_all() -> None:
        host.wait_for_orphans(expected)
        assert host.ok("exec", str(BYSTANDER), "--", "echo", "well").strip() == "well"
        judge()

    crashes.campaign(points, lambda: host.spawn(*arguments), fresh, judge_all)


def one_of(found: Footprint, **allowed: Footprint) -> str:
    """Which of the allowed footprints was found."""
    differences = {name: found.beyond(footprint) for name, footprint in allowed.items()}
    for name, difference in differences.items():
        if not difference:
            return name
    report = "\n".join(f"not {name}:\n{difference}" for name, difference in differences.items())
    raise AssertionError(report)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("points", POINTS)
def test_provision(host: Host, nothing: Footprint, layout: str, points: int) -> None:
    host.define(VICTIM, layout)
    defined = host.footprint()
    host.ok("provision", str(VICTIM))
    provisioned = host.footprint()

    def judge() -> None:
        state = one_of(host.footprint(), defined=defined, provisioned=provisioned)
        if state == "defined":
            host.ok("provision", str(VICTIM))
        host.ok("start", str(VICTIM))
        assert host.ok("exec", str(VICTIM), "--", "cat", "/etc/hostname")

    forget(host)
    campaign(host, points, lambda: host.define(VICTIM, layout), ("provision", str(VICTIM)), judge)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("points", POINTS)
def test_undefine(host: Host, nothing: Footprint, layout: str, points: int) -> None:
    def prepare() -> None:
        host.define(VICTIM, layout)
        host.ok("provision", str(VICTIM))

    prepare()
    provisioned = host.footprint()

    def judge() -> None:
        if one_of(host.footprint(), gone=nothing, provisioned=provisioned) == "provisioned":
            host.ok("start", str(VICTIM))

    forget(host)
    campaign(host, points, prepare, ("undefine", "--remove-data", str(VICTIM)), judge)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("points", POINTS)
def test_start(host: Host, nothing: Footprint, layout: str, points: int) -> None:
    """Whatever a crashed start leaves can be started, or runs; killed, it holds nothing."""

    def prepare() -> None:
        host.define(VICTIM, layout)
        host.ok("provision", str(VICTIM))

    prepare()
    host.ok("start", str(VICTIM))
    host.ok("kill", str(VICTIM))
    stopped = host.footprint()

    def judge() -> None:
        started = host.run("start", str(VICTIM))
        assert started.returncode in {0, 4}, started  # 4: it runs already
        assert host.ok("exec", str(VICTIM), "--", "echo", "well").strip() == "well"
        host.ok("kill", str(VICTIM))
        assert not host.footprint().beyond(stopped)

    forget(host)
    campaign(host, points, prepare, ("start", str(VICTIM)), judge)


def test_half_written_config(host: Host, nothing: Footprint) -> None:
    """A temporary file of a crashed writer is no container and does not stay in the way."""
    conf = host.root / "etc/vz/conf"
    host.define(VICTIM, "simfs")
    whole = (conf / f"{VICTIM}.conf").read_bytes()
    for path in leftover_names(conf):
        path.write_bytes(whole[: len(whole) // 2])
    try:
        assert f"{VICTIM}" in host.ok("list", "--all")
        host.ok("autostart", str(VICTIM))
    finally:
        for path in leftover_names(conf):
            path.unlink(missing_ok=True)


def leftover_names(conf: Path) -> list[Path]:
    return [conf / f".{VICTIM}.conf.tmp", conf / f"{VICTIM}.conf.tmp", conf / f"{VICTIM}.conf~"]
