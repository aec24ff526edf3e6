"""Memory and beancounters, processor time, id maps: facts that several keys say together.

Each mapping has a ``read_...``, from values to fields of ``Domain`` by dotted name, and a
``write_...`` the other way.

OpenVZ accounts memory in one of two ways, told by whether PHYSPAGES has a limit: **vswap** limits
RAM and swap, **ubc** committed memory and everything else. Which keys hold ``Memory`` depends on
it; the beancounters left over are rows of ``openvz.beancounters``. Of a guarantee only the barrier
counts, of PHYSPAGES and SWAPPAGES under vswap only the limit: the other mark is no fact.
"""

from __future__ import annotations

from typing import Final

from vzvirt.codec.vzconf.forms import INT_MAX, LONG_MAX
from vzvirt.codec.vzconf.params import COUNTERS, CPULIMIT, LOCAL_GID, LOCAL_UID
from vzvirt.codec.vzconf.values import Values
from vzvirt.model.domain import Domain
from vzvirt.model.resources import HELD_BY_MEMORY, Accounting, Beancounter, Cpu, Memory
from vzvirt.model.values import (
    PAGE_SIZE,
    UNLIMITED,
    BarrierLimit,
    IdMap,
    IdRange,
    Limit,
)

Facts = dict[str, object]
"""Fields of ``Domain`` by dotted name."""

ID_COUNT: Final = 65536
"""Ids that LOCAL_UID maps: all that a guest's 16 bit tools know. (vzctl itself maps 100000.)"""

MOST_PAGES: Final = LONG_MAX // PAGE_SIZE
"""As many pages are unlimited: their bytes are, and libvirt's own driver writes this for it."""

PRIVVMPAGES, PHYSPAGES = COUNTERS["privvmpages"], COUNTERS["physpages"]
VMGUARPAGES, SWAPPAGES = COUNTERS["vmguarpages"], COUNTERS["swappages"]


def in_pages(amount: Limit) -> Limit:
    """Bytes as pages, rounded up."""
    return -(-amount // PAGE_SIZE) if isinstance(amount, int) else UNLIMITED


def in_bytes(pages: Limit) -> Limit:
    """Pages as bytes; more than vzctl's largest number of them is unlimited."""
    return pages * PAGE_SIZE if isinstance(pages, int) and pages < MOST_PAGES else UNLIMITED


def is_limited(pages: Limit) -> bool:
    """Whether a PHYSPAGES limit means vswap; 32 bit OpenVZ wrote INT_MAX for "unlimited"."""
    return isinstance(pages, int) and pages != INT_MAX and 0 < pages < MOST_PAGES


def read_memory(values: Values, facts: Facts) -> None:
    """Tell the kind of accounting, and who holds which beancounter."""
    marks = {
        name: found for name, param in COUNTERS.items() if (found := values.get(param)) is not None
    }
    if not marks:
        return
    ram = marks.get("physpages")
    if ram and is_limited(ram.limit):
        accounting = Accounting.VSWAP
        swap = marks.get("swappages")
        facts["memory.limit"] = in_bytes(ram.limit)
        facts["memory.swap"] = in_bytes(swap.limit) if swap else 0
    else:
        accounting = Accounting.UBC
        _read_ubc_memory(marks, facts)
    facts["openvz.accounting"] = accounting
    rows = [
        Beancounter(name, value)
        for name, value in marks.items()
        if name not in HELD_BY_MEMORY[accounting]
    ]
    facts["openvz.beancounters"] = tuple(rows)


def _read_ubc_memory(marks: dict[str, BarrierLimit], facts: Facts) -> None:
    committed, guaranteed = marks.get("privvmpages"), marks.get("vmguarpages")
    if committed and committed.limit != 0:
        facts["memory.limit"] = in_bytes(committed.limit)
        if committed.barrier != committed.limit:
            facts["memory.soft_limit"] = in_bytes(committed.barrier)
    if guaranteed:
        facts["memory.min_guarantee"] = in_bytes(guaranteed.barrier)


def write_memory(domain: Domain, values: Values) -> None:
    """Say memory in the keys of its kind of accounting; vswap where none is said.

    A row that would be read back as memory of the other kind is not said at all.
    """
    memory, openvz = domain.memory, domain.openvz
    for row in openvz.beancounters:
        values.put(COUNTERS[row.name], row.value)
    if openvz.accounting is Accounting.UBC:
        ram = values.get(PHYSPAGES)
        if ram and is_limited(ram.limit):
            values.put(PHYSPAGES, None)
        _write_ubc_memory(memory, values)
    elif memory.limit is not None and is_limited(limit := in_pages(memory.limit)):
        # Real vzctl starts no vswap container without SWAPPAGES.
        swap = in_pages(memory.swap) if memory.swap is not None else 0
        values.put(PHYSPAGES, BarrierLimit(0, limit))
        values.put(SWAPPAGES, BarrierLimit(0, swap))
    else:
        for name in HELD_BY_MEMORY[Accounting.UBC]:
            values.put(COUNTERS[name], None)


def _write_ubc_memory(memory: Memory, values: Values) -> None:
    if memory.limit is not None or memory.soft_limit is not None:
        limit = UNLIMITED if memory.limit is None else in_pages(memory.limit)
        barrier = limit if memory.soft_limit is None else in_pages(memory.soft_limit)
        values.put(PRIVVMPAGES, BarrierLimit(barrier, limit))
    if memory.min_guarantee is not None:
        values.put(VMGUARPAGES, BarrierLimit(in_pages(memory.min_guarantee), UNLIMITED))


def read_cpu_limit(values: Values, facts: Facts) -> None:
    """CPULIMIT is the limit in percent; period and quota say it more finely."""
    percent = values.get(CPULIMIT)
    if percent is not None:
        facts["cpu.limit_percent"] = percent


def write_cpu_limit(cpu: Cpu, values: Values) -> None:
    """Say what period and quota come to, rounded up to whole percents."""
    values.put(CPULIMIT, cpu_percent(cpu))


def cpu_percent(cpu: Cpu) -> int | None:
    """The limit in percent of one processor."""
    if cpu.quota is None or cpu.period is None:
        return cpu.limit_percent
    return 0 if cpu.quota == -1 else -(-100 * cpu.quota // cpu.period)


def read_idmap(values: Values, facts: Facts) -> None:
    """LOCAL_UID 0 means no user namespace; a missing LOCAL_GID is as LOCAL_UID."""
    user = values.get(LOCAL_UID)
    group = values.get(LOCAL_GID)
    if user is None:
        return
    if user == 0:
        facts["idmap"] = IdMap()
        return
    group = user if group is None else group
    facts["idmap"] = IdMap((IdRange(0, user, ID_COUNT),), (IdRange(0, group, ID_COUNT),))


def write_idmap(idmap: IdMap | None, values: Values) -> None:
    """Say which ids of the host root inside is."""
    if idmap is None:
        return
    values.put(LOCAL_UID, _root_of(idmap.uids))
    values.put(LOCAL_GID, _root_of(idmap.gids))


def _root_of(ranges: tuple[IdRange, ...]) -> int:
    return next((item.target for item in ranges if item.start == 0), 0)
