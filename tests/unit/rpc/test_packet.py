from __future__ import annotations

from vzvirt.rpc import packet
from vzvirt.rpc.packet import Packet, PacketType, Status

CALL = Packet(packet.REMOTE_PROGRAM, 1, 16, PacketType.CALL, 7, Status.OK, b"abcd")


def test_the_wire() -> None:
    words = [32, 0x20008086, 1, 16, 0, 7, 0]
    assert CALL.encode() == b"".join(word.to_bytes(4, "big") for word in words) + b"abcd"


def test_a_reply_repeats_the_numbers_of_its_call() -> None:
    expected = CALL._replace(type=PacketType.REPLY, payload=b"wxyz")
    assert CALL.reply(b"wxyz") == expected.encode()
    assert CALL.reply() == expected._replace(payload=b"").encode()


def test_refusals_of_calls_and_of_streams() -> None:
    expected = CALL._replace(type=PacketType.REPLY, status=Status.ERROR, payload=b"why.")
    assert CALL.refusal(b"why.") == expected.encode()
    data = CALL._replace(type=PacketType.STREAM, status=Status.CONTINUE)
    assert data.refusal(b"why.") == expected._replace(type=PacketType.STREAM).encode()


def test_events_answer_no_call() -> None:
    expected = Packet(packet.REMOTE_PROGRAM, 1, 318, PacketType.MESSAGE, 1, Status.OK, b"abcd")
    assert packet.event(318, b"abcd") == expected.encode()
