"""OS templates, storage layouts and what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vzvirt.model.values import Ctid, SoftHard


@dataclass(frozen=True, slots=True, kw_only=True)
class OsTemplate:
    """A root file system to make containers from.

    Attributes:
        path: The tarball.
        size: Bytes of the tarball.
        compression: ``gzip``, ``xz``, ``zstd``, ``bzip2`` or empty.
        modified_at: Seconds since the epoch.
    """

    name: str
    path: Path
    size: int
    compression: str
    modified_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedTemplate:
    """A name that is kept for a template to come.

    Attributes:
        path: What keeps it.
        size: Bytes to expect.
    """

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDetails:
    """What ``template info`` shows beyond ``OsTemplate``; needs reading the whole archive.

    Attributes:
        unpacked_size: Bytes of all regular files.
        entries: Number of files, folders, links ...
        distribution: PRETTY_NAME of its os-release, or empty.
        arch: Machine its init is built for, as ``uname -m`` says it, or empty.
        init: Which init it has: ``systemd``, ``sysvinit``, ``busybox`` ..., or empty.
    """

    template: OsTemplate
    unpacked_size: int
    entries: int
    distribution: str = ""
    arch: str = ""
    init: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutAbilities:
    """What a storage layout enforces.

    Attributes:
        name: As VE_LAYOUT says it.
        size_quota: Whether a hard size limit holds.
        inode_quota: Whether a hard limit on files holds.
        soft_limits: Whether soft limits and their grace time hold.
        grows_live: Whether the size can grow while the container runs.
        shrinks_live: Whether it can shrink while the container runs.
        shrinks_stopped: Whether it can shrink while the container is off.
        inodes_change_alone: Whether the inode limit can change without the size.
        unusable: Why it cannot be used on this host, or ``None``.
    """

    name: str
    size_quota: bool
    inode_quota: bool
    soft_limits: bool = False
    grows_live: bool = False
    shrinks_live: bool = False
    shrinks_stopped: bool = False
    inodes_change_alone: bool = False
    unusable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSpec:
    """One container's storage, as its layout sees it.

    Attributes:
        private_area: Where it is stored (VE_PRIVATE).
        root_mount: Where it is mounted (VE_ROOT).
        space: Size quota in bytes, or ``None``.
        inodes: Quota on files, or ``None``.
        grace: Seconds of grace for soft limits.
        readonly: Whether the root is mounted read-only.
    """

    ctid: Ctid
    private_area: Path
    root_mount: Path
    space: SoftHard | None = None
    inodes: SoftHard | None = None
    grace: int | None = None
    readonly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What is used of a private area: bytes and files; limits as ``df`` inside shows them."""

    used_bytes: int
    size_bytes: int | None
    used_inodes: int
    inodes: int | None
