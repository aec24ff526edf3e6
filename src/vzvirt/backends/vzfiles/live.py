"""Whole definitions as one file of XML each, as sidecars have it, so nothing is rounded.

State: ``run/vzvirt/live/CTID.xml``: what running containers were started with, and what has
changed of it since. Nothing of it outlives a boot of the host, so nothing is synced. And
``var/lib/vzvirt/former/CTID.xml``: what those were whose private area stayed when they were
undefined; ``var/lib/vzvirt/disposable/CTID.xml``: those whose root goes with their run. Whoever
holds the container's lock writes; the hook of a container that has ended removes without it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.vzfiles.imprints import squeezed, unsqueezed
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid
from vzvirt.system.files import (
    make_folder,
    mapping_os_errors,
    read_bytes,
    stamp_of,
    sync_folder,
    write_atomic,
)

_FILE: Final = re.compile(r"([1-9][0-9]{0,9})\.xml", re.ASCII)


class LiveFiles:
    """The definitions in one folder.

    Args:
        folder: Where they are.
        durable: Whether they have to outlive a loss of power.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._durable = durable
        self._loaded: dict[Ctid, tuple[str, Domain]] = {}

    def path(self, ctid: Ctid) -> Path:
        """Where a container's live definition is."""
        return self._folder / f"{ctid}.xml"

    def stamp(self, ctid: Ctid) -> str:
        """What changes whenever the definition does; empty: there is none."""
        return stamp_of(f"{self._folder}/{ctid}.xml")

    def ctids(self) -> list[Ctid]:
        """Containers that have one, in no order."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208  # names are all we need
        except FileNotFoundError:
            return []
        found = []
        for match in filter(None, map(_FILE.fullmatch, names)):
            with contextlib.suppress(errors.InvalidArgument):
                found.append(Ctid(match[1]))
        return found

    def content(self, ctid: Ctid) -> bytes:
        """The file as it is; empty: there is none."""
        return (read_bytes(self.path(ctid)) or b"") if self.stamp(ctid) else b""

    def imprint(self, ctid: Ctid) -> bytes | None:
        """The file in a small space; ``None``: there is none."""
        content = self.content(ctid)
        return squeezed(content) if content else None

    def recall(self, imprint: object) -> Domain:
        """The definition that an imprint is of.

        Raises:
            ConfigSyntax: The file was damaged.
        """
        from vzvirt.codec import xml

        try:
            return xml.read_partial(unsqueezed(imprint))
        except errors.CallerError as error:
            raise errors.ConfigSyntax(error.message, hint=error.hint) from error

    def load(self, ctid: Ctid) -> tuple[str, Domain] | None:
        """A definition and its stamp; one that is damaged counts for nothing."""
        stamp = self.stamp(ctid)
        if not stamp:
            self._loaded.pop(ctid, None)
            return None
        known = self._loaded.get(ctid)
        if known is not None and known[0] == stamp:
            return known
        from vzvirt.codec import xml  # not for commands that look at no running container

        try:
            domain = xml.read_partial(self.content(ctid))
        except errors.VzvirtError:
            return None
        if domain.ctid != ctid or domain.uuid is None:
            return None
        self._loaded[ctid] = (stamp, domain)
        return stamp, domain

    def all(self, ctids: Iterable[Ctid]) -> list[Domain]:
        """The definitions of some containers, as far as they have one."""
        found = map(self.load, ctids)
        return [item[1] for item in found if item is not None]

    def save(self, ctid: Ctid, domain: Domain) -> None:
        """Write a definition in one step; its ``autostart`` is not kept.

        Raises:
            NoSpace: The disk is full; the old one stands.
        """
        from vzvirt.codec import xml

        make_folder(self._folder)
        text = xml.write_partial(dataclasses.replace(domain, autostart=None))
        write_atomic(self.path(ctid), text.encode(), durable=self._durable)

    def delete(self, ctid: Ctid) -> None:
        """Remove one; no error if there is none."""
        self._loaded.pop(ctid, None)
        path = self.path(ctid)
        with mapping_os_errors(f"remove '{path}'"), contextlib.suppress(FileNotFoundError):
            path.unlink()
            if self._durable:
                sync_folder(self._folder)
