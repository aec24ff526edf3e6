from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames import hostile_frames, judged
from vzvirt.rpc import packet
from vzvirt.rpc.connection import PeerSilent, ServerConnection
from vzvirt.rpc.packet import Packet, PacketType, Status
from vzvirt.rpc.xdr import ProtocolError

PING = Packet(packet.KEEPALIVE_PROGRAM, 1, 1, PacketType.MESSAGE, 0, Status.OK)
PONG = PING._replace(procedure=2)
CALL = Packet(packet.REMOTE_PROGRAM, 1, 16, PacketType.CALL, 7, Status.OK, b"abcd")

PACKETS = st.builds(
    Packet,
    st.sampled_from([packet.REMOTE_PROGRAM, packet.QEMU_PROGRAM]),
    st.just(1),
    st.integers(1, 443),
    st.sampled_from([PacketType.CALL, PacketType.STREAM, PacketType.STREAM_HOLE]),
    st.integers(0, 2**32 - 1),
    st.sampled_from(Status),
    st.binary(max_size=40),
)


def test_messages_that_come_whole() -> None:
    connection = ServerConnection()
    assert connection.receive(CALL.encode()) == [CALL]
    assert connection.receive(CALL.encode() * 3) == [CALL] * 3
    assert connection.receive(b"") == []


@given(st.lists(PACKETS | st.just(PING), max_size=6), st.data())
def test_cuts_do_not_matter(sent: list[Packet], draw: st.DataObject) -> None:
    data = b"".join(each.encode() for each in sent)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=10)))
    connection = ServerConnection()
    found: list[Packet] = []
    for start, end in itertools.pairwise([0, *cuts, len(data)]):
        found += connection.receive(data[start:end])
    assert found == [each for each in sent if each != PING]
    assert connection.outgoing() == PONG.encode() * sent.count(PING)


def test_one_byte_at_a_time() -> None:
    connection = ServerConnection()
    pieces = [connection.receive(bytes([byte])) for byte in CALL.encode() * 2]
    assert [len(found) for found in pieces if found] == [1, 1]


@pytest.mark.parametrize("length", [0, 4, 27, packet.LARGEST + 1, 2**32 - 1])
def test_lengths_out_of_range(length: int) -> None:
    with pytest.raises(ProtocolError, match=f"message of {length} bytes"):
        ServerConnection().receive(length.to_bytes(4, "big"))


def test_a_server_may_allow_less() -> None:
    with pytest.raises(ProtocolError, match="28 to 30"):
        ServerConnection(largest=30).receive(CALL.encode())


def test_descriptors_come_with_bytes_outside_the_length() -> None:
    with_fds = CALL._replace(type=PacketType.CALL_WITH_FDS)
    data = with_fds._replace(payload=b"\0\0\0\2abcd").encode() + b"\0\0" + CALL.encode()
    for size in (1, 7, len(data)):
        connection = ServerConnection()
        found: list[Packet] = []
        for start in range(0, len(data), size):
            found += connection.receive(data[start : start + size])
        assert found == [with_fds, CALL]


@pytest.mark.parametrize("payload", [b"", b"\0\0\0\x21", b"\xff\xff\xff\xff"])
def test_descriptors_that_cannot_be(payload: bytes) -> None:
    data = CALL._replace(type=PacketType.CALL_WITH_FDS, payload=payload).encode()
    with pytest.raises(ProtocolError, match="file descriptors"):
        ServerConnection().receive(data)


def test_keepalive_of_another_kind_is_left_to_others() -> None:
    asked = PING._replace(type=PacketType.CALL)
    connection = ServerConnection()
    assert connection.receive(asked.encode()) == [asked]
    assert connection.receive(PING._replace(procedure=9).encode()) == []
    assert connection.outgoing() == b""


def test_silent_clients_are_pinged_and_given_up() -> None:
    connection = ServerConnection()
    assert connection.tick(0) is None
    connection.start_keepalive(5, 2)
    assert connection.tick(0) == 5
    assert connection.tick(4.9) == 5
    assert connection.outgoing() == b""
    assert connection.tick(5) == 10
    assert connection.outgoing() == PING.encode()
    assert connection.tick(10) == 15
    assert connection.outgoing() == PING.encode()
    with pytest.raises(PeerSilent, match="2 pings"):
        connection.tick(15)


@pytest.mark.parametrize("sign", [PONG.encode(), CALL.encode(), CALL.encode()[:3]])
def test_whatever_comes_is_a_sign_of_life(sign: bytes) -> None:
    connection = ServerConnection()
    connection.start_keepalive(5, 1)
    connection.tick(0)
    connection.tick(5)
    connection.receive(sign)
    assert connection.tick(10) == 15
    assert connection.tick(15) == 20


def test_hostile_frames_are_refused_or_understood() -> None:
    for frame in hostile_frames(seed=1, count=3000):
        connection = ServerConnection()
        try:
            found = connection.receive(frame)
        except ProtocolError:
            continue
        for each in found:
            assert judged(each)
