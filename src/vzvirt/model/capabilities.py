"""What a host offers: processors, memory and caches, and which containers can be had on it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vzvirt.model.host import ALSO_RUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """One logical processor that is online.

    Attributes:
        siblings: The processors that share its core, itself among them.
    """

    number: int
    socket: int
    die: int
    core: int
    siblings: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePool:
    """All memory pages of one size.

    Attributes:
        size: Bytes in a page.
        total: How many there are.
        free: How many of them nobody uses.
    """

    size: int
    total: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumaCell:
    """Processors and the memory next to them. A machine without NUMA is one cell.

    Attributes:
        memory: Bytes.
        pages: One pool for each size, the smallest first.
        distances: How far it is to each cell, by its number, as the firmware says.
    """

    number: int
    memory: int
    pages: tuple[PagePool, ...]
    distances: tuple[tuple[int, int], ...]
    processors: tuple[Processor, ...]


class CacheKind(enum.Enum):
    """What a cache holds."""

    BOTH = "both"
    CODE = "code"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheBank:
    """A cache that processors share; ``size`` in bytes."""

    number: int
    level: int
    kind: CacheKind
    size: int
    processors: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTopology:
    """How processors, memory and caches belong together.

    Attributes:
        offline: How many processors are there but switched off; no cell has them.
    """

    cells: tuple[NumaCell, ...]
    caches: tuple[CacheBank, ...] = ()
    offline: int = 0

    @property
    def processors(self) -> tuple[Processor, ...]:
        """All of them, by their number."""
        every = (processor for cell in self.cells for processor in cell.processors)
        return tuple(sorted(every, key=lambda processor: processor.number))

    @property
    def page_sizes(self) -> tuple[int, ...]:
        """Bytes of each size of page that any cell has, ascending."""
        return tuple(sorted({pool.size for cell in self.cells for pool in cell.pages}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorMap:
    """Which processors there are.

    Attributes:
        present: One more than the highest number.
        online: Numbers of those that are switched on.
    """

    present: int
    online: tuple[int, ...]

    @property
    def bits(self) -> bytes:
        """The online ones as a little-endian bitmap."""
        mask = sum(1 << number for number in self.online)
        return mask.to_bytes((self.present + 7) // 8, "little")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorTimes:
    """What a processor has done since the host was switched on, in nanoseconds."""

    user: int
    kernel: int
    idle: int
    iowait: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Bytes of memory of the host, or of one cell, of which less is known."""

    total: int
    free: int
    buffers: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInfo:
    """A host in eight numbers, as ``virsh nodeinfo`` prints it.

    Attributes:
        memory: Bytes.
        processors: How many are online.
        mhz: How fast they are; 0 is unknown.
        cells: NUMA cells.
        sockets: In each cell.
        cores: In each socket.
        threads: In each core.
    """

    arch: str
    memory: int
    processors: int
    mhz: int
    cells: int
    sockets: int
    cores: int
    threads: int

    @classmethod
    def of(cls, *, arch: str, memory: int, mhz: int, topology: HostTopology) -> HostInfo:
        """Sum up a topology.

        Clients multiply the last four and take the product for the number of processors. Where
        a machine is too irregular for that it is shown as one socket full of cores, as libvirt
        does.
        """
        known = len(topology.processors)
        cells, sockets, cores, threads = _shape(topology)
        if cells * sockets * cores * threads != known + topology.offline:
            cells, sockets, cores, threads = 1, 1, known + topology.offline, 1
        return cls(
            arch=arch,
            memory=memory,
            processors=known,
            mhz=mhz,
            cells=cells,
            sockets=sockets,
            cores=cores,
            threads=threads,
        )


def _shape(topology: HostTopology) -> tuple[int, int, int, int]:
    """Cells, and the most sockets in a cell, cores in a socket and threads in a core."""
    sockets = (len({item.socket for item in cell.processors}) for cell in topology.cells)
    cores: dict[int, set[tuple[int, int]]] = {}
    threads: dict[tuple[int, int, int], int] = {}
    for item in topology.processors:
        cores.setdefault(item.socket, set()).add((item.die, item.core))
        place = (item.socket, item.die, item.core)
        threads[place] = threads.get(place, 0) + 1
    return (
        len(topology.cells),
        _most(sockets),
        _most(map(len, cores.values())),
        _most(threads.values()),
    )


def _most(numbers: Iterable[int]) -> int:
    return max(numbers, default=1) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityModel:
    """A way to label processes and files; ``doi`` names the dialect of its labels."""

    name: str
    doi: str


NO_SECURITY_MODEL: Final = SecurityModel(name="none", doi="0")
"""Containers are confined by namespaces, capabilities and seccomp; nothing is labelled."""


WORD_SIZES: Final[Mapping[str, int]] = {
    "aarch64": 64,
    "armv7l": 32,
    "i686": 32,
    "ppc64le": 64,
    "riscv64": 64,
    "s390x": 64,
    "x86_64": 64,
}
"""Bits in a word of each machine, by the name that libvirt and ``uname -m`` have for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A machine that programs in a container may be built for; ``word_size`` in bits."""

    arch: str
    word_size: int


def platforms(arch: str) -> tuple[Platform, ...]:
    """What programs may be built for on a host, its own machine first."""
    also = (name for name in ALSO_RUNS.get(arch, ()) if name in WORD_SIZES)
    return tuple(Platform(arch=name, word_size=WORD_SIZES.get(name, 64)) for name in (arch, *also))


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What libvirt calls the capabilities of a host.

    Attributes:
        emulator: The program that clients are told starts containers.
        virtualisation: What kind of domain a container is.
    """

    uuid: UUID
    arch: str
    topology: HostTopology
    security: SecurityModel
    platforms: tuple[Platform, ...]
    emulator: str
    virtualisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCapabilities:
    """What one container may have.

    Attributes:
        vcpus: The most processors.
        hostdev_modes: How a device of the host can be handed on.
        hostdev_kinds: Which buses ``subsystem`` knows.
        hostdev_capabilities: Which kinds of device ``capabilities`` knows.
    """

    emulator: str
    virtualisation: str
    arch: str
    vcpus: int
    hostdev_modes: tuple[str, ...]
    hostdev_kinds: tuple[str, ...]
    hostdev_capabilities: tuple[str, ...]
