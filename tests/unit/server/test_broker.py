"""Who is told of which events, and what is in the messages."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from vzvirt import errors
from vzvirt.model.event import (
    ControlFailed,
    DeviceAdded,
    DeviceRemoved,
    Event,
    Lifecycle,
    LifecycleEvent,
    MetadataChanged,
    MetadataKind,
    NetworkEvent,
    NetworkLifecycle,
    NodeDeviceEvent,
    NodeDeviceLifecycle,
    NodeDeviceUpdated,
    PoolRefreshed,
    Rebooted,
    Subject,
)
from vzvirt.model.values import Ctid
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.procedures import PROCEDURES
from vzvirt.rpc.xdr import Struct
from vzvirt.server.broker import MOST, Broker
from vzvirt.server.client import Client
from vzvirt.server.eventmessages import KINDS, Topic
from vzvirt.server.peer import Peer
from vzvirt.server.stream import Stream

UUID_1, UUID_2 = UUID(int=1), UUID(int=2)
ON = Subject(Ctid(101), "web", UUID_1, True)
OFF = Subject(Ctid(101), "web", UUID_1, False)
WIRE_ON = remote.NonnullDomain("web", UUID_1.bytes, 101)
WIRE_OFF = remote.NonnullDomain("web", UUID_1.bytes, -1)


class Ear(Client):
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(Peer(address="unix"), read_only=True, encrypted=False)
        self.heard: list[tuple[str, Struct]] = []

    def send_event(self, procedure: int, payload: bytes) -> None:
        kind = PROCEDURES[procedure].event
        assert kind is not None
        self.heard.append((PROCEDURES[procedure].name, kind.decode(payload)))

    def enable_keepalive(self) -> None:
        raise AssertionError

    def open_stream(self, procedure: int, serial: int) -> Stream:
        raise AssertionError

    def call_soon(self, function: Callable[[], None]) -> None:
        raise AssertionError


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def ear() -> Ear:
    return Ear()


NETWORK = remote.NonnullNetwork("lab", UUID_2.bytes)
POOL = remote.NonnullStoragePool("templates", UUID_2.bytes)
DEVICE = remote.NonnullNodeDevice("net_eth0")

SENT = [
    (
        LifecycleEvent(OFF, Lifecycle.STOPPED_BY_KILL),
        (Topic.DOMAIN, 0),
        "domain_event_callback_lifecycle",
        remote.DomainEventCallbackLifecycleMsg(0, remote.DomainEventLifecycleMsg(WIRE_OFF, 5, 1)),
    ),
    (
        Rebooted(ON),
        (Topic.DOMAIN, 1),
        "domain_event_callback_reboot",
        remote.DomainEventCallbackRebootMsg(0, remote.DomainEventRebootMsg(WIRE_ON)),
    ),
    (
        ControlFailed(ON),
        (Topic.DOMAIN, 7),
        "domain_event_callback_control_error",
        remote.DomainEventCallbackControlErrorMsg(0, remote.DomainEventControlErrorMsg(WIRE_ON)),
    ),
    (
        DeviceRemoved(ON, "net1"),
        (Topic.DOMAIN, 15),
        "domain_event_callback_device_removed",
        remote.DomainEventCallbackDeviceRemovedMsg(
            0, remote.DomainEventDeviceRemovedMsg(WIRE_ON, "net1")
        ),
    ),
    (
        DeviceAdded(ON, "net1"),
        (Topic.DOMAIN, 19),
        "domain_event_callback_device_added",
        remote.DomainEventCallbackDeviceAddedMsg(0, WIRE_ON, "net1"),
    ),
    (
        MetadataChanged(OFF, MetadataKind.ELEMENT, "http://x/y"),
        (Topic.DOMAIN, 23),
        "domain_event_callback_metadata_change",
        remote.DomainEventCallbackMetadataChangeMsg(0, WIRE_OFF, 2, "http://x/y"),
    ),
    (
        NetworkEvent("lab", UUID_2, NetworkLifecycle.STARTED),
        (Topic.NETWORK, 0),
        "network_event_lifecycle",
        remote.NetworkEventLifecycleMsg(0, NETWORK, 2, 0),
    ),
    (
        PoolRefreshed("templates", UUID_2),
        (Topic.POOL, 1),
        "storage_pool_event_refresh",
        remote.StoragePoolEventRefreshMsg(0, POOL),
    ),
    (
        NodeDeviceEvent("net_eth0", NodeDeviceLifecycle.DELETED),
        (Topic.DEVICE, 0),
        "node_device_event_lifecycle",
        remote.NodeDeviceEventLifecycleMsg(0, DEVICE, 1, 0),
    ),
    (
        NodeDeviceUpdated("net_eth0"),
        (Topic.DEVICE, 1),
        "node_device_event_update",
        remote.NodeDeviceEventUpdateMsg(0, DEVICE),
    ),
]


@pytest.mark.parametrize(("event", "wish", "procedure", "message"), SENT)
def test_what_is_sent(
    broker: Broker,
    ear: Ear,
    event: Event,
    wish: tuple[Topic, int],
    procedure: str,
    message: Struct,
) -> None:
    assert broker.register(ear, *wish) == 0
    broker.publish([event])
    assert ear.heard == [(procedure, message)]


def test_every_kind_of_event_can_be_asked_for_and_none_beyond(broker: Broker, ear: Ear) -> None:
    numbers = [
        broker.register(ear, topic, kind)
        for topic, count in KINDS.items()
        for kind in range(count)
    ]
    assert numbers == list(range(27 + 1 + 2 + 2 + 2)), "numbers are unique within a connection"
    for topic, count in KINDS.items():
        for kind in (-1, count):
            with pytest.raises(errors.InvalidArgument, match=f"no {topic.value} event"):
                broker.register(ear, topic, kind)


def test_each_registration_is_told_by_its_number(broker: Broker, ear: Ear) -> None:
    for _ in range(3):
        broker.register(ear, Topic.DOMAIN, 1)
    broker.deregister(ear, Topic.DOMAIN, 1)
    broker.publish([Rebooted(ON)])
    told = [message for _, message in ear.heard]
    inner = remote.DomainEventRebootMsg(WIRE_ON)
    assert told == [remote.DomainEventCallbackRebootMsg(number, inner) for number in (0, 2)]
    assert broker.register(ear, Topic.DOMAIN, 1) == 3, "no number comes again"


def test_one_object_alone_can_be_asked_for(broker: Broker, ear: Ear) -> None:
    broker.register(ear, Topic.DOMAIN, 0, UUID_1.bytes)
    broker.register(ear, Topic.DEVICE, 0, "net_eth1")
    other = Subject(Ctid(102), "db", UUID_2, True)
    broker.publish(
        [
            LifecycleEvent(other, Lifecycle.BOOTED),
            LifecycleEvent(ON, Lifecycle.BOOTED),
            NodeDeviceEvent("net_eth0", NodeDeviceLifecycle.CREATED),
            NodeDeviceEvent("net_eth1", NodeDeviceLifecycle.CREATED),
        ]
    )
    assert [name for name, _ in ear.heard] == [
        "domain_event_callback_lifecycle",
        "node_device_event_lifecycle",
    ]


def test_order_is_kept(broker: Broker, ear: Ear) -> None:
    broker.register(ear, Topic.DOMAIN, 0)
    broker.register(ear, Topic.DOMAIN, 1)
    changes = [Lifecycle.BOOTED, Lifecycle.CRASHED, Lifecycle.STOPPED_BY_CRASH]
    events: list[Event] = [LifecycleEvent(ON, change) for change in changes]
    broker.publish([*events[:1], Rebooted(ON), *events[1:]])
    words = [name.removeprefix("domain_event_callback_") for name, _ in ear.heard]
    assert words == ["lifecycle", "reboot", "lifecycle", "lifecycle"]


def test_clients_know_nothing_of_each_other(broker: Broker) -> None:
    one, other = Ear(), Ear()
    assert broker.register(one, Topic.DOMAIN, 1) == broker.register(other, Topic.DOMAIN, 1) == 0
    broker.deregister(one, Topic.DOMAIN, 0)
    broker.publish([Rebooted(ON)])
    assert (len(one.heard), len(other.heard)) == (0, 1)


def test_a_client_that_leaves_takes_all_along(broker: Broker, ear: Ear) -> None:
    broker.register(ear, Topic.DOMAIN, 1)
    broker.register_old(ear, 1)
    assert broker.wants(Topic.DOMAIN)
    assert not broker.wants(Topic.DEVICE)
    ear.let_go()
    assert not broker.wants(Topic.DOMAIN)
    broker.publish([Rebooted(ON)])
    assert ear.heard == []


def test_a_client_that_has_left_can_want_nothing(broker: Broker, ear: Ear) -> None:
    ear.gone = True
    with pytest.raises(errors.OperationFailed, match="gone"):
        broker.register(ear, Topic.DEVICE, 0)
    assert not broker.wants(Topic.DEVICE)


def test_a_client_that_is_dropped_while_it_is_told(broker: Broker) -> None:
    class Deaf(Ear):
        def send_event(self, procedure: int, payload: bytes) -> None:
            del procedure, payload
            self.let_go()

    deaf, ear = Deaf(), Ear()
    broker.register(deaf, Topic.DOMAIN, 1)
    broker.register(ear, Topic.DOMAIN, 1)
    broker.publish([Rebooted(ON)])
    assert len(ear.heard) == 1


@pytest.mark.parametrize("topic", [Topic.NETWORK, Topic.DOMAIN])
def test_only_what_is_registered_can_be_given_back(broker: Broker, ear: Ear, topic: Topic) -> None:
    number = broker.register(ear, Topic.POOL, 0)
    with pytest.raises(errors.InvalidArgument, match=f"{topic.value} event callback {number}"):
        broker.deregister(ear, topic, number)
    broker.deregister(ear, Topic.POOL, number)
    with pytest.raises(errors.InvalidArgument):
        broker.deregister(ear, Topic.POOL, number)


def test_a_client_may_not_have_any_number_of_registrations(broker: Broker, ear: Ear) -> None:
    for _ in range(MOST):
        broker.register(ear, Topic.DOMAIN, 0)
    with pytest.raises(errors.OperationFailed):
        broker.register(ear, Topic.DOMAIN, 0)
    broker.deregister(ear, Topic.DOMAIN, 0)
    broker.register(ear, Topic.DOMAIN, 0)


def test_the_old_style_has_no_numbers(broker: Broker, ear: Ear) -> None:
    for kind in (0, 1, 7, 15):
        broker.register_old(ear, kind)
    broker.publish(
        [
            LifecycleEvent(ON, Lifecycle.BOOTED),
            Rebooted(ON),
            ControlFailed(ON),
            DeviceRemoved(ON, "net1"),
            DeviceAdded(ON, "net1"),
        ]
    )
    assert ear.heard == [
        ("domain_event_lifecycle", remote.DomainEventLifecycleMsg(WIRE_ON, 2, 0)),
        ("domain_event_reboot", remote.DomainEventRebootMsg(WIRE_ON)),
        ("domain_event_control_error", remote.DomainEventControlErrorMsg(WIRE_ON)),
        ("domain_event_device_removed", remote.DomainEventDeviceRemovedMsg(WIRE_ON, "net1")),
    ]


def test_the_old_style_has_each_kind_once(broker: Broker, ear: Ear) -> None:
    broker.register_old(ear, 0)
    with pytest.raises(errors.InvalidArgument, match="registered already"):
        broker.register_old(ear, 0)
    broker.deregister_old(ear, 0)
    with pytest.raises(errors.InvalidArgument, match="not registered"):
        broker.deregister_old(ear, 0)
    with pytest.raises(errors.InvalidArgument, match="no domain event 16"):
        broker.register_old(ear, 16)
