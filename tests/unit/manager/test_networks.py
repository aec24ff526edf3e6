"""Use cases over networks, with a simulated host."""

from __future__ import annotations

import dataclasses
import ipaddress

import pytest

from vzvirt import errors
from vzvirt.backends.memory import MemoryNetworks
from vzvirt.backends.networkfiles import FileNetworkStore
from vzvirt.manager import links
from vzvirt.manager.networks import Networks
from vzvirt.model.devices import Interface, InterfaceKind, link_local
from vzvirt.model.network import DhcpHost, DhcpRange, Forward, ForwardMode, Network, NetworkAddress
from vzvirt.model.networkchange import ChangeKind, NetworkChange
from vzvirt.model.values import MacAddress
from worlds import World


@pytest.fixture
def networks(world: World) -> Networks:
    return world.manager.networks


def network(name: str = "web", number: int = 7, **fields: object) -> Network:
    interface = ipaddress.ip_interface(f"10.{number}.0.1/24")
    values: dict[str, object] = {
        "forward": Forward(mode=ForwardMode.NAT),
        "addresses": (NetworkAddress(interface=interface),),
        **fields,
    }
    return Network(name=name, **values)  # type: ignore[arg-type]  # fields of many types


ip = ipaddress.ip_address
LEASE = NetworkChange(
    kind=ChangeKind.ADD_LAST, entry=DhcpHost(name="a", address=ipaddress.ip_address("10.7.0.9"))
)


def test_defined_with_all_that_identifies_it(networks: Networks) -> None:
    defined = networks.define(network())
    assert defined.uuid is not None
    assert defined.mac is not None
    assert defined.bridge == "virbr0"
    assert networks.define(network("other", 8)).bridge == "virbr1"
    status = networks.get(str(defined.uuid))
    assert status.network == defined
    assert (status.active, status.persistent, status.autostart) == (False, True, False)


def test_defined_anew_it_keeps_its_identity(networks: Networks) -> None:
    first = networks.define(network())
    again = networks.define(network(number=9))
    assert (again.uuid, again.bridge, again.mac) == (first.uuid, first.bridge, first.mac)
    with pytest.raises(errors.Conflict, match="is defined already"):
        networks.define(network(uuid=networks.define(network("other", 8)).uuid))


def test_what_is_replaced_must_still_be_what_it_was(world: World) -> None:
    networks = world.manager.networks
    old = networks.define(network())
    networks.define(dataclasses.replace(old, ports_isolated=True))
    with pytest.raises(errors.Outdated, match="changed by somebody else"):
        networks.define(old, replacing=old)


def test_an_interface_knows_its_lease_and_whose_addresses_it_cannot_have(world: World) -> None:
    mac, address = MacAddress("00:18:51:00:00:01"), ipaddress.ip_address("10.7.0.9")
    lease = DhcpHost(mac=mac, address=address)
    subnet = NetworkAddress(interface=ipaddress.ip_interface("10.7.0.1/24"), hosts=(lease,))
    made = world.manager.networks.define(network(addresses=(subnet,), ports_isolated=True))
    world.manager.networks.start("web")
    interface = Interface(kind=InterfaceKind.NETWORK, source="web", mac=mac)
    plug = links.plug(world.manager._world, interface, start=False)
    assert made.mac is not None
    assert plug.leases == (address,) and plug.interface.isolated
    assert plug.host_addresses == (subnet.interface.ip, link_local(made.mac))


def test_starts_and_stops(networks: Networks) -> None:
    networks.define(network())
    networks.start("web")
    assert networks.get("web").active
    with pytest.raises(errors.OperationInvalid, match="active already"):
        networks.start("web")
    networks.stop("web")
    assert not networks.get("web").active
    with pytest.raises(errors.OperationInvalid, match="is not active"):
        networks.stop("web")


def test_a_transient_network_is_gone_once_it_stops(networks: Networks) -> None:
    networks.start_transient(network())
    status = networks.get("web")
    assert (status.active, status.persistent) == (True, False)
    with pytest.raises(errors.OperationInvalid, match="not persistent"):
        networks.set_autostart("web", on=True)
    networks.stop("web")
    assert networks.list() == []


def test_undefined_while_it_runs_it_becomes_transient(networks: Networks) -> None:
    networks.define(network())
    networks.start("web")
    networks.undefine("web")
    assert networks.get("web").active
    networks.stop("web")
    with pytest.raises(errors.NoNetwork, match="no network 'web'"):
        networks.get("web")


def test_defined_while_it_runs_it_goes_on_as_it_is(networks: Networks) -> None:
    first = networks.define(network())
    networks.start("web")
    second = networks.define(network(number=9))
    assert networks.get("web").network == first
    assert networks.definition("web") == second


@pytest.mark.parametrize("use", ["get", "definition", "start", "stop", "undefine", "leases"])
def test_unknown_networks(networks: Networks, use: str) -> None:
    with pytest.raises(errors.NoNetwork, match="no network 'nobody'"):
        getattr(networks, use)("nobody")


def test_the_default_network_is_made_when_asked_for(networks: Networks) -> None:
    with pytest.raises(errors.OperationInvalid, match="is not active"):
        networks.ready("default", start=False)
    assert networks.list() == []
    assert networks.ready("default", start=True).bridge == "virbr0"
    (status,) = networks.list()
    assert (status.active, status.persistent, status.autostart) == (True, True, True)
    networks.stop("default")
    assert networks.ready("default", start=True).bridge == "virbr0"


def test_the_default_network_keeps_clear_of_defined_ones(networks: Networks) -> None:
    interface = ipaddress.ip_interface("192.168.122.1/24")
    networks.define(network(addresses=(NetworkAddress(interface=interface),)))
    networks.ready("default", start=True)
    found = networks.get("default").network.addresses[0].interface
    assert str(found) == "192.168.123.1/24"


def test_only_networks_that_start_with_the_host_start_by_themselves(networks: Networks) -> None:
    networks.define(network())
    with pytest.raises(errors.OperationInvalid, match="network 'web' is not active"):
        networks.ready("web", start=True)
    networks.set_autostart("web", on=True)
    assert networks.ready("web", start=True).bridge == "virbr0"
    with pytest.raises(errors.NoNetwork):
        networks.ready("nobody", start=True)


def test_starting_all(world: World, networks: Networks) -> None:
    for name, number in (("one", 7), ("two", 8), ("three", 9)):
        networks.define(network(name, number))
    networks.set_autostart("one", on=True)
    networks.set_autostart("two", on=True)
    MemoryNetworks(world.root).start(network("alien", 7, bridge="alien0"))
    networks.start_all()
    assert {item.network.name: item.active for item in networks.list()} == {
        "one": False,
        "two": True,
        "three": False,
    }
    assert [line for line in world.warned if "network 'one' does not start" in line]


def test_a_file_that_cannot_be_read_is_warned_of(world: World, networks: Networks) -> None:
    networks.define(network())
    networks.start("web")
    world.root.path("etc/vzvirt/networks/broken.xml").write_text("<network>")
    assert [item.network.name for item in networks.list()] == ["web"]
    assert "broken.xml" in world.warned[0]
    networks.define(network("other", 8))  # nor does it keep others from anything
    networks.reconcile()
    with pytest.raises(errors.ConfigSyntax, match=r"broken\.xml"):
        networks.get("broken")


def test_entries_change_live_and_for_good(networks: Networks) -> None:
    networks.define(network())
    with pytest.raises(errors.OperationInvalid, match="is not active"):
        networks.update("web", LEASE, live=True, persistent=True)
    assert networks.definition("web").addresses[0].hosts == ()
    networks.start("web")
    networks.update("web", LEASE, live=True, persistent=False)
    assert networks.get("web").network.addresses[0].hosts == (LEASE.entry,)
    assert networks.definition("web").addresses[0].hosts == ()
    with pytest.raises(errors.Conflict, match="already"):
        networks.update("web", LEASE, live=True, persistent=True)
    assert networks.definition("web").addresses[0].hosts == ()  # all or nothing
    networks.update("web", LEASE, live=False, persistent=True)
    assert networks.definition("web").addresses[0].hosts == (LEASE.entry,)


def test_what_could_not_be_defined_cannot_be_changed_to(networks: Networks) -> None:
    with_dhcp = NetworkAddress(
        interface=ipaddress.ip_interface("10.7.0.1/24"),
        ranges=(DhcpRange(start=ip("10.7.0.10"), end=ip("10.7.0.20")),),
    )
    second = NetworkAddress(interface=ipaddress.ip_interface("10.8.0.1/24"))
    defined = networks.define(network(addresses=(with_dhcp, second)))
    other = DhcpRange(start=ip("10.8.0.10"), end=ip("10.8.0.20"))
    change = NetworkChange(kind=ChangeKind.ADD_LAST, entry=other)
    with pytest.raises(errors.ConfigUnsupported, match="two IPv4 ranges"):
        networks.update("web", change, live=False, persistent=True)
    assert networks.definition("web") == defined


def test_a_change_is_not_refused_for_what_was_wrong_before(
    world: World, networks: Networks
) -> None:
    first = networks.define(network())
    store = world.manager._world.networks
    hosts = tuple(DhcpHost(name=name, address=ip("10.7.0.9")) for name in ("a", "b", "c"))
    with_hosts = dataclasses.replace(first.addresses[0], hosts=hosts)
    store.save(dataclasses.replace(first, addresses=(with_hosts,)))
    # Somebody has written another one on the same range.
    store.save(dataclasses.replace(networks.define(network("b", 8)), addresses=first.addresses))
    for host in hosts[:2]:
        away = NetworkChange(kind=ChangeKind.DELETE, entry=host)
        networks.update("web", away, live=False, persistent=True)
    assert networks.definition("web").addresses[0].hosts == hosts[2:]
    timed = DhcpHost(name="12h", address=ip("10.7.0.8"))
    again = NetworkChange(kind=ChangeKind.ADD_LAST, entry=timed)
    with pytest.raises(errors.ConfigUnsupported, match="'12h'"):
        networks.update("web", again, live=False, persistent=True)


@pytest.mark.parametrize("fails", ["update", "save"])
def test_a_change_that_fails_changes_nothing(
    world: World, networks: Networks, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    before = networks.define(network())
    networks.start("web")
    port = MemoryNetworks if fails == "update" else FileNetworkStore
    real = getattr(port, fails)

    def fail(self: object, *what: Network, **how: bool) -> None:
        if what[-1] != before and not how.get("live"):
            raise errors.NoSpace("the disk is full")
        real(self, *what, **how)

    monkeypatch.setattr(port, fails, fail)
    with pytest.raises(errors.NoSpace):
        networks.update("web", LEASE, live=True, persistent=True)
    assert networks.definition("web") == networks.get("web").network == before
    assert MemoryNetworks(world.root)._wiring.now().running() == [before]


def test_a_start_that_fails_is_no_running_network(world: World, networks: Networks) -> None:
    networks.define(network())
    MemoryNetworks(world.root).start(network("alien", 7, bridge="alien0"))
    with pytest.raises(errors.Conflict):
        networks.start("web")
    assert FileNetworkStore(world.root).load("web", live=True) is None
    assert not networks.get("web").active


def test_what_a_crash_left_is_no_running_network(world: World, networks: Networks) -> None:
    defined = networks.define(network())
    FileNetworkStore(world.root).save(defined, live=True)  # noted, then the power went
    assert not networks.get("web").active
    networks.start("web")
    assert networks.get("web").active


def test_stopping_warns_of_who_is_on_it(world: World, networks: Networks) -> None:
    networks.ready("default", start=True)
    world.define(interfaces=(Interface(kind=InterfaceKind.NETWORK, source="default"),))
    networks.stop("default")
    assert world.warned == []
    world.manager.lifecycle.start("web")
    networks.ready("default", start=True)
    networks.stop("default")
    assert "network 'default' is stopped under 'web'" in world.warned[-1]
