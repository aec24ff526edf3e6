"""Looking into containers with virsh, signals for their processes, and their consoles."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from clients import containers
from clients.containers import facts
from daemonlab import Daemon
from terminal import Terminal, terminal

NETWORKED = "<interface type='network'><source network='default'/></interface>"


@pytest.fixture(scope="module")
def simulated(memory_daemon: Daemon) -> Iterator[Daemon]:
    with containers.running(memory_daemon, devices=NETWORKED):
        yield memory_daemon


@pytest.fixture(scope="module", params=["memory", pytest.param("lxc", marks=pytest.mark.root)])
def web(request: pytest.FixtureRequest) -> Iterator[Daemon]:
    daemon: Daemon = request.getfixturevalue(f"{request.param}_daemon")
    with containers.running(daemon, "site"):
        yield daemon


def test_what_it_says_of_itself(web: Daemon) -> None:
    assert web.ok("domhostname", "site") == "site"
    assert web.ok("domtime", "site").startswith("Time: 1")
    assert [line.split()[0] for line in web.ok("domfsinfo", "site").splitlines()] == ["/"]
    found = facts(web.ok("guestinfo", "site"))
    assert found["hostname"] == "site"
    assert found["os.kernel-release"] == os.uname().release
    assert found["os.name"] in {"BusyBox", "Simulation"}
    assert (found["timezone.name"], found["timezone.offset"]) == ("UTC", "0")
    assert (found["user.count"], found["disk.count"]) == ("0", "0")
    assert (found["fs.count"], found["fs.0.mountpoint"]) == ("1", "/")
    assert 0 < int(found["fs.0.used-bytes"]) < int(found["fs.0.total-bytes"])
    assert "os.name" not in web.ok("guestinfo", "site", "--hostname")


def test_addresses(simulated: Daemon) -> None:
    leased = simulated.ok("domifaddr", "web").split()
    seen = simulated.ok("domifaddr", "web", "--source", "agent", "--full").split()
    assert leased[1:] == seen[1:]
    assert leased[2] == "ipv4"
    assert leased[3].endswith("/24")
    assert simulated.ok("domifaddr", "web", "--source", "arp").split()[1:] == seen[1:]
    assert facts(simulated.ok("guestinfo", "web", "--interface"))["if.0.addr.0.type"] == "ipv4"


def test_signals(web: Daemon) -> None:
    web.ok("send-process-signal", "site", "1", "nop")
    assert "no process 70000" in web.refused("send-process-signal", "site", "70000", "term")
    assert "not the number" in web.refused("send-process-signal", "site", "-1", "term")
    web.ok("send-process-signal", "site", "1", "kill")
    until = time.monotonic() + 20
    while web.ok("domstate", "site") != "crashed":
        assert time.monotonic() < until
        time.sleep(0.05)
    web.ok("start", "site")


def console(web: Daemon, *words: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of a virsh on a terminal."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    return ["virsh", "-c", web.uri, "console", "site", *words], environment


def connected(one: Terminal, web: Daemon) -> Terminal:
    """Wait until the container answers on its console."""
    one.expect(b"Escape character is ^]")
    if web.engine == "memory":
        one.expect(b"simulated init started")
    else:
        one.expect_after(b"\n", b"login:")
    return one


def test_console(web: Daemon) -> None:
    with terminal(*console(web)) as one:
        connected(one, web)
        one.type(b"\x1d")
        assert one.ends()[0] == 0
    with terminal(*console(web)) as again:
        connected(again, web)


def test_a_console_in_use(web: Daemon) -> None:
    with terminal(*console(web)) as first:
        connected(first, web)
        with terminal(*console(web)) as second:
            status, said = second.ends()
            assert status == 1
            assert b"Active console session exists" in said
        with terminal(*console(web, "--force")) as third:
            third.expect(b"Escape character is ^]")
            assert first.ends()[0] == 0
            third.expect_after(b"\n", b"started" if web.engine == "memory" else b"login:")


def test_a_console_ends_with_its_container(web: Daemon) -> None:
    with terminal(*console(web)) as one:
        connected(one, web)
        web.ok("destroy", "site")
        assert one.ends()[0] == 0
    said = web.refused("console", "site")
    assert "not running" in said
    web.ok("start", "site")


def test_nothing_is_left_of_those_who_hang_up(web: Daemon) -> None:
    with terminal(*console(web)) as one:
        connected(one, web)
    until = time.monotonic() + 20
    while _helpers(web):
        assert time.monotonic() < until, _helpers(web)
        time.sleep(0.05)


def _helpers(web: Daemon) -> list[str]:
    """What the daemon runs for consoles."""
    done = subprocess.run(
        ["ps", "--ppid", str(web.pid), "-o", "args="], capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if "console" in line]


STREAM = """
import libvirt, sys
domain = libvirt.open(sys.argv[1]).lookupByName("site")

def refused(call, *words):
    try:
        call(*words)
    except libvirt.libvirtError as error:
        print(error.get_error_code(), error.get_error_message())

connection = domain.connect()
for number in range(3):
    stream = connection.newStream(0)
    domain.openConsole("console0", stream, libvirt.VIR_DOMAIN_CONSOLE_SAFE)
    stream.send(b"hello\\n")
    if number == 0:
        print(len(stream.recv(1 << 16)) > 0)
    (stream.abort if number == 1 else stream.finish)()
refused(domain.openConsole, "console7", connection.newStream(0), 0)
refused(domain.openChannel, "agent", connection.newStream(0), 0)
"""


def test_streams_in_python(web: Daemon) -> None:
    shown = web.python(STREAM).splitlines()
    assert shown[0] == "True"
    assert "cannot find character device console7" in shown[1]
    assert "containers have no channel devices" in shown[2]
