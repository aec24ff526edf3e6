"""Merge definitions: what one says stays, what it leaves unsaid comes from another.

Used for sample configs, whose values become the definition's own at define, and for the
container keys of vz.conf, which stand behind every definition as long as it says nothing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, TypeVar

from vzvirt.model.devices import Filesystem
from vzvirt.model.domain import Domain, OpenvzSettings, replace_openvz
from vzvirt.model.resources import HELD_BY_MEMORY, Accounting, Beancounter, Cpu, Memory
from vzvirt.model.values import UNLIMITED
from vzvirt.ports.store import DefinitionStore

_OWN: Final = frozenset(
    {"name", "ctid", "uuid", "filesystems", "openvz", "memory", "cpu", "guest_naming", "block_io"}
    | {"autostart", "provisioned", "idmap_shifted", "os", "consoles", "lifecycle"}
)
"""Fields of a domain that are its own, or that are merged part by part below."""

_OPENVZ_OWN: Final = frozenset(
    {"config_sample", "origin_sample", "foreign_lines", "beancounters", "accounting"}
)


if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RecordT = TypeVar("RecordT", bound="DataclassInstance")


def filled(own: RecordT, more: RecordT, leave: frozenset[str] = frozenset()) -> RecordT:
    """A copy of a record whose fields that stand at their default come from another."""
    changes = {
        item.name: getattr(more, item.name)
        for item in dataclasses.fields(own)
        if item.name not in leave and getattr(own, item.name) == item.default
    }
    return dataclasses.replace(own, **changes)


def merged(domain: Domain, more: Domain) -> Domain:
    """A definition, completed by another one where it says nothing itself."""
    accounting = _accounting(domain, more)
    more = _of_kind(more, accounting)
    merged_domain = filled(domain, more, _OWN)
    return dataclasses.replace(
        merged_domain,
        memory=_memory(domain.memory, more.memory),
        cpu=_cpu(domain.cpu, more.cpu),
        block_io=filled(domain.block_io, more.block_io),
        guest_naming=filled(domain.guest_naming, more.guest_naming),
        autostart=more.autostart if domain.autostart is None else domain.autostart,
        filesystems=_filesystems(domain, more),
        openvz=_openvz(domain.openvz, more, accounting),
    )


def _accounting(own: Domain, more: Domain) -> Accounting | None:
    """How memory is accounted: as it is asked for, as what is asked for needs, or as it comes."""
    if own.openvz.accounting is not None:
        return own.openvz.accounting
    if own.memory.limit is UNLIMITED:
        return Accounting.UBC  # vswap is told by a limit
    if own.memory.swap:
        return Accounting.VSWAP
    if more.memory.limit is not None or more.openvz.beancounters:
        return more.openvz.accounting
    return None  # a file without a word on memory says nothing about how it is accounted


def _of_kind(more: Domain, accounting: Accounting | None) -> Domain:
    """What one kind of accounting can take of another definition.

    Of the other kind's memory only how much there is: guarantees, marks and swap mean nothing
    there, and neither do the beancounters that memory stands for.
    """
    if accounting is None or more.openvz.accounting in {None, accounting}:
        return more
    limit = more.memory.limit if more.memory.limit is not UNLIMITED else None
    rows = tuple(
        row for row in more.openvz.beancounters if row.name not in HELD_BY_MEMORY[accounting]
    )
    return dataclasses.replace(replace_openvz(more, beancounters=rows), memory=Memory(limit=limit))


def _memory(own: Memory, more: Memory) -> Memory:
    result = filled(own, more)
    soft, limit = result.soft_limit, result.limit
    if own.soft_limit is None and isinstance(soft, int) and isinstance(limit, int):
        # A mark that came along must not stand above the limit that was asked for.
        result = dataclasses.replace(result, soft_limit=min(soft, limit))
    return result


_CPU_TIME: Final = frozenset({"period", "quota", "limit_percent"})
"""One fact, said in two ways."""


def _cpu(own: Cpu, more: Cpu) -> Cpu:
    says_time = any(getattr(own, name) is not None for name in _CPU_TIME)
    return filled(own, more, _CPU_TIME if says_time else frozenset())


def _filesystems(domain: Domain, more: Domain) -> tuple[Filesystem, ...]:
    root, other = domain.root, more.root
    if other is None:
        return domain.filesystems
    if root is None:
        return (other, *domain.filesystems)
    if root.kind is not other.kind:
        return domain.filesystems
    completed = dataclasses.replace(
        root,
        source=root.source or other.source,
        space=root.space or other.space,
        inodes=root.inodes or other.inodes,
    )
    return tuple(completed if item.is_root else item for item in domain.filesystems)


def _openvz(own: OpenvzSettings, more: Domain, accounting: Accounting | None) -> OpenvzSettings:
    result = filled(own, more.openvz, _OPENVZ_OWN)
    said = {row.name for row in own.beancounters}
    rows: tuple[Beancounter, ...] = (
        *own.beancounters,
        *(row for row in more.openvz.beancounters if row.name not in said),
    )
    return dataclasses.replace(result, beancounters=rows, accounting=accounting)


def expanded(
    store: DefinitionStore, domain: Domain, old: Domain | None
) -> tuple[Domain, list[str]]:
    """A definition with the values of the sample that it names.

    A new one that names none gets those of CONFIGFILE. The name stays behind as a note, which
    dumps have, too: with it, what a document leaves unsaid is meant to be so. Without it, the
    document was written by somebody who counts on the same sample as the first time.

    Args:
        store: Where the samples are.
        domain: The definition.
        old: The stored one that it replaces.

    Returns:
        The definition, and warnings.

    Raises:
        NoSample: There is no such sample; the message lists those there are.
    """
    name, sentences = domain.openvz.config_sample, []
    if name is None and domain.openvz.origin_sample is None:
        if old is None:
            name = store.global_config().default_sample
            why = f"CONFIGFILE={name} of vz.conf"
        else:
            name = old.openvz.origin_sample
            why = f"the values of '{domain.name}' came from '{name}'"
        if name is not None and name not in store.sample_names():
            sentences.append(f"{why}: there is no such sample, none is used")
            name = None
    if name is None:
        return domain, sentences
    result = merged(domain, store.sample(name))
    return replace_openvz(result, config_sample=None, origin_sample=name), []
