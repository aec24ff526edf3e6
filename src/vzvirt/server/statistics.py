"""Statistics of many containers as bytes of the protocol, group by group.

Thousands of containers are asked for at once, so what is the same for all (names and types of
parameters) is put together once; per container only numbers are packed. Names, types and units
are libvirt's (virConnectGetAllDomainStats).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from vzvirt.model.domain import Domain
from vzvirt.model.state import Observation, Reason
from vzvirt.model.statistics import BlockUse, CpuUse, MemoryUse
from vzvirt.ports.network import LinkCounters
from vzvirt.rpc.protocol.constants import VIR_VCPU_RUNNING
from vzvirt.rpc.typedparams import PACKERS, Kind, Value, encode
from vzvirt.rpc.xdr import Encoded
from vzvirt.server.params import KIB, in_kib

_CODES: Final = {Kind.INT: "i", Kind.UINT: "I", Kind.ULLONG: "Q"}


class Form:
    """Parameters with names and types that stay the same."""

    __slots__ = ("_pack", "_words", "count")

    def __init__(self, fields: Iterable[tuple[str, Kind]]) -> None:
        code, words = [">"], list[bytes | int]()
        for name, kind in fields:
            head = encode(name, 0, kind)[: -len(PACKERS[kind](0))]
            code.append(f"{len(head)}s{_CODES[kind]}")
            words += [head, 0]
        self._pack = struct.Struct("".join(code)).pack
        self._words = words
        self.count = len(words) // 2

    def fill(self, values: Sequence[int]) -> bytes:
        """The bytes, with these values in the order of the names."""
        words = self._words.copy()
        words[1::2] = values
        return self._pack(*words)


@dataclass(slots=True)
class Params:
    """Parameters of one container, as they come together."""

    count: int = 0
    data: bytes = b""

    def add(self, form: Form, *values: int) -> None:
        """More of them, of one form."""
        self.count += form.count
        self.data += form.fill(values)

    def add_text(self, name: str, value: Value) -> None:
        """One more that is a text."""
        self.count += 1
        self.data += encode(name, value, Kind.STRING)

    def record(self, dom: bytes) -> Encoded:
        """The record of the container with this identity."""
        return Encoded(b"".join((dom, self.count.to_bytes(4, "big"), self.data)))


_FACTS: Final = struct.Struct(">QI?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the groups need of a definition; small, since there is one for each container.

    Attributes:
        memory: KiB it may use.
        processors: How many it may keep busy; 0: all that the host has.
        wired: Whether it has interfaces or devices of the host.
    """

    memory: int
    processors: int
    wired: bool

    @classmethod
    def of(cls, domain: Domain) -> Facts:
        """Those of a definition as it takes effect."""
        return cls(
            memory=in_kib(domain.memory.limit),
            processors=domain.cpu.vcpus or 0,
            wired=bool(domain.interfaces or domain.host_devices),
        )

    @classmethod
    def unpack(cls, data: bytes) -> Facts:
        """From bytes that ``pack`` made."""
        memory, processors, wired = _FACTS.unpack(data)
        return cls(memory=memory, processors=processors, wired=wired)

    def pack(self) -> bytes:
        """As bytes."""
        return _FACTS.pack(self.memory, self.processors, self.wired)


# -- one group each ----------------------------------------------------------------------------

_STATE: Final = Form((("state.state", Kind.INT), ("state.reason", Kind.INT)))

_STATE_COUNT: Final = _STATE.count.to_bytes(4, "big")


def state(params: Params, reason: Reason) -> None:
    """Where it stands, and why."""
    params.count += _STATE.count
    params.data += _standing(reason)


@cache
def _standing(reason: Reason) -> bytes:
    """The same for all that stand alike."""
    return _STATE.fill((reason.state, reason.number))


def state_record(dom: bytes, observation: Observation) -> Encoded:
    """The record of a container of which nothing else is asked."""
    return Encoded(dom + _STATE_COUNT + _standing(observation.reason))


_CPU: Final = Form((f"cpu.{name}", Kind.ULLONG) for name in ("time", "user", "system"))


def cpu(params: Params, used: CpuUse) -> None:
    """Nanoseconds."""
    params.add(_CPU, used.total, used.user, used.system)


_BALLOON: Final = Form((f"balloon.{name}", Kind.ULLONG) for name in ("current", "maximum"))


def balloon(params: Params, facts: Facts, used: MemoryUse | None) -> None:
    """KiB, and numbers of page faults; what is not counted is left out."""
    params.add(_BALLOON, facts.memory, facts.memory)
    if used is None:
        return
    amounts = {
        "swap_in": used.swapped_in,
        "swap_out": used.swapped_out,
        "unused": used.unused,
        "available": used.limit,
        "usable": used.usable,
        "rss": used.resident,
        "disk_caches": used.cache,
    }
    known = {name: amount // KIB for name, amount in amounts.items() if amount is not None}
    values = (*known.values(), used.major_faults, used.minor_faults, int(time.time()))
    params.add(_balloon_form(tuple(known)), *values)


@lru_cache(maxsize=64)
def _balloon_form(names: tuple[str, ...]) -> Form:
    every = (*names, "major_fault", "minor_fault", "last-update")
    return Form((f"balloon.{name}", Kind.ULLONG) for name in every)


_VCPUS: Final = Form((("vcpu.current", Kind.UINT), ("vcpu.maximum", Kind.UINT)))


def vcpus(params: Params, count: int, used: CpuUse | None) -> None:
    """How many processors, and nanoseconds of each; the kernel tells them apart where it can."""
    params.add(_VCPUS, count, count)
    if used is None:
        return
    times = used.per_cpu if len(used.per_cpu) == count else (used.total // count,) * count
    params.add(_vcpu_form(count), *(item for each in times for item in (VIR_VCPU_RUNNING, each)))


@lru_cache(maxsize=64)
def _vcpu_form(count: int) -> Form:
    return Form(
        (f"vcpu.{number}.{name}", kind)
        for number in range(count)
        for name, kind in (("state", Kind.INT), ("time", Kind.ULLONG))
    )


_NETS: Final = Form((("net.count", Kind.UINT),))

_TRAFFIC: Final = (
    *("rx.bytes", "rx.pkts", "rx.errs", "rx.drop"),
    *("tx.bytes", "tx.pkts", "tx.errs", "tx.drop"),
)


def interfaces(params: Params, found: Sequence[LinkCounters]) -> None:
    """Traffic as the container sees it."""
    params.add(_NETS, len(found))
    for number, item in enumerate(found):
        params.add_text(f"net.{number}.name", item.host_name)
        params.add(
            _net_form(number),
            *(item.rx_bytes, item.rx_packets, item.rx_errors, item.rx_drops),
            *(item.tx_bytes, item.tx_packets, item.tx_errors, item.tx_drops),
        )


@lru_cache(maxsize=64)
def _net_form(number: int) -> Form:
    return Form((f"net.{number}.{name}", Kind.ULLONG) for name in _TRAFFIC)


_BLOCKS: Final = Form((("block.count", Kind.UINT),))


def blocks(params: Params, found: Sequence[tuple[str, BlockUse]]) -> None:
    """Traffic with the host's block devices."""
    params.add(_BLOCKS, len(found))
    for number, (name, used) in enumerate(found):
        params.add_text(f"block.{number}.name", name)
        params.add(
            _block_form(number),
            used.read_requests,
            used.read_bytes,
            used.write_requests,
            used.write_bytes,
        )


@lru_cache(maxsize=64)
def _block_form(number: int) -> Form:
    names = ("rd.reqs", "rd.bytes", "wr.reqs", "wr.bytes")
    return Form((f"block.{number}.{name}", Kind.ULLONG) for name in names)


_IOTHREADS: Final = Form((("iothread.count", Kind.UINT),))


def iothreads(params: Params) -> None:
    """None."""
    params.add(_IOTHREADS, 0)
