"""Two and more commands on one container at the same time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from installation import Host, may_grow_mounted

pytestmark = pytest.mark.root

VICTIM = 202
DONE, FAILED, CALLER, NOT_FOUND, WRONG_STATE = 0, 1, 2, 3, 4


@pytest.fixture
def victim(host: Host) -> Iterator[str]:
    before = host.footprint()
    host.define(VICTIM, "image")
    host.ok("provision", str(VICTIM))
    yield str(VICTIM)
    host.run("kill", str(VICTIM))
    host.run("undefine", "--remove-data", str(VICTIM))
    assert not host.footprint().beyond(before)


def at_once(host: Host, *commands: tuple[str, ...]) -> list[int]:
    """Run commands at the same time; their exit statuses."""
    running = [host.spawn(*arguments) for arguments in commands]
    statuses = []
    for command in running:
        try:
            _, errors = command.communicate(timeout=90)
        finally:
            command.kill()
        assert b"Traceback" not in errors, errors.decode()
        statuses.append(command.returncode)
    return statuses


def state(host: Host, ref: str) -> str:
    found: str = json.loads(host.ok("info", ref, "--json"))["state"]
    return found


def test_two_starts(host: Host, victim: str) -> None:
    assert Counter(at_once(host, *[("start", victim)] * 2)) == {DONE: 1, WRONG_STATE: 1}
    assert state(host, victim) == "running"


def test_first_starts_of_an_unprovisioned(host: Host, victim: str) -> None:
    host.ok("undefine", "--remove-data", victim)
    host.define(VICTIM, "image")
    commands = [("start", victim), ("provision", victim), ("start", victim)]
    statuses = at_once(host, *commands)
    assert statuses.count(DONE) in {1, 2}, statuses  # provision may come first, or too late
    assert DONE in (statuses[0], statuses[2])
    assert state(host, victim) == "running"


def test_two_kills(host: Host, victim: str) -> None:
    host.ok("start", victim)
    assert Counter(at_once(host, *[("kill", victim)] * 2)) == {DONE: 1, WRONG_STATE: 1}
    assert state(host, victim) == "shutoff"


def test_two_undefines(host: Host, victim: str) -> None:
    statuses = at_once(host, *[("undefine", "--remove-data", victim)] * 2)
    assert Counter(statuses) == {DONE: 1, NOT_FOUND: 1}


def test_start_and_undefine(host: Host, victim: str) -> None:
    started, undefined = at_once(host, ("start", victim), ("undefine", "--remove-data", victim))
    assert (started, undefined) in {(DONE, WRONG_STATE), (NOT_FOUND, DONE)}


def test_pauses_and_unpauses(host: Host, victim: str) -> None:
    host.ok("start", victim)
    statuses = at_once(host, *[("pause", victim), ("unpause", victim)] * 3)
    assert set(statuses) <= {DONE, WRONG_STATE}
    assert state(host, victim) in {"running", "paused"}


def test_commands_in_a_container_that_is_killed(host: Host, victim: str) -> None:
    host.ok("start", victim)
    commands = [("exec", victim, "--", "sleep", "30")] * 3 + [("kill", victim)]
    *executed, killed = at_once(host, *commands)
    assert killed == DONE
    # Killed with the container, or too late to get in.
    assert set(executed) <= {128 + 9, WRONG_STATE, FAILED}, executed
    assert state(host, victim) == "shutoff"


def test_quotas_at_once(host: Host, victim: str) -> None:
    host.ok("start", victim)
    sizes = [f"{size}M" for size in (24, 28, 32)]
    statuses = at_once(host, *[("quota", victim, "--size", size) for size in sizes])
    assert DONE in statuses or not may_grow_mounted()
    assert set(statuses) <= {DONE, CALLER, WRONG_STATE, 7}  # a live image does not shrink
    assert state(host, victim) == "running"


def test_definitions_of_one_name(host: Host) -> None:
    """Of many who define one name, one gets it; numbers are given out once."""
    before = host.footprint()
    document = (
        "<domain type='openvz'><name>{}</name><devices>"
        "<filesystem type='template'><source name='busybox'/></filesystem>"
        "</devices></domain>"
    )
    files = []
    for number in range(8):
        path = host.root / f"same-{number}.xml"
        path.write_text(document.format("same" if number < 4 else f"other{number}"))
        files.append(path)
    statuses = at_once(host, *[("define", str(path)) for path in files])
    for path in files:
        path.unlink()
    listed = json.loads(host.ok("list", "--all", "--json"))
    names = Counter(item["name"] for item in listed)
    numbers = Counter(item["ctid"] for item in listed)
    for name in ("same", "other4", "other5", "other6", "other7"):
        host.ok("undefine", name)
    assert names["same"] == 1
    assert statuses[4:] == [DONE] * 4
    assert statuses[:4].count(DONE) >= 1
    assert set(numbers.values()) == {1}
    assert not host.footprint().beyond(before)
