"""The host's own files: ``vz.conf`` and sample configs, and the places they lead to.

State: ``etc/vz/vz.conf`` and ``etc/vz/conf/ve-NAME.conf-sample``, read only. Where the host
has none, those that ship with vzvirt count. What has been read is kept until the file changes.
"""

from __future__ import annotations

import dataclasses
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_DNS, UUID, uuid5

from vzvirt import errors
from vzvirt.codec import vzconf
from vzvirt.model.devices import FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.host import GlobalConfig, Places
from vzvirt.model.values import Ctid
from vzvirt.system.files import read_bytes, stamp_of
from vzvirt.system.root import Root

_SAMPLE: Final = re.compile(r"ve-(.+)\.conf-sample", re.DOTALL)
_MACHINE_IDS: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


class HostFiles:
    """The global config, samples and places of one installation."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._file = root.path("etc/vz/vz.conf")
        self._samples = root.path("etc/vz/conf")
        self._cached: tuple[str, GlobalConfig] | None = None

    def global_config(self) -> GlobalConfig:
        """What vz.conf says, its folders moved below the root; patterns are as written."""
        stamp = stamp_of(self._file)
        if self._cached is None or self._cached[0] != stamp:
            self._cached = (stamp, self._read_global())
        return self._cached[1]

    def _read_global(self) -> GlobalConfig:
        data = read_bytes(self._file)
        document = vzconf.builtin_global() if data is None else vzconf.Document.parse(data)
        config = vzconf.read_global(document)
        return dataclasses.replace(
            config,
            lock_dir=self._root.within(config.lock_dir),
            dump_dir=self._root.within(config.dump_dir),
            template_dir=self._root.within(config.template_dir),
        )

    def sample_names(self) -> list[str]:
        """Names of the host's samples and of ours."""
        try:
            files = [_SAMPLE.fullmatch(file.name) for file in self._samples.iterdir()]
        except FileNotFoundError:
            files = []
        return sorted({match[1] for match in files if match} | set(vzconf.builtin_samples()))

    def sample(self, name: str) -> Domain:
        """A sample as a partial definition; the host's one goes before ours.

        Raises:
            NoSample: There is none of that name.
        """
        document = None
        if "/" not in name and "\0" not in name:
            data = read_bytes(self._samples / f"ve-{name}.conf-sample")
            document = vzconf.builtin_samples().get(name)
            if data is not None:
                document = vzconf.Document.parse(data)
        if document is None:
            known = ", ".join(self.sample_names())
            raise errors.NoSample(
                f"there is no sample config '{name[:80]}'; there are: {known}",
                hint="choose one of these, or leave it out",
            )
        return vzconf.read(document, None).domain

    def default_places(self, ctid: Ctid) -> Places:
        """Where a container's files are that says nothing of its own."""
        config = self.global_config()
        return Places(
            private_area=self._expand(config.private_pattern, ctid),
            root_mount=self._expand(config.root_pattern, ctid),
        )

    def places(self, domain: Domain) -> Places:
        """Where the files of a definition with a CTID are.

        Raises:
            InternalError: It has no CTID.
        """
        ctid = domain.number
        places = self.default_places(ctid)
        if domain.openvz.root_mount is not None:
            mount = self._expand(domain.openvz.root_mount, ctid)
            places = dataclasses.replace(places, root_mount=mount)
        if domain.openvz.private_area is not None:
            area = self._expand(domain.openvz.private_area, ctid)
            return dataclasses.replace(places, private_area=area)
        root = domain.root
        if root is not None and root.kind is FilesystemKind.MOUNT:
            return dataclasses.replace(places, private_area=Path(root.source), users_folder=True)
        return places

    def _expand(self, pattern: str, ctid: Ctid) -> Path:
        """A folder of the host's, from VE_PRIVATE or VE_ROOT as written."""
        return self._root.within(vzconf.expand_ctid(pattern, ctid))

    def derived_uuid(self, ctid: Ctid) -> UUID:
        """The UUID of a container whose config names none: the same on every call."""
        return uuid5(self._namespace, f"{self._root.tag}{ctid}")

    @cached_property
    def _namespace(self) -> UUID:
        for file in _MACHINE_IDS:
            text = (read_bytes(file) or b"").strip()
            if re.fullmatch(rb"[0-9a-f]{32}", text):
                return UUID(text.decode())
        return uuid5(NAMESPACE_DNS, os.uname().nodename)
