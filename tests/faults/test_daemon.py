"""The daemon among clients that mean harm, or just die: it stays up, and lean, for others."""

# ruff: noqa: S311  # nothing here is a secret

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import daemonlab
from daemonlab import PATIENCE, Daemon
from servicelab import NUMBERS, Client
from vzvirt.rpc.packet import LARGEST, REMOTE_PROGRAM, VERSION, Packet, PacketType, Status
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.procedures import PROCEDURES

MIB = 1 << 20

LEAN = 64 * MIB
"""What it may grow by, allocators being as they are: what is kept from it would take far more."""

PROMPT = PATIENCE / 2
"""Seconds in which it answers, on a machine that is busy: who is held up is so for ever."""

DOMAIN = """\
<domain type='openvz'>
  <name>{name}</name>
  <description>{description}</description>
  <devices><filesystem type='template'><source name='busybox'/></filesystem></devices>
</domain>
"""


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with daemonlab.running("memory", settings=("log_level = 3",)) as running:
        yield running
        assert "Traceback" not in running.log.read_text(errors="replace"), running.last_words()


class Crowd:
    """Clients of a daemon; all are gone in the end."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.clients: list[Client] = []

    def open(self, *, read_only: bool = False) -> Client:
        """A client that has opened a connection."""
        client = self.bare(read_only=read_only)
        client.open()
        return client

    def bare(self, *, read_only: bool = False) -> Client:
        """A client that has said nothing yet."""
        sock = socket.socket(socket.AF_UNIX)
        self.clients.append(Client(sock))
        daemon = self.daemon
        sock.connect(str(daemon.read_only_socket if read_only else daemon.socket))
        return self.clients[-1]

    def leave(self) -> None:
        for client in self.clients:
            client.sock.close()
        self.clients.clear()


@pytest.fixture
def crowd(daemon: Daemon) -> Iterator[Crowd]:
    made = Crowd(daemon)
    yield made
    made.leave()


def answer_time(client: Client) -> float:
    """Seconds that a small question takes."""
    begin = time.monotonic()
    assert client.call("connect_get_hostname").status == Status.OK
    return time.monotonic() - begin


def open_files(daemon: Daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))  # noqa: PTH208  # names are enough


def wait_for_files(daemon: Daemon, most: int) -> None:
    until = time.monotonic() + PATIENCE
    while open_files(daemon) > most:
        assert time.monotonic() < until, open_files(daemon)
        time.sleep(0.02)


def test_a_thousand_clients_at_once(daemon: Daemon, crowd: Crowd) -> None:
    files, before = open_files(daemon), daemon.resident
    clients = [crowd.bare(read_only=bool(number % 2)) for number in range(1000)]
    opening = remote.ConnectOpenArgs(None, 0).encode()
    for client in clients:
        client.send("connect_open", opening)
        client.send("connect_get_hostname")
    for client in clients:
        assert [client.receive().status for _ in range(2)] == [Status.OK] * 2
    assert daemon.resident - before < LEAN
    crowd.leave()
    wait_for_files(daemon, files)
    assert daemon.ok("hostname")


def test_clients_beyond_the_limit_wait_for_their_turn(daemon: Daemon, crowd: Crowd) -> None:
    daemon.settings.append("max_clients = 5")
    daemon.restart()
    clients = [crowd.bare() for _ in range(20)]
    opening = remote.ConnectOpenArgs(None, 0).encode()
    for client in clients:
        client.send("connect_open", opening)
    for client in clients:
        assert client.receive().status == Status.OK
        client.sock.close()


def test_slow_readers_hold_up_nobody(daemon: Daemon, crowd: Crowd, tmp_path: Path) -> None:
    xml = tmp_path / "large.xml"
    xml.write_text(DOMAIN.format(name="large", description="x" * 500_000))
    daemon.ok("define", xml)
    quick = crowd.open()
    found = quick.call("domain_lookup_by_name", remote.DomainLookupByNameArgs("large").encode())
    large = remote.DomainLookupByNameRet.decode(found.payload).dom
    number = NUMBERS["domain_get_xml_desc"]
    args = remote.DomainGetXmlDescArgs(large, 0).encode()
    dump = Packet(REMOTE_PROGRAM, VERSION, number, PacketType.CALL, 1, Status.OK, args).encode()
    before = daemon.resident
    for _ in range(30):
        slow = crowd.open(read_only=True).sock
        slow.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(500):  # a quarter of a gigabyte is asked for by each
                slow.sendall(dump)
    assert max(answer_time(quick) for _ in range(100)) < PROMPT
    assert daemon.resident - before < 30 * 8 * MIB
    for client in crowd.clients[1:]:
        client.sock.close()
    assert answer_time(quick) < PROMPT


def test_who_does_not_hear_events_holds_up_nobody(daemon: Daemon, crowd: Crowd) -> None:
    deaf, quick = crowd.open(), crowd.open()
    for kind in range(20):
        args = remote.ConnectDomainEventCallbackRegisterAnyArgs(kind, None).encode()
        register = "connect_domain_event_callback_register_any"
        assert deaf.call(register, args).status == Status.OK
    define = remote.DomainDefineXmlArgs(DOMAIN.format(name="web", description="")).encode()
    before = daemon.resident
    for _ in range(60):
        made = quick.call("domain_define_xml", define)
        domain = remote.DomainDefineXmlRet.decode(made.payload).dom
        gone = quick.call("domain_undefine", remote.DomainUndefineArgs(domain).encode())
        assert gone.status == Status.OK
    assert answer_time(quick) < PROMPT
    assert daemon.resident - before < LEAN


def test_a_client_dies_inside_a_stream(daemon: Daemon, crowd: Crowd, tmp_path: Path) -> None:
    files = open_files(daemon)
    archive = tmp_path / "archive.tar.gz"
    with archive.open("wb") as file:
        file.truncate(4096 * MIB)  # more than it can hear before the client is dead
    volume = "<volume><name>new.tar.gz</name><capacity>0</capacity></volume>"
    daemon.ok("vol-create", "templates", "/dev/stdin", stdin=volume)
    for least in (0, 1, 4 * MIB, 16 * MIB):
        wait_for_upload(daemon, None)
        upload = ("vol-upload", "--pool", "templates", "new.tar.gz", str(archive))
        virsh = daemonlab.popen_virsh(daemon, *upload)
        wait_for_upload(daemon, least)
        assert virsh.poll() is None
        virsh.kill()
        virsh.wait()
        assert answer_time(crowd.open()) < PROMPT
    crowd.leave()
    wait_for_files(daemon, files)
    assert not [path for path in daemon.root.rglob("*") if path.stat().st_size >= 8 * MIB]


def wait_for_upload(daemon: Daemon, least: int | None) -> None:
    """Until so many bytes of one are there; ``None``: until there is none."""
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(FileNotFoundError):
            sizes = [path.stat().st_size for path in daemon.root.rglob(".*.part")]
            if not sizes if least is None else max(sizes, default=-1) >= least:
                return
        assert time.monotonic() < until, least
        time.sleep(0.005)


# ---- nonsense


def word(rng: random.Random) -> bytes:
    """Four bytes that mean something somewhere."""
    return struct.pack(
        ">I",
        rng.choice((0, 1, 2, 3, 16, 28, 255, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
        if rng.random() < 0.7
        else rng.getrandbits(32),
    )


def payload(rng: random.Random) -> bytes:
    """Arguments of anything, or of nothing."""
    kind = rng.random()
    if kind < 0.3:
        return b"".join(word(rng) for _ in range(rng.randrange(12)))
    if kind < 0.6:
        return rng.randbytes(rng.randrange(200))
    name = rng.randbytes(rng.randrange(20))
    padded = name + bytes(-len(name) % 4)
    sized = struct.pack(">I", len(name)) + padded
    return sized + rng.randbytes(16) + b"".join(word(rng) for _ in range(rng.randrange(4)))


def frame(rng: random.Random) -> bytes:
    """A message, or something that resembles one."""
    kind = rng.random()
    number = rng.choice(list(PROCEDURES)) if kind < 0.9 else rng.getrandbits(31)
    if kind < 0.6:
        head = (REMOTE_PROGRAM, VERSION, number, PacketType.CALL, rng.getrandbits(16), Status.OK)
        return Packet(*head, payload(rng)).encode()
    if kind < 0.75:
        program = rng.choice(
            (REMOTE_PROGRAM, 0x20008087, 0x6B656570, 0x68000, rng.getrandbits(32))
        )
        head = (program, rng.randrange(3), number, rng.randrange(9), rng.randrange(9), 0)
        return Packet(*head[:5], rng.randrange(4), payload(rng)).encode()
    if kind < 0.85:
        whole = frame(rng) or bytes(4)
        at = rng.randrange(len(whole))
        return whole[:at] + rng.randbytes(4) + whole[at + 4 :]
    if kind < 0.9:
        return frame(rng)[: rng.randrange(28)]
    if kind < 0.95:
        return struct.pack(">I", rng.choice((0, 27, LARGEST, LARGEST + 1, 0xFFFFFFFF)))
    return rng.randbytes(rng.randrange(300))


def throw(crowd: Crowd, rng: random.Random, count: int) -> None:
    """Send so many messages, a few to a connection, and hear what the daemon says to each."""
    while count > 0:
        client = crowd.bare()
        if rng.random() < 0.8:
            client.open()
        few = rng.randrange(1, 20)
        with contextlib.suppress(ConnectionError):
            client.sock.sendall(b"".join(frame(rng) for _ in range(few)))
            client.sock.shutdown(socket.SHUT_WR)
        assert client.is_over
        crowd.leave()
        count -= few


def test_nonsense(daemon: Daemon, crowd: Crowd) -> None:
    rng = random.Random(209)
    throw(crowd, rng, 500)
    files, before = open_files(daemon), daemon.resident
    throw(crowd, rng, 100_000)
    assert daemon.process is not None
    assert daemon.process.poll() is None, daemon.last_words()
    assert answer_time(crowd.open()) < PROMPT
    assert daemon.resident - before < LEAN
    wait_for_files(daemon, files + 8)


def test_what_a_message_announces_takes_no_memory(daemon: Daemon, crowd: Crowd) -> None:
    before = daemon.resident
    clients = [crowd.bare() for _ in range(200)]
    for client in clients:
        client.sock.sendall(struct.pack(">I", LARGEST) + b"\x20\x00\x80\x86")
    # Counts that their payload cannot hold.
    hostile = bytes(24) + struct.pack(">I", 16384)
    opened = crowd.open()
    for number in PROCEDURES:
        opened.send(number, hostile)
        opened.receive()
    assert daemon.resident - before < LEAN


# ---- sudden death

LONG = (pytest.mark.slow, pytest.mark.timeout(1200))


@pytest.mark.parametrize(
    ("engine", "times"),
    [
        ("memory", 3),
        ("lxc", 3),
        pytest.param("memory", 50, marks=LONG),
        pytest.param("lxc", 50, marks=LONG),
    ],
)
def test_killed_under_load_nothing_is_lost(engine: str, times: int, tmp_path: Path) -> None:
    if engine == "lxc" and os.geteuid() != 0:
        pytest.skip("containers need root")
    with daemonlab.running(engine, settings=("log_level = 3",)) as daemon:
        names = define_some(daemon, tmp_path)
        rng = random.Random(times)
        # Nothing is ever asked of it: what was in another round may be done in the next one.
        bystander = rng.choice(names)
        before = run_of(daemon, bystander)
        for _ in range(times):
            verbs = {name: rng.choice(("start", "destroy", "reboot")) for name in names}
            verbs[bystander] = "dominfo"
            load = [daemonlab.popen_virsh(daemon, verb, name) for name, verb in verbs.items()]
            time.sleep(rng.uniform(0, 0.25))
            daemon.kill()
            for virsh in load:
                virsh.wait(PATIENCE)
            daemon.start()
            assert sorted(daemon.ok("list", "--all", "--name").split()) == names
            agree(daemon, names)
            assert run_of(daemon, bystander) == before, "it noticed"
        assert "Traceback" not in daemon.log.read_text(errors="replace"), daemon.last_words()


def define_some(daemon: Daemon, folder: Path) -> list[str]:
    """Four containers that run; their names."""
    built = daemon.vzvirt.call("template", "build", "busybox")
    assert built.returncode == 0, built
    names = [f"c{number}" for number in range(4)]
    for name in names:
        xml = folder / f"{name}.xml"
        xml.write_text(DOMAIN.format(name=name, description=""))
        daemon.ok("define", xml)
        daemon.ok("start", name)
    return names


def run_of(daemon: Daemon, name: str) -> tuple[int, str] | None:
    """What tells this run of a container from any other; ``None``: it is off."""
    pid = daemon.vzvirt.json("info", name)["init_pid"]
    if not pid or daemon.engine == "memory":
        return (pid, "") if pid else None
    return pid, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def agree(daemon: Daemon, names: list[str]) -> None:
    """The daemon says of each container what a command says that asks nobody."""
    until = time.monotonic() + PATIENCE
    while True:
        by_name = {item["name"]: item["state"] for item in daemon.vzvirt.json("list", "--all")}
        said = {name: daemon.ok("domstate", name).replace(" ", "") for name in names}
        if said == by_name:
            return
        # What a dead daemon had begun may come to its end only now.
        assert time.monotonic() < until, (said, by_name)
        time.sleep(0.1)
