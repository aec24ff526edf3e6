"""What the daemon has, for handlers: the manager, the snapshot of all containers, the settings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from vzvirt.manager import Manager
from vzvirt.model.storage import Usage
from vzvirt.server.broker import Broker
from vzvirt.server.recent import Recent
from vzvirt.server.settings import ServerSettings
from vzvirt.server.snapshot import Snapshot
from vzvirt.server.workers import Workers
from vzvirt.system.root import Root

T = TypeVar("T")


class Service:
    """One daemon.

    Attributes:
        manager: The use cases; only worker threads may call what blocks.
        snapshot: What is known of all containers; it lives on the loop.
        broker: Who wants to know of which events; it lives on the loop.
        settings: The daemon's; a reload exchanges them.
        root: The installation.
        workers: Threads for what blocks.
        usages: What was added up of private areas, by path; only worker threads may ask.
        look_at_networks: Has clients told what has become of networks; in a worker thread.
    """

    def __init__(
        self,
        *,
        manager: Manager,
        snapshot: Snapshot,
        broker: Broker,
        settings: ServerSettings,
        root: Root,
    ) -> None:
        """Belong to the loop that runs, and to its thread."""
        self.manager = manager
        self.snapshot = snapshot
        self.broker = broker
        self.settings = settings
        self.root = root
        self.workers = Workers(settings.max_workers, settings.prio_workers)
        self.usages: Recent[Usage] = Recent(max(1, settings.max_workers // 2))
        self.look_at_networks: Callable[[], None] = lambda: None
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def on_loop(self, function: Callable[[], T]) -> T:
        """Call a function on the loop, from any thread, and wait for what it returns."""
        if threading.get_ident() == self._thread:
            return function()
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except BaseException as exc:
                future.set_exception(exc)

        self.loop.call_soon_threadsafe(run)
        return future.result()

    def in_worker(self, function: Callable[[], None]) -> None:
        """Have a worker thread call a function, which must not raise, some time soon."""
        self.workers.submit(function)
