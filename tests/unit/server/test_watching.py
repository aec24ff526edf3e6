"""Keeping up with the world, on a real loop, over a simulated installation."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from vzvirt import bootstrap, errors
from vzvirt.config import Settings
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.event import Event, LifecycleEvent
from vzvirt.model.state import Observation
from vzvirt.model.values import Ctid
from vzvirt.ports.journal import JournalEntry
from vzvirt.ports.watch import Changes
from vzvirt.server import watching as module
from vzvirt.server.broker import Broker
from vzvirt.server.service import Service
from vzvirt.server.settings import ServerSettings
from vzvirt.server.snapshot import Snapshot
from vzvirt.server.watching import Watching, watching
from vzvirt.system.root import Root

WEB = Domain(name="web", filesystems=(Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox"),))


class Site:
    """A daemon without clients, and commands in other processes."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(root=folder, engine="memory")
        self.others = bootstrap.manager(self.settings)
        self.others.templates.build("busybox")
        self.told: list[str] = []
        manager = bootstrap.manager(self.settings)
        broker = Broker()
        broker.publish = self.publish  # type: ignore[method-assign, assignment]
        self.snapshot = Snapshot(manager.looks, lambda events: self.publish(events))
        self.service = Service(
            manager=manager,
            snapshot=self.snapshot,
            broker=broker,
            settings=ServerSettings(),
            root=Root(folder),
        )
        watches = bootstrap.watches(self.settings, manager)
        self.watch: Watching = watching(self.service, watches)

    def publish(self, events: list[Event]) -> None:  # type: ignore[misc]
        self.told += [e.change.name for e in events if isinstance(e, LifecycleEvent)]

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(500):
            if holds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(self.told)


def _run(folder: Path, test: Callable[[Site], Coroutine[None, None, None]]) -> None:
    async def body() -> None:
        site = Site(folder)
        try:
            await test(site)
        finally:
            site.watch.end()
            site.watch.end()

    asyncio.run(body())


def test_what_others_do_is_told_without_anybody_asking(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        site.others.definitions.define(WEB)
        site.watch.begin(site.service.loop)
        assert [entry.name for entry in site.snapshot.entries()] == ["web"]
        site.others.lifecycle.start("web")
        await site.until(lambda: site.told == ["BOOTED"])
        site.others.lifecycle.kill("web")
        await site.until(lambda: site.told == ["BOOTED", "STOPPED_BY_KILL"])

    _run(tmp_path, test)


def test_whoever_asks_first_does_not_wait_for_the_loop(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        site.watch.begin(site.service.loop)
        site.others.definitions.define(WEB)
        assert site.snapshot.by_name("web").name == "web"
        assert site.told == ["DEFINED"]

    _run(tmp_path, test)


def test_what_cannot_be_heard_is_found_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a config that is a link to a file that somebody edits."""
    monkeypatch.setattr(module, "STEP", 0.01)
    monkeypatch.setattr(module, "ROUND", 0.05)
    monkeypatch.setattr(module, "REST_ROUND", 0.05)

    async def test(site: Site) -> None:
        site.others.definitions.define(WEB)
        config = tmp_path / "etc/vz/conf/101.conf"
        elsewhere = tmp_path / "elsewhere.conf"
        config.rename(elsewhere)
        config.symlink_to(elsewhere)
        site.watch.begin(site.service.loop)
        elsewhere.write_text(elsewhere.read_text().replace('NAME="web"', 'NAME="www"'))
        await site.until(lambda: site.told == ["LOST_NAME", "GOT_NAME"])

    _run(tmp_path, test)


def test_what_a_hook_did_not_clear_away_the_daemon_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(module, "STEP", 0.01)
    monkeypatch.setattr(module, "SETTLING", 0.05)

    async def test(site: Site) -> None:
        site.others.definitions.define(WEB)
        site.watch.begin(site.service.loop)
        looks, lifecycle = site.service.manager.looks, site.service.manager.lifecycle
        asked: list[Ctid] = []
        cleared: list[Ctid] = []
        observe = looks.observe

        def unsettled(ctid: Ctid) -> Observation:
            return dataclasses.replace(observe(ctid), unsettled=not cleared)

        def clear_away(ctid: Ctid) -> bool:
            asked.append(ctid)
            if len(asked) < 2:
                raise errors.Busy("somebody has its lock")
            if len(asked) < 3:
                return False
            assert "cleared away" not in caplog.text
            cleared.append(ctid)
            return True

        monkeypatch.setattr(looks, "observe", unsettled)
        monkeypatch.setattr(lifecycle, "clear_away", clear_away)
        site.snapshot.heed(Changes(containers=frozenset({Ctid(101)})))
        await site.until(lambda: "cleared away what container 101 left" in caplog.text)
        assert "cannot be cleared away" not in caplog.text
        site.snapshot.refresh(Ctid(101))
        assert site.snapshot.unsettled() == []

    _run(tmp_path, test)


def test_what_was_left_unfinished_is_done_at_the_start(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        site.others.definitions.define(WEB)
        world = site.others.repairs._world
        details = {
            "layout": "simfs",
            "private_area": str(tmp_path / "vz/private/101"),
            "root_mount": str(tmp_path / "vz/root/101"),
            "users_folder": "no",
            "remove_data": "yes",
        }
        world.journal.begin(JournalEntry(ctid=Ctid(101), work="undefine", details=details))
        site.watch.begin(site.service.loop)
        await site.until(lambda: not site.snapshot.entries())

    _run(tmp_path, test)


@pytest.mark.parametrize(("at_once", "runs"), [(4, True), (0, False)])
def test_what_starts_with_the_host_is_started(tmp_path: Path, at_once: int, *, runs: bool) -> None:
    async def test(site: Site) -> None:
        site.others.definitions.define(WEB)
        site.others.definitions.set_autostart("web", True)
        site.watch.begin(site.service.loop)
        site.watch.boot(at_once)
        for thread in threading.enumerate():
            if thread.name == "boot":
                await asyncio.to_thread(thread.join)
        assert site.others.looks.observe(Ctid(101)).is_active is runs
        if runs:
            await site.until(lambda: site.told[-1:] == ["BOOTED"])

    _run(tmp_path, test)
