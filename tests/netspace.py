"""Empty hosts of one thread: network namespaces in which a backend runs by itself."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """Have this thread, and whom it starts, on a host with a loopback and nothing else."""
    former = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _check(LIBC.unshare(CLONE_NEWNET))
        ip("link set lo up")
        yield
    finally:
        _check(LIBC.setns(former, CLONE_NEWNET))
        os.close(former)


def _check(status: int) -> None:
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextlib.contextmanager
def guest() -> Iterator[int]:
    """The pid of a process that has a network namespace of its own, as an init has."""
    own = Path("/proc/thread-self/ns/net").readlink()
    with subprocess.Popen(["unshare", "-n", "sleep", "1000"]) as init:
        try:
            while Path(f"/proc/{init.pid}/ns/net").readlink() == own:
                pass
            ip("link set lo up", init.pid)
            yield init.pid
        finally:
            init.kill()


def ip(words: str, pid: int | None = None) -> str:
    """Run ``ip``, here or where a process is."""
    there = ("nsenter", f"--net=/proc/{pid}/ns/net") if pid is not None else ()
    return subprocess.run(
        [*there, "ip", *words.split()], check=True, capture_output=True, text=True
    ).stdout


def links(pid: int | None = None) -> set[str]:
    """The devices there are."""
    return {line.split()[0].split("@")[0] for line in ip("-br link", pid).splitlines()}


def unmount_below(folder: Path) -> None:
    """Let go of namespaces that were held on to."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for point in [line.split()[4] for line in lines]:
        if point.startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", point], check=True)
