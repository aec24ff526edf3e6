"""Child processes: what they say, how they end, and whether they are who they were."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.system import process


def test_output_and_input() -> None:
    done = process.run(["cat"], stdin=b"one\ntwo")
    assert (done.status, done.stdout, done.stderr) == (0, b"one\ntwo", b"")


def test_nothing_to_read_is_the_end_of_file() -> None:
    assert process.run(["cat"]).stdout == b""


def test_a_failure_is_told_in_the_programs_own_last_words() -> None:
    with pytest.raises(errors.OperationFailed) as caught:
        process.run(["ls", "/there/is/no such file"])
    assert "/there/is/no such file" in caught.value.message
    assert "status 2" in caught.value.message


def test_a_failure_may_be_expected() -> None:
    assert process.run(["false"], check=False).status == 1


def test_the_signal_that_ended_it() -> None:
    with pytest.raises(errors.OperationFailed, match="ended by signal 9"):
        process.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])


def test_a_missing_program_is_named() -> None:
    with pytest.raises(errors.NoSupport, match="no-such-program-here") as caught:
        process.run(["no-such-program-here"])
    assert caught.value.hint is not None


def test_a_missing_folder_is_not_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(errors.SystemFailure):
        process.run(["true"], cwd=tmp_path / "gone")


def test_what_takes_too_long_is_killed() -> None:
    begun = time.monotonic()
    with pytest.raises(errors.TimedOut, match="sleep"):
        process.run(["sleep", "60"], timeout=0.1)
    assert time.monotonic() - begun < 10


def test_programs_speak_english() -> None:
    done = process.run(["sh", "-c", "echo $LC_ALL $KEPT"], env={"LC_ALL": "de_DE", "KEPT": "yes"})
    assert done.stdout == b"C.UTF-8 yes\n"


def test_an_open_file_can_be_handed_on() -> None:
    ours, theirs = os.pipe()
    try:
        process.run(["sh", "-c", f"echo hello > /dev/fd/{theirs}"], pass_fds=[theirs])
        assert os.read(ours, 100) == b"hello\n"
    finally:
        os.close(ours)
        os.close(theirs)


def test_detached_has_no_terminal_no_parent_and_its_own_session(tmp_path: Path) -> None:
    report = tmp_path / "report"
    script = f"cut -d' ' -f4,6 /proc/$$/stat > {report}.new; mv {report}.new {report}"
    process.spawn_detached(["sh", "-c", script])
    end = time.monotonic() + 10
    while not report.exists():
        assert time.monotonic() < end
        time.sleep(0.005)
    parent, session = map(int, report.read_text().split())
    assert parent != os.getpid()
    assert session != os.getsid(0)


def test_detached_ignores_no_signal_that_we_ignore(tmp_path: Path) -> None:
    report = tmp_path / "report"
    script = f"grep SigIgn /proc/self/status > {report}.new; mv {report}.new {report}"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.spawn_detached(["sh", "-c", script])
    finally:
        signal.signal(signal.SIGINT, before)
    end = time.monotonic() + 10
    while not report.exists():
        assert time.monotonic() < end
        time.sleep(0.005)
    assert not int(report.read_text().split()[1], 16) & 1 << signal.SIGINT - 1


def test_detached_missing_programs_are_told_at_once() -> None:
    with pytest.raises(errors.NoSupport, match="no-such-program-here"):
        process.spawn_detached(["no-such-program-here"])


def test_a_process_is_told_from_a_later_one_with_its_pid() -> None:
    started = process.started_at(os.getpid())
    assert started is not None
    assert process.is_alive(os.getpid(), started)
    assert process.is_alive(os.getpid(), None)
    assert not process.is_alive(os.getpid(), started - 1)
    assert process.wait_for_exit(os.getpid(), started - 1, 10)


def test_waiting_for_a_process_that_is_no_child_of_the_waiter() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        started = process.started_at(child.pid)
        assert not process.wait_for_exit(child.pid, started, 0.05)
        child.kill()
        assert process.wait_for_exit(child.pid, started, 10)
        # A zombie until we ask for its status: it counts as gone already.
        assert not process.is_alive(child.pid, started)
    finally:
        child.kill()
        child.wait()
    assert process.started_at(child.pid) is None
    assert process.wait_for_exit(child.pid, started, 10)


def test_a_name_with_brackets_and_blanks_confuses_nobody(tmp_path: Path) -> None:
    program = tmp_path / ") R 1 ("
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    with subprocess.Popen([program, "60"]) as child:
        try:
            started = process.started_at(child.pid)
            assert started is not None
            assert started > 0
            assert process.is_alive(child.pid, started)
        finally:
            child.kill()


def test_holding_on_to_what_is_no_process() -> None:
    assert process.hold(4194305) is None
    ready, done = threading.Event(), threading.Event()

    def wait() -> None:
        ready.set()
        done.wait(10)

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait(10)
    try:
        assert thread.native_id is not None
        assert process.hold(thread.native_id) is None, "a thread's number is no process's"
        assert process.wait_for_exit(thread.native_id, 1, 0)
    finally:
        done.set()
        thread.join()


def test_programs_for_administrators_are_found_on_anybodys_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "for-administrators"
    program.write_text("#!/bin/sh\necho here\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert process.which(program.name) is None
    monkeypatch.setattr(process, "ADMINISTRATORS", (str(tmp_path),))
    assert process.which(program.name) == str(program)
    assert process.run([program.name]).stdout == b"here\n"
