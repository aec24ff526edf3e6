"""The host: its global config, what it can do, and where a container's files are."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt.model.domain import Domain

ALSO_RUNS: Final[Mapping[str, tuple[str, ...]]] = {
    "x86_64": ("amd64", "i686", "i586", "i486", "i386", "x86"),
    "aarch64": ("arm64", "armv7l", "armv6l"),
    "ppc64le": ("ppc64el",),
}
"""Whose programs a machine's kernel runs besides its own; Debian's names for it among them."""


def runs_on(machine: str, wanted: str) -> bool:
    """Whether a machine's kernel runs programs made for another."""
    return wanted == machine or wanted in ALSO_RUNS.get(machine, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalConfig:
    """What vz.conf says.

    Attributes:
        lock_dir: LOCKDIR.
        dump_dir: DUMPDIR.
        template_dir: TEMPLATE; tarballs are in its ``cache``.
        private_pattern: VE_PRIVATE with ``$VEID``.
        root_pattern: VE_ROOT with ``$VEID``.
        default_template: DEF_OSTEMPLATE, or ``None``.
        default_sample: CONFIGFILE, or ``None``.
        default_layout: VE_LAYOUT for new containers, or ``None``: whichever suits.
        skips_address_probe: SKIP_ARPDETECT.
        defaults: Container keys that stand in vz.conf, as a partial definition.
        warnings: What was wrong with the file.
    """

    lock_dir: Path
    dump_dir: Path
    template_dir: Path
    private_pattern: str
    root_pattern: str
    default_template: str | None = None
    default_sample: str | None = None
    default_layout: str | None = None
    skips_address_probe: bool = False
    defaults: Domain
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where one container's files are on this host, the root prefix applied.

    Attributes:
        private_area: Where its root is stored.
        root_mount: Where its root is mounted while it runs.
        users_folder: Whether the root is a folder of the user's, which is never deleted.
    """

    private_area: Path
    root_mount: Path
    users_folder: bool = False


class Verdict(enum.Enum):
    """How a look at the host ended."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheck:
    """One line of ``vzvirt doctor``.

    Attributes:
        topic: What was looked at, such as ``cgroup`` or ``idmapped mounts``.
        found: What was found, in words.
        remedy: What to do about it, or ``None``.
    """

    topic: str
    verdict: Verdict
    found: str
    remedy: str | None = None


class Enforcement(enum.Enum):
    """How well a limit is kept on this host."""

    EXACT = "exactly"
    APPROXIMATE = "approximately"
    KEPT = "kept only"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnforcedParameter:
    """One line of the table in ``vzvirt info``: a parameter, its value, and what becomes of it."""

    parameter: str
    value: str
    enforcement: Enforcement
    how: str = ""
