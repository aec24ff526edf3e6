"""Everything at a glance: what others change is seen before it is read, and told."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from vzvirt import bootstrap, errors
from vzvirt.backends.memory.engine import MemoryEngine
from vzvirt.backends.vzfiles.store import VzfilesStore
from vzvirt.config import Settings
from vzvirt.manager import Manager
from vzvirt.model.affect import Affect
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.event import (
    DomainEvent,
    Lifecycle,
    LifecycleEvent,
    MetadataChanged,
    Subject,
)
from vzvirt.model.resources import Memory
from vzvirt.model.state import DomainState, Observation, Reason
from vzvirt.model.values import Ctid
from vzvirt.ports.watch import Changes
from vzvirt.rpc.protocol import remote
from vzvirt.server import snapshot
from vzvirt.server.expected import Expected
from vzvirt.server.news import News
from vzvirt.server.snapshot import Snapshot
from vzvirt.system.root import Root


class Site:
    """A simulated installation as the daemon sees it, and as commands in other processes do."""

    def __init__(self, folder: Path) -> None:
        self.root = Root(folder)
        self.settings = Settings(root=folder, engine="memory")
        self.others = bootstrap.manager(self.settings)
        self.others.templates.build("busybox")
        self.told: list[str] = []
        self.manager = bootstrap.manager(self.settings)
        self.news = News(bootstrap.watches(self.settings, self.manager))
        self.snapshot = self.begun(self.manager)

    def begun(self, manager: Manager) -> Snapshot:
        snapshot = Snapshot(manager.looks, self.tell)
        snapshot.listen = lambda: self.listen(snapshot)
        snapshot.load()
        return snapshot

    def listen(self, snapshot: Snapshot) -> None:
        changes = self.news.read()
        if changes is not None:
            snapshot.heed(changes)

    def tell(self, events: Sequence[DomainEvent]) -> None:
        for event in events:
            match event:
                case LifecycleEvent(change=change):
                    word = change.name
                case MetadataChanged(kind=kind):
                    word = kind.name
                case _:
                    word = type(event).__name__
            self.told.append(word)

    def keep_up(self) -> list[str]:
        """What is told once everything due was looked at."""
        self.snapshot.listen()
        while self.snapshot.keep_up(1.0):
            pass
        told, self.told = self.told, []
        return told

    def define(self, name: str = "web", **fields: object) -> Ctid:
        root = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox")
        domain = Domain(name=name, filesystems=(root,))
        defined = self.others.definitions.define(dataclasses.replace(domain, **fields))  # type: ignore[arg-type]
        assert defined.domain.ctid is not None
        return defined.domain.ctid


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.news.close()


def test_what_is_there_at_first_is_known_and_not_told(site: Site) -> None:
    ctid = site.define("web")
    site.define("db")
    site.others.lifecycle.start("web")
    fresh = site.begun(site.manager)
    assert [entry.name for entry in fresh.entries()] == ["web", "db"]
    assert fresh.by_name("web").runtime_id == ctid
    assert site.told == []


def test_an_answer_is_never_older_than_the_question(site: Site) -> None:
    ctid = site.define()
    entry = site.snapshot.by_name("web")
    assert (entry.ctid, entry.runtime_id, entry.persistent) == (ctid, -1, True)
    site.others.lifecycle.start("web")
    assert site.snapshot.by_uuid(entry.uuid).runtime_id == ctid
    site.others.lifecycle.pause("web")
    assert site.snapshot.by_id(ctid).observation.state is DomainState.PAUSED
    site.others.lifecycle.kill("web")
    assert site.snapshot.entries()[0].observation.reason is Reason.KILLED
    site.others.definitions.rename("web", "www")
    assert site.snapshot.by_name("www").ctid == ctid
    site.others.definitions.undefine("www", remove_data=True)
    assert site.snapshot.entries() == []


def test_nobody_waits_for_what_he_does_not_ask_for(site: Site) -> None:
    first, second = site.define("web"), site.define("db")
    site.keep_up()
    looked: list[Ctid] = []
    entry = site.manager.looks.entry

    def noting(ctid: Ctid) -> object:
        looked.append(ctid)
        return entry(ctid)

    site.manager.looks.entry = noting  # type: ignore[assignment, method-assign]
    site.others.lifecycle.start("web")
    site.others.lifecycle.start("db")
    assert site.snapshot.by_name("web").runtime_id == first
    assert looked == [first]
    site.keep_up()
    assert looked == [first, second]


def test_an_entry_stays_what_it_was(site: Site) -> None:
    site.define()
    entry = site.snapshot.by_name("web")
    assert site.snapshot.by_name("web") is entry
    site.others.lifecycle.start("web")
    assert site.snapshot.by_name("web") is not entry
    assert entry.runtime_id == -1


def test_what_clients_call_it_is_made_once(site: Site) -> None:
    ctid = site.define()
    entry = site.snapshot.by_name("web")
    wire = remote.NonnullDomain.decode(entry.encoded)
    assert (wire.name, wire.uuid, wire.id) == ("web", entry.uuid, -1)
    assert entry.encoded is entry.encoded
    site.others.lifecycle.start("web")
    assert remote.NonnullDomain.decode(site.snapshot.by_name("web").encoded).id == ctid


@pytest.mark.parametrize("find", ["name", "uuid", "id"])
def test_what_is_not_there_is_said_in_libvirts_words(site: Site, find: str) -> None:
    calls = {
        "name": lambda: site.snapshot.by_name("nobody"),
        "uuid": lambda: site.snapshot.by_uuid(UUID(int=5).bytes),
        "id": lambda: site.snapshot.by_id(-1),
    }
    with pytest.raises(errors.NoDomain, match=f"no domain with matching {find} "):
        calls[find]()


def test_what_others_do_is_told(site: Site) -> None:
    site.define()
    assert site.keep_up() == ["DEFINED"]
    site.others.lifecycle.start("web")
    assert site.keep_up() == ["BOOTED"]
    site.others.lifecycle.pause("web")
    site.others.lifecycle.unpause("web")
    assert site.keep_up() == ["PAUSED", "UNPAUSED"]
    MemoryEngine(site.root).end_from_inside(site.snapshot.by_name("web").ctid, Reason.DIED)
    assert site.keep_up() == ["CRASHED", "STOPPED_BY_CRASH"]
    site.others.definitions.undefine("web", remove_data=True)
    assert site.keep_up() == ["UNDEFINED"]


def test_what_changes_in_a_definition_is_told_by_its_kind(site: Site) -> None:
    ctid = site.define()
    site.keep_up()
    edits = site.others.definitions
    edits.edit("web", Affect.STORED, lambda d: dataclasses.replace(d, title="t"))
    assert site.keep_up() == ["TITLE"]
    element = "<a xmlns='http://a'/>"
    edits.edit("web", Affect.STORED, lambda d: dataclasses.replace(d, metadata=(element,)))
    assert site.keep_up() == ["ELEMENT"]
    edits.set_autostart("web", True)
    assert site.keep_up() == []
    assert site.snapshot.by_id(ctid).autostart
    more = Memory(limit=2**30, swap=0)
    edits.edit("web", Affect.STORED, lambda d: dataclasses.replace(d, memory=more))
    assert site.keep_up() == ["REDEFINED"]


def test_a_change_is_known_even_if_nobody_ever_looked_at_the_definition(site: Site) -> None:
    """After the daemon's start imprints are taken when there is time."""
    site.define()
    site.snapshot = site.begun(site.manager)
    site.keep_up()
    edit = site.others.definitions.edit
    edit("web", Affect.STORED, lambda d: dataclasses.replace(d, description="d"))
    assert site.keep_up() == ["DESCRIPTION"]


def test_before_there_was_time_a_change_is_a_redefinition(site: Site) -> None:
    site.define()
    site.listen(site.snapshot)
    site.snapshot = site.begun(site.manager)
    edit = site.others.definitions.edit
    edit("web", Affect.STORED, lambda d: dataclasses.replace(d, description="d"))
    site.snapshot.by_name("web")
    assert site.told == ["REDEFINED"]


def test_transient_ones_come_and_go_with_their_run(site: Site) -> None:
    root = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox")
    site.others.lifecycle.start_transient(Domain(name="short", filesystems=(root,)))
    entry = site.snapshot.by_name("short")
    assert not entry.persistent
    assert site.keep_up() == ["BOOTED"]
    site.others.lifecycle.kill("short")
    assert site.keep_up() == ["STOPPED_BY_KILL"]
    with pytest.raises(errors.NoDomain):
        site.snapshot.by_uuid(entry.uuid)


def test_events_are_told_of_what_is_there_already(site: Site) -> None:
    seen: list[int] = []

    def tell(events: Sequence[DomainEvent]) -> None:
        ctids = [event.subject.ctid for event in events]
        seen.extend(site.snapshot.by_id(ctid).runtime_id for ctid in ctids)

    site.define()
    site.keep_up()
    site.tell = tell  # type: ignore[method-assign]
    site.snapshot = Snapshot(site.manager.looks, tell)
    site.snapshot.load()
    site.keep_up()
    site.others.lifecycle.start("web")
    entry = site.snapshot.refresh(site.snapshot.by_name("web").ctid)
    assert entry is not None
    assert seen == [entry.ctid]


def test_definitions_are_had_of_entries(site: Site) -> None:
    site.define()
    off = site.snapshot.by_name("web")
    assert off.domain().name == off.effective().name == "web"
    site.others.lifecycle.start("web")
    runs = site.snapshot.by_name("web")
    assert runs.domain() is runs.domain(), "it is kept"
    assert runs.domain(live=True).ctid == runs.domain(live=False).ctid == runs.ctid
    assert runs.effective().memory.limit is not None


def test_what_is_made_of_an_entry_is_made_anew_when_it_changes(site: Site) -> None:
    site.define()
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"xml")
        return b"xml"

    entry = site.snapshot.by_name("web")
    assert entry.kept("xml", make) == entry.kept("xml", make) == b"xml"
    assert len(made) == 1
    entry.kept("inactive", make)
    assert len(made) == 2
    site.others.lifecycle.start("web")
    site.snapshot.by_name("web").kept("xml", make)
    assert len(made) == 3
    site.root.path("etc/vz/vz.conf").write_text("VE_LAYOUT=simfs\n")
    site.snapshot.by_name("web").kept("xml", make)
    assert len(made) == 4


def test_two_of_one_name_are_told_apart(site: Site) -> None:
    """As when somebody copied a config by hand."""
    first, second = site.define("web"), site.define("db")
    store = VzfilesStore(site.root)
    config = site.root.path(f"etc/vz/conf/{second}.conf")
    config.write_text(config.read_text().replace('NAME="db"', 'NAME="web"'))
    assert [entry.name for entry in site.snapshot.entries()] == ["web", "web"]
    assert site.snapshot.by_name("web").ctid == first
    store.delete(first)
    assert site.snapshot.by_name("web").ctid == second


def test_lost_news_has_everything_looked_at(site: Site) -> None:
    site.define("web")
    site.news.read()
    site.snapshot.heed(Changes(everything=True))
    assert site.snapshot.by_name("web").name == "web"


def test_one_that_cannot_be_looked_at_stays_as_it_was_and_is_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctid = site.define()
    site.others.lifecycle.start("web")
    site.keep_up()

    def fail(_ctid: Ctid) -> None:
        raise errors.SystemFailure("too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(site.manager.looks, "entry", fail)
        for _ in range(3):
            assert site.snapshot.refresh(ctid) is not None
        assert site.told == ["ControlFailed"], "once"
        site.told.clear()
    site.others.lifecycle.kill("web")
    assert site.snapshot.by_id(ctid).runtime_id == -1
    assert site.told == ["STOPPED_BY_KILL"]


def test_a_defect_leaves_nothing_expected(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ctid = site.define()
    expected = Expected(lambda subject: LifecycleEvent(subject, Lifecycle.DEFINED))
    site.snapshot.expect(expected)
    with monkeypatch.context() as patched:
        patched.setattr(site.manager.looks, "entry", lambda _ctid: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            site.snapshot.fulfil(expected, ctid)
    site.keep_up()
    assert expected.missing(
        Subject(ctid, "web", UUID(int=0), active=False)
    )  # it heard nothing since


def test_one_that_a_call_changes_is_looked_at_when_it_is_done(site: Site) -> None:
    ctid = site.define()
    site.keep_up()
    site.snapshot.hold(ctid)
    site.others.lifecycle.start("web")
    assert site.keep_up() == []
    site.snapshot.hear(ctid)
    site.snapshot.release(ctid, site.snapshot.look(ctid))
    assert site.keep_up() == ["BOOTED"]
    assert site.snapshot.by_id(ctid).runtime_id == ctid
    site.others.lifecycle.kill("web")
    assert site.keep_up() == ["STOPPED_BY_KILL"]


def test_who_asks_for_one_that_a_call_changes_gets_the_truth(site: Site) -> None:
    ctid = site.define()
    site.snapshot.hold(ctid)
    site.others.lifecycle.start("web")
    assert site.snapshot.by_name("web").runtime_id == ctid


def test_a_call_that_takes_long_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctid = site.define()
    site.keep_up()
    monkeypatch.setattr(snapshot, "HOLD", 0.0)
    site.snapshot.hold(ctid)
    site.others.lifecycle.start("web")
    assert site.keep_up() == ["BOOTED"]


@pytest.mark.parametrize("asked", [False, True])
def test_a_look_that_is_not_the_latest_does_not_count(site: Site, asked: bool) -> None:
    ctid = site.define()
    site.keep_up()
    site.snapshot.hold(ctid)
    site.others.lifecycle.start("web")
    site.snapshot.hear(ctid)
    look = site.snapshot.look(ctid)
    site.others.lifecycle.kill("web")
    if asked:
        assert site.snapshot.by_name("web").runtime_id == -1
    site.snapshot.release(ctid, look)
    assert site.snapshot.by_name("web").runtime_id == -1
    assert site.keep_up() == ["BOOTED", "STOPPED_BY_KILL"]


def test_a_look_counts_only_if_nobody_has_looked_since(site: Site) -> None:
    ctid = site.define()
    site.keep_up()
    site.snapshot.hear(ctid)
    look = site.snapshot.look(ctid)
    assert look is not None
    odd = Observation(ctid=ctid, reason=Reason.BOOTED, init_pid=1, run="1.1")
    site.snapshot.refresh(ctid)
    site.snapshot.release(ctid, dataclasses.replace(look, observation=odd))
    assert site.snapshot.by_name("web").runtime_id == -1
    assert site.keep_up() == []


def test_one_that_cannot_be_looked_at_by_a_call_is_looked_at_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctid = site.define()
    site.keep_up()
    with monkeypatch.context() as broken:
        broken.setattr(site.manager.looks, "observe", _broken)
        assert site.snapshot.look(ctid) is None
    site.others.lifecycle.start("web")
    site.snapshot.release(ctid, None)
    assert site.keep_up() == ["BOOTED"]


def _broken(ctid: Ctid) -> Observation:
    raise errors.SystemFailure(f"cannot look at {ctid}")
