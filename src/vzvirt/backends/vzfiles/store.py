"""The store: OpenVZ's own files as the database of definitions.

State, below ``etc/vz``: a config for each container and, beside it, a sidecar for what no key
holds (``pair`` says how the two change as one); links from names (``names``); samples and
``vz.conf`` (``hostconf``). What runs has a live definition below ``run/vzvirt``, what went and
left its private area, or might, one below ``var/lib/vzvirt`` (all: ``live``). Locks are
``LOCKDIR/CTID.lck`` (``locks``) and, around the taking of identities,
``run/vzvirt/registry.lck``. All of it is shared with vzctl, editors and other processes of ours:
nothing is believed longer than its file stands unchanged.

Promises: reading never fails over what a file says, it warns; reading writes nothing, so a tree
from an old host stays as it is until something is changed; a container that has no UUID yet
has the same one each time, and it is written with the first change. A sidecar counts only for
a config that says the UUID which it names.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.backends.vzfiles.hostconf import HostFiles
from vzvirt.backends.vzfiles.index import Index
from vzvirt.backends.vzfiles.live import LiveFiles
from vzvirt.backends.vzfiles.locks import flock_file, lock_file
from vzvirt.backends.vzfiles.names import NameLinks
from vzvirt.backends.vzfiles.pair import Pair, PairFiles
from vzvirt.codec import vzconf
from vzvirt.model.domain import Domain
from vzvirt.model.host import GlobalConfig, Places
from vzvirt.model.values import Ctid
from vzvirt.ports.store import Identity, Imprint, IndexEntry, StoredDomain
from vzvirt.system.root import Root

REGISTRY_WAIT: Final = 30.0
"""Seconds to wait for others who take identities."""

_CACHE_MOST: Final = 16384
"""Definitions kept in memory at most; then all are forgotten."""


class VzfilesStore:
    """The definitions of one installation; implements ``ports.store.DefinitionStore``."""

    def __init__(self, root: Root, bridge_of: vzconf.BridgeOf = vzconf.no_bridge) -> None:
        self._root = root
        self._bridge_of = bridge_of
        self._host = HostFiles(root)
        self._pairs = PairFiles(root.path("etc/vz/conf"))
        self._links = NameLinks(root.path("etc/vz/names"))
        self._loaded: dict[Ctid, StoredDomain] = {}
        self._live = LiveFiles(root.path("run/vzvirt/live"))
        self._formers = LiveFiles(root.path("var/lib/vzvirt/former"), durable=True)
        self._disposable = LiveFiles(root.path("var/lib/vzvirt/disposable"), durable=True)
        self._index = Index(self._pairs, self._live, self._host)

    # -- reading ------------------------------------------------------------------------

    def ctids(self) -> list[Ctid]:
        """All containers, transient ones too, ascending."""
        return self._index.ctids()

    def index(self) -> list[IndexEntry]:
        """All containers, by CTID."""
        return self._index.entries()

    def entry(self, ctid: Ctid) -> IndexEntry | None:
        """One container; the same value as before as long as nothing of it changes."""
        return self._index.entry(ctid)

    def imprint(self, ctid: Ctid, *, live: bool = False) -> Imprint | None:
        """The stored or the live definition as it stands; ``None``: there is none."""
        if live:
            return self._live.imprint(ctid)
        pair = self._pairs.read(ctid)
        return None if pair is None else pair.imprint

    def recall(self, ctid: Ctid, imprint: Imprint, *, live: bool = False) -> Domain:
        """The definition that an imprint was taken of.

        Raises:
            ConfigSyntax: It was damaged.
        """
        if live:
            return self._live.recall(imprint)
        return self._decode(ctid, Pair.recall(imprint)).domain

    def revision(self, ctid: Ctid) -> str | None:
        """What changes whenever one of a container's definitions does; ``None``: it has none."""
        return self._index.revision(ctid)

    def transients(self) -> list[Ctid]:
        """Containers that have only a live definition, running or not."""
        return self._index.transients()

    def load(self, ctid: Ctid, *, live: bool = False) -> StoredDomain:
        """Read one definition; either kind stands in for the other where there is only one.

        Raises:
            NoDomain: There is none.
        """
        found = self._load_live(ctid) if live else self._load_stored(ctid)
        if found is None:
            found = self._load_stored(ctid) if live else self._load_live(ctid)
        if found is None:
            raise _no_domain(str(ctid))
        return found

    def _load_live(self, ctid: Ctid) -> StoredDomain | None:
        found = self._live.load(ctid)
        if found is None:
            return None
        stamp, domain = found
        transient = not self._pairs.exists(ctid)
        return StoredDomain(domain=domain, revision=stamp, transient=transient, live=True)

    def _load_stored(self, ctid: Ctid) -> StoredDomain | None:
        known = self._loaded.get(ctid)
        if known is not None and known.revision == self._pairs.revision(ctid):
            return known
        pair = self._pairs.read(ctid)
        if pair is None:
            self._loaded.pop(ctid, None)
            return None
        if len(self._loaded) >= _CACHE_MOST:
            self._loaded.clear()
        asked: list[str] = []

        def bridge_of(network: str) -> str | None:
            asked.append(network)
            return self._bridge_of(network)

        stored = self._decode(ctid, pair, bridge_of)
        if not asked:  # its own files do not tell when a network's definition changes
            self._loaded[ctid] = stored
        return stored

    def _decode(
        self, ctid: Ctid, pair: Pair, bridge_of: vzconf.BridgeOf | None = None
    ) -> StoredDomain:
        read = vzconf.read(vzconf.Document.parse(pair.config), ctid)
        domain, warnings = self._with_uuid(read.domain, ctid), list(read.warnings)
        if pair.sidecar:
            sidecar = _read_sidecar(pair.sidecar, self._pairs.sidecar(ctid), warnings)
            # A config that says no UUID was written anew by others: ours said it from then on.
            if sidecar is not None and sidecar.uuid == read.domain.uuid:
                domain = vzconf.merge(domain, sidecar, bridge_of or self._bridge_of)
            elif sidecar is not None:
                warnings.append(
                    f"{self._pairs.sidecar(ctid)} is of another container"
                    f" (UUID {sidecar.uuid}) and is ignored"
                )
        return StoredDomain(
            domain=domain,
            warnings=tuple(warnings),
            revision=pair.revision,
        )

    def _with_uuid(self, domain: Domain, ctid: Ctid) -> Domain:
        if domain.uuid is not None:
            return domain
        return dataclasses.replace(domain, uuid=self._host.derived_uuid(ctid))

    def find(self, reference: str) -> Ctid:
        """The container that a CTID, a name or a UUID names, in this order.

        Raises:
            NoDomain: None does.
        """
        with contextlib.suppress(errors.InvalidArgument):
            ctid = Ctid(reference)
            if self._index.revision(ctid) is not None:
                return ctid
        linked = self._links.target(reference)
        if linked is not None and self._own_name(linked) == reference:
            return linked
        entries = self.index()
        for entry in entries:
            if entry.name == reference:
                return entry.ctid
        with contextlib.suppress(ValueError):
            uuid = UUID(reference)
            for entry in entries:
                if entry.uuid == uuid:
                    return entry.ctid
        raise _no_domain(reference)

    def identities(self) -> list[Identity]:
        """Every container's identity, for uniqueness checks; reads every one that changed."""
        return self._index.identities()

    def is_free(self, ctid: Ctid) -> bool:
        """Whether no definition, private area, root, dump or sidecar of this number exists."""
        places = self._host.default_places(ctid)
        taken = (
            self._pairs.config(ctid),
            self._pairs.sidecar(ctid),
            self._live.path(ctid),
            places.private_area,
            places.root_mount,
            self.global_config().dump_dir / f"Dump.{ctid}",
        )
        return not any(os.path.lexists(path) for path in taken)

    # -- writing ------------------------------------------------------------------------

    def save(self, domain: Domain, *, live: bool = False) -> StoredDomain:
        """Write a definition atomically; no stored one is written where nothing differs.

        Raises:
            Conflict: Another container has its name.
            NoSpace: The disk is full; the old definition stands.
        """
        if domain.ctid is None or domain.uuid is None:
            raise errors.InternalError(f"'{domain.name}' is to be saved without CTID or UUID")
        ctid = domain.ctid
        if live:
            self._live.save(ctid, domain)
            return self.load(ctid, live=True)
        self._pairs.settle(ctid)
        old = self._pairs.read(ctid)
        if old is not None and self._decode(ctid, old).domain == domain:
            return self.load(ctid)
        name = domain.name if domain.has_own_name else None
        self._check_name(name, ctid)
        document = vzconf.Document.parse(old.config if old else b"")
        config = vzconf.apply(document, domain).serialise()
        if name is not None:
            # First: a link that is not true yet is harmless, one that is missing is missed.
            self._links.add(name, ctid, self._pairs.config(ctid))
        try:
            self._pairs.write(ctid, config, _write_sidecar(domain))
        finally:
            self._links.prune(ctid, keep=self._own_name(ctid))
        return dataclasses.replace(self.load(ctid), roundings=vzconf.roundings(domain))

    def _own_name(self, ctid: Ctid) -> str | None:
        entry = self._index.entry(ctid)
        return entry.name if entry is not None else None

    def _check_name(self, name: str | None, ctid: Ctid) -> None:
        if name is None:
            return
        self._links.check(name)
        holder = self._links.target(name)
        if holder is None or holder == ctid:
            return
        if self._own_name(holder) == name:
            raise errors.Conflict(
                f"the name '{name}' belongs to container {holder}", hint="choose another name"
            )

    def delete(self, ctid: Ctid, *, live: bool = False) -> None:
        """Remove the live definition, or the stored one with its name; no error without any."""
        if live:
            self._live.delete(ctid)
        else:
            self._pairs.delete(ctid)
            self._links.prune(ctid, keep=None)
            self._loaded.pop(ctid, None)
        self._index.forget(ctid)

    def keep_former(self, domain: Domain) -> None:
        """Keep a definition that is about to go while its private area stays.

        Raises:
            NoSpace: The disk is full.
        """
        if domain.ctid is None:
            raise errors.InternalError(f"'{domain.name}' is to be kept without CTID")
        if domain.disposable:
            self._disposable.save(domain.ctid, domain)
            return
        # A crash may have left it from the time when this one was: nobody is to remove its root.
        self._disposable.delete(domain.ctid)
        self._formers.save(domain.ctid, domain)

    def formers(self) -> list[Domain]:
        """What was kept so, by CTID; without disposable ones."""
        return self._formers.all(sorted(self._formers.ctids()))

    def orphans(self) -> list[Domain]:
        """Disposable containers that have no definition any more."""
        ctids = sorted(self._disposable.ctids())
        return self._disposable.all(ctid for ctid in ctids if self.revision(ctid) is None)

    def drop_former(self, ctid: Ctid) -> None:
        """Keep it no longer; no error if there is none."""
        self._formers.delete(ctid)
        self._disposable.delete(ctid)

    # -- locks --------------------------------------------------------------------------

    @contextlib.contextmanager
    def registry_lock(self) -> Iterator[None]:
        """Held while identities are checked and taken; re-entrant within a thread.

        Raises:
            Busy: Not had within 30 s.
        """
        path = self._root.path("run/vzvirt/registry.lck")
        with flock_file(path, REGISTRY_WAIT, "the registry of containers"):
            yield

    @contextlib.contextmanager
    def lock(self, ctid: Ctid, *, wait: float = 30.0) -> Iterator[None]:
        """A container's lock, honoured by real vzctl; re-entrant within a thread.

        Raises:
            Busy: Not had within ``wait`` seconds; the message names the holder.
        """
        path = self.global_config().lock_dir / f"{ctid}.lck"
        guard = self._root.path("run/vzvirt/stale-locks.lck")
        with lock_file(path, guard, wait, f"container {ctid}") as outermost:
            if outermost:
                with contextlib.suppress(errors.HostError):  # a full disk; it reads well as it is
                    self._pairs.settle(ctid)
            yield

    # -- the host's own files -----------------------------------------------------------

    def sample_names(self) -> list[str]:
        """Names of all sample configs."""
        return self._host.sample_names()

    def sample(self, name: str) -> Domain:
        """A sample config as a partial definition.

        Raises:
            NoSample: There is none; the message lists those there are.
        """
        return self._host.sample(name)

    def global_config(self) -> GlobalConfig:
        """What vz.conf says, or the built-in one where the host has none."""
        return self._host.global_config()

    def places(self, domain: Domain) -> Places:
        """Where the files of a definition with a CTID are."""
        return self._host.places(domain)


def _no_domain(reference: str) -> errors.NoDomain:
    return errors.NoDomain(
        f"there is no container '{reference[:140]}'",
        hint="'vzvirt list --all' shows all there are",
    )


def _read_sidecar(data: bytes, path: Path, warnings: list[str]) -> Domain | None:
    from vzvirt.codec import xml  # lxml costs 30 ms, and most containers have no sidecar

    try:
        return xml.read_partial(data)
    except errors.VzvirtError as error:
        warnings.append(f"{path} is damaged and is ignored: {error}")
        return None


def _write_sidecar(domain: Domain) -> bytes:
    """The sidecar of what no key holds; empty where that is nothing."""
    rest = vzconf.remainder(domain)
    if rest == Domain(name=rest.name, ctid=rest.ctid, uuid=rest.uuid):
        return b""
    from vzvirt.codec import xml

    return xml.write_partial(rest).encode()
