"""Define, change, look up and undefine containers.

A definition is completed, checked as a whole, and only then written, in one step; what is
refused leaves no trace. What only changes need is imported for them: most commands only look.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from vzvirt.manager.summaries import summaries
from vzvirt.model.affect import Affect
from vzvirt.model.values import Ctid

if TYPE_CHECKING:
    from vzvirt.manager.world import World
    from vzvirt.model.domain import Domain
    from vzvirt.model.report import Defined, DomainInfo, DomainSummary
    from vzvirt.ports.store import StoredDomain


class Definitions:
    """Use cases over definitions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def define(
        self, domain: Domain, *, warnings: Iterable[str] = (), replacing: Domain | None = None
    ) -> Defined:
        """Take a definition in, or replace the one with the same name and UUID.

        Only the definition is written: no root is made. ``warnings`` are what reading the
        document brought up; they come first among those given back.

        Args:
            domain: The definition.
            warnings: See above.
            replacing: What it was made from, if nothing is to be undone that has changed since.

        Raises:
            OperationInvalid: What is stored is no longer ``replacing``.
            Conflict: CTID, name, UUID or an address belongs to another container.
            ConfigUnsupported: It asks for something that cannot be had here.
            InvalidArgument: It contradicts itself, or names the host's own root.
            NoSample: It names a sample config that is not there.
        """
        from vzvirt.manager.defining import define

        return define(self._world, domain, tuple(warnings), replacing)

    def undefine(self, ref: str, *, remove_data: bool, running: bool = False) -> None:
        """Forget a container that is off; its private area goes only with ``remove_data``.

        A folder that the user gave as root is never deleted.

        Args:
            ref: Which one.
            remove_data: Whether its private area goes, too.
            running: Whether one that runs becomes transient, instead of being refused.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is running.
        """
        from vzvirt.manager.defining import undefine

        undefine(self._world, self.resolve(ref), remove_data=remove_data, running=running)

    def rename(self, ref: str, name: str) -> None:
        """Give a container that is off another name.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is running.
            InvalidArgument: The name is unusable.
            Conflict: Another container has it.
        """
        from vzvirt.manager.defining import rename

        rename(self._world, self.resolve(ref), name)

    def edit(self, ref: str, affect: Affect, edit: Callable[[Domain], Domain]) -> None:
        """Change what nothing in the container or on the host follows, such as its title.

        Args:
            ref: Which one.
            affect: Which of its definitions.
            edit: Gives back a definition as it is to be.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It has no definition of the kind that is to change.
        """
        from vzvirt.manager.standing import edit_facts

        edit_facts(self._world, ref, affect, edit)

    def resolve(self, ref: str) -> Ctid:
        """The container that a CTID, a name or a UUID names.

        Raises:
            NoDomain: None does.
        """
        return self._world.store.find(ref)

    def get(self, ref: str) -> StoredDomain:
        """A definition as it is stored; of a transient container the one it runs with.

        Raises:
            NoDomain: There is no such container.
        """
        return self._world.store.load(self.resolve(ref))

    def live(self, ref: str) -> StoredDomain:
        """What a running container was started with, and what has changed of it since.

        Of one that is off it is the stored definition.

        Raises:
            NoDomain: There is no such container.
        """
        ctid = self.resolve(ref)
        active = self._world.engine.observe(ctid).is_active
        return self._world.store.load(ctid, live=active)

    def is_updated(self, ref: str) -> bool:
        """Whether a container's next start takes another definition than it runs with.

        Raises:
            NoDomain: There is no such container.
        """
        ctid, world = self.resolve(ref), self._world
        live = world.store.load(ctid, live=True)
        if not live.live or live.transient or not world.engine.observe(ctid).is_active:
            return False
        stored = world.store.load(ctid).domain
        naming = stored.guest_naming  # live definitions keep their own, without vz.conf's
        next_one = dataclasses.replace(
            world.effective(ctid), guest_naming=naming, autostart=None, disposable=False
        )
        return next_one != live.domain

    def effective(self, ref: str) -> Domain:
        """A definition with the defaults of vz.conf where it says nothing itself.

        Raises:
            NoDomain: There is no such container.
        """
        return self._world.effective(self.resolve(ref))

    def summaries(self, *, all: bool = False) -> list[DomainSummary]:  # noqa: A002  # the users' word for it
        """One line for each container, by CTID; only active ones unless ``all``."""
        return summaries(self._world, everything=all)

    def info(self, ref: str) -> DomainInfo:
        """Everything there is to know of one container.

        Raises:
            NoDomain: There is no such container.
        """
        from vzvirt.manager.reports import info

        return info(self._world, self.resolve(ref))

    def set_autostart(self, ref: str, on: bool | None) -> None:
        """Say whether a container starts with the host; ``None``: unset.

        Raises:
            NoDomain: There is no such container.
            OperationInvalid: It is transient.
        """
        from vzvirt.manager.standing import edit_facts

        edit_facts(
            self._world, ref, Affect.STORED, lambda old: dataclasses.replace(old, autostart=on)
        )
