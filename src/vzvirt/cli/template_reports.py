"""What is shown of templates; see ``reports``."""

from __future__ import annotations

import time
from typing import Final

from vzvirt.cli.formats import size_text
from vzvirt.cli.output import Field
from vzvirt.model.storage import OsTemplate, TemplateDetails

TEMPLATE_FIELDS: Final[tuple[Field[OsTemplate], ...]] = (
    Field("name", "its name", lambda it: it.name, "NAME"),
    Field("path", "the tarball", lambda it: str(it.path)),
    Field(
        "size",
        "bytes of the tarball",
        lambda it: it.size,
        "SIZE",
        lambda it: size_text(it.size),
        numeric=True,
    ),
    Field(
        "compression",
        "gzip, xz, zstd, bzip2, or empty",
        lambda it: it.compression,
        "COMPRESSION",
    ),
    Field(
        "modified_at",
        "when it was made, in seconds since the epoch",
        lambda it: it.modified_at,
        "MADE",
        lambda it: time.strftime("%Y-%m-%d %H:%M", time.localtime(it.modified_at)),
    ),
)
"""``vzvirt template list``."""

DETAILS_FIELDS: Final[tuple[Field[TemplateDetails], ...]] = (
    Field("name", "its name", lambda it: it.template.name, "Name"),
    Field("path", "the tarball", lambda it: str(it.template.path), "Path"),
    Field(
        "size",
        "bytes of the tarball",
        lambda it: it.template.size,
        "Size",
        lambda it: size_text(it.template.size),
    ),
    Field(
        "compression",
        "gzip, xz, zstd, bzip2, or empty",
        lambda it: it.template.compression,
        "Compression",
    ),
    Field(
        "unpacked_size",
        "bytes of all regular files",
        lambda it: it.unpacked_size,
        "Unpacked size",
        lambda it: size_text(it.unpacked_size),
    ),
    Field("entries", "files, folders, links ...", lambda it: it.entries, "Entries"),
    Field("distribution", "as it calls itself", lambda it: it.distribution, "Distribution"),
    Field("arch", "machine, as `uname -m` says it", lambda it: it.arch, "Machine"),
    Field("init", "systemd, sysvinit, busybox ...", lambda it: it.init, "Init"),
)
"""``vzvirt template info``."""
