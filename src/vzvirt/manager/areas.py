"""Where a container's root is stored, by which layout, and within which quotas.

Nothing is kept here: an existing private area says by itself which layout it has, so what is
on disk wins over what a config claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.manager.world import World
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.host import Places
from vzvirt.model.storage import AreaSpec, LayoutAbilities, Usage
from vzvirt.ports.storage import StorageLayout

PREFERENCE: Final = ("simfs", "image")
"""Layouts in the order they are tried where nobody says which."""

FOLDER_LAYOUT: Final = "simfs"
"""The layout that mounts a folder as it is; used for folders of the user's, too."""

REPLACED: Final = {"ploop": "image"}
"""Layouts of OpenVZ that no stock kernel has, and what new containers get instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One container's storage: its layout, what the layout is to know, and where it is."""

    layout: StorageLayout
    spec: AreaSpec
    places: Places

    @property
    def exists(self) -> bool:
        """Whether there is a root."""
        return self.layout.holds(self.spec.private_area)

    @property
    def owned_and_there(self) -> bool:
        """Whether there is a root that is not a folder of the user's."""
        return self.exists and not self.places.users_folder


Share = Callable[[Path, Callable[[], Usage]], Usage]
"""Called with a private area that is to be looked through, and what does it; gives what that gave
now, or to somebody else just before."""


def alone(_private_area: Path, look: Callable[[], Usage]) -> Usage:
    """Share with nobody: look through it."""
    return look()


def usage(place: Area, share: Share) -> Usage:
    """What an area uses; only what has to be looked through for it is shared."""
    layout, spec = place.layout, place.spec
    if not layout.adds_up(spec):
        return layout.usage(spec)
    return share(spec.private_area, lambda: layout.usage(spec))


def area(world: World, domain: Domain) -> Area:
    """The storage of an effective definition that has a CTID.

    Raises:
        ConfigUnsupported: No layout here can store it.
    """
    places = world.store.places(domain)
    name = FOLDER_LAYOUT if places.users_folder else layout_name(world, domain, places)
    return Area(layout=named_layout(world, name), spec=_spec(domain, places), places=places)


def _spec(domain: Domain, places: Places) -> AreaSpec:
    root = domain.root
    owned = root is not None and not places.users_folder
    return AreaSpec(
        ctid=domain.number,
        private_area=places.private_area,
        root_mount=places.root_mount,
        space=root.space if root and owned else None,
        inodes=root.inodes if root and owned else None,
        grace=domain.openvz.quota_grace,
        readonly=root.readonly if root else False,
    )


def layout_name(world: World, domain: Domain, places: Places) -> str:
    """The layout of an existing private area, else the one that is meant for it."""
    held = held_by(world, places)
    if held is not None:
        return held
    if domain.openvz.layout:
        return base_name(domain.openvz.layout)
    return choose(
        [layout.abilities for layout in world.layouts.values()],
        domain.root,
        world.default_layout,
    )[0]


def held_by(world: World, places: Places) -> str | None:
    """Name of the layout that an existing private area has; ``None``: there is no area."""
    if places.users_folder:
        return None
    holders = (n for n, layout in world.layouts.items() if layout.holds(places.private_area))
    return next(holders, None)


def base_name(layout: str) -> str:
    """A layout's name without the mode OpenVZ puts behind a colon (``ploop:expanded``)."""
    return layout.partition(":")[0]


def replaced(layout: str) -> str:
    """A layout's name, or that of the one which takes its place on a stock kernel."""
    return REPLACED.get(base_name(layout), base_name(layout))


def named_layout(world: World, name: str) -> StorageLayout:
    """The layout of a name.

    Raises:
        ConfigUnsupported: There is none; the hint names those there are.
    """
    layout = world.layouts.get(base_name(name))
    if layout is None:
        raise errors.ConfigUnsupported(
            f"there is no storage layout '{name}' here",
            hint=f"there are: {', '.join(world.layouts)}",
        )
    return layout


def choose(
    abilities: Iterable[LayoutAbilities], root: Filesystem | None, default: str | None
) -> tuple[str, str | None]:
    """The layout for a new container whose definition names none.

    Returns:
        Its name, and a warning if it is not the one that vz.conf says.
    """
    usable = {item.name: item for item in abilities if item.unusable is None}
    if default is not None:
        name = replaced(default)
        if name != base_name(default):
            return (
                name,
                f"the default layout is '{default}', '{name}' takes its place on a stock kernel",
            )
        return name, None
    for name in PREFERENCE:
        if name in usable and not hard_shortfalls(usable[name], root):
            return name, None
    return next((name for name in PREFERENCE if name in usable), FOLDER_LAYOUT), None


def hard_shortfalls(abilities: LayoutAbilities, root: Filesystem | None) -> list[str]:
    """Which quotas of a root a layout does not keep, in words."""
    if root is None or root.kind is not FilesystemKind.TEMPLATE:
        return []
    missing = []
    if root.space is not None and not abilities.size_quota:
        missing.append("a size quota")
    if root.inodes is not None and not abilities.inode_quota:
        missing.append("a quota on the number of files")
    return missing


def soft_shortfalls(abilities: LayoutAbilities, root: Filesystem | None) -> list[str]:
    """Which soft limits of a root a layout does not keep although it keeps the hard ones."""
    if root is None or abilities.soft_limits:
        return []
    missing = []
    if root.space and root.space.soft != root.space.hard and abilities.size_quota:
        missing.append("a soft limit on its size")
    if root.inodes and root.inodes.soft != root.inodes.hard and abilities.inode_quota:
        missing.append("a soft limit on the number of files")
    return missing


def refuse_beyond(
    abilities: LayoutAbilities, others: Iterable[LayoutAbilities], root: Filesystem | None
) -> errors.VzvirtError | None:
    """The error for quotas beyond a layout, naming the one that can; ``None``: it can itself."""
    usable = [item for item in others if item.unusable is None]
    missing = hard_shortfalls(abilities, root)
    able = [item.name for item in usable if not hard_shortfalls(item, root)]
    if not missing:
        # A soft limit only warns before the hard one: it is refused only for a layout's sake.
        missing = soft_shortfalls(abilities, root)
        able = [item.name for item in usable if item.soft_limits]
        if not able:
            return None
    if not missing:
        return None
    hint = f"the layout '{able[0]}' can" if able else "no layout on this host can"
    return errors.ConfigUnsupported(
        f"the layout '{abilities.name}' cannot keep {' and '.join(missing)}", hint=hint
    )
