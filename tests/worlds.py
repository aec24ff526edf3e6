"""A manager over a world that can be looked at, made to fail, and asked again afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from vzvirt.backends.memory import (
    MemoryEngine,
    MemoryGuestFiles,
    MemoryHost,
    MemoryInventory,
    MemoryLayout,
    MemoryLinks,
    MemoryNetworks,
    MemoryTemplates,
    layouts,
)
from vzvirt.backends.memory.facts import MemoryFacts
from vzvirt.backends.memory.store import MemoryJournal, MemoryStore
from vzvirt.backends.networkfiles import FileNetworkStore
from vzvirt.backends.vzfiles.hostmarks import FileHostMarks
from vzvirt.manager import Manager
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.host import GlobalConfig
from vzvirt.model.report import Defined
from vzvirt.model.state import DomainState
from vzvirt.model.values import Ctid, SoftHard
from vzvirt.system.root import Root

TEMPLATE = "busybox"
MIB = 1024 * 1024


class Crash(BaseException):
    """The process died here: nothing of ours catches it."""


@dataclass
class Fuse:
    """Counts calls on ports, and lets the one of a given number fail."""

    blows_at: int | None = None
    error: BaseException = field(default_factory=Crash)
    calls: list[str] = field(default_factory=list)

    def burn(self, call: str) -> None:
        self.calls.append(call)
        if self.blows_at == len(self.calls):
            raise self.error


class Fused:
    """A port whose changing methods burn a fuse, before or after what they do."""

    def __init__(self, port: Any, fuse: Fuse, methods: set[str], *, after: bool) -> None:
        self._port, self._fuse, self._methods, self._after = port, fuse, methods, after

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if name not in self._methods:
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            words = f"{type(self._port).__name__}.{name}"
            if not self._after:
                self._fuse.burn(words)
            result = attribute(*args, **kwargs)
            if self._after:
                self._fuse.burn(words)
            return result

        return call


CHANGES: Mapping[str, set[str]] = {
    "store": {"save", "delete", "keep_former", "drop_former"},
    "engine": {"start", "settle", "forget", "kill"},
    "templates": {"unpack"},
    "guestfiles": {"give_identity"},
    "journal": {"begin", "done"},
    "layout": {"mount", "unmount", "delete", "clean", "resize"},
}
"""Calls after or before which a process may die."""


@dataclass
class World:
    """A simulated installation; its disk is real, its definitions are in memory."""

    root: Root
    store: MemoryStore
    journal: MemoryJournal
    engine: MemoryEngine
    layouts: dict[str, MemoryLayout]
    templates: MemoryTemplates
    host: MemoryHost
    warned: list[str] = field(default_factory=list)

    @classmethod
    def at(
        cls,
        folder: Path,
        *,
        samples: Mapping[str, Domain] | None = None,
        change: Callable[[GlobalConfig], GlobalConfig] | None = None,
    ) -> World:
        root = Root(folder)
        store = MemoryStore(root, samples=samples)
        if change is not None:
            store = MemoryStore(root, samples=samples, config=change(store.global_config()))
        world = cls(
            root=root,
            store=store,
            journal=MemoryJournal(),
            engine=MemoryEngine(root),
            layouts=layouts(root),
            templates=MemoryTemplates(root.path("vz/template")),
            host=MemoryHost(),
        )
        world.templates.build(TEMPLATE, None, None, lambda *_: None)
        return world

    @property
    def manager(self) -> Manager:
        return self.fused(None)

    def fused(self, fuse: Fuse | None, *, after: bool = False) -> Manager:
        """A manager whose changes burn a fuse."""

        def port(name: str, real: Any) -> Any:
            return real if fuse is None else Fused(real, fuse, CHANGES[name], after=after)

        return Manager(
            store=port("store", self.store),
            engine=port("engine", self.engine),
            layouts={name: port("layout", item) for name, item in self.layouts.items()},
            templates=port("templates", self.templates),
            guestfiles=port("guestfiles", MemoryGuestFiles()),
            journal=port("journal", self.journal),
            host=self.host,
            facts=MemoryFacts(),
            networks=FileNetworkStore(self.root),
            network_runner=MemoryNetworks(self.root),
            links=MemoryLinks(self.root),
            inventory=MemoryInventory(self.root),
            marks=FileHostMarks(self.root),
            warn=self.warned.append,
        )

    def define(self, domain: Domain | None = None, **changes: Any) -> Defined:
        return self.manager.definitions.define(domain or container(**changes))

    def state(self, ctid: int = 101) -> DomainState:
        return self.engine.observe(Ctid(ctid)).state

    def area(self, ctid: int = 101) -> Path:
        return self.root.path(f"vz/private/{ctid}")

    def mounted(self, ctid: int = 101) -> bool:
        return self.engine._runs.one(Ctid(ctid)).mounted

    def leftovers(self) -> list[str]:
        """What a crashed build or deletion left."""
        folder = self.root.path("vz/private")
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return [name for name in names if not name.isdecimal()]


def container(
    name: str = "web",
    *,
    space: int | tuple[int, int] | None = None,
    inodes: int | None = None,
    layout: str | None = None,
    template: str = TEMPLATE,
    **fields: Any,
) -> Domain:
    """A definition as a document would give it."""
    pair = (space, space) if isinstance(space, int) else space
    root = Filesystem(
        kind=FilesystemKind.TEMPLATE,
        source=template,
        space=SoftHard(*pair) if pair else None,
        inodes=SoftHard(inodes, inodes) if inodes else None,
    )
    fields.setdefault("filesystems", (root,))
    if layout:
        settings = cast("OpenvzSettings", fields.get("openvz", OpenvzSettings()))
        fields["openvz"] = dataclasses.replace(settings, layout=layout)
    return Domain(name=name, **fields)
