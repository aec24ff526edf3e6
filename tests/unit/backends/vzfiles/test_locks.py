"""Locks between processes and threads, in vzctl's format."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.vzfiles.locks import _remove_stale, flock_file, lock_file
from vzvirt.system.files import exclusive
from vzvirt.system.process import started_at

HOLDER = """
import sys
from pathlib import Path
from vzvirt.backends.vzfiles.locks import lock_file
folder = Path(sys.argv[1])
with lock_file(folder / "101.lck", folder / "guard", 10, "container 101"):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNTER = """
import sys
from pathlib import Path
from vzvirt.backends.vzfiles.locks import lock_file
folder, stale, turns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
counter = folder / "counter"
for _ in range(turns):
    with lock_file(folder / "101.lck", folder / "guard", 20, "container 101"):
        count = int(counter.read_text())
        counter.write_text(str(count + 1))
        left = folder / "101.lck"
        if stale:  # end as a killed holder does: the lock stays, its pid means nothing
            instead = folder / sys.argv[4]
            instead.write_text(stale)
            instead.rename(left)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock/101.lck"


def held(lock: Path, wait: float = 0) -> AbstractContextManager[bool]:
    return lock_file(lock, lock.with_name("guard"), wait, "container 101")


@contextmanager
def other_process(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    lock.parent.mkdir(exist_ok=True)
    argv = [sys.executable, "-c", HOLDER, lock.parent]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            yield holder
        finally:
            holder.kill()


def test_the_file_is_as_vzctl_reads_it(lock: Path) -> None:
    with held(lock):
        pid, status, rest = lock.read_text().split("\n")
        assert int(pid) == os.getpid()
        assert status == f"vzvirt {started_at(os.getpid())}"
        assert rest == ""
        assert sorted(item.name for item in lock.parent.iterdir()) == ["101.lck"]
    assert list(lock.parent.iterdir()) == []


def test_the_same_thread_may_take_it_again(lock: Path) -> None:
    with held(lock) as first:
        with held(lock) as second:
            assert (first, second) == (True, False)
        assert lock.exists()
    assert not lock.exists()


def test_it_is_given_back_after_an_error(lock: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(lock):
        raise ZeroDivisionError
    with held(lock):
        pass


def test_another_thread_has_to_wait(lock: Path) -> None:
    outcome: list[str] = []

    def try_it(wait: float) -> None:
        try:
            with held(lock, wait):
                outcome.append("had")
        except errors.Busy as error:
            outcome.append(error.message)

    with held(lock):
        impatient = threading.Thread(target=try_it, args=(0.05,))
        patient = threading.Thread(target=try_it, args=(10,))
        impatient.start()
        impatient.join()
        patient.start()
    patient.join()
    assert outcome == ["container 101 is locked by another thread of this process", "had"]


def test_another_process_is_named(lock: Path) -> None:
    with other_process(lock) as holder:
        begun = time.monotonic()
        with pytest.raises(errors.Busy) as caught, held(lock, 0.1):
            pass
        assert 0.1 <= time.monotonic() - begun < 5
        assert f"pid {holder.pid} ({sys.executable} -c" in caught.value.message


def test_real_vzctl_is_waited_for(lock: Path) -> None:
    """vzctl writes its pid and an empty status."""
    lock.parent.mkdir()
    with subprocess.Popen(["sleep", "60"]) as vzctl:
        try:
            words = Path(f"/proc/{vzctl.pid}/cmdline")
            while not words.read_bytes():
                pass  # the kernel says who it is a moment after it has begun to run
            lock.write_text(f"{vzctl.pid}\n\n")
            with pytest.raises(errors.Busy, match=rf"pid {vzctl.pid} \(sleep 60\)"), held(lock):
                pass
            threading.Timer(0.1, lock.unlink).start()
            with held(lock, 10):
                pass
        finally:
            vzctl.kill()


def test_drafts_of_the_dead_are_removed(lock: Path) -> None:
    lock.parent.mkdir()
    with subprocess.Popen(["true"]) as dead:
        pass
    abandoned = lock.with_name(f".{lock.name}.{dead.pid}")
    of_the_living = lock.with_name(f".{lock.name}.{os.getppid()}")
    for draft in (abandoned, of_the_living):
        draft.touch()
    with held(lock):
        assert not abandoned.exists()
        assert of_the_living.exists()


def test_a_killed_holder_is_no_holder(lock: Path) -> None:
    with other_process(lock) as holder:
        holder.kill()
        holder.wait()
        assert lock.exists()
        with held(lock):
            assert lock.read_text().startswith(f"{os.getpid()}\n")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "nonsense\n\n",
        "-1\n\n",
        "0\n\n",
        "4194305\n\n",  # above the kernel's highest pid
        "99999999999999999999\n",
        "{pid}\nvzvirt 1\n",  # our pid, but of a process that started with the host
    ],
)
def test_stale_locks_are_removed(lock: Path, content: str) -> None:
    lock.parent.mkdir()
    lock.write_text(content.format(pid=os.getpid()))
    with held(lock):
        assert lock.read_text().startswith(f"{os.getpid()}\n")
    assert not lock.exists()


def test_who_comes_late_does_not_remove_the_next_holders_lock(lock: Path) -> None:
    """Between the look at a stale lock and its removal somebody else may have done both."""
    with held(lock):
        _remove_stale(lock, lock.with_name("guard"))
        assert lock.read_text().startswith(f"{os.getpid()}\n")


def test_those_who_remove_stale_locks_take_turns(lock: Path) -> None:
    lock.parent.mkdir()
    lock.write_text("4194305\n\n")
    taken = []

    def take() -> None:
        with held(lock, 10):
            taken.append(lock.read_text())

    with exclusive(lock.with_name("guard"), 0, "the guard"):
        waiter = threading.Thread(target=take)
        waiter.start()
        waiter.join(0.05)
        assert lock.read_text() == "4194305\n\n"
    waiter.join()
    assert taken[0].startswith(f"{os.getpid()}\n")


def test_a_lock_taken_from_us_by_force_is_not_ours_to_remove(lock: Path) -> None:
    with held(lock):
        lock.unlink()
        lock.write_text("1\n\n")
    assert lock.read_text() == "1\n\n"


@pytest.mark.parametrize("stale", ["", "4194305\n\n"], ids=["given back", "left stale"])
def test_many_processes_take_turns(tmp_path: Path, stale: str) -> None:
    """A lost update would show in the count; so would two who remove one stale lock."""
    (tmp_path / "counter").write_text("0")
    argv = [sys.executable, "-c", COUNTER, tmp_path, stale, "50"]
    processes = [subprocess.Popen([*argv, f"stale-{number}"]) for number in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert (tmp_path / "counter").read_text() == "200"


def test_a_lock_is_left_in_any_order(lock: Path) -> None:
    first, second = ExitStack(), ExitStack()
    assert first.enter_context(held(lock)) is True
    assert second.enter_context(held(lock)) is False
    first.close()
    assert lock.exists(), "the second time goes on"
    second.close()
    assert not lock.exists()
    with other_process(lock), pytest.raises(errors.Busy), held(lock):
        pass


def test_the_registrys_lock_is_left_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "run/registry.lck"
    first, second = ExitStack(), ExitStack()
    for stack in (first, second):
        stack.enter_context(flock_file(path, 0, "the registry"))
    first.close()
    with pytest.raises(errors.Busy), exclusive(path, 0, "the registry"):
        pass
    second.close()
    with exclusive(path, 0, "the registry"):
        pass


def test_the_registrys_lock_is_reentrant_and_excludes_threads(tmp_path: Path) -> None:
    path = tmp_path / "run/registry.lck"
    counter = [0]

    def count() -> None:
        for _ in range(50):
            with flock_file(path, 10, "the registry"), flock_file(path, 0, "the registry"):
                now = counter[0]
                time.sleep(0)
                counter[0] = now + 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter == [200]
