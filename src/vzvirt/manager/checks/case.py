"""What checks look at, and how their findings become one error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vzvirt import errors
from vzvirt.model.devices import IpAddress
from vzvirt.model.domain import Domain
from vzvirt.model.host import Places
from vzvirt.model.storage import LayoutAbilities
from vzvirt.model.values import MacAddress
from vzvirt.ports.store import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A complete definition, and the facts it is held against; no check looks any further.

    Attributes:
        domain: The definition.
        old: The definition it replaces, or ``None``.
        places: Where its files are.
        layout: What its storage layout can do; ``None``: a folder of the user's.
        layouts: What all layouts here can do.
        held: Layout of the private area that exists, or ``None``.
        own_root: Why a path would be the host's own root; by path, only those that would.
        missing: Paths that the definition names and the host has not.
        templates: Names in the cache.
        others: Identities of all other containers.
        addresses: Addresses that other containers have, and their holders' names.
        processors: Processors of the host.
        arch: The host's machine.
        from_elsewhere: Whether its quotas came with a sample or an old config, unasked for.
    """

    domain: Domain
    old: Domain | None = None
    places: Places
    layout: LayoutAbilities | None = None
    layouts: tuple[LayoutAbilities, ...] = ()
    held: str | None = None
    own_root: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()
    others: tuple[Identity, ...] = ()
    addresses: Mapping[IpAddress, str] = field(default_factory=dict)
    processors: int = 1
    arch: str = ""
    from_elsewhere: bool = False

    def holder_of(self, mac: MacAddress) -> Identity | None:
        """The other container that has an address, or ``None``."""
        return next((item for item in self.others if mac in item.macs), None)


Check = Callable[[Case], Iterator[errors.VzvirtError]]
"""Looks for one thing that must not be; yields an error for each place where it is."""

WarnOnly = Callable[[Case], Iterator[str]]
"""Looks for one thing that the user should know; yields a sentence for each."""


def refuse(case: Case, checks: Iterable[Check]) -> None:
    """Run checks, all of them.

    Raises:
        VzvirtError: What was found; several findings as one error that names each.
    """
    found = [error for check in checks for error in check(case)]
    if not found:
        return
    if len(found) == 1:
        raise found[0]
    messages = "; ".join(error.message for error in found)
    hints = dict.fromkeys(error.hint for error in found if error.hint)
    raise type(found[0])(
        f"{len(found)} things are wrong with '{case.domain.name}': {messages}",
        hint="; ".join(hints) or None,
    )


def warnings(case: Case, checks: Iterable[WarnOnly]) -> list[str]:
    """Run checks that only warn."""
    return [sentence for check in checks for sentence in check(case)]
