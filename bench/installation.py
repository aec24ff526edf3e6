"""A root of its own for the benchmarks, and commands in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

VZVIRT = Path(__file__).parent.parent / ".venv/bin/vzvirt"
"""The installed command: a checkout's would be compiled anew each time."""

PLAIN = "plain"
"""The name of LXC's own container."""


@dataclass(frozen=True)
class Installation:
    """One root.

    Attributes:
        prefix: What commands begin with: in which network namespace they run, perhaps.
    """

    root: Path
    prefix: tuple[str, ...] = ()

    def vzvirt(self, *arguments: str, stdin: str = "") -> str:
        """Run a command; it must succeed. What it printed."""
        return self._run([VZVIRT, *arguments], stdin)

    def lxc(self, tool: str, *arguments: str) -> None:
        """Run one of LXC's tools on a container of its own below the same root."""
        self._run([tool, "--lxcpath", self.lxc_path, "--name", PLAIN, *arguments], "")

    @property
    def lxc_path(self) -> Path:
        """Where LXC's own containers are."""
        return self.root / "lxc"

    def _run(self, command: list[str | Path], stdin: str) -> str:
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONPATH"
        } | {"VZVIRT_ROOT": str(self.root), "VZVIRT_ENGINE": "lxc"}
        finished = subprocess.run(
            [*self.prefix, *command],
            env=environment,
            input=stdin.encode(),
            capture_output=True,
            check=False,
        )
        if finished.returncode:
            words = " ".join(map(str, command))
            raise RuntimeError(f"{words} ended with {finished.returncode}: {finished.stderr!r}")
        return finished.stdout.decode()


@contextmanager
def temporary_installation() -> Iterator[Installation]:
    """A root with a busybox template, and in ``lxc`` the same root as LXC would have it."""
    root = Path(tempfile.mkdtemp(prefix="vzvirt-bench.", dir="/var/tmp"))
    root.chmod(0o755)
    installation = Installation(root)
    try:
        yield installation
    finally:
        _end_all(installation)
        table = Path("/proc/self/mountinfo").read_text().splitlines()
        # Nothing is removed through a mount that should not be there.
        if not any(line.split()[4].startswith(f"{root}/") for line in table):
            shutil.rmtree(root)


def _end_all(installation: Installation) -> None:
    """End what an interrupted benchmark left running."""
    with suppress(RuntimeError):
        installation.lxc("lxc-stop", "--kill")
    for ctid in installation.vzvirt("-q", "list").split():
        installation.vzvirt("kill", ctid)


def timed(
    work: Callable[[], object], *, before: Callable[[], object] = lambda: None, runs: int = 7
) -> float:
    """Median seconds of some work; ``before`` is done before each run and not counted."""
    times = []
    for _ in range(runs):
        before()
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return median(times)
