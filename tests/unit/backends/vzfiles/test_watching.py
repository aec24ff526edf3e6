"""What is heard of definitions that others change."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from vzvirt.backends.vzfiles.store import VzfilesStore
from vzvirt.backends.vzfiles.watching import DefinitionWatch
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root

CTID = Ctid(101)
WEB = Domain(name="web", ctid=CTID, uuid=UUID(int=1))
HEARD = Changes(containers=frozenset({CTID}))


@pytest.fixture
def store(tmp_path: Path) -> VzfilesStore:
    store = VzfilesStore(Root(tmp_path))
    store.save(dataclasses.replace(WEB, name="first", ctid=Ctid(1), uuid=UUID(int=2)))
    store.save(dataclasses.replace(WEB, name="first", ctid=Ctid(1), uuid=UUID(int=2)), live=True)
    return store


@pytest.fixture
def watch(store: VzfilesStore, tmp_path: Path) -> Iterator[DefinitionWatch]:
    watch = DefinitionWatch(Root(tmp_path))
    yield watch
    watch.close()


def test_each_change_is_heard(store: VzfilesStore, watch: DefinitionWatch) -> None:
    titled = dataclasses.replace(WEB, title="in a sidecar")
    changes: list[Callable[[], object]] = [
        lambda: store.save(WEB),
        lambda: store.save(titled),
        lambda: store.save(titled, live=True),
        lambda: store.delete(CTID, live=True),
        lambda: store.delete(CTID),
    ]
    for change in changes:
        change()
        assert watch.changes() == HEARD
        assert watch.changes() == Changes()


def test_so_are_editors_and_old_tools(watch: DefinitionWatch, tmp_path: Path) -> None:
    config = tmp_path / "etc/vz/conf/101.conf"
    config.write_text("ONBOOT=yes\n")
    assert watch.changes() == HEARD
    (tmp_path / "elsewhere").touch()
    config.unlink()
    config.symlink_to(tmp_path / "elsewhere")
    assert watch.changes() == HEARD


def test_files_that_are_no_definitions_are_no_news(watch: DefinitionWatch, tmp_path: Path) -> None:
    folder = tmp_path / "etc/vz/conf"
    for name in ("ve-basic.conf-sample", "101.mount", "0.conf", "101.conf.bak", ".101.conf.new"):
        (folder / name).write_text("x")
    (tmp_path / "run/vzvirt/live/.101.xml.new").touch()
    (tmp_path / "run/vzvirt/live/nobody.xml").touch()
    assert watch.changes() == Changes()


def test_defaults_are_heard_of_too(watch: DefinitionWatch, tmp_path: Path) -> None:
    (tmp_path / "etc/vz/vz.conf").write_text("VE_LAYOUT=simfs\n")
    assert watch.changes() == Changes(defaults=True)


def test_everything_is_to_be_looked_at_once_there_are_definitions(tmp_path: Path) -> None:
    watch = DefinitionWatch(Root(tmp_path))
    try:
        assert watch.changes() == Changes()
        VzfilesStore(Root(tmp_path)).save(WEB)
        assert watch.changes() == Changes(everything=True, defaults=True)
        assert os.access(tmp_path / "etc/vz/conf", os.W_OK)
    finally:
        watch.close()
