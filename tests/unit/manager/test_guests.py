"""What is done inside containers, and the templates they come from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.memory.guestfiles import MemoryGuestFiles
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ExecRequest
from worlds import MIB, World


@pytest.fixture
def web(world: World) -> World:
    world.define(space=20 * MIB)
    world.manager.provisioning.provision("web")
    return world


@pytest.mark.parametrize("running", [False, True])
def test_files_in_and_out(web: World, tmp_path: Path, running: bool) -> None:
    if running:
        web.manager.lifecycle.start("web")
    guests = web.manager.guests
    (tmp_path / "in").write_text("hello")
    guests.push("web", tmp_path / "in", "/etc/greeting")
    guests.pull("web", "/etc/greeting", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "hello"
    with pytest.raises(errors.InvalidArgument):
        guests.pull("web", "/nowhere", tmp_path / "out")
    assert web.journal.pending() == []


def test_one_that_ends_just_now_is_reached_under_its_lock(
    web: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next command would take the note for a dead one's, and unmount under its hands."""
    web.manager.lifecycle.start("web")
    (tmp_path / "in").write_text("hello")

    @contextlib.contextmanager
    def ends(ctid: Ctid) -> Iterator[Path]:
        web.manager.lifecycle.kill("web")
        raise errors.OperationInvalid(f"container {ctid} has ended")
        yield Path()

    def push(*_arguments: object) -> None:
        noted = web.journal.pending() != []
        with ThreadPoolExecutor(1) as somebody_else:
            repaired = somebody_else.submit(web.manager.repairs.repair_pending).result()
        seen.append((noted, repaired))

    seen: list[tuple[bool, list[Ctid]]] = []
    monkeypatch.setattr(web.engine, "live_root", ends)
    monkeypatch.setattr(MemoryGuestFiles, "push", push)
    web.manager.guests.push("web", tmp_path / "in", "/etc/greeting")
    assert seen == [(True, [])]
    assert web.journal.pending() == []


def test_without_a_root(world: World, tmp_path: Path) -> None:
    world.define()
    (tmp_path / "in").touch()
    with pytest.raises(errors.OperationInvalid, match="no root yet"):
        world.manager.guests.push("web", tmp_path / "in", "/etc/greeting")
    with pytest.raises(errors.OperationInvalid, match="no root yet"):
        world.manager.guests.set_password("web", "root", "x")


def test_passwords(web: World) -> None:
    web.manager.guests.set_password("web", "root", "secret")
    with pytest.raises(errors.InvalidArgument, match="no user 'ann'"):
        web.manager.guests.set_password("web", "ann", "secret")
    assert web.journal.pending() == []


@pytest.mark.parametrize(
    "code",
    ["", "secret", "!$6$salt$abcdefghijklmnop", "$6$a:b$abcdefghijklmn", "ein-längerer-satz"],
)
def test_what_is_no_hash_of_a_password(web: World, code: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="/etc/shadow"):
        web.manager.guests.set_password("web", "root", code, is_hash=True)


def test_a_hash_of_a_password(web: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def set_password(*args: object, is_hash: bool) -> None:
        seen.extend((*args[-2:], is_hash))

    monkeypatch.setattr(MemoryGuestFiles, "set_password", set_password)
    web.manager.guests.set_password("web", "root", "$6$salt$abcdefghijk", is_hash=True)
    assert seen == ["root", "$6$salt$abcdefghijk", True]


def test_the_console(web: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(errors.OperationInvalid, match="no console"):
        web.manager.guests.console("web")
    web.manager.lifecycle.start("web", paused=True)
    assert web.manager.guests.console("web") == 0
    assert "simulated init" in capsys.readouterr().out
    assert b"simulated init" in web.manager.guests.console_log("web")


def test_exit_statuses(web: World) -> None:
    web.manager.lifecycle.start("web")
    execute = web.manager.guests.execute
    assert execute("web", ExecRequest(argv=("false",))) == 1
    assert execute("web", ExecRequest(argv=("sh", "-c", "exit 42"))) == 42
    with pytest.raises(errors.NoSupport, match="simulation"):
        execute("web", ExecRequest(argv=("rm", "-rf", "/")))


@pytest.mark.parametrize("call", ["execute", "console", "console_log"])
def test_nobody_there(world: World, call: str) -> None:
    with pytest.raises(errors.NoDomain):
        getattr(world.manager.guests, call)("ghost", *([ExecRequest()] * (call == "execute")))


class TestTemplates:
    def test_build_look_remove(self, world: World) -> None:
        templates = world.manager.templates
        templates.build("debian", suite="bookworm")
        assert [item.name for item in templates.list()] == ["busybox", "debian-bookworm"]
        assert templates.details("busybox").entries == 5
        templates.remove("debian-bookworm")
        with pytest.raises(errors.NoTemplate, match="debian-bookworm"):
            templates.details("debian-bookworm")
        assert world.warned == []

    def test_removing_one_that_is_still_needed_warns(self, world: World) -> None:
        world.define(name="waiting")
        world.define(name="done")
        world.manager.provisioning.provision("done")
        world.manager.templates.remove("busybox")
        assert world.warned == ["'waiting' cannot be provisioned without the template 'busybox'"]
        with pytest.raises(errors.NoTemplate):
            world.manager.lifecycle.start("waiting")
        world.manager.lifecycle.start("done")

    def test_import(self, world: World, tmp_path: Path) -> None:
        templates = world.manager.templates
        source = world.templates.find("busybox").path
        templates.import_archive(source, "copy")
        with pytest.raises(errors.Conflict, match="'copy'"):
            templates.import_archive(source, "copy")
        (tmp_path / "broken.tar").write_text("no")
        with pytest.raises(errors.OperationFailed, match="no tarball"):
            templates.import_archive(tmp_path / "broken.tar", "broken")
