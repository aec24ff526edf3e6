from __future__ import annotations

import pytest

from vzvirt.rpc import packet, stream
from vzvirt.rpc.connection import ServerConnection
from vzvirt.rpc.packet import Packet, PacketType, Status
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.stream import CHUNK_MAX, Incoming, ServerStream, StreamMessage
from vzvirt.rpc.xdr import ProtocolError

CALL = Packet(packet.REMOTE_PROGRAM, 1, 201, PacketType.CALL, 9, Status.OK, b"args")
DATA = CALL._replace(type=PacketType.STREAM, status=Status.CONTINUE, payload=b"abc")
FINISH = DATA._replace(status=Status.OK, payload=b"")
ABORT = DATA._replace(status=Status.ERROR, payload=b"")


def sent(*messages: bytes) -> list[Packet]:
    return ServerConnection().receive(b"".join(messages))


def test_data_goes_out_in_chunks_every_client_takes() -> None:
    data = bytes(CHUNK_MAX) + b"rest"
    messages = sent(*ServerStream(CALL).data(data))
    assert [len(message.payload) for message in messages] == [CHUNK_MAX, 4]
    assert {message._replace(payload=b"abc") for message in messages} == {DATA}


def test_no_data_is_no_message() -> None:
    assert list(ServerStream(CALL).data(b"")) == []


def test_a_download_ends_when_the_client_has_said_so() -> None:
    download = ServerStream(CALL)
    assert sent(download.end()) == [DATA._replace(payload=b"")]
    assert download.end() == b""
    assert list(download.data(b"late")) == []
    assert not download.over
    assert download.receive(FINISH).what is Incoming.FINISH
    assert sent(download.confirm()) == [FINISH]
    assert download.over
    assert download.confirm() == b""


def test_an_upload() -> None:
    upload = ServerStream(CALL)
    assert upload.receive(DATA) == StreamMessage(Incoming.DATA, b"abc")
    assert upload.confirm() == b""
    assert upload.receive(FINISH).what is Incoming.FINISH
    assert sent(upload.confirm()) == [FINISH]
    assert upload.receive(DATA).what is Incoming.IGNORED


def test_an_abort_is_confirmed() -> None:
    console = ServerStream(CALL)
    assert console.receive(ABORT).what is Incoming.ABORT
    assert console.receive(DATA).what is Incoming.IGNORED
    assert sent(console.confirm()) == [FINISH]


def test_after_an_error_nothing_follows() -> None:
    console = ServerStream(CALL)
    assert sent(console.fail(b"why.")) == [ABORT._replace(payload=b"why.")]
    assert console.over
    assert (console.fail(b"why."), console.end(), console.confirm()) == (b"", b"", b"")
    assert list(console.data(b"late")) == []
    assert console.receive(FINISH).what is Incoming.IGNORED


def test_holes_both_ways() -> None:
    sparse = ServerStream(CALL, sparse=True)
    hole = DATA._replace(type=PacketType.STREAM_HOLE, payload=remote.StreamHole(2**40, 0).encode())
    assert sent(sparse.hole(2**40)) == [hole]
    assert sparse.receive(hole) == StreamMessage(Incoming.HOLE, length=2**40)


@pytest.mark.parametrize(
    ("sparse", "length", "flags"), [(False, 1, 0), (True, -1, 0), (True, 1, 1)]
)
def test_holes_that_make_no_sense(sparse: bool, length: int, flags: int) -> None:
    payload = remote.StreamHole(length, flags).encode()
    hole = DATA._replace(type=PacketType.STREAM_HOLE, payload=payload)
    with pytest.raises(ProtocolError, match="hole"):
        ServerStream(CALL, sparse=sparse).receive(hole)


def test_a_status_that_makes_no_sense() -> None:
    with pytest.raises(ProtocolError, match="status 5"):
        ServerStream(CALL).receive(DATA._replace(status=5))


def test_chunks_are_what_old_clients_take() -> None:
    assert stream.CHUNK_MAX == 262120
