"""The end of the daemon: what runs may finish, and is heard."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from servicelab import PATIENCE, Client, answer_with
from vzvirt import errors
from vzvirt.rpc.packet import Status
from vzvirt.rpc.protocol import remote
from vzvirt.server import daemon, reception, sockets
from vzvirt.server.call import Call
from vzvirt.server.daemon import Daemon, Hooks
from vzvirt.server.dispatch import Where
from vzvirt.server.service import Service
from vzvirt.server.servicemanager import Notifier
from vzvirt.server.settings import ServerSettings
from vzvirt.system.root import Root

HOSTNAME = "connect_get_hostname"


def serve(
    root: Path,
    settings: ServerSettings,
    during: Callable[[Daemon, Client], None],
    after: Callable[[Client], None] = lambda client: None,
) -> float:
    """Run a daemon while a thread does something, and something more once the daemon has ended.

    Returns:
        The seconds from when it was told to end to its end.
    """
    took: list[float] = []
    failures: list[BaseException] = []

    async def run() -> None:
        service = Service(
            manager=cast("Any", None),
            snapshot=cast("Any", None),
            broker=cast("Any", None),
            settings=settings,
            root=Root(root),
        )
        listeners = sockets.open_all(settings, Root(root), [])
        hooks = Hooks(read_settings=lambda: settings, started=lambda: thread.start())
        made = Daemon(service, listeners, Notifier({}), hooks)

        def act() -> None:
            try:
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(str(root / "run/vzvirt/vzvirt-sock"))
                    client = Client(sock)
                    client.open()
                    during(made, client)
                    end()
                    finished.wait(PATIENCE)
                    after(client)
            except BaseException as exc:
                failures.append(exc)
                end()

        def end() -> None:
            took.append(time.monotonic())
            service.loop.call_soon_threadsafe(made.stop)

        finished = threading.Event()
        thread = threading.Thread(target=act)
        try:
            await made.run()
        finally:
            took.append(time.monotonic() - took.pop())
            finished.set()
            thread.join(PATIENCE)

    asyncio.run(run())
    if failures:
        raise failures[0]
    return took[0]


def test_a_call_that_runs_is_answered_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def slow(call: Call, args: None) -> remote.ConnectGetHostnameRet:
        begun.set()
        time.sleep(0.2)
        return remote.ConnectGetHostnameRet("slow")

    answer_with(monkeypatch, HOSTNAME, slow, where=Where.WORKER)
    heard: list[bytes] = []

    def during(made: Daemon, client: Client) -> None:
        client.send(HOSTNAME)
        assert begun.wait(PATIENCE)

    def after(client: Client) -> None:
        heard.append(client.receive().payload)

    assert serve(tmp_path, ServerSettings(), during, after) < PATIENCE / 2
    assert remote.ConnectGetHostnameRet.decode(heard[0]).hostname == "slow"
    assert not list((tmp_path / "run/vzvirt").iterdir())


def test_a_call_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def stuck(call: Call, args: None) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    answer_with(monkeypatch, HOSTNAME, stuck, where=Where.WORKER)

    def during(made: Daemon, client: Client) -> None:
        client.send(HOSTNAME)
        assert begun.wait(PATIENCE)

    serve(tmp_path, ServerSettings(stop_timeout=0), during)
    go_on.set()
    assert "1 calls did not finish in time" in caplog.text


def test_what_ends_with_a_client_ends_before_the_daemon(tmp_path: Path) -> None:
    ended: list[str] = []

    def during(made: Daemon, client: Client) -> None:
        def kill() -> None:
            time.sleep(0.1)
            ended.append("container")

        def keep() -> None:
            (session,) = made._reception._sessions
            session.on_close(lambda: made._service.in_worker(kill))

        made._service.on_loop(keep)

    serve(tmp_path, ServerSettings(), during)
    assert ended == ["container"]


def test_idle_clients_do_not_delay_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "_FLUSH", PATIENCE)

    def during(made: Daemon, client: Client) -> None:
        assert client.call("auth_list").status == Status.OK

    assert serve(tmp_path, ServerSettings(), during) < PATIENCE / 2


def test_one_daemon_has_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "run/vzvirtd.pid"
    held = daemon.lock(path)
    with pytest.raises(errors.Conflict, match="as process"):
        daemon.lock(path)
    os.close(held)
    os.close(daemon.lock(path))
