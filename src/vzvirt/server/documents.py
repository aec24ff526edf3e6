"""Containers' documents, as clients get them and as they send them back."""

from __future__ import annotations

import dataclasses

from vzvirt import errors
from vzvirt.codec.xml import Read, read_domain, write_domain
from vzvirt.model.domain import Domain
from vzvirt.model.values import UNLIMITED, Limit
from vzvirt.server.call import Call


def write(call: Call, domain: Domain) -> str:
    """What a client is told."""
    memory = dataclasses.replace(domain.memory, limit=_memory(call, domain))
    told = domain if memory == domain.memory else dataclasses.replace(domain, memory=memory)
    return write_domain(told, arch=call.daemon.manager.machine.arch())


def read(call: Call, xml: str, *, validate: bool) -> Read:
    """What a client says; it may have changed a document that it was given.

    Raises:
        XmlError: As for ``read_domain``; likewise the others.
    """

    def told(name: str) -> Limit | None:
        try:
            return _memory(call, call.daemon.manager.definitions.get(name).domain)
        except errors.NoDomain:
            return None

    return read_domain(xml, validate=validate, told_memory=told)


def _memory(call: Call, domain: Domain) -> Limit:
    """How much memory there is, also where the definition leaves it open: clients rely on it."""
    limit = domain.memory.limit
    if limit is None:
        limit = call.daemon.manager.looks.effective(domain).memory.limit
    return UNLIMITED if limit is None else limit
