"""Change the limits of containers, whether or not they run.

A change has up to two targets: the live definition, with the kernel's limits behind it, and the
stored one. Both are computed and checked before either is touched; the kernel comes first, and
gets its old limits back where a definition cannot be written.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import TypeVar

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
from vzvirt.model.host import EnforcedParameter
from vzvirt.model.limitchange import LimitChange
from vzvirt.model.resources import NO_QUOTA, PERCENT_PERIOD, Accounting, Cpu, Memory
from vzvirt.model.values import UNLIMITED, Limit


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

    def enforcement(
        self, ref: str, affect: Affect = Affect.CURRENT
    ) -> tuple[EnforcedParameter, ...]:
        """What becomes of each limit that is set.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
        """
        return tuple(self._world.engine.enforcement(self.domain(ref, affect)))

    def set(self, ref: str, change: LimitChange, affect: Affect = Affect.CURRENT) -> None:
        """Set some of a container's limits, all of those given or none.

        Args:
            ref: Which one.
            change: What is set.
            affect: Which of its definitions.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no such definition.
            InvalidArgument: They contradict each other, or nothing could start with so little.
            ConfigUnsupported: Its kind of accounting has no such limit.
            OperationFailed: The kernel refuses one, such as less memory than is in use.
        """
        world = self._world
        with changing(world, ref) as now, contextlib.ExitStack() as undo:
            live, stored = now.touched(affect)
            after = self._changed(now.live, change) if live and now.live is not None else None
            kept = self._changed(now.stored, change) if stored and now.stored is not None else None
            if after is not None and now.live is not None:
                before = self._effective(now.live)
                world.engine.apply(self._effective(after))
                undo.callback(_quietly, lambda: world.engine.apply(before))
            save(world, now, live=after, stored=kept)
            undo.pop_all()

    def _changed(self, said: Domain, change: LimitChange) -> Domain:
        """What a definition becomes, if that is sound."""
        world = self._world
        new = with_limits(said, self._effective(said), change)
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

    # -- interfaces ---------------------------------------------------------------------

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


def with_limits(said: Domain, counts: Domain, change: LimitChange) -> Domain:
    """A definition with other limits.

    Args:
        said: The definition.
        counts: The same as it takes effect: what a change leaves as it is may stand elsewhere.
        change: What is set.

    Raises:
        InvalidArgument: Less memory and swap together than memory, or a number out of range.
        ConfigUnsupported: Its kind of accounting has no such limit.
    """
    block = said.block_io
    return dataclasses.replace(
        said,
        memory=_memory(said, counts, change),
        cpu=_cpu(said, counts, change),
        numa_nodes=_new(change.numa_nodes, said.numa_nodes),
        block_io=dataclasses.replace(
            block,
            weight=_new(change.disk_weight, block.weight),
            bytes_per_second=_new(change.bytes_per_second, block.bytes_per_second),
            operations_per_second=_new(change.operations_per_second, block.operations_per_second),
        ),
    )


def _memory(said: Domain, counts: Domain, change: LimitChange) -> Memory:
    given = (
        *(change.memory, change.swap, change.memory_and_swap),
        *(change.soft_limit, change.min_guarantee),
    )
    if all(limit is None for limit in given):
        return said.memory
    old = counts.memory
    limit = _new(change.memory, old.limit)
    swap = _new(change.swap, old.swap)
    if change.memory_and_swap is not None:
        swap = _swap(counts, limit, change.memory_and_swap)
    return Memory(
        limit=limit,
        swap=swap,
        soft_limit=_mark(_new(change.soft_limit, old.soft_limit)),
        min_guarantee=_mark(_new(change.min_guarantee, old.min_guarantee)),
    )


def _mark(limit: Limit | None) -> Limit | None:
    """A mark that is never reached is none."""
    return None if limit is UNLIMITED else limit


def _swap(counts: Domain, limit: Limit | None, both: Limit) -> Limit:
    """Swap alone, from memory and swap together."""
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


def _cpu(said: Domain, counts: Domain, change: LimitChange) -> Cpu:
    cpu = dataclasses.replace(
        said.cpu,
        vcpus=_new(change.vcpus, said.cpu.vcpus),
        shares=_new(change.shares, said.cpu.shares),
        affinity=_new(change.affinity, said.cpu.affinity),
    )
    if change.quota is None and change.period is None:
        return cpu
    quota, period = counts.cpu.time_limit
    return cpu.with_time_limit(
        _new(change.quota, NO_QUOTA if quota is None else quota),
        _new(change.period, PERCENT_PERIOD if period is None else period),
    )


T = TypeVar("T")


def _new(given: T | None, old: T) -> T:
    return old if given is None else given


def _limited(old: Bandwidth | None, new: Bandwidth | None) -> Bandwidth | None:
    """What a direction is limited to: as before, anew, or, by an average of 0, not at all."""
    if new is None:
        return old
    return new if new.average else None


def _quietly(undo: Callable[[], object]) -> None:
    """Take a change back; the error that made it necessary is the one to tell."""
    with contextlib.suppress(errors.VzvirtError):
        undo()
