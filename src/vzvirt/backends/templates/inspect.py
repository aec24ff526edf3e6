"""Looking into a template: is it a root file system, of what, for which machine?

No state.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.templates.archive import ArchiveReader, Entry, Kind
from vzvirt.model.progress import Progress
from vzvirt.model.storage import OsTemplate, TemplateDetails

_MACHINES: Final = {
    3: "i686",
    20: "ppc",
    21: "ppc64le",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
}
"""ELF's numbers of machines, as ``uname -m`` names them."""

_INITS: Final = (
    (b"systemd", "systemd"),
    (b"busybox", "busybox"),
    (b"busybox.init", "busybox"),
    (b"openrc-init", "openrc"),
    (b"runit-init", "runit"),
    (b"runit", "runit"),
    (b"s6-svscan", "s6"),
)
"""What the file behind ``/sbin/init`` is called, and which init that is."""

_INIT: Final = b"sbin/init"
_SHELL: Final = b"bin/sh"
_RELEASES: Final = (b"etc/os-release", b"usr/lib/os-release")
_ELF: Final = 20
"""Bytes of an ELF header that tell the machine."""


@dataclass(slots=True)
class Findings:
    """What one pass over an archive has found."""

    entries: int = 0
    unpacked_size: int = 0
    machines: dict[bytes, str] = field(default_factory=dict)
    releases: dict[bytes, bytes] = field(default_factory=dict)


def survey(
    path: Path, what: str, progress: Progress, shown: str | None = None
) -> tuple[Findings, ArchiveReader]:
    """Read a whole archive and check every part of it; for the arguments see ``ArchiveReader``.

    Raises:
        OperationFailed: It is damaged or not safe to unpack.
    """
    found = Findings()
    with ArchiveReader(path, what, progress, shown) as archive:
        for entry in archive.entries():
            found.entries += 1
            if entry.kind is Kind.FILE:
                found.unpacked_size += sum(length for _, length in entry.extents)
                _look_into(entry, archive, found)
            elif entry.kind is Kind.HARD_LINK and entry.link in found.machines:
                found.machines[entry.path] = found.machines[entry.link]
    return found, archive


def _look_into(entry: Entry, archive: ArchiveReader, found: Findings) -> None:
    if entry.path in _RELEASES and entry.member.size < 65536:
        found.releases[entry.path] = b"".join(part for _, part in archive.data(entry))
    elif entry.member.mode & 0o111 and entry.member.size >= _ELF:
        head = next(archive.data(entry), (0, b""))[1][:_ELF]
        if head.startswith(b"\x7fELF"):
            order = ">" if head[5:6] == b"\x02" else "<"
            (number,) = struct.unpack_from(f"{order}H", head, 18)
            found.machines[entry.path] = _MACHINES.get(number, "")


def check_is_root(shown: str, archive: ArchiveReader) -> None:
    """Refuse an archive, of whatever name is shown, that is no root file system.

    Raises:
        OperationFailed: It has no /etc, or neither /sbin/init nor /bin/sh.
    """
    inventory = archive.inventory
    missing = None
    if inventory.kinds.get(inventory.resolve(b"etc") or b"-") is not Kind.FOLDER:
        missing = "no folder /etc"
    elif not any(inventory.resolve(name) for name in (_INIT, _SHELL)):
        missing = "neither /sbin/init nor /bin/sh"
    if missing:
        raise errors.OperationFailed(
            f"{shown} is no root file system: it has {missing}",
            hint="pack the root with: tar --numeric-owner --xattrs -C ROOT -czf FILE .",
        )


def details(template: OsTemplate, progress: Progress) -> TemplateDetails:
    """Look inside a template; reads the whole archive.

    Raises:
        OperationFailed: It is damaged.
    """
    found, archive = survey(template.path, f"reading {template.name}", progress)
    resolve = archive.inventory.resolve
    init = resolve(_INIT)
    programs = (program for program in (init, resolve(_SHELL)) if program)
    release = next(
        (found.releases[name] for path in _RELEASES if (name := resolve(path)) in found.releases),
        b"",
    )
    return TemplateDetails(
        template=template,
        unpacked_size=found.unpacked_size,
        entries=found.entries,
        distribution=_pretty_name(release),
        arch=next((found.machines[name] for name in programs if name in found.machines), ""),
        init=_init_name(init),
    )


def _pretty_name(release: bytes) -> str:
    for line in release.decode(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "PRETTY_NAME":
            return value.strip().strip("\"'")
    return ""


def _init_name(init: bytes | None) -> str:
    if init is None:
        return ""
    name = init.rpartition(b"/")[2]
    return next((known for file, known in _INITS if name == file), "sysvinit")
