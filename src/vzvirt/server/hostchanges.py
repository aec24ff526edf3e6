"""What handlers say after they have changed something that containers share."""

from __future__ import annotations

from vzvirt.model.storagepool import StoragePool
from vzvirt.server.call import Call


def networks(call: Call) -> None:
    """Networks were defined, started, stopped or removed."""


def pool_refreshed(call: Call, pool: StoragePool) -> None:
    """What is in a pool has changed, or was looked at anew."""
