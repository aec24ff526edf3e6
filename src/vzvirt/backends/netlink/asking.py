"""Whether routed addresses are free: looked up on this host, asked of the network.

State: what was asked for whom and not settled yet, open sockets included. Between the two lies
whatever else a start has to do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from vzvirt import errors
from vzvirt.backends.netlink import uplinks
from vzvirt.backends.netlink.batches import Proxies
from vzvirt.backends.netlink.probe import Probe
from vzvirt.model.devices import IpAddress, IpInterface
from vzvirt.model.values import Ctid

PATIENCE: Final = 0.04
"""Seconds that somebody may take to say that an address is his; other work goes on meanwhile."""


class Questions:
    """What has been asked for containers.

    Args:
        asks: Whether the network is asked at all.
    """

    def __init__(self, *, asks: bool) -> None:
        self._asks = asks
        self._open: dict[Ctid, tuple[Mapping[IpAddress, uplinks.Way], Probe]] = {}

    def ask(
        self, ctid: Ctid, addresses: tuple[IpInterface, ...], own: Collection[str | None] = ()
    ) -> None:
        """Refuse addresses of the host or of other containers, and ask the network for others.

        Args:
            ctid: Who is to have them.
            addresses: Routed ones.
            own: Its devices on the host, which a crash may have left.

        Raises:
            OperationFailed: This host has one.
        """
        self.forget(ctid)
        found = uplinks.ways(addresses)
        for ip, way in found.items():
            if way.holder is not None and way.holder not in own:
                raise errors.OperationFailed(
                    f"the address {ip} is in use: it is that of device '{way.holder}'",
                    hint="choose another one",
                )
        asking = {ip: way.uplinks for ip, way in found.items() if way.holder is None}
        self._open[ctid] = (found, Probe(asking if self._asks else {}))

    def forget(self, ctid: Ctid) -> None:
        """Nothing came of what was asked. Idempotent."""
        if ctid in self._open:
            self._open.pop(ctid)[1].close()

    def settled(self, ctid: Ctid, addresses: tuple[IpInterface, ...]) -> Proxies:
        """Wait for answers; make the host the way to addresses, and tell the network.

        Returns:
            Where each address is to be answered for.

        Raises:
            OperationFailed: Somebody has one.
        """
        found, probe = self._open.pop(ctid, ({}, Probe({})))
        try:
            taken = probe.answers(PATIENCE)
            if taken is not None:
                raise errors.OperationFailed(
                    f"the address {taken} is in use: another machine on "
                    f"'{', '.join(found[taken].uplinks)}' answers for it",
                    hint="choose another one, or stop that machine",
                )
            if set(found) != {address.ip for address in addresses}:
                found = uplinks.ways(addresses)
            uplinks.answer_for(found)
            proxies = {ip: way.uplinks for ip, way in found.items()}
            probe.announce(proxies)
        finally:
            probe.close()
        return proxies
