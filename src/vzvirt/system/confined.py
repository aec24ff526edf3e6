"""What was started while its starter left a processor to others, until it may use that, too.

State: a note for each, a file in a folder of its own, which is written before it is started. So it
gets back what is its own even if whoever started it did not live to see to it.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from vzvirt.system import affinity
from vzvirt.system.cgroups import processes_below
from vzvirt.system.files import make_folder, mapping_os_errors, read_bytes, write_atomic
from vzvirt.system.root import Root

_PASSES: Final = 10
"""How often groups are looked through for what was made by what had not had its turn."""


def folder(root: Root) -> Path:
    """Where the notes are."""
    return root.path("run/vzvirt/confined")


def note(root: Root, name: str, groups: Iterable[Path]) -> None:
    """Note that what is about to be started in control groups is to have all that we were given.

    Nothing is noted if we use that already.
    """
    given = affinity.given()
    if given is None:
        return
    facts = {
        "given": sorted(given),
        "used": sorted(os.sched_getaffinity(0)),
        "groups": [str(group) for group in groups],
    }
    make_folder(folder(root))
    write_atomic(folder(root) / name, json.dumps(facts).encode(), durable=False)


def noted(root: Root, seconds: float) -> list[Path]:
    """Notes that were made at least so many seconds ago."""
    before = time.time() - seconds
    try:
        with os.scandir(folder(root)) as entries:
            return [Path(each.path) for each in entries if each.stat().st_mtime <= before]
    except FileNotFoundError:
        return []  # a note that has gone meanwhile says the same as none


def release(path: Path) -> None:
    """Let what a note is about use all; what has chosen its processors itself keeps them.

    Nothing happens to what runs no more.
    """
    try:
        facts = json.loads(read_bytes(path) or b"")
    except ValueError:
        pass  # cut short as it was written, before anything was started
    else:
        _release(list(map(Path, facts["groups"])), set(facts["used"]), set(facts["given"]))
    with mapping_os_errors("forget who was confined"):
        path.unlink(missing_ok=True)


def release_all(root: Root) -> None:
    """The same for all, however new."""
    for path in noted(root, 0):
        release(path)


def _release(groups: list[Path], used: set[int], given: set[int]) -> None:
    seen: set[int] = set()
    for _ in range(_PASSES):
        new = set(_threads(groups)) - seen
        if not new:
            return
        for thread in new:
            with contextlib.suppress(OSError):  # it has ended, or its group allows others now
                if os.sched_getaffinity(thread) == used:
                    os.sched_setaffinity(thread, given)
        seen |= new


def _threads(groups: Iterable[Path]) -> Iterator[int]:
    for group in groups:
        for pid in processes_below(group):
            with contextlib.suppress(OSError):
                yield from map(int, os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208
