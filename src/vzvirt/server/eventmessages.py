"""Events as messages of the protocol: which procedure sends each, and what is in it.

Pure. There are two styles. In the new one a message begins with the number that the client's
registration got. In the old one, of clients that never ask for the new, there is no such number,
and there are only some of the events.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from vzvirt.model.event import (
    ControlFailed,
    DeviceAdded,
    DeviceRemoved,
    Event,
    LifecycleEvent,
    MetadataChanged,
    NetworkEvent,
    NodeDeviceEvent,
    NodeDeviceUpdated,
    PoolRefreshed,
    Rebooted,
    Subject,
)
from vzvirt.rpc.protocol import constants, remote
from vzvirt.rpc.protocol.procedures import BY_NAME
from vzvirt.rpc.xdr import Struct

_NUMBER: Final = 4
"""Bytes that a registration's number takes at the beginning of a message."""


class Topic(enum.Enum):
    """What events are about."""

    DOMAIN = "domain"
    NETWORK = "network"
    POOL = "storage pool"
    DEVICE = "node device"
    SECRET = "secret"  # noqa: S105  # a kind of object


KINDS: Final[Mapping[Topic, int]] = MappingProxyType(
    {
        Topic.DOMAIN: constants.VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE + 1,
        Topic.NETWORK: constants.VIR_NETWORK_EVENT_ID_LIFECYCLE + 1,
        Topic.POOL: constants.VIR_STORAGE_POOL_EVENT_ID_REFRESH + 1,
        Topic.DEVICE: constants.VIR_NODE_DEVICE_EVENT_ID_UPDATE + 1,
        Topic.SECRET: constants.VIR_SECRET_EVENT_ID_VALUE_CHANGED + 1,
    }
)
"""How many kinds of events clients may ask for, whether or not they ever happen here."""

OLD_KINDS: Final = constants.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED + 1
"""How many kinds of events of containers there are in the old style."""

Key = bytes | str
"""What a client names if it wants the events of one object: its UUID, or a device's name."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event, ready to be sent to any number of clients.

    Attributes:
        kind: The number of its kind within the topic.
        key: The object that it is about.
        procedure: What sends it in the new style.
        body: What follows the registration's number.
        old: Procedure and payload in the old style; ``None``: it does not exist there.
    """

    topic: Topic
    kind: int
    key: Key
    procedure: int
    body: bytes
    old: tuple[int, bytes] | None = None


def message(event: Event) -> Message:
    """The message that tells of an event."""
    return MESSAGES[type(event)](event)


def _domain(subject: Subject) -> remote.NonnullDomain:
    number = int(subject.ctid) if subject.active else -1
    return remote.NonnullDomain(subject.name, subject.uuid.bytes, number)


def _two_styles(subject: Subject, kind: int, name: str, inner: Struct) -> Message:
    """An event that is in the new style what it is in the old, behind a number."""
    payload = inner.encode()
    return Message(
        Topic.DOMAIN,
        kind,
        subject.uuid.bytes,
        BY_NAME[f"domain_event_callback_{name}"].number,
        payload,
        (BY_NAME[f"domain_event_{name}"].number, payload),
    )


def _new_style(topic: Topic, kind: int, key: Key, name: str, whole: Struct) -> Message:
    """An event of the new style alone; ``whole`` has any number in front."""
    return Message(topic, kind, key, BY_NAME[name].number, whole.encode()[_NUMBER:])


# -- containers --------------------------------------------------------------------------


def _lifecycle(event: LifecycleEvent) -> Message:
    change = event.change
    inner = remote.DomainEventLifecycleMsg(_domain(event.subject), change.event, change.detail)
    return _two_styles(event.subject, constants.VIR_DOMAIN_EVENT_ID_LIFECYCLE, "lifecycle", inner)


def _rebooted(event: Rebooted) -> Message:
    inner = remote.DomainEventRebootMsg(_domain(event.subject))
    return _two_styles(event.subject, constants.VIR_DOMAIN_EVENT_ID_REBOOT, "reboot", inner)


def _control_failed(event: ControlFailed) -> Message:
    inner = remote.DomainEventControlErrorMsg(_domain(event.subject))
    kind = constants.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR
    return _two_styles(event.subject, kind, "control_error", inner)


def _device_removed(event: DeviceRemoved) -> Message:
    inner = remote.DomainEventDeviceRemovedMsg(_domain(event.subject), event.alias)
    kind = constants.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED
    return _two_styles(event.subject, kind, "device_removed", inner)


def _device_added(event: DeviceAdded) -> Message:
    return _new_style(
        Topic.DOMAIN,
        constants.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
        event.subject.uuid.bytes,
        "domain_event_callback_device_added",
        remote.DomainEventCallbackDeviceAddedMsg(0, _domain(event.subject), event.alias),
    )


def _metadata_changed(event: MetadataChanged) -> Message:
    return _new_style(
        Topic.DOMAIN,
        constants.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
        event.subject.uuid.bytes,
        "domain_event_callback_metadata_change",
        remote.DomainEventCallbackMetadataChangeMsg(
            0, _domain(event.subject), int(event.kind), event.namespace
        ),
    )


# -- networks, pools, devices ------------------------------------------------------------


def _network(event: NetworkEvent) -> Message:
    network = remote.NonnullNetwork(event.name, event.uuid.bytes)
    return _new_style(
        Topic.NETWORK,
        constants.VIR_NETWORK_EVENT_ID_LIFECYCLE,
        event.uuid.bytes,
        "network_event_lifecycle",
        remote.NetworkEventLifecycleMsg(0, network, int(event.change), 0),
    )


def _pool_refreshed(event: PoolRefreshed) -> Message:
    pool = remote.NonnullStoragePool(event.name, event.uuid.bytes)
    return _new_style(
        Topic.POOL,
        constants.VIR_STORAGE_POOL_EVENT_ID_REFRESH,
        event.uuid.bytes,
        "storage_pool_event_refresh",
        remote.StoragePoolEventRefreshMsg(0, pool),
    )


def _device(event: NodeDeviceEvent) -> Message:
    return _new_style(
        Topic.DEVICE,
        constants.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
        event.name,
        "node_device_event_lifecycle",
        remote.NodeDeviceEventLifecycleMsg(
            0, remote.NonnullNodeDevice(event.name), int(event.change), 0
        ),
    )


def _device_updated(event: NodeDeviceUpdated) -> Message:
    return _new_style(
        Topic.DEVICE,
        constants.VIR_NODE_DEVICE_EVENT_ID_UPDATE,
        event.name,
        "node_device_event_update",
        remote.NodeDeviceEventUpdateMsg(0, remote.NonnullNodeDevice(event.name)),
    )


MESSAGES: Final[Mapping[type, Callable[[Any], Message]]] = MappingProxyType(
    {
        LifecycleEvent: _lifecycle,
        Rebooted: _rebooted,
        ControlFailed: _control_failed,
        DeviceRemoved: _device_removed,
        DeviceAdded: _device_added,
        MetadataChanged: _metadata_changed,
        NetworkEvent: _network,
        PoolRefreshed: _pool_refreshed,
        NodeDeviceEvent: _device,
        NodeDeviceUpdated: _device_updated,
    }
)
"""How each kind of event is told."""
