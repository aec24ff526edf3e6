"""What is heard of a simulation that another process runs."""

from __future__ import annotations

from pathlib import Path

from vzvirt.backends.memory.engine import MemoryEngine
from vzvirt.backends.memory.state import Runs
from vzvirt.backends.memory.watching import MemoryWatch
from vzvirt.backends.memory.wiring import WiringFile
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.engine import StartPlan
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root

CTID = Ctid(101)


def test_what_happens_to_one_container_is_heard_of_that_one(tmp_path: Path) -> None:
    root = Root(tmp_path)
    engine = MemoryEngine(root)
    watch = MemoryWatch(root)
    try:
        with Runs(root).changing(CTID) as run:
            run.mounted = True
        assert watch.changes().everything, "the first change makes the folder"
        domain = Domain(name="web", ctid=CTID)
        plan = StartPlan(domain=domain, root_mount=tmp_path, idmap=IdMap(), shifted=False)
        for change in (
            lambda: engine.start(plan),
            lambda: engine.pause(CTID),
            lambda: engine.unpause(CTID),
            lambda: engine.kill(CTID),
            lambda: engine.forget(CTID),
        ):
            change()
            assert watch.changes() == Changes(containers=frozenset({CTID}))
            assert watch.changes() == Changes()
    finally:
        watch.close()


def test_nics_that_move_are_news_of_devices(tmp_path: Path) -> None:
    root = Root(tmp_path)
    watch = MemoryWatch(root)
    try:
        with WiringFile(root).changing() as wiring:
            wiring.devices["eth1"] = CTID
        assert watch.changes().devices
        with WiringFile(root).changing() as wiring:
            wiring.devices.clear()
        assert watch.changes() == Changes(devices=True)
    finally:
        watch.close()
