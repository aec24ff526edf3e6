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

from vzvirt.manager.world import Warn, World, no_warning
from vzvirt.model.progress import Progress, no_progress

if TYPE_CHECKING:
    from vzvirt.manager.capabilities import Machine
    from vzvirt.manager.connections import Connections
    from vzvirt.manager.definitions import Definitions
    from vzvirt.manager.devices import Devices
    from vzvirt.manager.guestinfo import GuestInfo
    from vzvirt.manager.guests import Guests
    from vzvirt.manager.guestside import GuestSide
    from vzvirt.manager.hostboot import HostBoot
    from vzvirt.manager.lifecycle import Lifecycle
    from vzvirt.manager.looks import Looks
    from vzvirt.manager.networks import Networks
    from vzvirt.manager.processes import Processes
    from vzvirt.manager.provisioning import Provisioning
    from vzvirt.manager.quotas import Quotas
    from vzvirt.manager.repairs import Repairs
    from vzvirt.manager.statistics import Counting
    from vzvirt.manager.storage import StoragePools
    from vzvirt.manager.templates import Templates
    from vzvirt.manager.tuning import Tuning
    from vzvirt.model.host import HostCheck
    from vzvirt.ports.engine import ContainerEngine
    from vzvirt.ports.guestfiles import GuestFiles
    from vzvirt.ports.host import Host, HostFacts
    from vzvirt.ports.hostmarks import HostMarks
    from vzvirt.ports.journal import Journal
    from vzvirt.ports.network import DeviceInventory, GuestLinks, NetworkRunner, NetworkStore
    from vzvirt.ports.storage import StorageLayout, TemplateStore
    from vzvirt.ports.store import DefinitionStore


class Manager:
    """All use cases, by topic.

    A topic is imported when it is asked for: no command needs them all.

    Attributes:
        inventory: The host's devices.
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
        facts: HostFacts,
        networks: NetworkStore,
        network_runner: NetworkRunner,
        links: GuestLinks,
        inventory: DeviceInventory,
        marks: HostMarks,
        progress: Progress = no_progress,
        warn: Warn = no_warning,
        layout: str | None = None,
        lock_wait: float = 30.0,
    ) -> None:
        self._world = World(
            store=store,
            engine=engine,
            layouts=layouts,
            templates=templates,
            guestfiles=guestfiles,
            journal=journal,
            host=host,
            facts=facts,
            networks=networks,
            network_runner=network_runner,
            links=links,
            inventory=inventory,
            marks=marks,
            progress=progress,
            warn=warn,
            layout=layout,
            lock_wait=lock_wait,
        )
        self.inventory = inventory

    @cached_property
    def definitions(self) -> Definitions:
        """Define, change, look up, undefine."""
        from vzvirt.manager.definitions import Definitions

        return Definitions(self._world)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Start, stop, pause."""
        from vzvirt.manager.lifecycle import Lifecycle

        return Lifecycle(self._world)

    @cached_property
    def devices(self) -> Devices:
        """Attach, change and detach single devices."""
        from vzvirt.manager.devices import Devices

        return Devices(self._world)

    @cached_property
    def connections(self) -> Connections:
        """What interfaces have right now, and their traffic."""
        from vzvirt.manager.connections import Connections

        return Connections(self._world)

    @cached_property
    def networks(self) -> Networks:
        """Virtual networks."""
        from vzvirt.manager.networks import Networks

        return Networks(self._world)

    @cached_property
    def provisioning(self) -> Provisioning:
        """Make roots from templates."""
        from vzvirt.manager.provisioning import Provisioning

        return Provisioning(self._world)

    @cached_property
    def storage(self) -> StoragePools:
        """Templates and private areas as pools of volumes."""
        from vzvirt.manager.storage import StoragePools

        return StoragePools(self._world)

    @cached_property
    def machine(self) -> Machine:
        """What clients ask about the host."""
        from vzvirt.manager.capabilities import Machine

        return Machine(self._world)

    @cached_property
    def guests(self) -> Guests:
        """Run commands and copy files in containers."""
        from vzvirt.manager.guests import Guests

        return Guests(self._world)

    @cached_property
    def tuning(self) -> Tuning:
        """Change limits, of what runs and of what is stored."""
        from vzvirt.manager.tuning import Tuning

        return Tuning(self._world)

    @cached_property
    def statistics(self) -> Counting:
        """What containers have used."""
        from vzvirt.manager.statistics import Counting

        return Counting(self._world)

    @cached_property
    def processes(self) -> Processes:
        """Signals for what runs inside."""
        from vzvirt.manager.processes import Processes

        return Processes(self._world)

    @cached_property
    def hostboot(self) -> HostBoot:
        """Start what starts with the host, and stop everything with it."""
        from vzvirt.manager.hostboot import HostBoot

        return HostBoot(self._world, self.lifecycle)

    @cached_property
    def looks(self) -> Looks:
        """Single looks at containers, for whoever keeps an eye on all of them."""
        from vzvirt.manager.looks import Looks

        return Looks(self._world)

    @cached_property
    def guestinfo(self) -> GuestInfo:
        """What containers say of themselves."""
        from vzvirt.manager.guestinfo import GuestInfo

        return GuestInfo(self._world)

    @cached_property
    def guestside(self) -> GuestSide:
        """Change host names and name servers."""
        from vzvirt.manager.guestside import GuestSide

        return GuestSide(self._world)

    @cached_property
    def templates(self) -> Templates:
        """The template cache."""
        from vzvirt.manager.templates import Templates

        return Templates(self._world)

    @cached_property
    def quotas(self) -> Quotas:
        """Limits on disk use."""
        from vzvirt.manager.quotas import Quotas

        return Quotas(self._world)

    @cached_property
    def repairs(self) -> Repairs:
        """Finish or undo what crashed commands left."""
        from vzvirt.manager.repairs import Repairs

        return Repairs(self._world)

    def host_checks(self) -> list[HostCheck]:
        """What this host can and cannot do."""
        abilities = [layout.abilities for layout in self._world.layouts.values()]
        return [*self._world.host.checks(abilities), *self.networks.checks()]


__all__ = ["Manager", "Warn", "World"]
