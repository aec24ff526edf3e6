"""Streams over a real connection: served by threads, and on the loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from servicelab import PATIENCE, Client, Lab, answer_with
from vzvirt import errors
from vzvirt.rpc.packet import Packet, PacketType, Status
from vzvirt.rpc.protocol import remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where
from vzvirt.server.session import MOST_STREAMS
from vzvirt.server.stream import PIPE_BYTES, Pipe, Stream, StreamAborted

CONSOLE = "domain_open_console"
ARGS = remote.DomainOpenConsoleArgs(remote.NonnullDomain("web", bytes(16), 101), None, 0).encode()


class Served:
    """A client with a stream that a function serves; what became of it."""

    def __init__(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch, function: Callable[[Pipe], None]
    ) -> None:
        self.ended = threading.Event()
        self.aborted = False

        def serve(pipe: Pipe) -> None:
            try:
                function(pipe)
            except StreamAborted:
                self.aborted = True
                raise
            finally:
                self.ended.set()

        def run(call: Call, args: Any) -> None:
            call.open_stream().serve(serve)

        answer_with(monkeypatch, CONSOLE, run, where=Where.WORKER)
        self.client, self.session = lab.connect()
        self.serial = self.client.send(CONSOLE, ARGS)
        reply = self.client.receive()
        assert (reply.type, reply.status) == (PacketType.REPLY, Status.OK)

    def say(self, status: int, payload: bytes = b"") -> None:
        say(self.client, self.serial, status, payload)

    def hear(self) -> Packet:
        return hear(self.client, self.serial)


def say(client: Client, serial: int, status: int, payload: bytes = b"") -> None:
    client.send(CONSOLE, payload, kind=PacketType.STREAM, status=status, serial=serial)


def hear(client: Client, serial: int) -> Packet:
    packet = client.receive()
    assert (packet.type, packet.procedure, packet.serial) == (PacketType.STREAM, 201, serial)
    return packet


def test_an_upload_is_confirmed_when_all_is_done(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bytes] = []
    done = threading.Event()

    def take(pipe: Pipe) -> None:
        while data := pipe.read():
            got.append(data)
        assert done.wait(PATIENCE)

    served = Served(lab, monkeypatch, take)
    served.say(Status.CONTINUE, b"one")
    served.say(Status.CONTINUE, b"two22")
    served.say(Status.OK)
    assert served.client.call("auth_list").status == Status.OK  # nothing was said meanwhile
    done.set()
    end = served.hear()
    assert (end.status, end.payload) == (Status.OK, b"")
    assert b"".join(got) == b"onetwo22"


def test_a_download_ends_with_nothing_and_is_confirmed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 600_000

    def give(pipe: Pipe) -> None:
        pipe.write(bytes(size))
        pipe.write(b"end")

    served = Served(lab, monkeypatch, give)
    sizes = []
    while data := served.hear().payload:
        sizes.append(len(data))
    assert sum(sizes) == size + 3
    assert max(sizes) <= 262_120
    served.say(Status.OK)
    assert served.hear()[5:] == (Status.OK, b"")
    served.say(Status.OK)  # late, and of no consequence
    assert served.client.call("auth_list").status == Status.OK


def test_what_goes_wrong_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(pipe: Pipe) -> None:
        pipe.read()
        raise errors.NoSpace("the disk is full")

    served = Served(lab, monkeypatch, fail)
    served.say(Status.CONTINUE, b"data")
    told = served.hear()
    assert told.status == Status.ERROR
    assert remote.Error.decode(told.payload).message == "operation failed: the disk is full"
    served.say(Status.CONTINUE, b"late")
    served.say(Status.ERROR)
    assert served.client.call("auth_list").status == Status.OK


def test_a_client_that_gives_up_ends_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def take(pipe: Pipe) -> None:
        while pipe.read():
            pass

    served = Served(lab, monkeypatch, take)
    served.say(Status.CONTINUE, b"data")
    served.say(Status.ERROR)
    assert served.hear().status == Status.OK
    assert served.ended.wait(PATIENCE)
    assert served.aborted


def test_a_client_that_dies_ends_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_for_ever(pipe: Pipe) -> None:
        while True:
            pipe.write(bytes(100_000))

    served = Served(lab, monkeypatch, write_for_ever)
    assert served.hear().payload
    served.client.sock.close()
    assert served.ended.wait(PATIENCE)
    assert served.aborted


def comes_to_rest(pieces: list[int]) -> int:
    """What they are together once there are enough, and no more for a while."""
    until = time.monotonic() + PATIENCE
    total = 0
    while (now := sum(pieces)) != total or total < PIPE_BYTES:
        assert time.monotonic() < until, now
        total = now
        time.sleep(0.2)
    return total


def test_who_does_not_read_makes_the_thread_wait(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def give(pipe: Pipe) -> None:
        for _ in range(200):
            pipe.write(bytes(100_000))
            written.append(100_000)

    served = Served(lab, monkeypatch, give)
    assert PIPE_BYTES <= comes_to_rest(written) < 4 * PIPE_BYTES
    total = 0
    while data := served.hear().payload:
        total += len(data)
    assert total == 20_000_000


def test_a_thread_that_does_not_read_makes_the_client_wait(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = threading.Event()
    got: list[int] = []

    def take(pipe: Pipe) -> None:
        assert begin.wait(PATIENCE)
        while data := pipe.read():
            got.append(len(data))

    served = Served(lab, monkeypatch, take)
    sent: list[int] = []

    def send() -> None:
        for _ in range(200):
            served.say(Status.CONTINUE, bytes(100_000))
            sent.append(100_000)
        served.say(Status.OK)

    sender = threading.Thread(target=send)
    sender.start()
    assert PIPE_BYTES <= comes_to_rest(sent) < 4 * PIPE_BYTES
    begin.set()
    assert served.hear().status == Status.OK
    sender.join(PATIENCE)
    assert sum(got) == 20_000_000


class Echo:
    """A consumer that says all again."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.aborts = 0
        stream.send(b"hello")

    def data(self, data: bytes) -> None:
        self.stream.send(data)
        if data == b"end":
            self.stream.finish()

    def finished(self) -> None:
        self.stream.finish()

    def aborted(self) -> None:
        self.aborts += 1

    def writable(self) -> None:
        pass


@pytest.fixture
def echoes(monkeypatch: pytest.MonkeyPatch) -> list[Echo]:
    """The consumers of consoles."""
    made: list[Echo] = []

    def run(call: Call, args: Any) -> None:
        stream = call.open_stream()
        echo = Echo(stream)
        stream.connect(echo)
        made.append(echo)

    answer_with(monkeypatch, CONSOLE, run)
    return made


def test_both_sides_speak_and_the_client_ends(lab: Lab, echoes: list[Echo]) -> None:
    client, _ = lab.connect()
    serial = client.send(CONSOLE, ARGS)
    assert client.receive().type == PacketType.REPLY  # before what the stream said already
    assert hear(client, serial).payload == b"hello"
    say(client, serial, Status.CONTINUE, b"ls\n")
    assert hear(client, serial).payload == b"ls\n"
    say(client, serial, Status.OK)
    assert hear(client, serial)[5:] == (Status.OK, b"")
    assert echoes[0].stream.over


def test_both_sides_speak_and_the_server_ends(lab: Lab, echoes: list[Echo]) -> None:
    client, _ = lab.connect()
    serial = client.send(CONSOLE, ARGS)
    client.receive()
    assert hear(client, serial).payload == b"hello"
    say(client, serial, Status.CONTINUE, b"end")
    assert hear(client, serial).payload == b"end"
    assert hear(client, serial)[5:] == (Status.CONTINUE, b"")
    say(client, serial, Status.CONTINUE, b"more")
    say(client, serial, Status.OK)
    assert hear(client, serial)[5:] == (Status.OK, b"")


def test_streams_of_one_client_are_bounded(lab: Lab, echoes: list[Echo]) -> None:
    client, _ = lab.connect()
    for _ in range(MOST_STREAMS):
        client.call(CONSOLE, ARGS)
        assert client.receive().payload == b"hello"
    assert client.error(CONSOLE, ARGS).code == errors.OperationFailed.code
    client.sock.close()
    lab.close()
    assert [echo.aborts for echo in echoes] == [1] * MOST_STREAMS


def test_the_stream_of_a_call_is_left_alone_by_others_of_its_serial(
    lab: Lab, echoes: list[Echo]
) -> None:
    client, _ = lab.connect()
    serial = client.send(CONSOLE, ARGS)
    client.receive()
    assert hear(client, serial).payload == b"hello"
    again = client.error(CONSOLE, ARGS, serial=serial)
    assert again.code == errors.OperationFailed.code
    client.error("domain_lookup_by_id", remote.DomainLookupByIdArgs(1).encode(), serial=serial)
    client.call("auth_list", serial=serial)
    say(client, serial, Status.CONTINUE, b"ls\n")
    assert hear(client, serial).payload == b"ls\n"
    client.sock.close()
    lab.close()
    assert [echo.aborts for echo in echoes] == [1]


def test_a_call_that_fails_has_no_stream(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(call: Call, args: Any) -> None:
        call.open_stream().serve(lambda pipe: pipe.write(b"no"))
        raise errors.NoDomain("no container 'web'")

    answer_with(monkeypatch, CONSOLE, run, where=Where.WORKER)
    client, _ = lab.connect()
    assert client.error(CONSOLE, ARGS).code == 42
    assert client.call("auth_list").status == Status.OK
