"""Consoles as streams: a loop, a socket for a console, and what the stream is told."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors
from vzvirt.server.handlers.streams import ConsoleStream

PATIENCE = 10.0


class Line:
    """A console whose other end is in our hands."""

    def __init__(self) -> None:
        self.ours, self.its = socket.socketpair()
        self.closed = 0

    def fileno(self) -> int:
        return self.its.fileno()

    def close(self) -> None:
        self.closed += 1
        self.its.close()


class Stream:
    """What the console tells the client."""

    def __init__(self) -> None:
        self.shown = b""
        self.finished = 0
        self.welcome = True
        self.held = False

    def send(self, data: bytes) -> bool:
        self.shown += data
        return self.welcome

    def finish(self) -> None:
        self.finished += 1

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False


class Setting:
    """A console that is connected, on a loop that runs."""

    def __init__(self) -> None:
        self.line, self.stream = Line(), Stream()
        loop = asyncio.get_running_loop()
        daemon = SimpleNamespace(loop=loop, in_worker=lambda job: job())
        self.console = ConsoleStream(cast("Any", daemon), cast("Any", self.stream), self.line)
        self.console.start()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.001)


def on_loop(test: Callable[[Setting], Coroutine[None, None, None]]) -> Callable[[], None]:
    def run() -> None:
        async def whole() -> None:
            setting = Setting()
            try:
                await test(setting)
            finally:
                setting.console.aborted()
                setting.line.ours.close()
                assert setting.line.closed == 1

        asyncio.run(whole())

    run.__name__ = test.__name__
    return run


@on_loop
async def test_both_ways(setting: Setting) -> None:
    setting.line.ours.send(b"login: ")
    await until(lambda: setting.stream.shown == b"login: ")
    setting.console.data(b"root\n")
    await until(lambda: setting.line.ours.recv(99) == b"root\n")


@on_loop
async def test_its_end(setting: Setting) -> None:
    setting.line.ours.send(b"bye")
    setting.line.ours.shutdown(socket.SHUT_WR)
    await until(lambda: setting.stream.finished == 1)
    assert setting.stream.shown == b"bye"
    setting.console.data(b"anybody?")
    setting.console.writable()
    setting.console.finished()
    assert setting.stream.finished == 2  # which the stream itself takes for the confirmation


@on_loop
async def test_the_client_has_enough(setting: Setting) -> None:
    setting.console.finished()
    await until(lambda: setting.stream.finished == 1)
    assert setting.line.closed == 1


@on_loop
async def test_a_client_that_does_not_read_stops_the_console(setting: Setting) -> None:
    setting.stream.welcome = False
    setting.line.ours.send(b"first")
    await until(lambda: setting.stream.shown == b"first")
    setting.line.ours.send(b" second")
    await asyncio.sleep(0.05)
    assert setting.stream.shown == b"first"
    setting.stream.welcome = True
    setting.console.writable()
    await until(lambda: setting.stream.shown == b"first second")


@on_loop
async def test_a_console_that_takes_nothing_stops_the_client(setting: Setting) -> None:
    typed = os.urandom(1 << 20)
    setting.console.data(typed)
    assert setting.stream.held
    taken = b""
    setting.line.ours.setblocking(False)
    while len(taken) < len(typed):
        await asyncio.sleep(0)
        try:
            taken += setting.line.ours.recv(1 << 16)
        except BlockingIOError:
            continue
    assert taken == typed
    await until(lambda: not setting.stream.held)


@on_loop
async def test_typing_after_its_end_is_no_error(setting: Setting) -> None:
    setting.line.ours.close()
    setting.console.data(b"x")
    setting.console.data(b"y")
    await until(lambda: setting.stream.finished == 1)


def test_what_cannot_be_opened(client: Client) -> None:
    web = defined(client, "web")
    for name in ("domain_open_console", "domain_open_channel"):
        with pytest.raises(errors.OperationInvalid, match="domain is not running"):
            client.call(name, web, None, 0)
    client.call("domain_create", web)
    with pytest.raises(errors.InvalidArgument, match="character device console1"):
        client.call("domain_open_console", web, "console1", 0)
    with pytest.raises(errors.ConfigUnsupported, match="cannot find channel 'agent'"):
        client.call("domain_open_channel", web, "agent", 0)
    line = client.world.manager.guests.open_console("web")
    try:
        with pytest.raises(errors.OperationFailed, match="Active console session exists"):
            client.call("domain_open_console", web, None, 0)
    finally:
        line.close()
