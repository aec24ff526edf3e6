"""The units under a real systemd: sockets, readiness, death, and containers that go on."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import Vzvirt, domain_xml
from servicelab import Client
from vzvirt.rpc.packet import Status
from vzvirt.rpc.protocol import remote
from vzvirt.server import units

pytestmark = pytest.mark.root

PATIENCE = 120.0
"""Seconds for what takes a moment, where processors are emulated."""

SOURCE = os.environ["PYTHONPATH"]
RUN = f"/usr/bin/env PYTHONPATH={SOURCE} /usr/bin/python3 -P -m"
HOST = Path("/run/libvirt/virtopenvzd-sock")


def systemctl(*words: str, check: bool = True) -> str:
    done = subprocess.run(
        ["systemctl", *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert not check or done.returncode == 0, (done, journal())
    return done.stdout.strip()


def journal() -> str:
    words = ("journalctl", "-n", "50", "--no-pager", "-u", "vzvirtd", "-u", "vzvirt-containers")
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def ask(path: Path = HOST) -> Client:
    """A client that has opened a connection."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE)
    sock.connect(str(path))
    client = Client(sock)
    client.sock.settimeout(PATIENCE)
    client.open()
    return client


def answers(path: Path = HOST) -> bool:
    with ask(path) as client:
        return client.call("connect_get_hostname").status == Status.OK


def main_pid() -> int:
    return int(systemctl("show", "--value", "-p", "MainPID", "vzvirtd.service"))


@pytest.fixture(scope="module")
def host() -> Iterator[Vzvirt]:
    """This very host, with the units installed and the daemon running."""
    vzvirt = Vzvirt(Path("/"), "lxc")
    files = units.files(f"{RUN} vzvirt.cli.vzvirtd", f"{RUN} vzvirt")
    for name, text in files.items():
        path = Path("/") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    try:
        for command in units.NEXT:
            subprocess.run(command.split(), check=True, timeout=300)
        built = vzvirt.call("template", "build", "busybox", timeout=300)
        assert built.returncode == 0, built
        yield vzvirt
    finally:
        names = [Path(name).name for name in files if name.endswith((".service", ".socket"))]
        systemctl("disable", "--now", *names, check=False)
        for name in files:
            (Path("/") / name).unlink()
        systemctl("daemon-reload")
        for folder in ("/etc/vz", "/vz", "/var/lib/vzvirt"):
            shutil.rmtree(folder, ignore_errors=True)


def test_the_group_may_use_it_and_others_may_look(host: Vzvirt) -> None:
    for path in (HOST, Path("/run/vzvirt/vzvirt-sock")):
        assert path.group() == "vzvirt"
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        look = path.with_name(f"{path.name}-ro")
        assert stat.S_IMODE(look.stat().st_mode) == 0o666
        assert answers(path)
        assert answers(look)
    with ask(HOST.with_name(f"{HOST.name}-ro")) as client:
        args = remote.DomainDefineXmlArgs("<domain/>").encode()
        assert client.error("domain_define_xml", args).code == 29


def test_it_is_ready_when_systemd_says_so(host: Vzvirt) -> None:
    systemctl("restart", "vzvirtd.service")
    assert systemctl("is-active", "vzvirtd.service") == "active"
    assert answers()
    pid = main_pid()
    systemctl("reload", "vzvirtd.service")
    assert answers()
    assert main_pid() == pid


def test_it_comes_back_when_it_dies(host: Vzvirt) -> None:
    before = main_pid()
    os.kill(before, signal.SIGKILL)
    until = time.monotonic() + PATIENCE
    while main_pid() in (0, before):
        assert time.monotonic() < until, journal()
        time.sleep(0.2)
    assert answers()


def test_a_client_is_enough_to_start_it(host: Vzvirt) -> None:
    systemctl("stop", "vzvirtd.service")
    assert HOST.exists()
    assert answers()
    assert systemctl("is-active", "vzvirtd.service") == "active"


def test_containers_do_not_notice_but_stop_and_start_with_the_host(host: Vzvirt) -> None:
    xml = domain_xml("web", 301)
    with ask() as client:
        define = remote.DomainDefineXmlArgs(xml).encode()
        defined = client.call("domain_define_xml", define)
        assert defined.status == Status.OK, defined
        domain = remote.DomainDefineXmlRet.decode(defined.payload).dom
        started = client.call("domain_create", remote.DomainCreateArgs(domain).encode())
        assert started.status == Status.OK, (started, journal())
    pid = host.json("info", "web")["init_pid"]
    assert pid
    systemctl("restart", "vzvirtd.service")
    assert host.json("info", "web")["init_pid"] == pid
    systemctl("stop", "vzvirt-containers.service")
    assert not host.json("info", "web")["init_pid"]
    systemctl("start", "vzvirt-containers.service")
    assert host.json("info", "web")["init_pid"]
    host.call("kill", "web")
    host.call("undefine", "--remove-data", "web")
