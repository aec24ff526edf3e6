from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from vzvirt import errors
from vzvirt.manager.guestinfo import AddressSource, GuestInfo
from vzvirt.model.affect import Affect
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.domain import OperatingSystem
from vzvirt.model.guestinfo import GuestTimezone
from worlds import World

ASKED: list[Callable[[GuestInfo], object]] = [
    lambda info: info.hostname("web"),
    lambda info: info.system("web"),
    lambda info: info.users("web"),
    lambda info: info.timezone("web"),
    lambda info: info.mounts("web"),
    lambda info: info.addresses("web", AddressSource.LEASE),
    lambda info: info.addresses("web", AddressSource.KERNEL),
]


@pytest.mark.parametrize("ask", ASKED)
def test_only_one_that_runs_says_anything(
    world: World, ask: Callable[[GuestInfo], object]
) -> None:
    world.define()
    with pytest.raises(errors.OperationInvalid, match="'web' is not running"):
        ask(world.manager.guestinfo)
    world.manager.lifecycle.start("web")
    ask(world.manager.guestinfo)


def test_what_it_says(world: World) -> None:
    world.define(os=OperatingSystem(arch="i686" if os.uname().machine == "x86_64" else None))
    world.manager.lifecycle.start("web")
    info = world.manager.guestinfo
    assert info.hostname("web") == "web"
    system = info.system("web")
    assert system.id == "simulation"
    assert system.kernel_release == os.uname().release
    if os.uname().machine == "x86_64":
        assert system.machine == "i686"
    assert info.timezone("web") == GuestTimezone(name="UTC", offset=0)
    assert [item.mountpoint for item in info.mounts("web")] == ["/"]


def test_addresses_by_lease_and_by_kernel(world: World) -> None:
    wired = Interface(
        kind=InterfaceKind.NETWORK, source="default", host_name="veth101.0", guest_name="eth0"
    )
    defined = world.define(interfaces=(wired,)).domain
    world.manager.lifecycle.start("web")
    info = world.manager.guestinfo
    (leased,) = info.addresses("web", AddressSource.LEASE)
    (seen,) = info.addresses("web", AddressSource.KERNEL)
    assert (leased.guest_name, seen.guest_name) == ("veth101.0", "eth0")
    assert leased.mac == seen.mac == str(defined.interfaces[0].mac)
    assert leased.addresses == seen.addresses
    assert len(leased.addresses) == 1


def test_what_came_while_it_runs_has_leases_too(world: World) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    wired = Interface(kind=InterfaceKind.NETWORK, source="default", host_name="veth101.7")
    world.manager.devices.attach("web", wired, Affect.LIVE)
    (leased,) = world.manager.guestinfo.addresses("web", AddressSource.LEASE)
    assert leased.guest_name == "veth101.7"
