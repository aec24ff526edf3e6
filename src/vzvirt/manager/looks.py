"""Single looks at containers, networks and devices, for whoever keeps an eye on all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vzvirt import errors
from vzvirt.manager.defaults import effective
from vzvirt.manager.events import NetworkView

if TYPE_CHECKING:
    from vzvirt.manager.world import World
    from vzvirt.model.domain import Domain
    from vzvirt.model.nodedev import NodeDevice
    from vzvirt.model.state import Observation
    from vzvirt.model.values import Ctid
    from vzvirt.ports.store import Imprint, IndexEntry


class Looks:
    """What is there, how it stands, and what it was."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ctids(self) -> list[Ctid]:
        """All containers, transient ones too, ascending."""
        return self._world.store.ctids()

    def index(self) -> list[IndexEntry]:
        """All containers, by CTID; reads no more of their files than it has to."""
        return self._world.store.index()

    def entry(self, ctid: Ctid) -> IndexEntry | None:
        """One container; the same value as before as long as nothing of it changes."""
        return self._world.store.entry(ctid)

    def imprint(self, ctid: Ctid, *, live: bool = False) -> Imprint | None:
        """The stored or the live definition as it stands; ``None``: there is none."""
        return self._world.store.imprint(ctid, live=live)

    def recall(self, ctid: Ctid, imprint: Imprint, *, live: bool = False) -> Domain:
        """The definition that an imprint was taken of.

        Raises:
            ConfigSyntax: It was damaged.
        """
        return self._world.store.recall(ctid, imprint, live=live)

    def domain(self, ctid: Ctid, *, live: bool) -> Domain:
        """The stored or the live definition; each stands in for the other.

        Raises:
            NoDomain: There is none.
        """
        return self._world.store.load(ctid, live=live).domain

    def effective(self, domain: Domain) -> Domain:
        """A definition as it takes effect, with vz.conf behind it."""
        return effective(domain, self._world.store.global_config())

    def observe(self, ctid: Ctid) -> Observation:
        """How a container stands right now."""
        return self._world.engine.observe(ctid)

    def observe_all(self, ctids: Iterable[Ctid]) -> list[Observation]:
        """The same for many."""
        return self._world.engine.observe_all(ctids)

    def console_log(self, ctid: Ctid) -> bytes:
        """What its console has shown since its last start, be it gone by now."""
        return self._world.engine.console_log(ctid)

    # -- networks and devices -----------------------------------------------------------

    def networks(self) -> dict[str, NetworkView]:
        """Those networks that can be read, by name."""
        views = {}
        for name in self._world.networks.names():
            try:
                view = self._network(name)
            except errors.ConfigSyntax:
                continue  # whoever asks for it is told
            if view is not None:
                views[name] = view
        return views

    def _network(self, name: str) -> NetworkView | None:
        stored = self._world.networks.load(name)
        noted = self._world.networks.load(name, live=True)
        active = noted is not None and self._world.network_runner.is_active(noted)
        network = noted or stored
        if network is None or network.uuid is None or (stored is None and not active):
            return None
        return NetworkView(
            name=name,
            uuid=network.uuid,
            stored=stored,
            active=active,
            beginning=noted is not None and not active,
        )

    def devices(self) -> dict[str, NodeDevice]:
        """The host's devices by name, parents before children."""
        return {device.name: device for device in self._world.inventory.devices()}
