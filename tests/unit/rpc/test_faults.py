from __future__ import annotations

import pytest

from vzvirt.rpc import faults, layout, packet
from vzvirt.rpc.packet import Packet, PacketType, Status
from vzvirt.rpc.protocol import constants, remote
from vzvirt.rpc.protocol.procedures import BY_NAME
from vzvirt.rpc.xdr import FROM_RPC

CALL = Packet(packet.REMOTE_PROGRAM, 1, 999, PacketType.CALL, 7, Status.OK)


def words(payload: bytes) -> tuple[int, int, str | None]:
    error = remote.Error.decode(payload)
    assert error.level == constants.VIR_ERR_ERROR
    return error.code, error.domain, error.message


def test_an_error_says_how_it_was_made() -> None:
    error = remote.Error.decode(faults.error_payload(42, 20, "no 'web'"))
    assert error == remote.Error(
        code=42,
        domain=20,
        message="Domain not found: no 'web'",
        level=2,
        dom=None,
        str1="Domain not found: %s",
        str2="no 'web'",
        str3=None,
        int1=-1,
        int2=-1,
        net=None,
    )


def test_codes_without_words_of_their_own() -> None:
    assert words(faults.error_payload(38, 0, "100 % full %s")) == (38, 0, "100 % full %s")


def test_of_what_is_too_long_for_any_message_the_ends_are_told() -> None:
    name = "a" * (layout.STRING_MAX - 40)
    error = remote.Error.decode(faults.error_payload(43, 19, f"no network '{name}'; look"))
    assert error.str2 is not None and error.message == f"Network not found: {error.str2}"
    assert error.str2.startswith("no network 'aaa")
    assert error.str2.endswith("aaa'; look")
    assert len(error.str2) < faults.LONGEST + 10


def test_what_nothing_implements() -> None:
    payload = faults.no_support(BY_NAME["domain_get_job_info"])
    text = "this function is not supported by the connection driver: virDomainGetJobInfo"
    assert words(payload) == (3, 20, text)


def test_what_read_only_connections_may_not() -> None:
    reboot = faults.read_only(BY_NAME["domain_reboot"])
    assert words(reboot) == (
        29,
        20,
        "operation forbidden: read only access prevents virDomainReboot",
    )
    secure = faults.read_only(BY_NAME["domain_get_xml_desc"], secure=True)
    assert words(secure) == (29, 20, "operation forbidden: virDomainGetXMLDesc with secure flag")
    agent = faults.read_only(BY_NAME["domain_interface_addresses"], secure=True)
    assert words(agent)[2] == (
        "operation forbidden: read only access prevents virDomainInterfaceAddresses"
    )


def test_unknown_flags() -> None:
    payload = faults.unsupported_flags(BY_NAME["domain_create_with_flags"], 0x80)
    text = "invalid argument: unsupported flags (0x80) in function virDomainCreateWithFlags"
    assert words(payload) == (8, 20, text)


def test_unknown_procedures() -> None:
    payload = faults.unknown_procedure(CALL)
    assert words(payload) == (39, FROM_RPC, "unknown procedure: 999")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"program": packet.QEMU_PROGRAM}, "Cannot find program 536903815 version 1"),
        ({"program": packet.LXC_PROGRAM}, "Cannot find program 425984 version 1"),
        ({"program": packet.KEEPALIVE_PROGRAM}, "Cannot find program 1801807216 version 1"),
        ({"version": 2}, "Cannot find program 536903814 version 2"),
        ({"type": PacketType.REPLY}, "Unexpected message type 1"),
        ({"type": 77}, "Unexpected message type 77"),
        ({"status": Status.ERROR}, "Unexpected message status 1"),
    ],
)
def test_messages_for_somebody_else(changed: dict[str, int], text: str) -> None:
    payload = faults.misdirected(CALL._replace(**changed))
    assert payload is not None
    assert words(payload) == (39, FROM_RPC, text)


@pytest.mark.parametrize("kind", [PacketType.CALL, PacketType.CALL_WITH_FDS, PacketType.STREAM])
def test_messages_for_us(kind: PacketType) -> None:
    assert faults.misdirected(CALL._replace(type=kind)) is None
