"""The kernel's table of mounts, read only.

No state: the table is read anew each time.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the mount table.

    Attributes:
        point: Where it is mounted.
        source: What is mounted, as whoever mounted it said it.
        fstype: Type of its file system.
        options: Options of this mount and of the file system.
        root: The folder of that file system that is seen here; not ``/`` for bind mounts.
        device: ``major:minor``.
    """

    point: Path
    source: str
    fstype: str
    options: tuple[str, ...]
    root: str
    device: str


def _unescape(word: str) -> str:
    if "\\" not in word:
        return word
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)


def _escape(word: str) -> str:
    return "".join(f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in word)


def read_mounts(text: str, having: str = "") -> list[Mount]:
    """Read a mount table as ``/proc/PID/mountinfo`` has it (proc(5)).

    Args:
        text: The table. Every container that runs has lines in it.
        having: Only lines that contain this are read: most callers look for one in hundreds.
    """
    table = []
    for line in text.splitlines():
        if having not in line:
            continue
        fields = line.split(" ")
        end = fields.index("-", 6)
        options = (*fields[5].split(","), *fields[end + 3].split(","))
        table.append(
            Mount(
                point=Path(_unescape(fields[4])),
                source=_unescape(fields[end + 2]),
                fstype=fields[end + 1],
                options=tuple(dict.fromkeys(options)),
                root=_unescape(fields[3]),
                device=fields[2],
            )
        )
    return table


def mounts(having: str = "") -> list[Mount]:
    """All mounts we see, in the order they were made; ``having`` is as above."""
    table = Path("/proc/self/mountinfo").read_bytes()
    return read_mounts(table.decode(errors="surrogateescape"), having)


def real_path(path: Path) -> Path:
    """The path as the mount table spells it."""
    return Path(os.path.realpath(path))


def is_mounted(path: Path) -> bool:
    """Whether something is mounted right on a path."""
    real = real_path(path)
    return any(mount.point == real for mount in mounts(f" {_escape(str(real))} "))


def mounts_below(path: Path) -> list[Mount]:
    """Mounts on a path and in it, the innermost and latest first."""
    real = real_path(path)
    beginning = " /" if real == Path("/") else f" {_escape(str(real))}"
    inside = [mount for mount in mounts(beginning) if mount.point.is_relative_to(real)]
    inside.reverse()
    inside.sort(key=lambda mount: -len(mount.point.parts))
    return inside
