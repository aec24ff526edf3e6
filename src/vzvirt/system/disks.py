"""Files, folders and the room they have. No state."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from vzvirt.model.storagepool import DiskSpace, FileFacts
from vzvirt.system import files

_BLOCK: Final = 512
"""The unit of ``st_blocks``, whatever the file system."""


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    while not folder.is_dir():
        folder = folder.parent
    return folder


def disk_space(folder: Path) -> DiskSpace:
    """Room on the disk that holds a folder; what is kept for root counts as taken."""
    with files.mapping_os_errors(f"ask for the room in '{folder}'"):
        facts = os.statvfs(nearest(folder))
    return DiskSpace(
        capacity=facts.f_blocks * facts.f_frsize, available=facts.f_bavail * facts.f_frsize
    )


def file_facts(path: Path) -> FileFacts | None:
    """What the file system says of a file or folder; ``None``: there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise files.os_error(error, f"look at '{path}'") from error
    return FileFacts(
        size=found.st_size,
        allocated=found.st_blocks * _BLOCK,
        mode=stat.S_IMODE(found.st_mode),
        owner=found.st_uid,
        group=found.st_gid,
        accessed_at=found.st_atime_ns,
        modified_at=found.st_mtime_ns,
        changed_at=found.st_ctime_ns,
    )


def names_in(folder: Path) -> list[str]:
    """What is in a folder, sorted; nothing where there is no such folder."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # only names; there may be thousands
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise files.os_error(error, f"list '{folder}'") from error
