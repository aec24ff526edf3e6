"""What was started while its starter left a processor to others, until it may use that, too.

State: a note for each, a file in a folder of its own, which is written before it is started; and,
of the process, those that it wrote. It sees to them; if it does not live to, others do.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from vzvirt.system import affinity
from vzvirt.system.cgroups import processes_below
from vzvirt.system.files import make_folder, mapping_os_errors, read_bytes, write_atomic
from vzvirt.system.root import Root

BOOTING: Final = 0.3
"""Seconds for which what was started leaves the processor to others that its starter left to them.

It suffices for what is tiny to boot. What takes longer counts its processors later than that.
"""

_PASSES: Final = 10
"""How often groups are looked through for what was made by what had not had its turn."""


@dataclass(frozen=True, slots=True)
class _Note:
    """Who may use what.

    Attributes:
        groups: Folders of the control groups that it is about.
        used: Processors that are used now.
        given: Those that may be.
    """

    groups: list[str]
    used: list[int]
    given: list[int]


_ours: dict[Path, _Note] = {}


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
    path = folder(root) / name
    made = _Note([*map(str, groups)], sorted(os.sched_getaffinity(0)), sorted(given))
    make_folder(path.parent)
    write_atomic(path, json.dumps(asdict(made)).encode(), durable=False)
    _ours[path] = made


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
        found = _Note(**json.loads(read_bytes(path) or b""))
    except (TypeError, ValueError):
        found = None  # cut short as it was written, before anything was started
    _release(path, found)


def release_ours() -> None:
    """The same for all that we started, when it has had a moment to boot."""
    if _ours:
        time.sleep(BOOTING)
    while _ours:
        # Somebody may have thought that we are dead and taken the note, before there was anything.
        _release(*_ours.popitem())


def release_all(root: Root) -> None:
    """The same for all, however new."""
    for path in noted(root, 0):
        release(path)


def _release(path: Path, found: _Note | None) -> None:
    if found is not None:
        _give(found)
    with mapping_os_errors("forget who was confined"):
        path.unlink(missing_ok=True)


def _give(found: _Note) -> None:
    used, seen = set(found.used), set[int]()
    for _ in range(_PASSES):
        new = set(_threads(found.groups)) - seen
        if not new:
            return
        for thread in new:
            with contextlib.suppress(OSError):  # it has ended, or its group allows others now
                if os.sched_getaffinity(thread) == used:
                    os.sched_setaffinity(thread, found.given)
        seen |= new


def _threads(groups: Iterable[str]) -> Iterator[int]:
    for group in groups:
        for pid in processes_below(Path(group)):
            with contextlib.suppress(OSError):
                yield from map(int, os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208
