"""Definitions and the journal in this process only: for tests."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from vzvirt import errors
from vzvirt.model.devices import FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.host import GlobalConfig, Places
from vzvirt.model.values import Ctid
from vzvirt.ports.journal import JournalEntry
from vzvirt.ports.store import Identity, Imprint, IndexEntry, StoredDomain
from vzvirt.system.root import Root


class MemoryStore:
    """ports.store.DefinitionStore over a dictionary.

    Args:
        root: Where private areas are; they may be real.
        config: What vz.conf would say; ``None``: nothing but the usual places.
        samples: Sample configs by name.
    """

    def __init__(
        self,
        root: Root,
        *,
        config: GlobalConfig | None = None,
        samples: Mapping[str, Domain] | None = None,
    ) -> None:
        self._root = root
        self._config = config or default_config(root)
        self._samples = dict(samples or {})
        self._domains: dict[Ctid, StoredDomain] = {}
        self._live: dict[Ctid, StoredDomain] = {}
        self._formers: dict[Ctid, Domain] = {}
        self._revision = 0
        self._registry = threading.RLock()
        self._locks: dict[Ctid, threading.RLock] = {}

    def ctids(self) -> list[Ctid]:
        """All containers, ascending."""
        return sorted({*self._domains, *self._live})

    def index(self) -> list[IndexEntry]:
        """All containers, by CTID."""
        return [self._entry(ctid) for ctid in self.ctids()]

    def _entry(self, ctid: Ctid) -> IndexEntry:
        stored = self.load(ctid)
        domain = stored.domain
        if domain.uuid is None:
            raise errors.InternalError(f"'{domain.name}' is stored without an identity")
        return IndexEntry(
            ctid=ctid,
            name=domain.name,
            uuid=domain.uuid,
            autostart=domain.autostart,
            transient=stored.transient,
            revision=self.revision(ctid) or "",
        )

    def entry(self, ctid: Ctid) -> IndexEntry | None:
        """One container."""
        return self._entry(ctid) if ctid in {*self._domains, *self._live} else None

    def imprint(self, ctid: Ctid, *, live: bool = False) -> Imprint | None:
        """The definition itself, which never changes."""
        stored = (self._live if live else self._domains).get(ctid)
        return None if stored is None else stored.domain

    def recall(self, ctid: Ctid, imprint: Imprint, *, live: bool = False) -> Domain:
        """The definition that an imprint is."""
        del ctid, live
        assert isinstance(imprint, Domain)  # noqa: S101  # given out by ``imprint``
        return imprint

    def revision(self, ctid: Ctid) -> str | None:
        """What changes whenever one of a container's definitions does; ``None``: it has none."""
        kinds = (self._domains.get(ctid), self._live.get(ctid))
        known = [stored.revision if stored else "" for stored in kinds]
        return ":".join(known) if any(known) else None

    def transients(self) -> list[Ctid]:
        """Containers that have only a live definition."""
        return sorted(self._live.keys() - self._domains.keys())

    def load(self, ctid: Ctid, *, live: bool = False) -> StoredDomain:
        """Look up one definition; either kind stands in for the other.

        Raises:
            NoDomain: There is none.
        """
        stored, running = self._domains.get(ctid), self._live.get(ctid)
        if running is not None:
            running = dataclasses.replace(running, transient=stored is None)
        found = (running or stored) if live else (stored or running)
        if found is None:
            raise errors.NoDomain(f"there is no container '{ctid}'")
        return found

    def find(self, reference: str) -> Ctid:
        """The container that a CTID, a name or a UUID names, in this order.

        Raises:
            NoDomain: None does.
        """
        identities = self.identities()
        for words in ("ctid", "name", "uuid"):
            for item in identities:
                if str(getattr(item, words)) == reference:
                    return item.ctid
        raise errors.NoDomain(f"there is no container '{reference}'")

    def save(self, domain: Domain, *, live: bool = False) -> StoredDomain:
        """Keep a definition."""
        if domain.ctid is None or domain.uuid is None:
            raise errors.InternalError(f"'{domain.name}' is to be saved without CTID or UUID")
        ctid = domain.ctid
        self._revision += 1
        if live:
            domain = dataclasses.replace(domain, autostart=None)
        stored = StoredDomain(domain=domain, revision=str(self._revision), live=live)
        (self._live if live else self._domains)[ctid] = stored
        return self.load(ctid, live=live)

    def delete(self, ctid: Ctid, *, live: bool = False) -> None:
        """Forget a definition; no error if there is none."""
        (self._live if live else self._domains).pop(ctid, None)

    def keep_former(self, domain: Domain) -> None:
        """Keep a definition that is about to go while its private area stays."""
        if domain.ctid is None:
            raise errors.InternalError(f"'{domain.name}' is to be kept without CTID")
        self._formers[domain.ctid] = dataclasses.replace(domain, autostart=None)

    def formers(self) -> list[Domain]:
        """What was kept so, by CTID."""
        kept = [self._formers[ctid] for ctid in sorted(self._formers)]
        return [domain for domain in kept if not domain.disposable]

    def orphans(self) -> list[Domain]:
        """Disposable containers that have no definition any more."""
        kept = [domain for ctid, domain in self._formers.items() if self.revision(ctid) is None]
        return [domain for domain in kept if domain.disposable]

    def drop_former(self, ctid: Ctid) -> None:
        """Keep it no longer; no error if there is none."""
        self._formers.pop(ctid, None)

    def identities(self) -> list[Identity]:
        """Every container's identity."""
        return [self._identity(entry) for entry in self.index()]

    def _identity(self, entry: IndexEntry) -> Identity:
        macs = [
            mac
            for kinds in (self._domains, self._live)
            if entry.ctid in kinds
            for item in kinds[entry.ctid].domain.interfaces
            for mac in (item.mac, item.host_mac)
            if mac is not None and not mac.is_null
        ]
        return Identity(
            ctid=entry.ctid, name=entry.name, uuid=entry.uuid, macs=tuple(dict.fromkeys(macs))
        )

    def is_free(self, ctid: Ctid) -> bool:
        """Whether nothing of this number exists."""
        places = self.places(Domain(name=str(ctid), ctid=ctid))
        taken = (places.private_area, places.root_mount)
        return self.revision(ctid) is None and not any(path.exists() for path in taken)

    @contextlib.contextmanager
    def registry_lock(self) -> Iterator[None]:
        """Held while identities are checked and taken."""
        with self._registry:
            yield

    @contextlib.contextmanager
    def lock(self, ctid: Ctid, *, wait: float = 30.0) -> Iterator[None]:
        """A container's lock between threads.

        Raises:
            Busy: Not had within ``wait`` seconds.
        """
        lock = self._locks.setdefault(ctid, threading.RLock())
        if not lock.acquire(timeout=wait):
            raise errors.Busy(f"container {ctid} is locked by another thread")
        try:
            yield
        finally:
            lock.release()

    def sample_names(self) -> list[str]:
        """Names of all sample configs."""
        return sorted(self._samples)

    def sample(self, name: str) -> Domain:
        """A sample config as a partial definition.

        Raises:
            NoSample: There is none.
        """
        try:
            return self._samples[name]
        except KeyError:
            known = ", ".join(self.sample_names())
            raise errors.NoSample(
                f"there is no sample config '{name}'; there are: {known}"
            ) from None

    def global_config(self) -> GlobalConfig:
        """What vz.conf would say."""
        return self._config

    def places(self, domain: Domain) -> Places:
        """Where the files of a definition with a CTID are."""
        number = str(domain.number)
        pattern = domain.openvz.private_area or self._config.private_pattern
        mount = domain.openvz.root_mount or self._config.root_pattern
        root = domain.root
        folder = root is not None and root.kind is FilesystemKind.MOUNT
        return Places(
            private_area=Path(root.source)
            if folder and root is not None
            else self._root.within(pattern.replace("$VEID", number)),
            root_mount=self._root.within(mount.replace("$VEID", number)),
            users_folder=folder,
        )


def default_config(root: Root) -> GlobalConfig:
    """A vz.conf that says nothing but where things are."""
    return GlobalConfig(
        lock_dir=root.path("vz/lock"),
        dump_dir=root.path("vz/dump"),
        template_dir=root.path("vz/template"),
        private_pattern="/vz/private/$VEID",
        root_pattern="/vz/root/$VEID",
        defaults=Domain(name="container"),
    )


class MemoryJournal:
    """ports.journal.Journal over a dictionary."""

    def __init__(self) -> None:
        self._entries: dict[Ctid, JournalEntry] = {}

    def begin(self, entry: JournalEntry) -> None:
        """Note that work begins."""
        self._entries[entry.ctid] = dataclasses.replace(entry, details=dict(entry.details))

    def done(self, ctid: Ctid) -> None:
        """The work is finished or undone; no error if there is no note."""
        self._entries.pop(ctid, None)

    def pending(self) -> list[JournalEntry]:
        """All notes."""
        return list(self._entries.values())
