"""Use cases that other processes do: real ones, and some that end badly."""

# ruff: noqa: S301  # what is read was written here

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from network_strategies import networks
from strategies import domains
from vzvirt import bootstrap, errors
from vzvirt.config import Settings
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.network import Network
from vzvirt.model.state import DomainState
from vzvirt.model.values import Ctid
from vzvirt.server.delegation import DELEGATED, Stem, delegate

PATIENCE = 20.0

ODD = """
import os, socket, time
from vzvirt import errors
from vzvirt.server.delegation import serve

class Lifecycle:
    def __init__(self, warn):
        self.warn = warn
    def start(self, ref, *, paused=False):
        self.warn("it is late")
        return ref, paused, os.getpid(), os.getppid()
    def kill(self, ref):
        raise errors.NoDomain("no container", hint="make one")
    def pause(self, ref):
        1 / 0
    def shutdown(self, ref):
        os.kill(os.getpid(), 9)
    def forget(self, ref):
        import resource, subprocess
        subprocess.run(["true"], check=True)
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

class Manager:
    def __init__(self, warn):
        self.lifecycle = Lifecycle(warn)

serve(Manager, socket.socket(fileno=0))
"""


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def odd(warnings: list[str]) -> Iterator[Stem]:
    """A stem whose use cases are odd."""
    stem = Stem((sys.executable, "-c", ODD), warnings.append)
    yield stem
    stem.close()


def test_what_is_asked_for_is_done_elsewhere(odd: Stem, warnings: list[str]) -> None:
    first = odd.call("lifecycle", "start", ("web",), {"paused": True})
    second = odd.call("lifecycle", "start", ("web",), {})
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert first[:2] == ("web", True)
    assert second[:2] == ("web", False)
    assert first[2] != second[2]  # a process for each
    assert first[3] == second[3] != os.getpid()  # of one stem
    assert warnings == ["it is late"] * 2


def test_errors_are_those_of_the_use_case(odd: Stem) -> None:
    with pytest.raises(errors.NoDomain, match="no container") as caught:
        odd.call("lifecycle", "kill", ("web",), {})
    assert caught.value.hint == "make one"
    with pytest.raises(errors.InternalError, match="ZeroDivisionError"):
        odd.call("lifecycle", "pause", ("web",), {})


def test_a_child_that_dies_is_not_asked_again(odd: Stem) -> None:
    with pytest.raises(errors.OperationFailed, match="has died"):
        odd.call("lifecycle", "shutdown", ("web",), {})
    assert odd.call("lifecycle", "start", ("web",), {})


def test_children_wait_for_theirs_and_have_few_files(odd: Stem) -> None:
    assert odd.call("lifecycle", "forget", ("web",), {}) == 1024


def test_a_stem_that_has_ended_is_replaced(odd: Stem) -> None:
    first = odd.call("lifecycle", "start", ("web",), {})
    assert isinstance(first, tuple)
    os.kill(first[3], signal.SIGKILL)
    second = odd.call("lifecycle", "start", ("web",), {})
    assert isinstance(second, tuple)
    assert first[3] != second[3]
    odd.close()
    with pytest.raises(ProcessLookupError):
        os.kill(second[3], 0)


def test_many_at_once(odd: Stem) -> None:
    said: list[object] = []

    def ask() -> None:
        said.append(odd.call("lifecycle", "start", ("web",), {}))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(said) == 20


def test_one_that_ended_before_it_was_asked_is_a_defect(
    odd: Stem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_fds(*_args: object) -> None:
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr(socket, "send_fds", send_fds)
        with pytest.raises(errors.InternalError, match="no process could be had"):
            odd.call("lifecycle", "start", ("web",), {})
    assert odd.call("lifecycle", "start", ("web",), {})


def test_a_program_that_cannot_be_one_is_a_defect() -> None:
    stem = Stem((sys.executable, "-c", "pass"), lambda _sentence: None)
    with pytest.raises(errors.InternalError, match="no process could be had"):
        stem.call("lifecycle", "start", ("web",), {})
    stem.close()


def test_the_real_one_starts_a_container(tmp_path: Path) -> None:
    chosen = Settings(root=tmp_path, engine="memory")
    manager = bootstrap.manager(chosen)
    stem = Stem((*bootstrap.hook(chosen), "stem"), lambda _sentence: None)
    delegate(manager, stem)
    try:
        manager.templates.build("busybox")
        root = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox", target="/")
        manager.definitions.define(Domain(name="web", filesystems=(root,)))
        manager.lifecycle.start("web")
        assert manager.definitions.info("web").observation.state is DomainState.RUNNING
        with pytest.raises(errors.OperationInvalid, match="it is running"):
            manager.lifecycle.start("web")
        with pytest.raises(errors.InvalidArgument, match="nobody-here"):
            manager.guests.set_password("web", "nobody-here", "secret")
        manager.guests.set_password("web", "root", "secret")
        manager.lifecycle.kill("web")
        assert manager.lifecycle.clear_away(Ctid(101))
        with manager._world.store.lock(Ctid(101)), pytest.raises(errors.Busy):
            manager.lifecycle.clear_away(Ctid(101))
        assert manager.definitions.info("web").observation.state is DomainState.SHUTOFF
    finally:
        stem.close()


@settings(max_examples=10)
@given(domains(), networks())
def test_what_goes_there_comes_back_the_same(domain: Domain, network: Network) -> None:
    assert pickle.loads(pickle.dumps(domain)) == domain
    assert pickle.loads(pickle.dumps(network)) == network


ERRORS = [
    item
    for item in vars(errors).values()
    if isinstance(item, type) and issubclass(item, errors.VzvirtError)
]


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_comes_back_with_its_hint(kind: type[errors.VzvirtError]) -> None:
    back = pickle.loads(pickle.dumps(kind("what", hint="so")))
    assert (type(back), back.message, back.hint) == (kind, "what", "so")


def test_each_use_case_that_is_delegated_exists(tmp_path: Path) -> None:
    manager = bootstrap.manager(Settings(root=tmp_path, engine="memory"))
    for topic, names in DELEGATED.items():
        for name in names:
            assert callable(getattr(getattr(manager, topic), name))
