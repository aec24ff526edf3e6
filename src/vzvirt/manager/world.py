"""Everything the use cases know of the world outside: the ports, bound once by bootstrap."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vzvirt.manager.defaults import effective
from vzvirt.model.domain import Domain
from vzvirt.model.progress import Progress, no_progress
from vzvirt.model.values import Ctid

if TYPE_CHECKING:
    from vzvirt.ports.engine import ContainerEngine
    from vzvirt.ports.guestfiles import GuestFiles
    from vzvirt.ports.host import Host, HostFacts
    from vzvirt.ports.hostmarks import HostMarks
    from vzvirt.ports.journal import Journal
    from vzvirt.ports.network import DeviceInventory, GuestLinks, NetworkRunner, NetworkStore
    from vzvirt.ports.storage import StorageLayout, TemplateStore
    from vzvirt.ports.store import DefinitionStore

Warn = Callable[[str], None]
"""Called with one sentence that the user should see; the work goes on."""


def no_warning(_sentence: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports, and what the user set.

    Attributes:
        layouts: By their VE_LAYOUT name.
        layout: Layout of new containers that name none, over what vz.conf says.
        lock_wait: Seconds to wait for somebody else's change.
    """

    store: DefinitionStore
    engine: ContainerEngine
    layouts: Mapping[str, StorageLayout]
    templates: TemplateStore
    guestfiles: GuestFiles
    journal: Journal
    host: Host
    facts: HostFacts
    networks: NetworkStore
    network_runner: NetworkRunner
    links: GuestLinks
    inventory: DeviceInventory
    marks: HostMarks
    progress: Progress = no_progress
    warn: Warn = no_warning
    layout: str | None = None
    lock_wait: float = 30.0

    @property
    def default_layout(self) -> str | None:
        """Layout of new containers that name none; ``None``: whichever suits."""
        return self.layout or self.store.global_config().default_layout

    def effective(self, ctid: Ctid) -> Domain:
        """A container's stored definition as it takes effect at a start.

        Raises:
            NoDomain: There is none.
        """
        return effective(self.store.load(ctid).domain, self.store.global_config())

    def live(self, ctid: Ctid) -> Domain:
        """What a container that runs was started with, and what was changed of it since.

        Raises:
            NoDomain: There is none.
        """
        found = self.store.load(ctid, live=True)
        return found.domain if found.live else effective(found.domain, self.store.global_config())

    def current(self, ctid: Ctid) -> Domain:
        """What a container runs with, or, while it is off, would start with.

        Raises:
            NoDomain: There is none.
        """
        if not self.engine.observe(ctid).is_active:
            return self.effective(ctid)
        live = self.live(ctid)
        # A live definition keeps its own names apart from those of vz.conf; see ``guestside``.
        naming = effective(live, self.store.global_config()).guest_naming
        return dataclasses.replace(live, guest_naming=naming)
