from __future__ import annotations

import dataclasses
import ipaddress

import pytest

from vzvirt import errors
from vzvirt.model.network import (
    DhcpHost,
    DhcpRange,
    DnsForwarder,
    DnsHost,
    Network,
    NetworkAddress,
    NetworkDns,
    PortGroup,
)
from vzvirt.model.networkchange import ChangeKind, Entry, NetworkChange, changed, described
from vzvirt.model.values import MacAddress

A, B = MacAddress("52:54:00:00:00:0a"), MacAddress("52:54:00:00:00:0b")
ip = ipaddress.ip_address


def lease(mac: MacAddress | None, last: int, name: str | None = None) -> DhcpHost:
    return DhcpHost(mac=mac, address=ip(f"10.7.0.{last}"), name=name)


def span(start: int, end: int) -> DhcpRange:
    return DhcpRange(start=ip(f"10.7.0.{start}"), end=ip(f"10.7.0.{end}"))


PRINTER = DnsHost(address=ip("10.7.0.9"), names=("printer", "scanner"))
FORWARDER = DnsForwarder(address=ip("192.0.2.53"))
GROUP = PortGroup(name="staff")

NETWORK = Network(
    name="web",
    dns=NetworkDns(hosts=(PRINTER,), forwarders=(FORWARDER,)),
    addresses=(
        NetworkAddress(interface=ipaddress.ip_interface("fd00::1/64")),
        NetworkAddress(
            interface=ipaddress.ip_interface("10.7.0.1/24"),
            ranges=(span(100, 199),),
            hosts=(lease(A, 10, "a"), lease(B, 11, "b")),
        ),
    ),
    port_groups=(GROUP,),
)


def after(kind: ChangeKind, entry: Entry) -> Network:
    return changed(NETWORK, NetworkChange(kind=kind, entry=entry))


def test_a_fixed_lease_is_added_where_its_address_is() -> None:
    new = lease(None, 12, "c")
    assert after(ChangeKind.ADD_LAST, new).addresses[1].hosts[-1] == new
    assert after(ChangeKind.ADD_FIRST, new).addresses[1].hosts[0] == new
    assert after(ChangeKind.ADD_LAST, new).addresses[0] == NETWORK.addresses[0]


def test_a_fixed_lease_is_changed_by_its_mac() -> None:
    hosts = after(ChangeKind.MODIFY, lease(A, 20)).addresses[1].hosts
    assert hosts == (lease(A, 20), lease(B, 11, "b"))


def test_a_fixed_lease_is_removed_by_what_is_said_of_it() -> None:
    hosts = after(ChangeKind.DELETE, lease(A, 10)).addresses[1].hosts
    assert hosts == (lease(B, 11, "b"),)


ADDED: list[Entry] = [
    span(10, 20),
    DnsHost(address=ip("10.7.0.8"), names=("fax",)),
    DnsForwarder(address=ip("192.0.2.54")),
    PortGroup(name="guests"),
    lease(None, 30, "new"),
]


@pytest.mark.parametrize("entry", ADDED, ids=described)
def test_what_was_added_is_removed(entry: Entry) -> None:
    added = after(ChangeKind.ADD_LAST, entry)
    assert added != NETWORK
    assert changed(added, NetworkChange(kind=ChangeKind.DELETE, entry=entry)) == NETWORK


PRESENT: list[Entry] = [
    span(190, 210),
    PRINTER,
    FORWARDER,
    GROUP,
    lease(A, 30),
    lease(None, 10, "new"),
    lease(None, 31, "b"),
]


@pytest.mark.parametrize("entry", PRESENT, ids=described)
def test_what_is_there_is_not_added(entry: Entry) -> None:
    with pytest.raises(errors.Conflict, match="network 'web' has"):
        after(ChangeKind.ADD_LAST, entry)


@pytest.mark.parametrize("entry", [*ADDED, span(100, 150), lease(A, 11)], ids=described)
def test_what_is_not_there_is_not_removed(entry: Entry) -> None:
    with pytest.raises(errors.OperationInvalid, match="has no"):
        after(ChangeKind.DELETE, entry)


def test_names_change_by_their_address() -> None:
    new = dataclasses.replace(PRINTER, names=("plotter",))
    assert after(ChangeKind.MODIFY, new).dns.hosts == (new,)


def test_an_address_of_somebody_elses_is_refused() -> None:
    with pytest.raises(errors.OperationInvalid, match="both"):
        after(ChangeKind.MODIFY, lease(A, 11))


def test_an_address_of_elsewhere_is_refused() -> None:
    with pytest.raises(errors.InvalidArgument, match=r"192\.0\.2\.7 is in no range"):
        after(ChangeKind.ADD_LAST, DhcpHost(name="x", address=ip("192.0.2.7")))
