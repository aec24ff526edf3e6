from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt.backends.liblxc.attaching import Attacher, status_of
from vzvirt.backends.liblxc.runfolder import Process, RunFolder
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ExecRequest
from vzvirt.system.root import Root


@pytest.fixture
def attacher(monkeypatch: pytest.MonkeyPatch) -> Attacher:
    """Of a container whose init is this test, and whose root therefore is the host's."""
    monkeypatch.setenv("TERM", "vt100")
    own = Process.read(Path(f"/proc/{os.getpid()}/stat").read_bytes())
    return Attacher(RunFolder(Root(Path("/r")), Ctid(101)), own)


PREFIX = ["/usr/bin/lxc-attach", "-q", "-n", "101", "-P", "/r/run/vzvirt", "--clear-env"]
VARIABLES = [
    *("-v", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    *("-v", "HOME=/root", "-v", "TERM=vt100", "-v", "container=lxc"),
]


def test_a_command_as_root(attacher: Attacher) -> None:
    words = attacher.command(ExecRequest(argv=("ls", "-l a", "$x")))
    assert words[:-8] == [*PREFIX, *VARIABLES, "--"]
    assert words[-8:-6] == ["/bin/sh", "-c"]
    assert words[-4:] == ["/root", "ls", "-l a", "$x"]


def test_the_top_folder_needs_no_shell(attacher: Attacher) -> None:
    words = attacher.command(ExecRequest(argv=("ls",), directory="/"))
    assert words == [*PREFIX, *VARIABLES, "--", "ls"]


def test_another_user_and_environment(attacher: Attacher) -> None:
    request = ExecRequest(
        argv=("id",), user="12345", directory="/", environment=(("A", "b=c"), ("TERM", "x"))
    )
    words = attacher.command(request)
    assert words[-6:] == ["-u", "12345", "-g", "12345", "--", "id"]
    assert "A=b=c" in words
    assert "TERM=x" in words
    assert "TERM=vt100" not in words


def test_a_login_shell(attacher: Attacher) -> None:
    words = attacher.command(ExecRequest(user="root"))
    assert words[-1] == "-l"
    assert words[-2].startswith("/")


def test_statuses() -> None:
    assert [status_of(number) for number in (0, 7, -15)] == [0, 7, 143]
