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
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)


def read_mounts(text: str) -> list[Mount]:
    """Read a mount table as ``/proc/PID/mountinfo`` has it (proc(5))."""
    table = []
    for line in text.splitlines():
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


def mounts() -> list[Mount]:
    """All mounts we see, in the order they were made."""
    table = Path("/proc/self/mountinfo").read_bytes()
    return read_mounts(table.decode(errors="surrogateescape"))


def real_path(path: Path) -> Path:
    """The path as the mount table spells it."""
    return Path(os.path.realpath(path))


def is_mounted(path: Path) -> bool:
    """Whether something is mounted right on a path."""
    real = real_path(path)
    return any(mount.point == real for mount in mounts())


def mounts_below(path: Path) -> list[Mount]:
    """Mounts on a path and in it, the innermost and latest first."""
    real = real_path(path)
    inside = [mount for mount in mounts() if mount.point.is_relative_to(real)]
    inside.reverse()
    inside.sort(key=lambda mount: -len(mount.point.parts))
    return inside
