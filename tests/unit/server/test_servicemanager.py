from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vzvirt.server import servicemanager
from vzvirt.server.servicemanager import Notifier, Passed, passed


@pytest.mark.parametrize("abstract", [False, True])
def test_states_reach_the_service_manager(tmp_path: Path, *, abstract: bool) -> None:
    address = f"@vzvirt-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + address[1:] if abstract else address)
        environment = {"NOTIFY_SOCKET": address, "PATH": "/bin"}
        notifier = Notifier(environment)
        assert environment == {"PATH": "/bin"}
        notifier.ready("two containers")
        notifier.reloading()
        notifier.watchdog()
        notifier.stopping()
        said = [manager.recv(1000).decode() for _ in range(4)]
    assert said[0].splitlines()[:2] == ["READY=1", "STATUS=two containers"]
    assert said[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert said[2:] == ["WATCHDOG=1", "STOPPING=1"]


def test_nobody_listens(tmp_path: Path) -> None:
    Notifier({}).ready("fine")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("fine")


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, 0),
        ({"WATCHDOG_USEC": "20000000"}, 10),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 10),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, 0),
    ],
)
def test_watchdog(environment: dict[str, str], interval: float) -> None:
    assert Notifier(environment).watchdog_interval == interval
    assert not environment


def test_passed_sockets_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = socket.socketpair()
    first = min(end.fileno() for end in ends)
    for end in ends:
        end.set_inheritable(True)
    monkeypatch.setattr(servicemanager, "FIRST_PASSED", first)
    environment = {
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": "1",
        "LISTEN_FDNAMES": "vzvirtd-ro",
    }
    try:
        assert passed(environment) == [Passed("vzvirtd-ro", first)]
        assert not environment
        assert not os.get_inheritable(first)
    finally:
        for end in ends:
            end.close()


def test_sockets_for_another_process_are_not_ours() -> None:
    assert passed({"LISTEN_PID": "1", "LISTEN_FDS": "2"}) == []
    assert passed({}) == []
