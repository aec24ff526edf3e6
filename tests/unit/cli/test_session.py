"""What commands share: naming containers, doing things with several, reading what users name."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.cli.output import Output
from vzvirt.cli.session import LARGEST_FILE, Session, identity, read_file, read_password, title
from vzvirt.config import Settings
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid


@pytest.fixture
def streams() -> tuple[io.StringIO, io.StringIO]:
    return io.StringIO(), io.StringIO()


@pytest.fixture
def session(tmp_path: Path, streams: tuple[io.StringIO, io.StringIO]) -> Session:
    out, err = streams
    made = Session(Settings(root=tmp_path, engine="memory"), Output(out=out, err=err))
    for ctid, name in ((101, "web"), (102, "db")):
        root = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox")
        domain = Domain(name=name, ctid=Ctid(ctid), filesystems=(root,))
        made.manager.definitions.define(domain)
    return made


def test_a_container_for_people_and_programs() -> None:
    assert title(Domain(name="web", ctid=Ctid(101))) == "container 101 (web)"
    assert title(Domain(name="101", ctid=Ctid(101))) == "container 101"
    assert identity(Domain(name="web")) == {"ctid": None, "name": "web", "uuid": None}


def test_names_like_it_are_offered(session: Session) -> None:
    with pytest.raises(errors.NoDomain) as caught:
        session.find("wbe")
    assert caught.value.hint == "did you mean 'web'?"
    with pytest.raises(errors.NoDomain) as caught:
        session.find("entirely-different")
    assert "list --all" in str(caught.value.hint)


def refuse_db(ref: str) -> None:
    if ref == "102":
        raise errors.Busy("somebody holds 'db'", hint="wait")


def test_one_that_fails_keeps_no_other_from_it(
    session: Session, streams: tuple[io.StringIO, io.StringIO]
) -> None:
    status = session.each(("db", "web", "nope"), refuse_db, "painted", json=False)
    assert status == errors.Busy.exit_status
    assert streams[0].getvalue() == "container 101 (web) painted\n"
    assert "vzvirt: error: somebody holds 'db'\nhint: wait\n" in streams[1].getvalue()
    assert "'nope'" in streams[1].getvalue()


def test_the_only_one_fails_as_an_error(session: Session) -> None:
    with pytest.raises(errors.Busy):
        session.each(("db",), refuse_db, "painted", json=False)


def test_what_was_done_for_programs(
    session: Session, streams: tuple[io.StringIO, io.StringIO]
) -> None:
    assert session.each(("web", "db"), lambda _ref: None, "painted", json=True) == 0
    done = json.loads(streams[0].getvalue())
    assert [(item["ctid"], item["name"], item["done"]) for item in done] == [
        (101, "web", "painted"),
        (102, "db", "painted"),
    ]


def test_files_that_users_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xff")
    assert read_file(str(file)) == b"\xff"
    for name, words in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(errors.InvalidArgument, match=words):
            read_file(str(name))
    file.write_bytes(b"x" * (LARGEST_FILE + 1))
    with pytest.raises(errors.InvalidArgument, match="larger than 4 MiB"):
        read_file(str(file))


def test_a_password_is_the_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("open sesame \nmore\n"))
    assert read_password("root") == "open sesame "
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    with pytest.raises(errors.InvalidArgument, match="empty"):
        read_password("root")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    answers = iter(["one", "one", "one", "two"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    assert read_password("root") == "one"
    with pytest.raises(errors.InvalidArgument, match="differ"):
        read_password("root")
