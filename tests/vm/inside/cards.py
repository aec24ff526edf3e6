"""The guest's two network cards, and containers on the guest itself.

The cards hang on one hub, so what one sends the other gets. Unlike in ``linklab`` the host is
no namespace: cards are where a machine's cards are, among its own devices.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linklab import DOMAIN, LinkLab
from vm.guest import CARDS
from vzvirt import bootstrap, errors
from vzvirt.codec.xml import read_device, read_domain
from vzvirt.config import Settings
from vzvirt.manager import Manager
from vzvirt.model.affect import Affect

NETS = Path("/sys/class/net")


@dataclass(frozen=True)
class Card:
    """One of them, as the kernel shows it before anybody has touched it.

    Attributes:
        name: Of the interface.
        mac: Its address.
        pci: ``0000:00:05.0``.
        driver: That of the PCI function.
    """

    name: str
    mac: str
    pci: str
    driver: str

    @property
    def by_name(self) -> str:
        source = f"<interface>{self.name}</interface>"
        return f"<hostdev mode='capabilities' type='net'><source>{source}</source></hostdev>"

    @property
    def by_address(self) -> str:
        domain, bus, rest = self.pci.split(":")
        slot, function = rest.split(".")
        return hostdev_at(domain, bus, slot, function)


def hostdev_at(domain: str, bus: str, slot: str, function: str) -> str:
    address = f"domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'"
    return f"<hostdev mode='subsystem' type='pci'><source><address {address}/></source></hostdev>"


def cards() -> tuple[Card, ...]:
    """Both, in the order they were given to the guest."""
    by_mac = {(net / "address").read_text().strip(): net for net in NETS.iterdir()}
    return tuple(_card(by_mac[card.mac]) for card in CARDS)


def _card(net: Path) -> Card:
    # ``.../pci0000:00/0000:00:05.0/virtio2/net/NAME``: the innermost folder with such a name.
    function = next(above for above in net.resolve().parents if above.name.count(":") == 2)
    return Card(
        name=net.name,
        mac=(net / "address").read_text().strip(),
        pci=function.name,
        driver=(function / "driver").resolve().name,
    )


class CardLab(LinkLab):
    """The guest is the host."""

    @property
    def at_host(self) -> tuple[str, ...]:
        return ()

    def build(self) -> None:
        self.folder.chmod(0o755)
        self.root.mkdir()
        # A name for the namespace we are in, which is none of those that end with the lab.
        subprocess.run(["ip", "netns", "attach", self._full("host"), str(os.getpid())], check=True)
        self.vzvirt("template", "build", "busybox")

    def remove(self) -> None:
        try:
            super().remove()
        finally:
            subprocess.run(["ip", "netns", "del", self._full("host")], check=False)

    @property
    def manager(self) -> Manager:
        """What a command would use; in here, since each command takes seconds to begin."""
        return bootstrap.manager(Settings(root=self.root, engine="lxc"))

    def define(self, ctid: int, devices: str, *, confined: bool = True) -> None:
        document = DOMAIN.format(ctid=ctid, idmap="" if confined else "<idmap/>", devices=devices)
        self.manager.definitions.define(read_domain(document).domain)

    def start(self, ctid: int, devices: str, *, confined: bool = True) -> None:
        self.define(ctid, devices, confined=confined)
        self.manager.lifecycle.start(str(ctid))

    def attach(self, ctid: int, device: str) -> None:
        self.manager.devices.attach(str(ctid), read_device(device).device, Affect.LIVE)

    def detach(self, ctid: int, device: str) -> None:
        self.manager.devices.detach(str(ctid), read_device(device).device, Affect.LIVE)

    def kill_all(self) -> None:
        """Kill whatever runs; definitions stay."""
        for folder in self.root.glob("run/vzvirt/[0-9]*"):
            with contextlib.suppress(errors.OperationInvalid):  # it has ended
                self.manager.lifecycle.kill(folder.name)

    def like(self, card: Card) -> dict[str, Any]:
        """What a card is like on the host; empty: it is not there."""
        found = [
            link for link in self.ip_json("host", "address", "show") if link["address"] == card.mac
        ]
        if not found:
            return {}
        (link,) = found
        addresses = {(item["local"], item["prefixlen"]) for item in link.get("addr_info", ())}
        return {
            "name": link["ifname"],
            "mtu": link["mtu"],
            "up": "UP" in link["flags"],
            # A link-local address comes by itself, and late.
            "addresses": {item for item in addresses if not item[0].startswith("fe80")},
            "routes": self.ip("host", "route", "show", "dev", link["ifname"]),
        }


@contextlib.contextmanager
def card_lab() -> Iterator[CardLab]:
    one = CardLab()
    try:
        one.build()
        yield one
    finally:
        one.remove()
