from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.model.state import DomainState
from worlds import World


def test_signals(world: World) -> None:
    world.define()
    processes = world.manager.processes
    with pytest.raises(errors.OperationInvalid, match="'web' is not running"):
        processes.signal("web", 1, 15)
    world.manager.lifecycle.start("web")
    processes.signal("web", 1, 15)
    with pytest.raises(errors.InvalidArgument, match="no process 7"):
        processes.signal("web", 7, 15)
    assert world.state() is DomainState.RUNNING
    processes.signal("web", 1, 9)
    assert world.state() is DomainState.CRASHED
