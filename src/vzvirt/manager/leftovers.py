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
    # The engine's notes say that it has ended, so they go last: a NIC must be back by then.
    if not world.engine.observe(area.spec.ctid).is_active:
        world.links.release(area.spec.ctid)
    observation = world.engine.settle(area.spec.ctid)
    if not observation.is_active:
        area.layout.unmount(area.spec)
    return observation
