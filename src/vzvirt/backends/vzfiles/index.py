"""Who there is: names, UUIDs and addresses of all containers without reading all of their files.

Of a config only the lines that can say who it is are looked at, and most often a pattern is
enough to read them; whatever looks odd goes through the grammar. What was read is believed as
long as the files stand unchanged.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.backends.vzfiles.hostconf import HostFiles
from vzvirt.backends.vzfiles.live import LiveFiles
from vzvirt.backends.vzfiles.names import ctid_of_config
from vzvirt.backends.vzfiles.pair import PairFiles
from vzvirt.codec import vzconf
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.store import Identity, IndexEntry
from vzvirt.system.files import mapping_os_errors, os_error

_LINES: Final = re.compile(rb"^[^\S\n]*(?:#UUID:|NAME=|ONBOOT=|[^=\n]*\\)[^\n]*$", re.MULTILINE)
"""Lines that can say who a container is: those keys, perhaps with backslashes in them."""

_MAC_LINES: Final = re.compile(rb"^[^\S\n]*(?:NETIF=|[^=\n]*\\)[^\n]*$", re.MULTILINE)

_UUID: Final = re.compile(rb"#UUID: ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_NAME: Final = re.compile(rb'NAME="([A-Za-z][A-Za-z0-9+_.-]{0,127})"')
_ONBOOT: Final = re.compile(rb'ONBOOT="(yes|no)"')
"""These lines as they nearly always are."""

_XML_MAC: Final = re.compile(
    rb"<(?:mac\s+address|target\s(?:[^>]*\s)?mac)\s*=\s*[\"']([^\"']+)[\"']"
)
"""Addresses of either end of an interface."""


class Index:
    """The containers of one installation."""

    def __init__(self, pairs: PairFiles, live: LiveFiles, host: HostFiles) -> None:
        self._pairs = pairs
        self._live = live
        self._host = host
        self._entries: dict[Ctid, IndexEntry] = {}
        self._identities: dict[Ctid, tuple[str, Identity]] = {}

    def ctids(self) -> list[Ctid]:
        """All containers, ascending."""
        return sorted({*self._stored(), *self._live.ctids()})

    def transients(self) -> list[Ctid]:
        """Those that have only a live definition."""
        return sorted(ctid for ctid in self._live.ctids() if not self._pairs.exists(ctid))

    def entries(self) -> list[IndexEntry]:
        """All containers, by CTID."""
        found = (self.entry(ctid) for ctid in self.ctids())
        return [entry for entry in found if entry is not None]

    def revision(self, ctid: Ctid) -> str | None:
        """What changes whenever one of a container's definitions does; ``None``: it has none."""
        stored, live = self._pairs.revision(ctid), self._live.stamp(ctid)
        return f"{stored or ''}:{live}" if stored is not None or live else None

    def entry(self, ctid: Ctid) -> IndexEntry | None:
        """One container, or ``None`` where there is none."""
        revision = self.revision(ctid)
        if revision is None:
            self._entries.pop(ctid, None)
            return None
        known = self._entries.get(ctid)
        if known is not None and known.revision == revision:
            return known
        entry = self._read_entry(ctid, revision)
        if entry is not None:
            self._entries[ctid] = entry
        return entry

    def _read_entry(self, ctid: Ctid, revision: str) -> IndexEntry | None:
        config = _content(self._pairs.folder, ctid) if not revision.startswith(":") else None
        if config is not None:
            name, uuid, autostart = scan(config, ctid)
            uuid = uuid or self._host.derived_uuid(ctid)
        else:
            live = self._live.load(ctid)
            if live is None or live[1].uuid is None:
                return None
            name, uuid, autostart = live[1].name, live[1].uuid, None
        return IndexEntry(
            ctid=ctid,
            name=name,
            uuid=uuid,
            autostart=autostart,
            transient=config is None,
            revision=revision,
        )

    def identities(self) -> list[Identity]:
        """Every container's identity."""
        found = (self._identity(entry) for entry in self.entries())
        return [identity for identity in found if identity is not None]

    def _identity(self, entry: IndexEntry) -> Identity | None:
        known = self._identities.get(entry.ctid)
        if known is not None and known[0] == entry.revision:
            return known[1]
        macs = dict.fromkeys(self._macs(entry.ctid))
        identity = Identity(ctid=entry.ctid, name=entry.name, uuid=entry.uuid, macs=tuple(macs))
        self._identities[entry.ctid] = (entry.revision, identity)
        return identity

    def _macs(self, ctid: Ctid) -> list[MacAddress]:
        """Addresses in both definitions: the config's by its grammar, XML's by the eye."""
        pair = self._pairs.read(ctid)
        macs = []
        if pair is not None:
            domain = _parsed(_MAC_LINES, pair.config, ctid)
            ends = ((item.mac, item.host_mac) for item in domain.interfaces)
            macs = [mac for pair in ends for mac in pair if mac is not None]
        documents = (pair.sidecar if pair else b"") + self._live.content(ctid)
        for text in _XML_MAC.findall(documents):
            with contextlib.suppress(errors.InvalidArgument):
                macs.append(MacAddress(text.decode(errors="replace")))
        return [mac for mac in macs if not mac.is_null]

    def forget(self, ctid: Ctid) -> None:
        """What was read of a container counts no more."""
        self._entries.pop(ctid, None)
        self._identities.pop(ctid, None)

    def _stored(self) -> list[Ctid]:
        found = []
        with (
            mapping_os_errors("list the containers"),
            contextlib.suppress(FileNotFoundError),
            os.scandir(self._pairs.folder) as entries,
        ):
            for entry in entries:
                ctid = ctid_of_config(entry.name)
                if ctid is not None and _leads_to_file(entry):
                    found.append(ctid)
        return found


def scan(config: bytes, ctid: Ctid) -> tuple[str, UUID | None, bool | None]:
    """Name, UUID and autostart of a config, as reading all of it would give them."""
    lines = _LINES.findall(config)
    patterns = {b"#": _UUID, b"N": _NAME, b"O": _ONBOOT}
    said: dict[bytes, str] = {}
    for line in lines:
        first = line[:1]
        match = patterns[first].fullmatch(line) if first in patterns else None
        if match is None or first in said:
            domain = _parsed(_LINES, config, ctid)
            return domain.name, domain.uuid, domain.autostart
        said[first] = match[1].decode("ascii")
    onboot = said.get(b"O")
    return (
        said.get(b"N", str(ctid)),
        UUID(said[b"#"]) if b"#" in said else None,
        None if onboot is None else onboot == "yes",
    )


def _parsed(lines: re.Pattern[bytes], config: bytes, ctid: Ctid) -> Domain:
    """What some of a config's lines say, by the grammar."""
    kept = b"\n".join(lines.findall(config)) + b"\n"
    return vzconf.read(vzconf.Document.parse(kept), ctid).domain


def _content(folder: Path, ctid: Ctid) -> bytes | None:
    """A config, which is known to be a file; ``None``: it is gone."""
    try:
        file = os.open(f"{folder}/{ctid}.conf", os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(file).st_size + 1
            data = b""
            while part := os.read(file, size):
                data += part
            return data
        finally:
            os.close(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise os_error(error, f"read '{folder}/{ctid}.conf'") from error


def _leads_to_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False  # links in a circle
