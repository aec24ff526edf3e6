"""Errors as clients get them.

Real servers send, beside the message, the format it was made with and what was filled in; so do
we. Of all this clients look at the code, the domain, the level and the message.
"""

from __future__ import annotations

from typing import Final

from vzvirt.rpc.packet import REMOTE_PROGRAM, VERSION, Packet, PacketType, Status
from vzvirt.rpc.protocol import constants, remote
from vzvirt.rpc.protocol.procedure import Procedure
from vzvirt.rpc.xdr import FROM_RPC

PLAIN: Final = "%s"

FORMATS: Final = {
    constants.VIR_ERR_INTERNAL_ERROR: "internal error: %s",
    constants.VIR_ERR_NO_SUPPORT: "this function is not supported by the connection driver: %s",
    constants.VIR_ERR_NO_CONNECT: "no connection driver available for %s",
    constants.VIR_ERR_INVALID_ARG: "invalid argument: %s",
    constants.VIR_ERR_OPERATION_FAILED: "operation failed: %s",
    constants.VIR_ERR_XML_ERROR: "XML error: %s",
    constants.VIR_ERR_OPERATION_DENIED: "operation forbidden: %s",
    constants.VIR_ERR_NO_DOMAIN: "Domain not found: %s",
    constants.VIR_ERR_NO_NETWORK: "Network not found: %s",
    constants.VIR_ERR_NO_STORAGE_POOL: "Storage pool not found: %s",
    constants.VIR_ERR_NO_STORAGE_VOL: "Storage volume not found: %s",
    constants.VIR_ERR_NO_NODE_DEVICE: "Node device not found: %s",
    constants.VIR_ERR_OPERATION_INVALID: "Requested operation is not valid: %s",
    constants.VIR_ERR_CONFIG_UNSUPPORTED: "unsupported configuration: %s",
    constants.VIR_ERR_OPERATION_TIMEOUT: "Timed out during operation: %s",
    constants.VIR_ERR_ARGUMENT_UNSUPPORTED: "argument unsupported: %s",
    constants.VIR_ERR_NO_DOMAIN_METADATA: "metadata not found: %s",
    constants.VIR_ERR_OPERATION_UNSUPPORTED: "Operation not supported: %s",
    constants.VIR_ERR_RESOURCE_BUSY: "resource busy: %s",
    constants.VIR_ERR_ACCESS_DENIED: "access denied: %s",
}
"""How messages of a code begin; people and scripts look for these words."""

LONGEST: Final = 4096
"""Characters of what a message says at most: names that clients send stand in it, and what no
message can hold could be sent to nobody."""

CALLS: Final = frozenset({PacketType.CALL, PacketType.CALL_WITH_FDS})
FROM_CLIENTS: Final = CALLS | {PacketType.STREAM, PacketType.STREAM_HOLE}
"""The types of message that clients send, beside those of keepalive."""


def brief(text: str, most: int) -> str:
    """The text, without its middle if it is longer than so many characters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} [...] {text[-half:]}"


def error_payload(
    code: int, domain: int, message: str, *, level: int = constants.VIR_ERR_ERROR
) -> bytes:
    """The payload of a message that says what went wrong.

    Args:
        code: VIR_ERR_...
        domain: VIR_FROM_...
        message: What happened; what messages of this code begin with is put before it. Of one
            that is longer than ``LONGEST`` the middle is left out.
        level: How bad it is.
    """
    form = FORMATS.get(code, PLAIN)
    message = brief(message, LONGEST)
    return remote.Error(
        code=code,
        domain=domain,
        message=form.replace(PLAIN, message),
        level=level,
        dom=None,
        str1=form,
        str2=message,
        str3=None,
        int1=-1,
        int2=-1,
        net=None,
    ).encode()


def no_support(procedure: Procedure) -> bytes:
    """The error for a call that nothing implements; clients try others then."""
    what = procedure.function or procedure.name
    return error_payload(constants.VIR_ERR_NO_SUPPORT, procedure.domain, what)


def read_only(procedure: Procedure, *, secure: bool = False) -> bytes:
    """The error for a call that a read-only connection may not make.

    Args:
        procedure: The call.
        secure: Whether it is only its arguments that are refused.
    """
    if secure and procedure.name.endswith("_xml_desc"):
        what = f"{procedure.function} with secure flag"
    else:
        what = f"read only access prevents {procedure.function or procedure.name}"
    return error_payload(constants.VIR_ERR_OPERATION_DENIED, procedure.domain, what)


def unsupported_flags(procedure: Procedure, flags: int) -> bytes:
    """The error for flags that a call does not know.

    Args:
        procedure: The call.
        flags: Those bits only.
    """
    what = f"unsupported flags (0x{flags:x}) in function {procedure.function}"
    return error_payload(constants.VIR_ERR_INVALID_ARG, procedure.domain, what)


def unknown_procedure(packet: Packet) -> bytes:
    """The error for a call the protocol does not have; clients look for its first words."""
    what = f"unknown procedure: {packet.procedure}"
    return error_payload(constants.VIR_ERR_RPC, FROM_RPC, what)


def misdirected(packet: Packet) -> bytes | None:
    """The error for a message that is no call and no part of a stream of the remote protocol.

    Programs of other drivers (QEMU's, LXC's) are refused as real servers without these drivers do.

    Returns:
        The payload; ``None`` if the message is all right.
    """
    if packet.program != REMOTE_PROGRAM or packet.version != VERSION:
        what = f"Cannot find program {packet.program} version {packet.version}"
    elif packet.type not in FROM_CLIENTS:
        what = f"Unexpected message type {packet.type}"
    elif packet.type in CALLS and packet.status != Status.OK:
        what = f"Unexpected message status {packet.status}"
    else:
        return None
    return error_payload(constants.VIR_ERR_RPC, FROM_RPC, what)
