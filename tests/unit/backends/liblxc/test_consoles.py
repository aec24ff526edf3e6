"""Connecting to a console, with a program in the place of ``lxc-console``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import consoles
from vzvirt.backends.liblxc.runfolder import RunFolder
from vzvirt.model.values import Ctid
from vzvirt.system.root import Root

RESET = (
    "commands.c: lxc_cmd_rsp_recv_fds: 128 Connection reset by peer - Failed to receive response"
)

Connect = Callable[[str], consoles.LxcConsole]


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Connects by a shell script; in it ``first`` is true only the first time."""

    def connect(script: str) -> consoles.LxcConsole:
        program = tmp_path / "lxc-console"
        seen = tmp_path / "seen"
        first = f"first() {{ [ ! -e {seen} ] && : > {seen}; }}"
        program.write_text(f"#!/bin/sh\n{first}\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(consoles, "LXC_CONSOLE", str(program))
        run = RunFolder(Root(tmp_path), Ctid(101))
        return consoles.connect(run, {"PATH": os.environ["PATH"]}, force=False)

    return connect


@pytest.mark.parametrize("said", [RESET, "Denied access to tty"])
def test_refused_as_the_last_one_goes_it_tries_again(connect: Connect, said: str) -> None:
    line = connect(f"if first; then echo '{said}'; exit 1; fi; stty raw; exec cat")
    try:
        os.write(line.fileno(), b"echo")
        assert os.read(line.fileno(), 4) == b"echo"
    finally:
        line.close()


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        (RESET, errors.OperationFailed, "Connection reset by peer"),
        ("Denied access to tty", errors.Busy, "the console of container 101 is in use"),
        ("101 is not running", errors.OperationFailed, "101 is not running"),
        ("", errors.OperationFailed, "it is ending"),
    ],
)
def test_refused_for_good(
    connect: Connect, said: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        connect(f"printf '{said}'; exit 1")
