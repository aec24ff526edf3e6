"""Decide what a definition leaves open: codecs convert, checks refuse, this decides."""

from __future__ import annotations

import dataclasses
from typing import Final

from vzvirt.manager.samples import merged
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain, replace_openvz
from vzvirt.model.host import GlobalConfig
from vzvirt.model.resources import Accounting, Memory
from vzvirt.model.values import UNLIMITED, IdMap, IdRange

DEFAULT_MEMORY: Final = 256 * 1024 * 1024
"""Bytes of RAM where neither definition, sample nor vz.conf says anything."""

DEFAULT_IDMAP: Final = IdMap(
    uids=(IdRange(0, 100000, 65536),),
    gids=(IdRange(0, 100000, 65536),),
)
"""The user namespace where vz.conf has no LOCAL_UID."""

DEFAULT_STOP_TIMEOUT: Final = 120
"""Seconds a polite shutdown may take where STOP_TIMEOUT is unset or 0."""


def effective(domain: Domain, config: GlobalConfig) -> Domain:
    """A stored definition as it takes effect: vz.conf behind it, and nothing left open."""
    result = merged(domain, config.defaults)
    return with_resources(with_idmap(with_root(result, config), config))


def with_root(domain: Domain, config: GlobalConfig) -> Domain:
    """A copy that has a root; one still to be made is from DEF_OSTEMPLATE if it names no template.

    Its source stays empty where vz.conf names none either; checks refuse that where it matters.
    """
    root = domain.root or Filesystem(kind=FilesystemKind.TEMPLATE)
    to_be_made = domain.provisioned is False
    if root.kind is FilesystemKind.TEMPLATE and not root.source and to_be_made:
        root = dataclasses.replace(root, source=config.default_template or "")
    return domain if root is domain.root else domain.with_root(root)


def with_idmap(domain: Domain, config: GlobalConfig) -> Domain:
    """A copy that says how its users map onto the host's."""
    if domain.idmap is not None:
        return domain
    default = config.defaults.idmap
    return dataclasses.replace(domain, idmap=DEFAULT_IDMAP if default is None else default)


def with_resources(domain: Domain) -> Domain:
    """A copy that says how memory is accounted, how much there is, and how much swap."""
    memory = domain.memory
    accounting = domain.openvz.accounting
    if accounting is None:
        accounting = Accounting.UBC if memory.limit is UNLIMITED else Accounting.VSWAP
    if memory.limit is None and accounting is Accounting.VSWAP:
        memory = dataclasses.replace(memory, limit=DEFAULT_MEMORY)
    if memory.swap is None and accounting is Accounting.VSWAP:
        memory = dataclasses.replace(memory, swap=0)
    return _with_memory(replace_openvz(domain, accounting=accounting), memory)


def _with_memory(domain: Domain, memory: Memory) -> Domain:
    return domain if memory == domain.memory else dataclasses.replace(domain, memory=memory)


def stop_timeout(domain: Domain) -> float:
    """Seconds a polite shutdown may take."""
    return float(domain.openvz.stop_timeout or DEFAULT_STOP_TIMEOUT)
