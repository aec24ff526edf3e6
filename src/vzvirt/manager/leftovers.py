"""What a container that no longer runs still holds of the host: control groups, mounts.

Giving it back takes no lock and can be done twice, by the hook that runs when a container has
ended, by whoever stopped it, and by whoever finds it later.
"""

from __future__ import annotations

from vzvirt.manager.areas import Area
from vzvirt.manager.world import World
from vzvirt.model.state import Observation


def give_back(world: World, area: Area) -> Observation:
    """Give back what a container held, unless it runs; gives back how it stands."""
    observation = world.engine.settle(area.spec.ctid)
    if not observation.is_active:
        area.layout.unmount(area.spec)
    return observation
