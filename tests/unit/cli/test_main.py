"""How a run ends: words on standard error and an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.cli import main as cli
from vzvirt.cli.commands import host
from vzvirt.cli.session import Session


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VZVIRT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VZVIRT_ROOT", str(tmp_path))
    monkeypatch.setenv("VZVIRT_ENGINE", "memory")


def raising(monkeypatch: pytest.MonkeyPatch, exc: BaseException) -> None:
    def fail(session: Session, *, shell: str) -> None:
        raise exc

    monkeypatch.setattr(host, "completion", fail)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vzvirt ")


def test_a_word_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["strat"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "vzvirt: error: there is no command 'strat'\n"
        "hint: did you mean stats or start or domifstat?\n"
    )


@pytest.mark.parametrize(
    ("exc", "status", "words"),
    [
        (errors.NoDomain("no 'x'", hint="list"), 3, "vzvirt: error: no 'x'\nhint: list\n"),
        (errors.Busy("held"), 5, "vzvirt: error: held\n"),
        (errors.TimedOut("late"), 6, "vzvirt: error: late\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_the_class_of_an_error_is_the_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    exc: BaseException,
    status: int,
    words: str,
) -> None:
    raising(monkeypatch, exc)
    assert cli.main(["completion", "bash"]) == status
    assert capsys.readouterr().err == words


def test_a_defect_is_called_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    assert cli.main(["completion", "bash"]) == 70
    words = capsys.readouterr().err
    assert "a defect of vzvirt: ZeroDivisionError: division by zero" in words
    assert "Traceback" not in words
    assert cli.main(["--debug", "completion", "bash"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_setting_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VZVIRT_ENGINE", "xen")
    assert cli.main(["completion", "bash"]) == 2
    assert "VZVIRT_ENGINE is 'xen'" in capsys.readouterr().err


def run(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("vzvirt", f"{sys.executable} -m vzvirt")],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("vzvirt completion bash >/dev/full", 1),
        ("vzvirt completion bash >&-", 0),
        ("vzvirt frob 2>&-", 2),
        ("vzvirt --help | true; exit ${PIPESTATUS[0]}", 141),
    ],
)
def test_a_stream_that_takes_nothing(command: str, status: int) -> None:
    done = run(command)
    # What ends before its reader does has a pipe that is whole.
    assert done.returncode in ({0, 141} if status == 141 else {status})
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
