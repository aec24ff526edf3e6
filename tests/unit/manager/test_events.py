"""What must have happened between two looks, in the order libvirt's drivers tell it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from uuid import UUID

import pytest

from vzvirt.manager.events import (
    NetworkView,
    View,
    described,
    device_difference,
    difference,
    network_difference,
    settled,
)
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.domain import Domain
from vzvirt.model.event import (
    DeviceAdded,
    DeviceRemoved,
    DomainEvent,
    LifecycleEvent,
    MetadataChanged,
    NetworkEvent,
    NetworkLifecycle,
    NodeDeviceEvent,
    Rebooted,
)
from vzvirt.model.nodedev import NetCapability, NodeDevice
from vzvirt.model.resources import Memory
from vzvirt.model.state import Observation, Reason
from vzvirt.model.values import Ctid, MacAddress

CTID = Ctid(101)
DOMAIN = Domain(name="web", ctid=CTID, uuid=UUID(int=1))
NEVER = Observation(ctid=CTID, reason=Reason.NEVER_STARTED)
RUNS = Observation(ctid=CTID, reason=Reason.BOOTED, init_pid=10, started_at=1.0, run="1")


def _namespace(element: str) -> str:
    return element.split("'")[1]


def _view(
    observation: Observation = NEVER,
    stored: Domain | None = DOMAIN,
    live: Domain | None = None,
) -> View:
    either = stored or live or DOMAIN
    assert either.uuid is not None
    return View(
        ctid=CTID,
        name=either.name,
        uuid=either.uuid,
        stored=described(stored, _namespace) if stored else None,
        live=described(live, _namespace) if live else None,
        observation=observation,
    )


def _ended(reason: Reason, run: str = "1") -> Observation:
    return Observation(ctid=CTID, reason=reason, run=run)


def _told(events: Iterable[DomainEvent]) -> list[str]:
    """Events in short; a small letter in front: the container counts as running."""
    words = []
    for event in events:
        match event:
            case LifecycleEvent(change=change):
                word = change.name
            case MetadataChanged(kind=kind, namespace=namespace):
                word = f"{kind.name} {namespace}" if namespace else kind.name
            case DeviceAdded(alias=alias):
                word = f"ADDED {alias}"
            case DeviceRemoved(alias=alias):
                word = f"REMOVED {alias}"
            case _:
                word = type(event).__name__
        words.append(f"+{word}" if event.subject.active else word)
    return words


def _run(before: Observation, after: Observation) -> list[str]:
    return _told(difference(_view(before), _view(after)))


# -- definitions -------------------------------------------------------------------------


def test_definitions_come_change_and_go() -> None:
    larger = dataclasses.replace(DOMAIN, memory=Memory(limit=2**30))
    assert _told(difference(None, _view())) == ["DEFINED"]
    assert _told(difference(_view(), _view(stored=larger))) == ["REDEFINED"]
    assert _told(difference(_view(), _view())) == []
    assert _told(difference(_view(), None)) == ["UNDEFINED"]
    assert difference(None, None) == []


def test_what_no_document_says_is_no_redefinition() -> None:
    started_once = dataclasses.replace(DOMAIN, autostart=True, provisioned=True)
    assert difference(_view(), _view(stored=started_once)) == []


def test_another_name_is_lost_and_got() -> None:
    renamed = dataclasses.replace(DOMAIN, name="www")
    lost, got = difference(_view(), _view(stored=renamed))
    assert _told([lost, got]) == ["LOST_NAME", "GOT_NAME"]
    assert (lost.subject.name, got.subject.name) == ("web", "www")


def test_another_container_of_the_same_number() -> None:
    other = dataclasses.replace(DOMAIN, name="other", uuid=UUID(int=2))
    events = difference(_view(), _view(stored=other))
    assert _told(events) == ["UNDEFINED", "DEFINED"]
    assert [event.subject.name for event in events] == ["web", "other"]


def test_transient_ones_are_neither_defined_nor_undefined() -> None:
    running = _view(RUNS, stored=None, live=DOMAIN)
    assert _told(difference(None, running)) == ["+BOOTED"]
    assert _told(difference(running, None)) == ["STOPPED_BY_KILL"]
    asked = _view(dataclasses.replace(RUNS, reason=Reason.SHUTTING_DOWN), stored=None, live=DOMAIN)
    assert _told(difference(asked, None)) == ["+SHUT_DOWN_AS_ASKED", "STOPPED_BY_SHUTDOWN"]


def test_a_running_one_may_lose_its_definition_and_get_one_again() -> None:
    persistent = _view(RUNS, live=DOMAIN)
    transient = _view(RUNS, stored=None, live=DOMAIN)
    assert _told(difference(persistent, transient)) == ["+UNDEFINED"]
    assert _told(difference(transient, persistent)) == ["+DEFINED"]


def test_notes_are_told_one_by_one() -> None:
    noted = dataclasses.replace(
        DOMAIN, title="t", description="d", metadata=("<a xmlns='http://a'/>",)
    )
    words = ["DESCRIPTION", "TITLE", "ELEMENT http://a"]
    assert _told(difference(_view(), _view(stored=noted))) == words
    assert _told(difference(_view(stored=noted), _view())) == words
    both = difference(_view(RUNS, DOMAIN, DOMAIN), _view(RUNS, noted, noted))
    assert _told(both) == [f"+{word}" for word in words], "once, though both definitions have it"


# -- runs --------------------------------------------------------------------------------


def test_a_run_begins() -> None:
    paused = dataclasses.replace(RUNS, reason=Reason.PAUSED_BY_USER)
    assert _run(NEVER, RUNS) == ["+BOOTED"]
    assert _run(NEVER, paused) == ["+BOOTED", "+PAUSED"]
    assert _run(_ended(Reason.KILLED, "0"), RUNS) == ["+BOOTED"]
    assert _told(difference(None, _view(RUNS))) == ["DEFINED", "+BOOTED"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.SHUT_DOWN, ["+SHUT_DOWN_AS_ASKED", "STOPPED_BY_SHUTDOWN"]),
        (Reason.POWERED_OFF, ["+SHUT_ITSELF_DOWN", "STOPPED_BY_SHUTDOWN"]),
        (Reason.KILLED, ["STOPPED_BY_KILL"]),
        (Reason.DIED, ["+CRASHED", "STOPPED_BY_CRASH"]),
        (Reason.OUT_OF_MEMORY, ["+CRASHED", "STOPPED_BY_CRASH"]),
        (Reason.FAILED_TO_START, ["STOPPED_BY_FAILURE"]),
        (Reason.HOST_STOPPED, ["+WAS_SHUT_DOWN", "STOPPED_BY_SHUTDOWN"]),
    ],
)
def test_a_run_ends(reason: Reason, words: list[str]) -> None:
    assert _run(RUNS, _ended(reason)) == words
    shutting_down = dataclasses.replace(RUNS, reason=Reason.SHUTTING_DOWN)
    assert _run(RUNS, shutting_down) == []
    assert _run(shutting_down, _ended(reason)) == words
    assert _run(_ended(reason), _ended(reason)) == []


def test_an_end_and_an_undefine_between_two_looks() -> None:
    assert _told(difference(_view(RUNS), None)) == ["STOPPED_BY_KILL", "UNDEFINED"]


def test_a_start_that_fails_is_no_run() -> None:
    assert _run(NEVER, Observation(ctid=CTID, reason=Reason.FAILED_TO_START)) == []
    assert _run(_ended(Reason.KILLED), _ended(Reason.FAILED_TO_START)) == []


def test_a_whole_run_between_two_looks() -> None:
    assert _run(NEVER, _ended(Reason.KILLED)) == ["+BOOTED", "STOPPED_BY_KILL"]
    again = _ended(Reason.POWERED_OFF, "2")
    words = ["+BOOTED", "+SHUT_ITSELF_DOWN", "STOPPED_BY_SHUTDOWN"]
    assert _run(_ended(Reason.POWERED_OFF), again) == words


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Reason.DIED, ["+CRASHED", "STOPPED_BY_CRASH"]),
        (Reason.KILLED, ["STOPPED_BY_KILL"]),
        (None, ["STOPPED_BY_KILL"]),
    ],
)
def test_an_end_and_a_start_between_two_looks(end: Reason | None, words: list[str]) -> None:
    again = dataclasses.replace(RUNS, run="2", init_pid=20, started_at=2.0, previous_end=end)
    assert _run(RUNS, again) == [*words, "+BOOTED"]


def test_a_reboot_is_no_end() -> None:
    again = dataclasses.replace(RUNS, init_pid=20, started_at=2.0)
    assert _run(RUNS, again) == ["+Rebooted"]
    paused = dataclasses.replace(again, reason=Reason.PAUSED_BY_USER)
    assert _run(RUNS, paused) == ["+Rebooted", "+PAUSED"]
    by_itself = dataclasses.replace(again, reason=Reason.REBOOTED_FROM_INSIDE)
    assert _run(NEVER, by_itself) == ["+BOOTED", "+Rebooted"]
    assert (
        _told(difference(_view(RUNS), _view(again)))[0]
        == _told([Rebooted(_view(RUNS).subject())])[0]
    )


def test_pauses() -> None:
    paused = dataclasses.replace(RUNS, reason=Reason.PAUSED_BY_USER)
    goes_on = dataclasses.replace(RUNS, reason=Reason.UNPAUSED, unpaused_at=5.0)
    later = dataclasses.replace(goes_on, unpaused_at=6.0)
    assert _run(RUNS, paused) == ["+PAUSED"]
    assert _run(paused, goes_on) == ["+UNPAUSED"]
    assert _run(RUNS, goes_on) == ["+PAUSED", "+UNPAUSED"], "between two looks"
    assert _run(goes_on, later) == ["+PAUSED", "+UNPAUSED"]
    assert _run(goes_on, goes_on) == []
    again = dataclasses.replace(paused, unpaused_at=5.0)
    assert _run(paused, again) == ["+UNPAUSED", "+PAUSED"]
    assert _run(paused, _ended(Reason.KILLED)) == ["STOPPED_BY_KILL"]


def test_between_two_boots_nothing_has_happened_yet() -> None:
    booting = dataclasses.replace(RUNS, init_pid=None, started_at=None)
    assert settled(NEVER, booting) == NEVER, "it starts"
    assert settled(RUNS, booting) == RUNS, "it reboots"
    assert settled(RUNS, RUNS) == RUNS
    assert not settled(None, booting).is_active
    next_run = dataclasses.replace(booting, run="2", previous_end=Reason.DIED)
    between = settled(RUNS, next_run)
    assert _run(RUNS, between) == ["+CRASHED", "STOPPED_BY_CRASH"]
    assert _run(between, dataclasses.replace(RUNS, run="2")) == ["+BOOTED"]


# -- devices -----------------------------------------------------------------------------


def _with_nics(*macs: str) -> Domain:
    nics = (Interface(kind=InterfaceKind.BRIDGE, mac=MacAddress(mac)) for mac in macs)
    return dataclasses.replace(DOMAIN, interfaces=tuple(nics))


def test_devices_come_and_go_while_it_runs() -> None:
    one, two = "00:18:51:00:00:01", "00:18:51:00:00:02"
    before = _view(RUNS, live=_with_nics(one))
    after = _view(RUNS, live=_with_nics(one, two))
    assert _told(difference(before, after)) == ["+ADDED net1"]
    assert _told(difference(after, before)) == ["+REMOVED net1"]
    assert _told(difference(after, _view(RUNS, live=_with_nics(two)))) == ["+REMOVED net0"]


def test_devices_of_another_run_are_no_news() -> None:
    mac = "00:18:51:00:00:01"
    again = dataclasses.replace(RUNS, run="2", previous_end=Reason.KILLED)
    events = difference(_view(RUNS, live=DOMAIN), _view(again, live=_with_nics(mac)))
    assert _told(events) == ["STOPPED_BY_KILL", "+BOOTED"]
    stored = difference(_view(RUNS, live=DOMAIN), _view(RUNS, _with_nics(mac), DOMAIN))
    assert _told(stored) == ["+REDEFINED"]


# -- networks and devices of the host ----------------------------------------------------


def _net(*, stored: object | None = None, active: bool = False, number: int = 1) -> NetworkView:
    return NetworkView(name="lab", uuid=UUID(int=number), stored=stored, active=active)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (None, _net(stored=1), ["DEFINED"]),
        (_net(stored=1), _net(stored=2), ["DEFINED"]),
        (_net(stored=1), _net(stored=1, active=True), ["STARTED"]),
        (_net(stored=1, active=True), _net(stored=1), ["STOPPED"]),
        (_net(stored=1, active=True), _net(active=True), ["UNDEFINED"]),
        (_net(stored=1), None, ["UNDEFINED"]),
        (None, _net(active=True), ["STARTED"]),
        (_net(active=True), None, ["STOPPED"]),
        (_net(stored=1, active=True), None, ["STOPPED", "UNDEFINED"]),
        (_net(stored=1), _net(stored=1), []),
        (_net(stored=1), _net(stored=1, number=2), ["UNDEFINED", "DEFINED"]),
    ],
)
def test_networks(
    before: NetworkView | None, after: NetworkView | None, changes: list[str]
) -> None:
    events = network_difference({"lab": before} if before else {}, {"lab": after} if after else {})
    assert [event.change.name for event in events] == changes
    assert all(event.name == "lab" for event in events)


def test_two_networks_are_told_apart() -> None:
    events = network_difference({}, {"lab": _net(stored=1)})
    assert events == [NetworkEvent("lab", UUID(int=1), NetworkLifecycle.DEFINED)]


def _nic(name: str, state: str = "up") -> NodeDevice:
    capability = NetCapability(interface=name, link_state=state)
    return NodeDevice(name=f"net_{name}", path="", parent="computer", capability=capability)


def test_devices_of_the_host() -> None:
    one, two = _nic("eth0"), _nic("eth1")
    both = {one.name: one, two.name: two}
    appeared = device_difference({}, both)
    assert [(e.name, e.change.name) for e in appeared if isinstance(e, NodeDeviceEvent)] == [
        ("net_eth0", "CREATED"),
        ("net_eth1", "CREATED"),
    ]
    gone = device_difference(both, {})
    assert [(e.name, e.change.name) for e in gone if isinstance(e, NodeDeviceEvent)] == [
        ("net_eth1", "DELETED"),
        ("net_eth0", "DELETED"),
    ], "children first"
    changed = device_difference(both, {**both, one.name: _nic("eth0", "down")})
    assert [type(event).__name__ for event in changed] == ["NodeDeviceUpdated"]
    assert device_difference(both, both) == []
