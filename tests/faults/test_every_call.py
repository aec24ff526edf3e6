"""Every call that is answered, with arguments nobody thought of: none of them finds a defect."""

# ruff: noqa: S311  # nothing here is a secret

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest

import daemonlab
from daemonlab import Daemon
from servicelab import Client
from unit.rpc.structures import some
from vzvirt.rpc.packet import PacketType, Status
from vzvirt.rpc.protocol import constants, remote
from vzvirt.rpc.protocol.procedures import PROCEDURES
from vzvirt.rpc.xdr import Struct
from vzvirt.server import dispatch, handlers

WEB, LAN = UUID(int=1), UUID(int=2)

DOMAIN = f"""\
<domain type='openvz' id='101'>
  <name>web</name>
  <uuid>{WEB}</uuid>
  <devices>
    <filesystem type='template'><source name='busybox'/></filesystem>
    <interface type='network'><source network='lan'/></interface>
  </devices>
</domain>
"""

NETWORK = f"""\
<network>
  <name>lan</name>
  <uuid>{LAN}</uuid>
  <ip address='203.0.113.1' prefix='24'/>
</network>
"""

DOCUMENTS = (
    DOMAIN,
    NETWORK,
    "<interface type='network'><source network='lan'/></interface>",
    "<filesystem type='ram'><source usage='1024'/><target dir='/x'/></filesystem>",
    "<host mac='00:18:51:00:00:01' ip='203.0.113.5'/>",
    "<volume><name>more.tar.gz</name><capacity>0</capacity></volume>",
    "<pool type='dir'><name>more</name></pool>",
    'NAME="web"\\nPHYSPAGES="0:65536"\\n',
    "<domain/>",
    "<",
    "",
)

WORDS = ("web", "lan", "templates", "private", "busybox", "computer", "veth101.0", "eth0", "/")
"""What there is, by any name."""

KNOWN: dict[str, Any] = {
    "nonnull_domain": remote.NonnullDomain("web", WEB.bytes, 101),
    "nonnull_network": remote.NonnullNetwork("lan", LAN.bytes),
    "nonnull_storage_vol": remote.NonnullStorageVol("templates", "busybox", "busybox"),
    "nonnull_node_device": remote.NonnullNodeDevice("computer"),
}
"""What calls are about, if they are to get further than to its absence."""

FATAL = {"connect_close", "connect_open"}
"""Calls that end a client's connection."""

ROUNDS = 6


class Caller:
    """Clients that call whatever there is."""

    def __init__(self, daemon: Daemon, chance: random.Random) -> None:
        self._daemon = daemon
        self._chance = chance
        self._client: Client | None = None
        self.known = dict(KNOWN)
        found = self._ask("storage_pool_lookup_by_name", remote.StoragePoolLookupByNameArgs)
        self.known["nonnull_storage_pool"] = found

    def _ask(self, name: str, kind: type[Struct]) -> Any:
        _, payload = self._reply(name, kind("templates").encode())
        return remote.StoragePoolLookupByNameRet.decode(payload).pool

    def prepare(self) -> None:
        """What calls are about is there; it may be already."""
        self._reply("network_define_xml", remote.NetworkDefineXmlArgs(NETWORK).encode())
        lan = self.known["nonnull_network"]
        self._reply("network_create", remote.NetworkCreateArgs(lan).encode())
        self._reply("domain_define_xml", remote.DomainDefineXmlArgs(DOMAIN).encode())
        web = self.known["nonnull_domain"]
        self._reply("domain_create", remote.DomainCreateArgs(web).encode())

    def attempt(self, name: str, kind: type[Struct] | None) -> remote.Error | None:
        """Call it with something; what it was refused with."""
        payload = self._arguments(kind).encode() if kind is not None else b""
        failed, answer = self._reply(name, payload)
        return remote.Error.decode(answer) if failed else None

    def close(self) -> None:
        if self._client is not None:
            self._client.sock.close()
            self._client = None

    def _reply(self, name: str, payload: bytes) -> tuple[bool, bytes]:
        if self._client is None:
            self._client = Client(socket.socket(socket.AF_UNIX))
            self._client.sock.connect(str(self._daemon.socket))
            self._client.open()
        client = self._client
        serial = client.send(name, payload)
        packet = client.receive()
        while packet.serial != serial or packet.type != PacketType.REPLY:
            packet = client.receive()
        if self._chance.random() < 0.2 or PROCEDURES[packet.procedure].stream:
            self.close()
        return packet.status == Status.ERROR, packet.payload

    def _arguments(self, kind: type[Struct]) -> Struct:
        values = some(kind, self._chance)
        for field in kind.FIELDS:
            if field.bound is None and field.size is None:
                setattr(values, field.name, self._value(field, getattr(values, field.name)))
        return values

    def _value(self, field: Any, noise: Any) -> Any:
        chance = self._chance
        if chance.random() < 0.15:
            return noise
        if field.kind in self.known:
            return self.known[field.kind]
        if field.kind == "string":
            return chance.choice(DOCUMENTS if "xml" in field.name.lower() else WORDS)
        if field.kind in {"int", "uint", "hyper", "uhyper"}:
            bits = (1 << chance.randrange(14)) if chance.random() < 0.5 else 0
            return bits if "flags" in field.name else chance.randrange(12)
        return noise


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with daemonlab.running("memory", settings=("log_level = 3",)) as running:
        running.vzvirt("template", "build", "busybox")
        yield running


def test_no_call_finds_a_defect(daemon: Daemon) -> None:
    handlers.load()
    chance = random.Random(209)
    caller = Caller(daemon, chance)
    found = set()
    procedures = [handler.procedure for handler in dispatch.table().values()]
    called = [item for item in procedures if item.name not in FATAL] * ROUNDS
    chance.shuffle(called)
    with closing(caller):
        for number, procedure in enumerate(called):
            if number % 8 == 0:
                caller.prepare()
            error = caller.attempt(procedure.name, procedure.args)
            if error is not None and error.code == constants.VIR_ERR_INTERNAL_ERROR:
                found.add((procedure.name, error.message))
    assert not found, (found, daemon.last_words())
    assert "Traceback" not in daemon.log.read_text()
