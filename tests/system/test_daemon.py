"""The daemon's life, seen from outside: sockets, signals, settings, the service manager."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import daemonlab
from daemonlab import AUTH_LIST, PATIENCE, PROGRAM, Daemon
from vzvirt.rpc.packet import REMOTE_PROGRAM, VERSION, Packet, PacketType, Status


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with daemonlab.running("memory") as running:
        yield running


def test_virsh_asks_who_is_there(daemon: Daemon) -> None:
    assert "Running hypervisor: OpenVZ 0.1.0" in daemon.ok("version")
    assert daemon.ok("uri") == daemon.uri
    assert daemon.ok("hostname") == os.uname().nodename


def test_python_asks_who_is_there(daemon: Daemon) -> None:
    said = daemon.python(
        "import libvirt, sys\n"
        "conn = libvirt.open(sys.argv[1])\n"
        "print(conn.getType(), conn.getLibVersion(), conn.getVersion(), conn.isSecure(),"
        " conn.isEncrypted(), conn.isAlive())\n"
        "conn.close()\n"
    )
    assert said.split() == ["OpenVZ", "9000000", "1000", "1", "0", "1"]


def test_other_drivers_are_not_here(daemon: Daemon) -> None:
    uri = daemon.uri.replace("openvz", "lxc")
    assert "no connection driver available for lxc:///system" in daemon.refused("uri", uri=uri)
    uri = daemon.uri.replace("/system", "/elsewhere")
    assert "try openvz:///system" in daemon.refused("uri", uri=uri)


def test_objects_that_there_are_none_of(daemon: Daemon) -> None:
    assert daemon.ok("secret-list") == ""
    assert daemon.ok("iface-list", "--all") == ""
    assert daemon.ok("nwfilter-list") == ""
    assert daemon.ok("nwfilter-binding-list") == ""
    assert "Interface not found" in daemon.refused("iface-dumpxml", "eth0")
    assert "Network filter not found" in daemon.refused("nwfilter-dumpxml", "clean-traffic")


def test_what_is_not_supported_is_named(daemon: Daemon) -> None:
    assert "virConnectGetSysinfo" in daemon.refused("sysinfo")


def test_sockets_have_the_modes_that_are_said(daemon: Daemon) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert (mode(daemon.socket), mode(daemon.read_only_socket)) == (0o700, 0o777)
    daemon.settings += ['unix_sock_rw_perms = "0660"', 'unix_sock_group = "daemon"']
    daemon.restart()
    assert mode(daemon.socket) == 0o660
    assert daemon.socket.group() == "daemon"
    assert daemon.read_only_socket.group() == "daemon"


def test_whoever_may_not_change_things_is_told(daemon: Daemon) -> None:
    for uri, words in ((daemon.read_only_uri, ()), (daemon.uri, ("--readonly",))):
        assert daemon.ok(*words, "hostname", uri=uri)
        said = daemon.refused(*words, "create", "/dev/stdin", uri=uri, stdin="<domain/>")
        assert "read only access" in said


def test_nothing_is_left_when_it_ends(daemon: Daemon) -> None:
    assert daemon.stop() == 0
    assert not [path for path in daemon.folder.iterdir() if path.is_socket()]
    assert "Traceback" not in daemon.log.read_text()


def test_what_a_crash_left_is_taken_over(daemon: Daemon) -> None:
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    assert daemon.ok("hostname")


def test_there_is_one_daemon_for_one_installation(daemon: Daemon) -> None:
    second = subprocess.run(
        PROGRAM, env=daemon.vzvirt.environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert f"as process {daemon.pid}" in second.stderr
    assert daemon.ok("hostname")


def test_a_socket_that_somebody_answers_on_is_not_taken(daemon: Daemon) -> None:
    daemon.stop()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(daemon.socket))
        other.listen()
        failed = subprocess.run(
            PROGRAM, env=daemon.vzvirt.environment, capture_output=True, text=True, check=False
        )
        assert failed.returncode == 2
        assert f"another process listens on '{daemon.socket}'" in failed.stderr
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(daemon.socket))


def test_settings_are_read_again(daemon: Daemon) -> None:
    conf = daemon.root / "etc/vzvirt/vzvirtd.conf"
    conf.write_text("max_clients = 1\ntls_port = 17\nlog_level = 1\n")
    daemon.signal(signal.SIGHUP)
    _wait_for(daemon, "the settings are read again")
    assert "tls_port counts from the next start" in daemon.log.read_text()
    call = Packet(REMOTE_PROGRAM, VERSION, AUTH_LIST, PacketType.CALL, 0, Status.OK).encode()
    with socket.socket(socket.AF_UNIX) as waiting:
        with socket.socket(socket.AF_UNIX) as only:
            for client in (only, waiting):
                client.settimeout(PATIENCE)
                client.connect(str(daemon.socket))
                client.sendall(call)
            assert only.recv(100)
            for times in (2, 3):  # it has looked around since
                daemon.signal(signal.SIGHUP)
                _wait_for(daemon, "the settings are read again", times)
            assert select.select([waiting], [], [], 0)[0] == []
        assert waiting.recv(100)


def test_wrong_settings_do_not_end_it(daemon: Daemon) -> None:
    (daemon.root / "etc/vzvirt/vzvirtd.conf").write_text("max_clients = none\n")
    daemon.signal(signal.SIGHUP)
    _wait_for(daemon, "the settings stay as they are")
    assert daemon.ok("hostname")


def test_every_bad_line_is_reported(daemon: Daemon, tmp_path: Path) -> None:
    conf = tmp_path / "vzvirtd.conf"
    conf.write_text("max_clients = 0\nlisten_tcp = 1\n\nnonsense\ntls_port = 16514\n")

    def check(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *words],
            env=daemon.vzvirt.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    bad = check("--check-config", "--config", str(conf))
    assert bad.returncode == 2
    lines = bad.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{conf}:{n}" for n in (1, 2, 4)]
    assert "listen_tls" in lines[1]
    good = check("--check-config")
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    refused = check("--config", str(conf))
    assert refused.returncode == 2
    assert f"{conf}:1: " in refused.stderr


def test_the_service_manager_is_told(daemon: Daemon, tmp_path: Path) -> None:
    daemon.stop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        daemon.extra = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "200000",
        }
        daemon.start()
        said = {manager.recv(1000).decode().splitlines()[0] for _ in range(4)}
        assert said == {"READY=1", "WATCHDOG=1"}
        daemon.signal(signal.SIGHUP)
        while (word := manager.recv(1000).decode()) == "WATCHDOG=1":
            pass
        assert word.startswith("RELOADING=1\nMONOTONIC_USEC=")
        while (word := manager.recv(1000).decode()) == "WATCHDOG=1":
            pass
        assert word.startswith("READY=1")
        daemon.stop()
        while (word := manager.recv(1000).decode()) == "WATCHDOG=1":
            pass
        assert word == "STOPPING=1"


ACTIVATE = """
import fcntl, os, socket, sys
folder = sys.argv[1]
names = ["vzvirtd.socket", "vzvirtd-ro"]
listening = []
for name in names:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(f"{folder}/{name}.s")
    sock.listen()
    listening.append(fcntl.fcntl(sock.detach(), fcntl.F_DUPFD, 10))
for number, descriptor in enumerate(listening, 3):
    os.dup2(descriptor, number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES=":".join(names))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_sockets_may_be_passed(daemon: Daemon, tmp_path: Path) -> None:
    daemon.stop()
    process = subprocess.Popen(
        [sys.executable, "-c", ACTIVATE, str(tmp_path), *PROGRAM],
        env=daemon.vzvirt.environment,
    )
    try:
        uri = f"openvz+unix:///system?socket={tmp_path}/"
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "vzvirtd-ro.s").exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert daemon.ok("hostname", uri=f"{uri}vzvirtd.socket.s")
        said = daemon.refused(
            "create", "/dev/stdin", uri=f"{uri}vzvirtd-ro.s", stdin="<domain type='openvz'/>"
        )
        assert "read only access" in said
        assert not daemon.socket.exists()
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert (tmp_path / "vzvirtd-ro.s").exists()
    finally:
        process.kill()
        process.wait()


def test_an_ordinary_user_has_one_of_his_own(tmp_path: Path) -> None:
    nobody = 65534
    for name in ("state", "run"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, nobody, nobody)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o755)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ["PYTHONPATH"],
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }
    process = subprocess.Popen(
        [*PROGRAM, "--engine", "memory"],
        env=environment,
        user=nobody,
        group=nobody,
        extra_groups=[],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        heard = [process.stderr.readline() for _ in range(2)]
        assert f"{tmp_path}/run/vzvirt/vzvirt-sock-ro" in heard[1]
        done = subprocess.run(
            [
                "virsh",
                "-c",
                f"openvz+unix:///system?socket={tmp_path}/run/vzvirt/vzvirt-sock",
                "uri",
            ],
            user=nobody,
            group=nobody,
            extra_groups=[],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done
        assert (tmp_path / "state/vzvirt/run/vzvirt/vzvirtd.pid").exists()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _wait_for(daemon: Daemon, words: str, times: int = 1) -> None:
    until = time.monotonic() + PATIENCE
    while daemon.log.read_text().count(words) < times:
        assert time.monotonic() < until, daemon.log.read_text()
        time.sleep(0.02)
