"""Recognising the host's own root, under whatever name.

No state. A container that ran on it would be the host: this is looked at before every define
and every start, so it errs on the side of refusing.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from vzvirt.system.mounttable import Mount, mounts, real_path

_ROOT = Path("/")


def reason(folder: Path) -> str | None:
    """Why a folder is, contains, or is a mount of the host's ``/``; ``None``: it is not."""
    try:
        real = real_path(folder)
    except OSError as error:
        return f"'{folder}' cannot be looked at: {error.strerror}"
    if real == _ROOT:
        return f"'{folder}' is the host's own root"
    table = mounts()
    own = holder(_ROOT, table)
    if _is_same(real):
        return f"'{folder}' is a mount of the host's own root"
    if own is None:
        return None
    under = holder(real, table)
    if under and shows(under, real, own):
        return f"'{folder}' holds the folder that is the host's own root"
    for mount in table:
        if _is_in(mount.point, real) and (shows(mount, mount.point, own) or _is_same(mount.point)):
            return f"'{folder}' has the host's own root mounted in it, on '{mount.point}'"
    return None


def holder(path: Path, table: list[Mount]) -> Mount | None:
    """The mount that a path is on: the innermost, and of several on one point the latest."""
    above = [mount for mount in table if _is_in(path, mount.point)]
    return max(reversed(above), key=lambda mount: len(mount.point.parts), default=None)


def shows(mount: Mount, path: Path, own: Mount) -> bool:
    """Whether a path on a mount is, or is above, the folder mounted as the host's root."""
    if mount.device != own.device:
        return False
    there = PurePosixPath(mount.root) / path.relative_to(mount.point)
    return PurePosixPath(own.root).is_relative_to(there)


def _is_in(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or in it; told by text, as there may be thousands of mounts."""
    beginning = str(folder).removesuffix("/")
    text = str(path)
    return text == beginning or text.startswith(f"{beginning}/")


def _is_same(path: Path) -> bool:
    try:
        return os.path.samestat(path.stat(), _ROOT.stat())
    except OSError:
        return False
