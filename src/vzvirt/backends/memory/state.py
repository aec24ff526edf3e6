"""What is simulated to run: ``run/vzvirt/memory/containers.json``, one entry a container.

Every change happens under a ``flock`` on a file beside it, so any number of processes see one
world. The folder is made by the first change.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from vzvirt.backends.memory.files import replace_file
from vzvirt.model.state import ACTIVE, Reason
from vzvirt.model.values import Ctid
from vzvirt.system.files import exclusive, read_bytes
from vzvirt.system.root import Root

_PATIENCE: Final = 30.0
"""Seconds to wait for another process's change, which takes a millisecond."""


@dataclass(slots=True)
class Run:
    """One simulated container; the fields are those of ``Observation``, and what it mimics.

    Attributes:
        reason: Name of its ``Reason``.
        mounted: Whether its root is, for the layouts.
        run: Counts its runs.
        previous_end: Name of the ``Reason`` that the run before ended for.
        stubborn: Whether its init ignores requests.
        log: What its console has shown.
        console: Who has its console: pid, start of that process, a random word; or empty.
        hostname: What it calls itself.
        memory: Bytes it may use, or ``None``.
        root: Where the files of its root are, while that is mounted.
    """

    reason: str = Reason.NEVER_STARTED.name
    init_pid: int | None = None
    started_at: float | None = None
    exit_status: int | None = None
    run: int = 0
    previous_end: str | None = None
    unpaused_at: float | None = None
    mounted: bool = False
    stubborn: bool = False
    log: str = ""
    console: str = ""
    hostname: str = ""
    memory: int | None = None
    root: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it is said to have processes."""
        return Reason[self.reason].state in ACTIVE


class Runs:
    """All simulated containers of one installation."""

    def __init__(self, root: Root) -> None:
        self._folder = root.path("run/vzvirt/memory")
        self._file = self._folder / "containers.json"

    def all(self) -> dict[int, Run]:
        """How all stand right now."""
        data = read_bytes(self._file)
        if data is None:
            return {}
        return {int(ctid): Run(**fields) for ctid, fields in json.loads(data).items()}

    def one(self, ctid: Ctid) -> Run:
        """How one stands right now."""
        return self.all().get(ctid, Run())

    @contextlib.contextmanager
    def changing(self, ctid: Ctid) -> Iterator[Run]:
        """One container, to be changed in place; written unless an error is raised."""
        with exclusive(self._folder / "lock", _PATIENCE, "the simulation"):
            runs = self.all()
            run = runs.setdefault(ctid, Run())
            yield run
            self._write(runs)

    def drop(self, ctid: Ctid) -> None:
        """Forget one."""
        with exclusive(self._folder / "lock", _PATIENCE, "the simulation"):
            runs = self.all()
            if runs.pop(ctid, None) is not None:
                self._write(runs)

    def _write(self, runs: dict[int, Run]) -> None:
        content = {str(ctid): asdict(run) for ctid, run in sorted(runs.items())}
        replace_file(self._file, json.dumps(content, indent=1).encode() + b"\n")
