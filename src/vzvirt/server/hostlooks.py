"""What is told of networks, pools and devices: looked at anew when something may have changed.

State: how networks and devices were at the last look, and whether another look is due. Looking
waits for files and computes, so it is done in worker threads, one look at a time, some moments
after the first change: changes come in swarms. Devices are looked at only while somebody wants to
know of them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from vzvirt import errors
from vzvirt.manager import Manager
from vzvirt.manager.events import NetworkView, device_difference, network_difference
from vzvirt.model.event import Event, PoolRefreshed
from vzvirt.model.nodedev import NodeDevice
from vzvirt.ports.watch import Changes
from vzvirt.server.broker import Broker
from vzvirt.server.eventmessages import Topic

LOG: Final = logging.getLogger(__name__)

PAUSE: Final = 0.1
"""Seconds between a change and the look at it, and between two looks at least."""

POOL_PAUSE: Final = 0.5
"""The same for pools: whoever unpacks or copies makes many changes."""

BEGINNING: Final = 0.3
"""Seconds until a network that was about to start is looked at again."""

PATIENCE: Final = 100
"""How often."""

Later = Callable[[float, Callable[[], None]], object]
"""Has a function called on the loop after some seconds."""

InWorker = Callable[[Callable[[], None]], None]
OnLoop = Callable[[Callable[[], None]], object]


class Topical:
    """Looks at one topic: never two at a time, and one after the last change.

    Args:
        look: Called in a worker thread.
        pause: Seconds between a change and the look.
        later: See ``Later``.
        in_worker: Has a function called in a worker thread.
        on_loop: Has a function called on the loop.
    """

    def __init__(
        self,
        look: Callable[[], None],
        pause: float,
        later: Later,
        in_worker: InWorker,
        on_loop: OnLoop,
    ) -> None:
        self._look = look
        self._pause = pause
        self._later = later
        self._in_worker = in_worker
        self._on_loop = on_loop
        self._due = False
        self._busy = False

    def changed(self) -> None:
        """Something may have changed; on the loop."""
        self._due = True
        if not self._busy:
            self._busy = True
            self._later(self._pause, self._begin)

    def _begin(self) -> None:
        self._due = False
        self._in_worker(self._work)

    def _work(self) -> None:
        try:
            self._look()
        except errors.VzvirtError as error:
            LOG.warning("%s", error)
        finally:
            self._on_loop(self._done)

    def _done(self) -> None:
        self._busy = False
        if self._due:
            self.changed()


class HostLooks:
    """Networks, pools and devices of the host.

    Args:
        manager: Looks at them.
        broker: Gets the events.
        later: Has a function called on the loop after some seconds.
        in_worker: Has a function called in a worker thread.
        on_loop: Has a function called on the loop, from any thread.
    """

    def __init__(
        self,
        manager: Manager,
        broker: Broker,
        *,
        later: Later,
        in_worker: InWorker,
        on_loop: OnLoop,
    ) -> None:
        self._manager = manager
        self._broker = broker
        self._later = later
        self._on_loop = on_loop
        self._known_networks: Mapping[str, NetworkView] | None = None
        self._known_devices: Mapping[str, NodeDevice] | None = None
        self._devices_lock = threading.Lock()
        self._networks_lock = threading.Lock()
        self._changed_pools: dict[str, None] = {}
        self._patience = 0

        def topical(look: Callable[[], None], pause: float) -> Topical:
            return Topical(look, pause, later, in_worker, on_loop)

        self._networks = topical(self.look_at_networks, PAUSE)
        self._devices = topical(self._look_at_devices, PAUSE)
        self._pools = topical(self._look_at_pools, POOL_PAUSE)

    def begin(self) -> None:
        """Look for the first time; nothing is told of that. Waits for files."""
        self._known_networks = self._manager.looks.networks()

    def heed(self, changes: Changes) -> None:
        """Have what may have changed looked at; on the loop."""
        if changes.networks:
            self._patience = PATIENCE
            self._networks.changed()
        if changes.devices and self._known_devices is not None:
            self._devices.changed()
        if changes.pools and self._broker.wants(Topic.POOL):
            self._changed_pools.update(dict.fromkeys(changes.pools))
            self._pools.changed()

    def prepare(self, topic: Topic) -> None:
        """Know how things are before somebody is told how they change; in a worker thread."""
        if topic is Topic.DEVICE:
            with self._devices_lock:
                if self._known_devices is None:
                    self._known_devices = self._manager.looks.devices()

    # -- in worker threads --------------------------------------------------------------

    def _tell(self, events: Sequence[Event]) -> None:
        if events:
            self._on_loop(lambda: self._broker.publish(events))

    def look_at_networks(self) -> None:
        """Look at networks now.

        Whoever changes one for a client has it looked at before the next change: two that undo
        each other leave nothing to be seen.
        """
        try:
            with self._networks_lock:
                before, now = self._known_networks or {}, self._manager.looks.networks()
                self._known_networks = now
                self._tell(network_difference(before, now))
        except errors.VzvirtError as error:
            LOG.warning("%s", error)  # no fault of who changed one
            return
        if any(view.beginning for view in now.values()) and self._patience:
            self._patience -= 1
            self._on_loop(self._look_again)

    def _look_again(self) -> None:
        self._later(BEGINNING, self._networks.changed)

    def _look_at_devices(self) -> None:
        with self._devices_lock:
            before = self._known_devices
            if not self._broker.wants(Topic.DEVICE):
                self._known_devices = None  # until somebody wants to know again
            elif before is not None:
                self._known_devices = now = self._manager.looks.devices()
                self._tell(device_difference(before, now))

    def _look_at_pools(self) -> None:
        names = set()
        while self._changed_pools:
            names.add(self._changed_pools.popitem()[0])
        pools = [pool for pool in self._manager.storage.pools() if pool.name in names]
        self._tell([PoolRefreshed(pool.name, pool.uuid) for pool in pools])
