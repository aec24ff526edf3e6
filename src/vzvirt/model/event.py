"""What happened: one value for each kind of event that clients can be told of.

Lifecycle events carry libvirt's numbers (``virDomainEventType`` and the detail types that go with
it). Each event names its subject as it was at that moment, since its name may be another's by the
time that somebody reads of it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID

from vzvirt.model.values import Ctid

# -- containers --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subject:
    """The container that an event tells of.

    Attributes:
        active: Whether it had processes once this had happened.
    """

    ctid: Ctid
    name: str
    uuid: UUID
    active: bool


class Lifecycle(enum.Enum):
    """What can happen to a container as a whole: (event, detail) in libvirt's numbers."""

    DEFINED = (0, 0)
    REDEFINED = (0, 1)
    GOT_NAME = (0, 2)
    UNDEFINED = (1, 0)
    LOST_NAME = (1, 1)
    BOOTED = (2, 0)
    PAUSED = (3, 0)
    UNPAUSED = (4, 0)
    STOPPED_BY_SHUTDOWN = (5, 0)
    STOPPED_BY_KILL = (5, 1)
    STOPPED_BY_CRASH = (5, 2)
    STOPPED_BY_FAILURE = (5, 5)
    WAS_SHUT_DOWN = (6, 0)
    SHUT_ITSELF_DOWN = (6, 1)
    SHUT_DOWN_AS_ASKED = (6, 2)
    CRASHED = (8, 0)

    @property
    def event(self) -> int:
        """virDomainEventType."""
        return self.value[0]

    @property
    def detail(self) -> int:
        """The detail type that goes with it, such as virDomainEventStoppedDetailType."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """A container's definition or run began, ended or changed."""

    subject: Subject
    change: Lifecycle


@dataclass(frozen=True, slots=True)
class Rebooted:
    """A container has booted anew within its run."""

    subject: Subject


@dataclass(frozen=True, slots=True)
class ControlFailed:
    """A container runs, but what holds it does not answer any more."""

    subject: Subject


class MetadataKind(enum.IntEnum):
    """Which of the notes in a definition (virDomainMetadataType)."""

    DESCRIPTION = 0
    TITLE = 1
    ELEMENT = 2


@dataclass(frozen=True, slots=True)
class MetadataChanged:
    """A note in a container's definition was changed.

    Attributes:
        namespace: URI of an ``ELEMENT``'s XML namespace, else ``None``.
    """

    subject: Subject
    kind: MetadataKind
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceAdded:
    """A running container got a device."""

    subject: Subject
    alias: str


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """A running container lost a device."""

    subject: Subject
    alias: str


DomainEvent = (
    LifecycleEvent | Rebooted | ControlFailed | MetadataChanged | DeviceAdded | DeviceRemoved
)
"""Whatever can happen to a container."""

# -- networks, pools, devices ------------------------------------------------------------


class NetworkLifecycle(enum.IntEnum):
    """What can happen to a virtual network (virNetworkEventLifecycleType)."""

    DEFINED = 0
    UNDEFINED = 1
    STARTED = 2
    STOPPED = 3


@dataclass(frozen=True, slots=True)
class NetworkEvent:
    """A virtual network's definition or run began, ended or changed."""

    name: str
    uuid: UUID
    change: NetworkLifecycle


@dataclass(frozen=True, slots=True)
class PoolRefreshed:
    """What is in a storage pool has changed."""

    name: str
    uuid: UUID


class NodeDeviceLifecycle(enum.IntEnum):
    """What can happen to a device of the host (virNodeDeviceEventLifecycleType)."""

    CREATED = 0
    DELETED = 1


@dataclass(frozen=True, slots=True)
class NodeDeviceEvent:
    """A device of the host came or went."""

    name: str
    change: NodeDeviceLifecycle


@dataclass(frozen=True, slots=True)
class NodeDeviceUpdated:
    """A device of the host is not what it was."""

    name: str


HostEvent = NetworkEvent | PoolRefreshed | NodeDeviceEvent | NodeDeviceUpdated
"""Whatever can happen to what containers share."""

Event = DomainEvent | HostEvent
"""Whatever can happen."""
