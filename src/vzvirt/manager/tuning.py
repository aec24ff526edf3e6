"""Change the limits of containers, whether or not they run.

A change has up to two targets: the live definition, with the kernel's limits behind it, and the
stored one. Both are computed and checked before either is touched; the kernel comes first, and
gets its old limits back where a definition cannot be written.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Final

from vzvirt import errors
from vzvirt.manager.checks import refuse, resources, warnings
from vzvirt.manager.checks.case import Case
from vzvirt.manager.connections import inside_name
from vzvirt.manager.defaults import effective
from vzvirt.manager.standing import changing, save, standing
from vzvirt.manager.world import World
from vzvirt.model.affect import Affect
from vzvirt.model.devices import Bandwidth, Interface
from vzvirt.model.domain import Domain
from vzvirt.model.resources import PERCENT_PERIOD, Accounting, Memory
from vzvirt.model.values import UNLIMITED, Limit, check_number_list

WEIGHTS: Final = range(100, 1001)
"""Weights of disk accesses: OpenVZ's eight priorities are spread over them."""

Edit = Callable[[Domain, Domain], Domain]
"""Makes a new definition from what is said in the old one and from what of it takes effect."""


class Tuning:
    """Use cases over limits."""

    def __init__(self, world: World) -> None:
        self._world = world

    def domain(self, ref: str, affect: Affect = Affect.CURRENT) -> Domain:
        """The definition whose limits are meant, with nothing left open.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
        """
        now = standing(self._world, self._world.store.find(ref))
        live, _ = now.touched(affect)
        chosen = now.live if live else now.stored
        if chosen is None:
            raise errors.InternalError(f"'{now.name}' has no definition at all")
        return self._effective(chosen)

    # -- memory -------------------------------------------------------------------------

    def set_memory(self, ref: str, amount: Limit, affect: Affect = Affect.CURRENT) -> None:
        """Set how much memory a container may use, in bytes; swap comes on top as before.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: Nothing could start with so little, or it is below the soft limit.
            OperationFailed: The kernel cannot take back as much as is in use.
        """
        self.set_memory_limits(ref, hard=amount, affect=affect)

    def set_memory_limits(
        self,
        ref: str,
        *,
        hard: Limit | None = None,
        soft: Limit | None = None,
        guarantee: Limit | None = None,
        with_swap: Limit | None = None,
        affect: Affect = Affect.CURRENT,
    ) -> None:
        """Set some of a container's limits on memory, in bytes; ``None``: as before.

        Args:
            ref: Which one.
            hard: What it may use.
            soft: Where the kernel begins to take memory back.
            guarantee: What is kept for it.
            with_swap: Memory and swap together; what is above ``hard`` is swap.
            affect: Which of its definitions.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: They contradict each other.
            ConfigUnsupported: Its kind of accounting has no such limit.
            OperationFailed: The kernel cannot take back as much as is in use.
        """

        def edit(said: Domain, counts: Domain) -> Domain:
            old = counts.memory
            limit = old.limit if hard is None else hard
            memory = Memory(
                limit=limit,
                swap=old.swap if with_swap is None else _swap(counts, limit, with_swap),
                soft_limit=old.soft_limit if soft is None else _mark(soft),
                min_guarantee=old.min_guarantee if guarantee is None else _mark(guarantee),
            )
            return dataclasses.replace(said, memory=memory)

        self._change(ref, edit, affect)

    # -- processors ---------------------------------------------------------------------

    def set_vcpus(self, ref: str, count: int, affect: Affect = Affect.CURRENT) -> None:
        """Set how many processors a container may keep busy.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: The number is out of range.
        """
        self._change_cpu(ref, affect, vcpus=count)

    def set_cpu_time(
        self,
        ref: str,
        *,
        shares: int | None = None,
        quota: int | None = None,
        period: int | None = None,
        affect: Affect = Affect.CURRENT,
    ) -> None:
        """Set some of a container's limits on processor time; ``None``: as before.

        Args:
            ref: Which one.
            shares: Its part where there is not enough for all; 1024 is usual.
            quota: Microseconds per period of all processors together; -1: no limit.
            period: Microseconds.
            affect: Which of its definitions.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: A number is out of range.
        """

        def edit(said: Domain, counts: Domain) -> Domain:
            cpu = said.cpu
            if shares is not None:
                cpu = dataclasses.replace(cpu, shares=shares)
            if quota is not None or period is not None:
                old_quota, old_period = counts.cpu.time_limit
                cpu = cpu.with_time_limit(
                    quota if quota is not None else _else(old_quota, -1),
                    period if period is not None else _else(old_period, PERCENT_PERIOD),
                )
            return dataclasses.replace(said, cpu=cpu)

        self._change(ref, edit, affect)

    def set_affinity(self, ref: str, processors: str, affect: Affect = Affect.CURRENT) -> None:
        """Set which of the host's processors a container runs on: ``0,2-3``, or ``all``.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: It is no such list.
            OperationFailed: The host has no such processor.
        """
        self._change_cpu(ref, affect, affinity=check_number_list(processors, "processors"))

    def set_numa_nodes(self, ref: str, nodes: str, affect: Affect = Affect.CURRENT) -> None:
        """Set which of the host's memory nodes a container takes memory from.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: It is no such list.
            OperationFailed: The host has no such node.
        """
        checked = check_number_list(nodes, "memory nodes")
        self._change(ref, lambda said, _: dataclasses.replace(said, numa_nodes=checked), affect)

    def _change_cpu(self, ref: str, affect: Affect, **changes: int | str) -> None:
        def edit(said: Domain, _counts: Domain) -> Domain:
            cpu = dataclasses.replace(said.cpu, **changes)  # type: ignore[arg-type]  # its fields
            return dataclasses.replace(said, cpu=cpu)

        self._change(ref, edit, affect)

    # -- disks and interfaces -----------------------------------------------------------

    def set_block_io(
        self,
        ref: str,
        *,
        weight: int | None = None,
        bytes_per_second: int | None = None,
        operations_per_second: int | None = None,
        affect: Affect = Affect.CURRENT,
    ) -> None:
        """Set some of a container's limits on disk accesses; ``None``: as before, 0: no limit.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: A number is out of range.
        """
        given = {
            "weight": weight,
            "bytes_per_second": bytes_per_second,
            "operations_per_second": operations_per_second,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        if weight is not None and weight not in WEIGHTS:
            raise errors.InvalidArgument(f"a disk weight of {weight} is not in 100..1000")
        for value in (bytes_per_second, operations_per_second):
            if value is not None and value < 0:
                raise errors.InvalidArgument(f"a disk limit of {value} is negative")

        def edit(said: Domain, _counts: Domain) -> Domain:
            block_io = dataclasses.replace(said.block_io, **changes)
            return dataclasses.replace(said, block_io=block_io)

        self._change(ref, edit, affect)

    def interface(self, ref: str, device: str, affect: Affect = Affect.CURRENT) -> Interface:
        """An interface by its host name, its name inside or its link address.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: It has no such interface.
            OperationInvalid: It has no such definition.
        """
        domain = self.domain(ref, affect)
        for item in domain.interfaces:
            if device in {item.host_name, inside_name(item), str(item.mac)}:
                return item
        names = ", ".join(item.host_name or inside_name(item) for item in domain.interfaces)
        raise errors.InvalidArgument(
            f"'{domain.name}' has no interface '{device}'",
            hint=f"it has {names}" if names else "it has none at all",
        )

    def set_bandwidth(
        self,
        ref: str,
        device: str,
        *,
        inbound: Bandwidth | None = None,
        outbound: Bandwidth | None = None,
        affect: Affect = Affect.CURRENT,
    ) -> None:
        """Limit what goes through an interface; ``None``: as before, average 0: no limit.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: It has no such interface.
            OperationInvalid: It has no such definition.
        """
        from vzvirt.manager.devices import Devices

        old = self.interface(ref, device, affect)
        new = dataclasses.replace(
            old,
            inbound=_limited(old.inbound, inbound),
            outbound=_limited(old.outbound, outbound),
        )
        Devices(self._world).update(ref, new, affect)

    # -- how a change is made -----------------------------------------------------------

    def _change(self, ref: str, edit: Edit, affect: Affect) -> None:
        world = self._world
        with changing(world, ref) as now, contextlib.ExitStack() as undo:
            live, stored = now.touched(affect)
            after = self._edited(now.live, edit) if live and now.live is not None else None
            kept = self._edited(now.stored, edit) if stored and now.stored is not None else None
            if after is not None and now.live is not None:
                before = self._effective(now.live)
                world.engine.apply(self._effective(after))
                undo.callback(_quietly, lambda: world.engine.apply(before))
            save(world, now, live=after, stored=kept)
            undo.pop_all()

    def _edited(self, said: Domain, edit: Edit) -> Domain:
        """What a definition becomes, if that is sound."""
        world = self._world
        new = edit(said, self._effective(said))
        case = Case(
            domain=self._effective(new),
            places=world.store.places(new),
            processors=world.host.processors(),
            arch=world.host.arch(),
        )
        refuse(case, resources.AT_DEFINE)
        for sentence in warnings(case, resources.WARN_AT_DEFINE):
            world.warn(sentence)
        return new

    def _effective(self, domain: Domain) -> Domain:
        return effective(domain, self._world.store.global_config())


def _quietly(undo: Callable[[], object]) -> None:
    """Take a change back; the error that made it necessary is the one to tell."""
    with contextlib.suppress(errors.VzvirtError):
        undo()


def _limited(old: Bandwidth | None, new: Bandwidth | None) -> Bandwidth | None:
    """What a direction is limited to: as before, anew, or, by an average of 0, not at all."""
    if new is None:
        return old
    return new if new.average else None


def _else(value: int | None, default: int) -> int:
    return default if value is None else value


def _mark(limit: Limit) -> Limit | None:
    """A mark that is never reached is none."""
    return None if limit is UNLIMITED else limit


def _swap(counts: Domain, limit: Limit | None, both: Limit) -> Limit:
    """Swap alone, from memory and swap together.

    Raises:
        InvalidArgument: There is less of both than of memory.
        ConfigUnsupported: There is no limit on memory, so none on the sum.
    """
    if both is UNLIMITED:
        return UNLIMITED
    if counts.openvz.accounting is Accounting.UBC:
        raise errors.ConfigUnsupported(
            "accounting 'ubc' has no limit on swap (memtune/swap_hard_limit)"
        )
    if not isinstance(limit, int) or both < limit:
        raise errors.InvalidArgument(
            f"swap_hard_limit ({both} bytes) is memory and swap together, and is below "
            f"hard_limit ({limit} bytes)",
            hint="set both at once, the memory first",
        )
    return both - limit
