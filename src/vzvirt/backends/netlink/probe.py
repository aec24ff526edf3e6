"""Asking the uplink whether anybody has an address already, before a container gets it.

No state beyond open sockets. ARP probes (RFC 5227) and neighbour solicitations for duplicate
address detection (RFC 4862) are sent when a ``Probe`` is made; answers are read later, so the
wait overlaps with other work. The same sockets then tell where the address is now.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Final

from vzvirt.model.devices import IpAddress

ETH_ARP: Final = 0x0806
ETH_IPV6: Final = 0x86DD

_ARP_REQUEST: Final = 1
_ARP_HEADER: Final = struct.pack("!HHBB", 1, 0x0800, 6, 4)
_SOLICITATION: Final = 135
_ADVERTISEMENT: Final = 136
_ICMPV6: Final = 58
_LINK_ADDRESS: Final = 6
"""Bytes of an Ethernet address."""


def arp(sender: bytes, source: bytes, target: bytes) -> bytes:
    """A broadcast ARP request; a ``source`` of zeros makes it a probe."""
    body = _ARP_HEADER + struct.pack("!H", _ARP_REQUEST) + sender + source + bytes(6) + target
    return b"\xff" * 6 + sender + struct.pack("!H", ETH_ARP) + body


def arp_sender(frame: bytes) -> bytes:
    """The IPv4 address that an ARP frame says its sender has."""
    return frame[28:32]


def solicitation(sender: bytes, target: bytes) -> bytes:
    """A neighbour solicitation from nobody, as duplicate address detection sends it."""
    group = bytes.fromhex("ff0200000000000000000001ff") + target[-3:]
    message = struct.pack("!BBHI", _SOLICITATION, 0, 0, 0) + target
    pseudo = bytes(16) + group + struct.pack("!II", len(message), _ICMPV6)
    message = message[:2] + struct.pack("!H", _checksum(pseudo + message)) + message[4:]
    packet = struct.pack("!IHBB", 6 << 28, len(message), _ICMPV6, 255) + bytes(16) + group
    return b"\x33\x33" + group[-4:] + sender + struct.pack("!H", ETH_IPV6) + packet + message


def advertised(frame: bytes) -> bytes | None:
    """The address that a neighbour advertisement is about; ``None``: it is something else."""
    if len(frame) < 78 or frame[20] != _ICMPV6 or frame[54] != _ADVERTISEMENT:
        return None
    return frame[62:78]


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Probe:
    """Questions that have been asked; the sockets are open until ``close``."""

    def __init__(self, targets: Mapping[IpAddress, Iterable[str]]) -> None:
        self._asked = time.monotonic()
        self._sockets: dict[tuple[str, int], socket.socket] = {}
        self._wanted = {address.packed: address for address in targets}
        for address, devices in targets.items():
            for device in devices:
                self._ask(address, device)

    def _ask(self, address: IpAddress, device: str) -> None:
        asking = self._at(device, ETH_ARP if address.version == 4 else ETH_IPV6)
        if asking is None:
            return
        own = asking.getsockname()[4]
        packed = address.packed
        frame = arp(own, bytes(4), packed) if address.version == 4 else solicitation(own, packed)
        with contextlib.suppress(OSError):
            asking.send(frame)

    def _at(self, device: str, protocol: int) -> socket.socket | None:
        """A socket on a device; none on one that is down, or where nobody has a link address."""
        known = self._sockets.get((device, protocol))
        if known is not None:
            return known
        # Of no protocol at first: one that listens already has to be stopped to be bound.
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._sockets[device, protocol] = made
        try:
            made.bind((device, protocol))
        except OSError:
            return None
        made.setblocking(False)
        return made if len(made.getsockname()[4]) == _LINK_ADDRESS else None

    def answers(self, patience: float) -> IpAddress | None:
        """An address that somebody has; ``None``: nobody spoke up in time.

        Args:
            patience: Seconds since the questions were asked.
        """
        sockets = {each.fileno(): each for each in self._sockets.values() if each.getsockname()[1]}
        poll = select.poll()  # who has many containers has descriptors that select() cannot take
        for descriptor in sockets:
            poll.register(descriptor, select.POLLIN)
        while sockets:
            left = self._asked + patience - time.monotonic()
            ready = poll.poll(max(0.0, left) * 1000)
            for descriptor, _events in ready:
                found = self._heard(sockets[descriptor])
                if found is not None:
                    return found
            # What has come meanwhile is read, but no longer than that took.
            if left <= 0 and (not ready or left < -patience):
                return None
        return None

    def _heard(self, answering: socket.socket) -> IpAddress | None:
        try:
            frame, (_, protocol, kind, *_) = answering.recvfrom(256)
        except OSError:
            return None
        if kind == socket.PACKET_OUTGOING:
            return None
        said = arp_sender(frame) if protocol == ETH_ARP else advertised(frame)
        return self._wanted.get(said) if said else None

    def announce(self, targets: Mapping[IpAddress, Iterable[str]]) -> None:
        """Tell neighbours who knew another holder of an IPv4 address where it is now."""
        for address, devices in targets.items():
            for device in devices if address.version == 4 else ():
                telling = self._at(device, ETH_ARP)
                if telling is not None:
                    own = telling.getsockname()[4]
                    with contextlib.suppress(OSError):
                        telling.send(arp(own, address.packed, address.packed))

    def close(self) -> None:
        """Stop listening; idempotent, and done in the background.

        The kernel lets go of such a socket only once every processor has passed through a
        state of rest, which takes it some 10 ms; a start has better things to do meanwhile.
        """
        closing, self._sockets = list(self._sockets.values()), {}
        if closing:
            threading.Thread(target=_close, args=(closing,)).start()


def _close(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        each.close()
