"""Use cases: what can be done with containers, in terms of values and ports only.

The manager keeps no state of its own. The store, the engine, the storage and the journal hold
it, so any number of processes may work on one host at once: each change is made under its
container's lock, and whoever has the lock first finishes or undoes what a crash left.

A container is named by a *reference*: its CTID, name or UUID as a string.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from vzvirt.manager.connections import Connections
from vzvirt.manager.definitions import Definitions
from vzvirt.manager.guests import Guests
from vzvirt.manager.guestside import GuestSide
from vzvirt.manager.lifecycle import Lifecycle
from vzvirt.manager.provisioning import Provisioning
from vzvirt.manager.quotas import Quotas
from vzvirt.manager.repairs import Repairs
from vzvirt.manager.templates import Templates
from vzvirt.manager.world import Warn, World, no_warning
from vzvirt.model.host import HostCheck
from vzvirt.model.storage import Progress, no_progress
from vzvirt.ports.engine import ContainerEngine
from vzvirt.ports.guestfiles import GuestFiles
from vzvirt.ports.host import Host
from vzvirt.ports.journal import Journal
from vzvirt.ports.network import DeviceInventory, GuestLinks, NetworkRunner, NetworkStore
from vzvirt.ports.storage import StorageLayout, TemplateStore
from vzvirt.ports.store import DefinitionStore

if TYPE_CHECKING:
    from vzvirt.manager.devices import Devices
    from vzvirt.manager.networks import Networks


class Manager:
    """All use cases, by topic.

    Attributes:
        definitions: Define, change, look up, undefine.
        lifecycle: Start, stop, pause.
        connections: What interfaces have right now, and their traffic.
        provisioning: Make roots from templates.
        guests: Run commands and copy files in containers.
        guestside: Change host names and name servers.
        templates: The template cache.
        quotas: Limits on disk use.
        inventory: The host's devices.
        repairs: Finish or undo what crashed commands left.
    """

    def __init__(
        self,
        *,
        store: DefinitionStore,
        engine: ContainerEngine,
        layouts: Mapping[str, StorageLayout],
        templates: TemplateStore,
        guestfiles: GuestFiles,
        journal: Journal,
        host: Host,
        networks: NetworkStore,
        network_runner: NetworkRunner,
        links: GuestLinks,
        inventory: DeviceInventory,
        progress: Progress = no_progress,
        warn: Warn = no_warning,
        layout: str | None = None,
        lock_wait: float = 30.0,
    ) -> None:
        world = World(
            store=store,
            engine=engine,
            layouts=layouts,
            templates=templates,
            guestfiles=guestfiles,
            journal=journal,
            host=host,
            networks=networks,
            network_runner=network_runner,
            links=links,
            inventory=inventory,
            progress=progress,
            warn=warn,
            layout=layout,
            lock_wait=lock_wait,
        )
        self._world = world
        self.repairs = Repairs(world)
        self.definitions = Definitions(world)
        self.provisioning = Provisioning(world)
        self.connections = Connections(world)
        self.lifecycle = Lifecycle(world)
        self.guests = Guests(world)
        self.guestside = GuestSide(world)
        self.templates = Templates(world)
        self.quotas = Quotas(world)
        self.inventory = inventory

    @cached_property
    def networks(self) -> Networks:
        """Virtual networks."""
        from vzvirt.manager.networks import Networks  # not for most commands

        return Networks(self._world)

    @cached_property
    def devices(self) -> Devices:
        """Attach, change and detach single devices."""
        from vzvirt.manager.devices import Devices  # not for most commands

        return Devices(self._world)

    def host_checks(self) -> list[HostCheck]:
        """What this host can and cannot do."""
        abilities = [layout.abilities for layout in self._world.layouts.values()]
        return [*self._world.host.checks(abilities), *self.networks.checks()]


__all__ = [
    "Definitions",
    "Connections",
    "GuestSide",
    "Guests",
    "Lifecycle",
    "Manager",
    "Provisioning",
    "Quotas",
    "Repairs",
    "Templates",
    "Warn",
    "World",
]
