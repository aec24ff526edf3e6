"""What the kernel has to say, from all sources together."""

from __future__ import annotations

import select
from collections.abc import Sequence

from vzvirt.ports.watch import Changes, Watch


class News:
    """Several watches as one; cheap to ask when there is nothing new."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        """Take watches, which ``close`` closes."""
        self._watches = {watch.fileno(): watch for watch in watches}
        self._epoll = select.epoll()
        for handle in self._watches:
            self._epoll.register(handle, select.EPOLLIN)

    def fileno(self) -> int:
        """Readable while there is news."""
        return self._epoll.fileno()

    def close(self) -> None:
        """Listen no more."""
        self._epoll.close()
        for watch in self._watches.values():
            watch.close()

    def read(self) -> Changes | None:
        """The news since the last call; ``None``: none. Never waits."""
        ready = self._epoll.poll(0)
        if not ready:
            return None
        return combined([self._watches[handle].changes() for handle, _events in ready])


def combined(changes: Sequence[Changes]) -> Changes:
    """All of several."""
    return Changes(
        containers=frozenset().union(*(item.containers for item in changes)),
        everything=any(item.everything for item in changes),
        defaults=any(item.defaults for item in changes),
        networks=any(item.networks for item in changes),
        pools=frozenset().union(*(item.pools for item in changes)),
        devices=any(item.devices for item in changes),
        wiring=any(item.wiring for item in changes),
    )
