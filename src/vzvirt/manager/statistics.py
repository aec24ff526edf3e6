"""What containers have used: as the engine counts it, and what went through their interfaces."""

from __future__ import annotations

from collections.abc import Iterable

from vzvirt import errors
from vzvirt.manager.world import World
from vzvirt.model.devices import NICS
from vzvirt.model.domain import Domain
from vzvirt.model.statistics import EVERYTHING, Statistics, Topic
from vzvirt.model.values import Ctid
from vzvirt.ports.network import LinkCounters, Plug


class Counting:
    """Use cases over what was used; they take no lock and start no process."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, ref: str, topics: Topic = EVERYTHING) -> Statistics:
        """What a running container has used.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It does not run.
        """
        ctid = self._world.store.find(ref)
        if not self._world.engine.observe(ctid).is_active:
            name = self._world.store.load(ctid).domain.name
            raise errors.OperationInvalid(f"'{name}' is not running", hint="start it first")
        return self._world.engine.statistics(ctid, topics)

    def of_one(self, ctid: Ctid, topics: Topic = EVERYTHING) -> Statistics | None:
        """The same of a container that was seen to run; ``None``: it has ended since."""
        try:
            return self._world.engine.statistics(ctid, topics)
        except errors.OperationInvalid:
            return None

    def of_many(self, ctids: Iterable[Ctid], topics: Topic = EVERYTHING) -> dict[Ctid, Statistics]:
        """The same for many; those that do not run are left out."""
        return self._world.engine.statistics_of(ctids, topics)

    def traffic(self, domain: Domain, init_pid: int) -> list[LinkCounters]:
        """What went through the interfaces and NICs of a running container.

        Args:
            domain: Its definition, with all names set.
            init_pid: Of its init.
        """
        plugs = tuple(Plug(interface=item) for item in domain.interfaces)
        devices = tuple(item for item in domain.host_devices if item.kind in NICS)
        if not plugs and not devices:
            return []
        return self._world.links.counters(domain.number, init_pid, plugs, devices)
