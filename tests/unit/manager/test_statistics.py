from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.statistics import Topic
from vzvirt.model.values import Ctid
from worlds import World


def test_one_that_runs(world: World) -> None:
    world.define()
    counting = world.manager.statistics
    with pytest.raises(errors.OperationInvalid, match="'web' is not running"):
        counting.of("web")
    world.manager.lifecycle.start("web")
    assert counting.of("web").processes == 1
    assert counting.of("web", Topic.CPU).memory is None
    assert list(counting.of_many([Ctid(101), Ctid(102)])) == [101]


def test_traffic(world: World) -> None:
    bridged = Interface(kind=InterfaceKind.BRIDGE, source="br0", host_name="veth101.0")
    without = world.define().domain
    plugged = world.define(name="net", interfaces=(bridged,)).domain
    traffic = world.manager.statistics.traffic
    assert traffic(without, 1) == []
    assert [item.host_name for item in traffic(plugged, 1)] == ["veth101.0"]
