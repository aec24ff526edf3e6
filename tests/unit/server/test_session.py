"""One client's connection, spoken to by hand."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from servicelab import NUMBERS, PATIENCE, Lab, answer_with
from vzvirt import errors
from vzvirt.rpc.packet import (
    KEEPALIVE_PROGRAM,
    LARGEST,
    LXC_PROGRAM,
    PAYLOAD_MAX,
    REMOTE_PROGRAM,
    VERSION,
    Packet,
    PacketType,
    Status,
)
from vzvirt.rpc.protocol import remote
from vzvirt.server import session
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where
from vzvirt.server.session import EVENT_BACKLOG, LARGEST_READ_ONLY

HOSTNAME = "connect_get_hostname"


def test_replies_repeat_what_the_call_was(lab: Lab) -> None:
    client, _ = lab.connect()
    reply = client.call("auth_list")
    assert reply[:6] == (REMOTE_PROGRAM, VERSION, 66, PacketType.REPLY, 1, Status.OK)
    assert remote.AuthListRet.decode(reply.payload).types == [0]


def test_bytes_may_come_one_by_one_or_all_at_once(lab: Lab) -> None:
    client, _ = lab.connect()
    client.open()
    call = Packet(REMOTE_PROGRAM, VERSION, NUMBERS[HOSTNAME], PacketType.CALL, 7, Status.OK)
    for byte in call.encode():
        client.sock.sendall(bytes([byte]))
    assert client.receive().serial == 7
    client.sock.sendall(call.encode() * 5000)
    assert {client.receive().serial for _ in range(5000)} == {7}


def test_nothing_is_answered_before_open_and_after_close(lab: Lab) -> None:
    client, _ = lab.connect()
    assert client.error(HOSTNAME).code == errors.OperationInvalid.code
    client.open()
    assert client.call(HOSTNAME).status == Status.OK
    assert client.call("connect_close").status == Status.OK
    assert client.error(HOSTNAME).code == errors.OperationInvalid.code


def test_what_nobody_knows_is_refused_as_libvirt_does(lab: Lab) -> None:
    client, _ = lab.connect()
    client.open()
    event = client.error("domain_event_lifecycle")
    assert (event.code, event.message) == (39, "unknown procedure: 107")
    assert client.error(9999).message == "unknown procedure: 9999"
    missing = client.error("domain_migrate_perform", b"nonsense")
    assert missing.code == 3
    assert missing.message.endswith("connection driver: virDomainMigratePerform")
    program = client.error(1, program=LXC_PROGRAM)
    assert (program.code, program.message) == (39, "Cannot find program 425984 version 1")
    version = client.error(HOSTNAME, version=VERSION + 1)
    assert (version.code, version.message) == (39, "Cannot find program 536903814 version 2")
    assert client.call(HOSTNAME).status == Status.OK


def test_arguments_that_are_none_are_refused(lab: Lab) -> None:
    client, _ = lab.connect()
    assert client.error("connect_open", b"\xff" * 8).code == 39
    flags = remote.ConnectOpenArgs(None, 8 | 1).encode()
    refused = client.error("connect_open", flags)
    assert refused.code == 8
    assert "unsupported flags (0x8) in function virConnectOpen" in refused.message


def test_read_only_clients_change_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(call: Call, args: Any) -> None:
        asked.append(call.function)

    answer_with(monkeypatch, "domain_create", ask)
    answer_with(monkeypatch, "domain_get_xml_desc", ask)
    domain = remote.NonnullDomain("web", bytes(16), -1)
    create = remote.DomainCreateArgs(domain).encode()
    dump = [remote.DomainGetXmlDescArgs(domain, flags).encode() for flags in (2, 3)]
    for socket_is_read_only in (True, False):
        client, _ = lab.connect(read_only=socket_is_read_only)
        args = remote.ConnectOpenArgs(None, 0 if socket_is_read_only else 1)
        client.call("connect_open", args.encode())
        assert client.error("domain_create", create).code == 29
        assert client.call("domain_get_xml_desc", dump[0]).status == Status.OK
        assert client.error("domain_get_xml_desc", dump[1]).code == 29
    assert set(asked) == {"virDomainGetXMLDesc"}


def test_errors_of_ours_say_what_to_do_and_others_are_defects(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[BaseException] = [
        errors.NoDomain("no container 'web'", hint="did you mean 'wep'?"),
        ZeroDivisionError("oh"),
    ]

    def fail(call: Call, args: None) -> None:
        raise raised.pop(0)

    answer_with(monkeypatch, HOSTNAME, fail)
    client, _ = lab.connect()
    known = client.error(HOSTNAME)
    assert (known.code, known.level) == (42, 2)
    assert known.message == "Domain not found: no container 'web'; did you mean 'wep'?"
    defect = client.error(HOSTNAME)
    assert defect.code == 1
    assert "ZeroDivisionError: oh" in defect.message
    assert any(record.exc_info for record in caplog.records)


def test_what_cannot_even_be_told_is_answered(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Speechless(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    def fail(call: Call, args: None) -> None:
        raise Speechless

    answer_with(monkeypatch, HOSTNAME, fail, where=Where.WORKER)
    client, _ = lab.connect()
    for _ in range(lab.service.settings.max_client_requests + 1):
        assert client.error(HOSTNAME).code == errors.InternalError.code


def test_names_as_long_as_a_message_may_be_are_answered(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(call: Call, args: remote.NetworkLookupByNameArgs) -> None:
        raise errors.NoNetwork(f"no network with matching name '{args.name}'")

    answer_with(monkeypatch, "network_lookup_by_name", fail, where=Where.WORKER)
    client, _ = lab.connect(read_only=True)
    args = remote.NetworkLookupByNameArgs("n" * (LARGEST_READ_ONLY - 40)).encode()
    for _ in range(lab.service.settings.max_client_requests + 1):
        assert client.error("network_lookup_by_name", args).code == errors.NoNetwork.code


class Slow:
    """A handler that waits, and notes how many do at one time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.most = 0
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self, call: Call, args: None) -> remote.ConnectGetHostnameRet:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.begun.release()
        assert self.go_on.wait(PATIENCE)
        with self.lock:
            self.running -= 1
        return remote.ConnectGetHostnameRet("slow")


def test_slow_calls_of_a_client_are_bounded_and_hold_up_no_other(
    make_lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab: Lab = make_lab(max_client_requests=2)
    slow = Slow()
    answer_with(monkeypatch, HOSTNAME, slow, where=Where.WORKER)
    client, _ = lab.connect()
    sent = {client.send(HOSTNAME) for _ in range(6)}
    last = client.send("auth_list")
    for _ in range(2):
        assert slow.begun.acquire(timeout=PATIENCE)
    other, _ = lab.connect()
    assert other.call("auth_list").status == Status.OK
    assert slow.running == 2
    slow.go_on.set()
    replies = [client.receive() for _ in range(7)]
    assert {reply.serial for reply in replies} == sent | {last}
    assert slow.most == 2


def test_quick_calls_overtake_slow_ones(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    answer_with(monkeypatch, HOSTNAME, slow, where=Where.WORKER)
    client, _ = lab.connect()
    first = client.send(HOSTNAME)
    second = client.send("auth_list")
    assert client.receive().serial == second
    slow.go_on.set()
    assert client.receive().serial == first


def test_a_client_that_says_much_at_once_does_not_keep_others_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def answer(call: Call, args: None) -> bytes:
        order.append("many" if call.session is busy else "one")
        begun.set()
        assert go_on.wait(PATIENCE)
        time.sleep(0.001)
        return b""

    answer_with(monkeypatch, HOSTNAME, answer)
    client, busy = lab.connect()
    other, _ = lab.connect()
    number = NUMBERS[HOSTNAME]
    calls = (Packet(REMOTE_PROGRAM, VERSION, number, 0, serial, 0) for serial in range(500))
    client.sock.sendall(b"".join(call.encode() for call in calls))
    assert begun.wait(PATIENCE)
    serial = other.send(HOSTNAME)
    go_on.set()
    assert other.receive().serial == serial
    assert order.index("one") < 400
    assert sorted(client.receive().serial for _ in range(500)) == list(range(500))


def test_a_client_that_does_not_read_is_not_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[int] = []

    def answer(call: Call, args: None) -> bytes:
        answered.append(call.serial)
        return bytes(100_000)

    answer_with(monkeypatch, HOSTNAME, answer)
    client, _ = lab.connect()
    number = NUMBERS[HOSTNAME]
    calls = (Packet(REMOTE_PROGRAM, VERSION, number, 0, serial, 0) for serial in range(300))
    client.sock.sendall(b"".join(call.encode() for call in calls))
    until = time.monotonic() + PATIENCE
    while len(answered) * 100_000 < session.WRITE_BYTES:
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(answered) * 100_000 < 4 * session.WRITE_BYTES
    assert sorted(client.receive().serial for _ in range(300)) == list(range(300))


def test_events_that_pile_up_end_it(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    client, made = lab.connect()
    client.open()
    lab.on_loop(lambda: made.send_event(318, b"abcd"))
    event = client.receive()
    assert (event.type, event.procedure, event.payload) == (PacketType.MESSAGE, 318, b"abcd")

    def flood() -> None:
        for _ in range(EVENT_BACKLOG // 1_000_000 + 5):
            made.send_event(318, bytes(1_000_000))

    lab.on_loop(flood)
    assert client.is_over
    assert "has not read" in caplog.text
    lab.on_loop(lambda: made.send_event(318, b"too late"))


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x03",
        (LARGEST + 1).to_bytes(4, "big"),
        b"GET / HTTP/1.1\r\n\r\n",
        Packet(REMOTE_PROGRAM, 1, 66, PacketType.REPLY, 1, 0).encode(),
        Packet(REMOTE_PROGRAM, 1, 66, 77, 1, 0).encode(),
    ],
)
def test_what_makes_no_sense_ends_it(
    lab: Lab, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client, _ = lab.connect()
    client.sock.sendall(data)
    assert client.is_over
    assert "does not keep to the protocol" in caplog.text


def test_a_reply_that_no_client_takes_is_an_error(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, HOSTNAME, lambda _call, _args: bytes(PAYLOAD_MAX + 1))
    client, _ = lab.connect()
    told = client.error(HOSTNAME)
    assert told.code == 39
    assert told.message is not None and "ask for less" in told.message


def test_anybody_may_be_read_only_so_messages_are_smaller_there(lab: Lab) -> None:
    client, _ = lab.connect(read_only=True)
    client.sock.sendall((LARGEST_READ_ONLY + 4).to_bytes(4, "big"))
    assert client.is_over


def test_pings_are_answered_and_sent_to_those_that_can_answer(
    make_lab: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lab: Lab = make_lab(keepalive_interval=1, keepalive_count=1)
    caplog.set_level(logging.WARNING)
    client, made = lab.connect()
    pong = client.call(1, kind=PacketType.MESSAGE, program=KEEPALIVE_PROGRAM, serial=0)
    assert (pong.program, pong.procedure) == (KEEPALIVE_PROGRAM, 2)
    now = lab.loop.time()
    for seconds in range(100):
        lab.on_loop(lambda at=now + seconds: made.tick(at))  # type: ignore[misc]
    feature = remote.ConnectSupportsFeatureArgs(10).encode()
    assert client.call("connect_supports_feature", feature).payload[-1] == 1
    for seconds in range(100, 103):
        lab.on_loop(lambda at=now + seconds: made.tick(at))  # type: ignore[misc]
    ping = client.receive()
    assert (ping.program, ping.procedure) == (KEEPALIVE_PROGRAM, 1)
    lab.on_loop(lambda: made.tick(now + 110))
    assert client.is_over
    assert "unanswered" in caplog.text


def test_what_was_kept_for_it_goes_with_it(lab: Lab) -> None:
    client, made = lab.connect()
    given_back: list[str] = []
    lab.on_loop(lambda: made.on_close(lambda: given_back.append("registration")))
    client.open()
    assert client.call("connect_close").status == Status.OK
    assert given_back == ["registration"]
    lab.on_loop(lambda: made.on_close(lambda: given_back.append("another")))
    client.sock.close()
    lab.close()
    assert given_back == ["registration", "another"]
    assert lab.gone == [made]
    made.on_close(lambda: given_back.append("of work that took longer"))
    assert given_back[2:] == ["of work that took longer"]
