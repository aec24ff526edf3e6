"""What is simulated to run: ``run/vzvirt/memory/containers/CTID.json``, one file a container.

Every change happens under a ``flock`` on a file beside the folder, so any number of processes see
one world. The folder is made by the first change.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
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
        was_asked: Whether it was asked to shut down before it was paused.
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
    was_asked: bool = False
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
        self._lock = root.path("run/vzvirt/memory/lock")
        self._folder = run_folder(root)

    def all(self) -> dict[Ctid, Run]:
        """How those stand right now that ever ran."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208  # names are all we need
        except FileNotFoundError:
            return {}
        ctids = [ctid for ctid in map(ctid_of, names) if ctid is not None]
        return {ctid: self.one(ctid) for ctid in ctids}

    def one(self, ctid: Ctid) -> Run:
        """How one stands right now."""
        data = read_bytes(self._file(ctid))
        return Run() if data is None else Run(**json.loads(data))

    def _file(self, ctid: Ctid) -> Path:
        return self._folder / f"{ctid}.json"

    @contextlib.contextmanager
    def changing(self, ctid: Ctid) -> Iterator[Run]:
        """One container, to be changed in place; written unless an error is raised."""
        with exclusive(self._lock, _PATIENCE, "the simulation"):
            run = self.one(ctid)
            yield run
            replace_file(self._file(ctid), json.dumps(asdict(run)).encode() + b"\n")

    def drop(self, ctid: Ctid) -> None:
        """Forget one."""
        with exclusive(self._lock, _PATIENCE, "the simulation"):
            self._file(ctid).unlink(missing_ok=True)


def run_folder(root: Root) -> Path:
    """Where the files are."""
    return root.path("run/vzvirt/memory/containers")


def ctid_of(name: str) -> Ctid | None:
    """The container that a file of this name tells of; ``None``: it tells of none."""
    stem, _, suffix = name.partition(".")
    try:
        return Ctid(stem) if suffix == "json" else None
    except errors.InvalidArgument:
        return None
