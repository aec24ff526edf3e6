"""What clients of libvirt see of the disk: pools, and the volumes in them.

There are two pools, and they are always there: one of OS templates, one of private areas.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """Bytes of a file system: how many it holds, and how many more it can take."""

    capacity: int
    available: int

    @property
    def allocation(self) -> int:
        """Bytes that are in use."""
        return self.capacity - self.available


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a file system says of a file or folder.

    Attributes:
        size: Bytes from its first to its last.
        allocated: Bytes it takes on the disk.
        mode: Permission bits.
        owner: Number of its user.
        group: Number of its group.
        accessed_at: Nanoseconds since the epoch, as the next two.
        modified_at: When its content was changed.
        changed_at: When anything about it was changed.
    """

    size: int
    allocated: int
    mode: int
    owner: int
    group: int
    accessed_at: int
    modified_at: int
    changed_at: int


class PoolKind(enum.Enum):
    """What a pool's volumes are; its value is the pool's name."""

    TEMPLATES = "templates"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePool:
    """One pool.

    Attributes:
        target: The folder its volumes are in.
    """

    kind: PoolKind
    uuid: UUID
    target: Path

    @property
    def name(self) -> str:
        """What clients call it."""
        return self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolDetails:
    """A pool and what the disk says of it.

    Attributes:
        facts: Of its folder; ``None``: it was never needed, so it was not made yet.
    """

    pool: StoragePool
    space: DiskSpace
    facts: FileFacts | None = None


class VolumeKind(enum.Enum):
    """What a volume is on the disk."""

    FILE = "file"
    FOLDER = "dir"


class VolumeFormat(enum.Enum):
    """What is in a volume, in words libvirt knows."""

    RAW = "raw"  # bytes that libvirt does not look into
    FOLDER = "dir"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRef:
    """Which volume it is.

    Attributes:
        pool: Name of its pool.
        name: A template's name, or a container's CTID.
        path: Where it is; clients take it for the volume's key, too.
    """

    pool: str
    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume and what is known of it.

    Attributes:
        capacity: Bytes it may take at most: its quota, or the size of the file.
        allocation: Bytes it takes.
    """

    ref: VolumeRef
    kind: VolumeKind
    format: VolumeFormat
    capacity: int
    allocation: int
    facts: FileFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRequest:
    """A volume that a client wants made, which it will fill later; ``capacity`` in bytes."""

    name: str
    capacity: int = 0
