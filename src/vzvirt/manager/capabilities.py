"""What clients ask about the host: what it is, what it does right now, what can be had on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.manager.world import World
from vzvirt.model.capabilities import (
    NO_SECURITY_MODEL,
    Capabilities,
    DomainCapabilities,
    HostInfo,
    MemoryUse,
    ProcessorMap,
    ProcessorTimes,
    SecurityModel,
    platforms,
)
from vzvirt.model.devices import HostDeviceKind

EMULATOR: Final = "/usr/bin/vzvirt"
"""What clients are told starts containers. They put it into definitions, where it is dropped."""

VIRTUALISATION: Final = "openvz"
"""The one type of domain there is."""

_BY_BUS: Final = (HostDeviceKind.PCI,)
"""Host devices that are named by where they sit; all others are named by what they are."""


class Machine:
    """Use cases about the host."""

    def __init__(self, world: World) -> None:
        self._world = world

    def arch(self) -> str:
        """The host's machine, as ``uname -m`` names it."""
        return self._world.host.arch()

    def info(self) -> HostInfo:
        """The host in eight numbers."""
        host, facts = self._world.host, self._world.facts
        return HostInfo.of(
            arch=host.arch(),
            memory=host.memory(),
            mhz=facts.megahertz(),
            topology=facts.topology(),
        )

    def capabilities(self) -> Capabilities:
        """All that libvirt calls so."""
        host = self._world.host
        return Capabilities(
            uuid=UUID(host.machine_id()),
            arch=host.arch(),
            topology=self._world.facts.topology(),
            security=self.security_model(),
            platforms=platforms(host.arch()),
            emulator=EMULATOR,
            virtualisation=VIRTUALISATION,
        )

    def domain_capabilities(
        self,
        *,
        virtualisation: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        emulator: str | None = None,
    ) -> DomainCapabilities:
        """What one container may have.

        Args:
            virtualisation: Type of domain; ``None`` is the one there is.
            arch: What its programs are built for; ``None``: for the host.
            machine: Which hardware is simulated; nothing but ``None`` is possible.
            emulator: As ``capabilities`` says it, or ``None``.

        Raises:
            InvalidArgument: There is no such thing on this host.
        """
        host = self._world.host.arch()
        known = [platform.arch for platform in platforms(host)]
        if virtualisation not in {None, VIRTUALISATION}:
            raise errors.InvalidArgument(
                f"virtualisation of type '{virtualisation}' is not to be had here",
                hint=f"the only type is '{VIRTUALISATION}'",
            )
        if arch is not None and arch not in known:
            raise errors.InvalidArgument(
                f"programs for '{arch}' do not run on this host, which is {host}",
                hint=f"those for {' and '.join(known)} do",
            )
        if machine is not None:
            raise errors.InvalidArgument(
                f"a container has no simulated machine, such as '{machine}'",
                hint="leave the machine out",
            )
        if emulator not in {None, EMULATOR}:
            raise errors.InvalidArgument(
                f"there is no emulator '{emulator}'", hint=f"the only one is '{EMULATOR}'"
            )
        return DomainCapabilities(
            emulator=EMULATOR,
            virtualisation=VIRTUALISATION,
            arch=arch or host,
            vcpus=self.max_vcpus(),
            hostdev_modes=("subsystem", "capabilities"),
            hostdev_kinds=tuple(kind.value for kind in _BY_BUS),
            hostdev_capabilities=tuple(
                kind.value for kind in HostDeviceKind if kind not in _BY_BUS
            ),
        )

    def max_vcpus(self, virtualisation: str | None = None) -> int:
        """The most processors a container can use.

        Raises:
            InvalidArgument: There is no such type of virtualisation.
        """
        if virtualisation not in {None, VIRTUALISATION}:
            raise errors.InvalidArgument(
                f"virtualisation of type '{virtualisation}' is not to be had here",
                hint=f"the only type is '{VIRTUALISATION}'",
            )
        return self._world.host.processors()

    def security_model(self) -> SecurityModel:
        """How processes are labelled."""
        return NO_SECURITY_MODEL

    def processor_map(self) -> ProcessorMap:
        """Which processors there are, and which are online."""
        return self._world.facts.processor_map()

    def processor_times(self, number: int | None = None) -> ProcessorTimes:
        """What a processor has done; ``None``: all of them together.

        Raises:
            InvalidArgument: There is none of that number, or it is switched off.
        """
        times = self._world.facts.processor_times()
        if number not in times:
            raise errors.InvalidArgument(f"there is no processor {number} online")
        return times[number]

    def memory_use(self, cell: int | None = None) -> MemoryUse:
        """Memory of one NUMA cell; ``None``: of the whole host.

        Raises:
            InvalidArgument: There is no such cell.
        """
        if cell is None:
            return self._world.facts.memory_use()
        cells = self._world.facts.cell_memory()
        if cell not in cells:
            raise errors.InvalidArgument(f"there is no NUMA cell {cell}")
        return cells[cell]

    def cells_free_memory(self, start: int, count: int) -> list[int]:
        """Bytes that are free in at most ``count`` cells, from the cell ``start`` on.

        Raises:
            InvalidArgument: There is no such cell.
        """
        cells = self._world.facts.cell_memory()
        if start not in cells or count < 1:
            raise errors.InvalidArgument(
                f"there is no NUMA cell {start}", hint=f"cells go up to {max(cells)}"
            )
        numbers = range(start, min(start + count, max(cells) + 1))
        return [cells[number].free if number in cells else 0 for number in numbers]

    def free_pages(self, sizes: Sequence[int], start: int, count: int) -> list[int]:
        """How many pages of each size are free in each of ``count`` cells, cell by cell.

        Args:
            sizes: Bytes of a page.
            start: Number of the first cell.
            count: How many cells; more than there are: all from the first on.

        Raises:
            InvalidArgument: There is no such cell, or no page of such a size.
        """
        cells = self._world.facts.cell_pages()
        if start not in cells or count < 1:
            raise errors.InvalidArgument(
                f"there is no NUMA cell {start}", hint=f"cells go up to {max(cells)}"
            )
        free = []
        for number in range(start, min(start + count, max(cells) + 1)):
            pools = {pool.size: pool.free for pool in cells.get(number, ())}
            for size in sizes:
                if size not in pools:
                    raise errors.InvalidArgument(
                        f"cell {number} has no pages of {size // 1024} KiB",
                        hint=f"it has {', '.join(f'{known // 1024} KiB' for known in pools)}",
                    )
                free.append(pools[size])
        return free
