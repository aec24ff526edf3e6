"""How a container stands: which definitions it has, and which of them a change is to touch.

A running container has a live definition beside the stored one; a transient one has no other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vzvirt import errors
from vzvirt.manager.locks import exclusive
from vzvirt.manager.world import World
from vzvirt.model.affect import Affect
from vzvirt.model.domain import Domain
from vzvirt.model.state import Observation
from vzvirt.model.values import Ctid


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A container whose lock is held.

    Attributes:
        stored: Its stored definition; ``None``: it is transient.
        live: What it runs with; ``None``: it does not run.
    """

    ctid: Ctid
    name: str
    stored: Domain | None
    live: Domain | None
    observation: Observation

    def touched(self, affect: Affect) -> tuple[bool, bool]:
        """Whether a change touches the live definition, and whether the stored one.

        Raises:
            OperationInvalid: It is to touch one that is not there.
        """
        runs, lasts = self.live is not None, self.stored is not None
        live, stored = {
            Affect.CURRENT: (runs, not runs),
            Affect.LIVE: (True, False),
            Affect.STORED: (False, True),
            Affect.BOTH: (True, True),
            Affect.ALL: (runs, lasts),
        }[affect]
        if live and not runs:
            raise errors.OperationInvalid(
                f"'{self.name}' is not running",
                hint="change its definition alone, or start it first",
            )
        if stored and not lasts:
            raise errors.OperationInvalid(
                f"'{self.name}' is transient: it has no definition but the one it runs with",
                hint="change that one, or define the container first",
            )
        return live, stored


@contextlib.contextmanager
def changing(world: World, ref: str) -> Iterator[Standing]:
    """Hold a container's lock and see how it stands.

    Raises:
        NoDomain: There is no such container.
    """
    ctid = world.store.find(ref)
    with exclusive(world, ctid):
        yield standing(world, ctid)


def standing(world: World, ctid: Ctid) -> Standing:
    """How a container stands.

    Raises:
        NoDomain: There is none.
    """
    stored = world.store.load(ctid)
    observation = world.engine.observe(ctid)
    return Standing(
        ctid=ctid,
        name=stored.domain.name,
        stored=None if stored.transient else stored.domain,
        live=world.live(ctid) if observation.is_active else None,
        observation=observation,
    )


def save(world: World, now: Standing, *, live: Domain | None, stored: Domain | None) -> None:
    """Write the definitions that are given; both or, where the second cannot be, neither."""
    with contextlib.ExitStack() as undo:
        if live is not None:
            before = now.live
            world.store.save(live, live=True)
            if before is not None:
                undo.callback(_put_back, world, before)
        if stored is not None:
            world.store.save(stored)
        undo.pop_all()


def _put_back(world: World, live: Domain) -> None:
    with contextlib.suppress(errors.VzvirtError):
        world.store.save(live, live=True)


def edit_facts(world: World, ref: str, affect: Affect, edit: Callable[[Domain], Domain]) -> None:
    """Change what nothing in the container or on the host follows, such as a title.

    Raises:
        NoDomain: There is no such container.
        OperationInvalid: It has no definition of the kind that is to change.
    """
    with changing(world, ref) as now:
        live, stored = now.touched(affect)
        save(
            world,
            now,
            live=edit(now.live) if live and now.live is not None else None,
            stored=edit(now.stored) if stored and now.stored is not None else None,
        )
