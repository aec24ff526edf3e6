"""A process may die before or after any change: the next command finishes or undoes its work.

Each piece of work is done once to count its changes, then once for each of them with the
process dying there. Afterwards the world is what it was, or what was wanted, and nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.manager import Manager
from vzvirt.model.state import DomainState
from vzvirt.model.values import Ctid, SoftHard
from vzvirt.ports.journal import JournalEntry
from worlds import MIB, Crash, Fuse, World, container

CTID = Ctid(101)
OTHER = Ctid(102)

Work = Callable[[Manager], object]

WORKS: dict[str, Work] = {
    "provision": lambda it: it.provisioning.provision("web", ssh_keys=["ssh-ed25519 AAAA x"]),
    "start": lambda it: it.lifecycle.start("web"),
    "undefine with data": lambda it: it.definitions.undefine("web", remove_data=True),
    "undefine": lambda it: it.definitions.undefine("web", remove_data=False),
    "grow": lambda it: it.quotas.set("web", space=SoftHard(40 * MIB, 40 * MIB)),
    "shrink": lambda it: it.quotas.set("web", space=SoftHard(10 * MIB, 10 * MIB)),
    "set a password": lambda it: it.guests.set_password("web", "root", "x"),
}
PROVISIONED = {"undefine with data", "undefine", "grow", "shrink", "set a password"}
MOST_CHANGES = 12


def _world(folder: Path, work: str) -> World:
    folder.mkdir()
    world = World.at(folder)
    world.define(space=20 * MIB)
    world.define(name="other", space=20 * MIB)
    world.manager.lifecycle.start("other")
    if work in PROVISIONED:
        world.manager.provisioning.provision("web")
    return world


def _definition(world: World) -> object:
    try:
        domain = world.store.load(CTID).domain
    except errors.NoDomain:
        return None
    return dataclasses.replace(domain, uuid=None)


def _summary(world: World) -> tuple[object, ...]:
    """All there is of the container, as far as it matters."""
    there = world.layouts["image"].holds(world.area())
    quota = (world.area() / "quota.json").read_text() if there else ""
    live = CTID in world.store.ctids() and world.store.load(CTID, live=True).live
    return (_definition(world), there, quota, world.state(), world.mounted(), live)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("work", WORKS)
def test_a_crash_at_any_change(tmp_path: Path, work: str, after: bool) -> None:
    whole = _world(tmp_path / "whole", work)
    old = _summary(whole)
    fuse = Fuse()
    WORKS[work](whole.fused(fuse))
    new = _summary(whole)
    # A start is two pieces of work: what it provisions stays.
    allowed = [old, new]
    if work == "start":
        between = _world(tmp_path / "between", work)
        between.manager.provisioning.provision("web")
        allowed.append(_summary(between))
    assert 1 < len(fuse.calls) <= MOST_CHANGES, fuse.calls
    for number in range(1, len(fuse.calls) + 1):
        world = _world(tmp_path / str(number), work)
        other = world.engine.observe(OTHER)
        with pytest.raises(Crash):
            WORKS[work](world.fused(Fuse(number), after=after))
        where = f"{'after' if after else 'before'} {fuse.calls[number - 1]} ({number})"
        world.manager.repairs.repair_pending()
        assert world.journal.pending() == [], where
        assert _summary(world) in allowed, where
        assert world.leftovers() == [], where
        assert world.engine.observe(OTHER) == other, where
        assert world.mounted(OTHER), where
        assert world.warned == [], where


TRANSIENT: dict[str, Work] = {
    "run": lambda it: it.lifecycle.start_transient(container(space=20 * MIB)),
    "kill": lambda it: it.lifecycle.kill("web"),
    "make it last": lambda it: it.definitions.define(it.definitions.get("web").domain),
}


def _transient_world(folder: Path, work: str) -> World:
    folder.mkdir()
    world = World.at(folder)
    if work != "run":
        world.manager.lifecycle.start_transient(container(space=20 * MIB))
    return world


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("work", TRANSIENT)
def test_a_crash_around_a_transient_container(tmp_path: Path, work: str, after: bool) -> None:
    """Afterwards it runs, or it is gone with all that was made for it."""
    fuse = Fuse()
    TRANSIENT[work](_transient_world(tmp_path / "whole", work).fused(fuse))
    assert 1 < len(fuse.calls) <= MOST_CHANGES + 4, fuse.calls
    for number in range(1, len(fuse.calls) + 1):
        world = _transient_world(tmp_path / str(number), work)
        with pytest.raises(Crash):
            TRANSIENT[work](world.fused(Fuse(number), after=after))
        where = f"{'after' if after else 'before'} {fuse.calls[number - 1]} ({number})"
        world.manager.repairs.repair_pending()
        assert world.journal.pending() == [], where
        runs = world.state() is DomainState.RUNNING
        assert world.store.ctids() == ([CTID] if runs else []), where
        assert world.mounted() is runs, where
        assert world.area().exists() is runs, where
        assert world.leftovers() == [], where
        assert world.warned == [], where


@pytest.mark.parametrize("work", ["provision", "start", "grow"])
def test_a_full_disk_at_any_change(tmp_path: Path, work: str) -> None:
    whole = _world(tmp_path / "whole", work)
    old = _summary(whole)
    fuse = Fuse()
    WORKS[work](whole.fused(fuse))
    new = _summary(whole)
    for number, call in enumerate(fuse.calls, 1):
        world = _world(tmp_path / str(number), work)
        with pytest.raises(errors.NoSpace):
            WORKS[work](world.fused(Fuse(number, errors.NoSpace("full"))))
        world.manager.repairs.repair_pending()
        assert world.journal.pending() == [], call
        assert world.leftovers() == [], call
        if work != "start":
            assert _summary(world) in (old, new), call
        assert not world.mounted() or world.state() is DomainState.RUNNING, call


def test_provisioning_that_fails_leaves_nothing_at_once(world: World) -> None:
    world.define()
    fuse = Fuse()
    world.fused(fuse).provisioning.provision("web")
    save = fuse.calls.index("MemoryStore.save") + 1
    world.manager.definitions.undefine("web", remove_data=True)
    world.define()
    with pytest.raises(errors.NoSpace):
        world.fused(Fuse(save, errors.NoSpace("full"))).provisioning.provision("web")
    assert not world.area().exists()
    assert world.journal.pending() == []
    assert not world.store.load(CTID).domain.provisioned
    world.manager.provisioning.provision("web")


def test_work_that_is_under_way_is_left_alone(world: World) -> None:
    import threading

    world.define()
    note = JournalEntry(ctid=CTID, work="start")
    world.journal.begin(note)
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with world.store.lock(CTID):
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    assert world.manager.repairs.repair_pending() == []
    go.set()
    thread.join()
    assert world.journal.pending() == [note]
    assert world.warned == []


@pytest.mark.parametrize(
    "note",
    [
        JournalEntry(ctid=CTID, work="teleport"),
        JournalEntry(ctid=CTID, work="provision", details={}),
    ],
)
def test_a_note_nobody_understands_is_kept_and_told(world: World, note: JournalEntry) -> None:
    world.define()
    world.define(name="other")
    world.journal.begin(note)
    assert world.manager.repairs.repair_pending() == []
    assert world.journal.pending() == [note]
    assert len(world.warned) == 1
    with pytest.raises(errors.OperationFailed):
        world.manager.lifecycle.start("web")
    world.manager.lifecycle.start("other")


def test_whoever_has_the_lock_repairs_first(world: World) -> None:
    """Without any call of repair_pending: the command on that container does it."""
    world.define()
    world.manager.provisioning.provision("web")
    settled_and_noted = Fuse(3)
    with pytest.raises(Crash):
        manager = world.fused(settled_and_noted, after=True)
        manager.definitions.undefine("web", remove_data=True)
    assert settled_and_noted.calls[-1] == "MemoryJournal.begin"
    with pytest.raises(errors.NoDomain):
        world.manager.lifecycle.start("web")
    assert not world.area().exists()


def test_a_resize_that_can_go_neither_way(world: World) -> None:
    """The disk filled up between crash and repair: keep what is there, and do not get stuck."""
    world.define(space=20 * MIB)
    world.manager.provisioning.provision("web")
    with pytest.raises(Crash):
        world.fused(Fuse(1), after=True).quotas.set("web", space=SoftHard(MIB, MIB))
    (world.area() / "root/big").write_bytes(bytes(2 * MIB))
    world.manager.repairs.repair_pending()
    assert world.journal.pending() == []
    root = world.store.load(CTID).domain.root
    assert root is not None
    assert root.space == SoftHard(20 * MIB, 20 * MIB)
