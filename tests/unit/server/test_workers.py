from __future__ import annotations

import threading
import time

import pytest

from vzvirt.server.workers import Lane, Workers

PATIENCE = 20.0


class Jobs:
    """Jobs that run until they are let go."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.most = 0
        self.done: list[str] = []
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)

    def make(self, name: str) -> object:
        def job() -> None:
            with self.lock:
                self.running += 1
                self.most = max(self.most, self.running)
            self.begun.release()
            assert self.go_on.wait(PATIENCE)
            with self.lock:
                self.running -= 1
                self.done.append(name)

        return job


def wait_until_idle(workers: Workers) -> None:
    until = time.monotonic() + PATIENCE
    while workers.busy:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_no_more_run_than_may() -> None:
    workers, jobs = Workers(3, 0), Jobs()
    for number in range(10):
        workers.submit(jobs.make(str(number)))  # type: ignore[arg-type]
    for _ in range(3):
        assert jobs.begun.acquire(timeout=PATIENCE)
    assert workers.busy == 10
    assert not jobs.begun.acquire(timeout=0.02)
    jobs.go_on.set()
    wait_until_idle(workers)
    assert jobs.most == 3
    assert sorted(jobs.done) == [str(number) for number in range(10)]


def test_one_that_raises_costs_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    workers, done = Workers(1, 0), threading.Event()

    def fail() -> None:
        raise ZeroDivisionError

    workers.submit(fail)
    workers.submit(done.set)
    assert done.wait(PATIENCE)
    wait_until_idle(workers)
    assert "a defect, in a job" in caplog.text


def test_urgent_ones_have_threads_of_their_own() -> None:
    workers, jobs = Workers(2, 1), Jobs()
    for number in range(4):
        workers.submit(jobs.make(str(number)))  # type: ignore[arg-type]
    for _ in range(2):
        assert jobs.begun.acquire(timeout=PATIENCE)
    urgent = threading.Event()
    workers.submit(urgent.set, lane=Lane.URGENT)
    assert urgent.wait(PATIENCE)
    assert jobs.running == 2
    jobs.go_on.set()
    wait_until_idle(workers)
    assert jobs.most == 2


def test_the_last_one_tells_that_it_was_the_last() -> None:
    workers, jobs, told = Workers(2, 0), Jobs(), threading.Semaphore(0)
    for number in range(5):
        workers.submit(jobs.make(str(number)))  # type: ignore[arg-type]
    workers.when_idle(told.release)
    assert not told.acquire(timeout=0.02)
    jobs.go_on.set()
    assert told.acquire(timeout=PATIENCE)
    assert len(jobs.done) == 5
    workers.when_idle(told.release)
    assert told.acquire(timeout=PATIENCE), "though nothing runs any more"
    workers.submit(told.release)
    assert told.acquire(timeout=PATIENCE)
    wait_until_idle(workers)
    assert not told.acquire(timeout=0.02), "what was told once is not told again"


def test_threads_are_started_when_needed_and_used_again() -> None:
    workers = Workers(50, 0)
    before = threading.active_count()
    for _ in range(200):
        done = threading.Event()
        workers.submit(done.set)
        assert done.wait(PATIENCE)
        wait_until_idle(workers)
    assert threading.active_count() - before < 10


def test_many_at_once_all_run() -> None:
    workers = Workers(8, 2)
    lock, done, lanes = threading.Lock(), [], list(Lane)

    def job() -> None:
        with lock:
            done.append(1)

    for number in range(2000):
        workers.submit(job, lane=lanes[number % 2])
    wait_until_idle(workers)
    assert len(done) == 2000
