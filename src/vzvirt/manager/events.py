"""What must have happened between two looks at a container, a network, a pool or a device.

Pure: two views go in, events come out, in the order in which libvirt's own drivers send them. So
events never depend on who caused a change (a client of ours, a command in another process, the
kernel, the guest itself), and nobody has to remember to report one. What came and went between
two looks is told too as long as it left a trace: a run that ended and another that began, a boot
in between, a pause that was lifted again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from vzvirt.model.devices import Filesystem, HostDevice, Interface
from vzvirt.model.domain import Domain
from vzvirt.model.event import (
    DeviceAdded,
    DeviceRemoved,
    DomainEvent,
    Lifecycle,
    LifecycleEvent,
    MetadataChanged,
    MetadataKind,
    NetworkEvent,
    NetworkLifecycle,
    NodeDeviceEvent,
    NodeDeviceLifecycle,
    NodeDeviceUpdated,
    Rebooted,
    Subject,
)
from vzvirt.model.nodedev import NodeDevice
from vzvirt.model.state import DomainState, Observation, Reason
from vzvirt.model.values import Ctid

Namespaces = Callable[[str], str]
"""Gives the namespace of an element below ``<metadata>``."""

_ENDINGS: Final[Mapping[Reason, tuple[Lifecycle, ...]]] = MappingProxyType(
    {
        Reason.SHUT_DOWN: (Lifecycle.SHUT_DOWN_AS_ASKED, Lifecycle.STOPPED_BY_SHUTDOWN),
        Reason.POWERED_OFF: (Lifecycle.SHUT_ITSELF_DOWN, Lifecycle.STOPPED_BY_SHUTDOWN),
        Reason.KILLED: (Lifecycle.STOPPED_BY_KILL,),
        Reason.DIED: (Lifecycle.CRASHED, Lifecycle.STOPPED_BY_CRASH),
        Reason.OUT_OF_MEMORY: (Lifecycle.CRASHED, Lifecycle.STOPPED_BY_CRASH),
        Reason.KEPT_ENDING: (Lifecycle.CRASHED, Lifecycle.STOPPED_BY_CRASH),
        Reason.FAILED_TO_START: (Lifecycle.STOPPED_BY_FAILURE,),
        Reason.HOST_STOPPED: (Lifecycle.WAS_SHUT_DOWN, Lifecycle.STOPPED_BY_SHUTDOWN),
    }
)
"""What is told of the end of a run. The first of two is told while it still counts as active."""

_UNSEEN_END: Final = (Lifecycle.STOPPED_BY_KILL,)
"""The end of a run that left no reason, as of one that was undefined at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A definition as far as events tell of it.

    Attributes:
        metadata: Elements below ``<metadata>``, by their namespace.
        devices: What it has, by alias.
        rest: All else that is part of the definition.
    """

    title: str
    description: str
    metadata: Mapping[str, str]
    devices: Mapping[str, object]
    rest: Domain

    def note(self, kind: MetadataKind, namespace: str | None) -> str | None:
        """One of its notes."""
        if kind is MetadataKind.ELEMENT:
            return self.metadata.get(namespace or "")
        return self.title if kind is MetadataKind.TITLE else self.description


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One container at one moment.

    Attributes:
        stored: Its stored definition; ``None``: it is transient.
        live: What it runs by; ``None``: it does not run, or nobody knows.
        observation: How it stands; see ``settled``.
    """

    ctid: Ctid
    name: str
    uuid: UUID
    stored: Described | None
    live: Described | None
    observation: Observation

    def subject(self, *, active: bool | None = None) -> Subject:
        """The container, for an event."""
        is_active = self.observation.is_active if active is None else active
        return Subject(self.ctid, self.name, self.uuid, is_active)


def settled(before: Observation | None, now: Observation) -> Observation:
    """How a container stands for events: between two boots it is as it was before.

    While it starts it is still off, and while it reboots it still runs.
    """
    if not now.is_active or now.init_pid is not None:
        return now
    if before is None:
        return Observation(ctid=now.ctid, reason=Reason.NEVER_STARTED)
    if not before.is_active or before.run == now.run:
        return before
    return Observation(ctid=now.ctid, reason=now.previous_end or Reason.KILLED, run=before.run)


def described(domain: Domain, namespaces: Namespaces) -> Described:
    """What events tell of a definition."""
    return Described(
        title=domain.title or "",
        description=domain.description or "",
        metadata={namespaces(element): element for element in domain.metadata},
        devices=dict(_devices(domain)),
        rest=dataclasses.replace(
            domain,
            title=None,
            description=None,
            metadata=(),
            autostart=None,
            provisioned=False,
            idmap_shifted=False,
            openvz=dataclasses.replace(domain.openvz, layout=None),
        ),
    )


def _devices(domain: Domain) -> Iterator[tuple[str, object]]:
    """Devices by alias; what tells one from another is in its value, not in its alias."""
    for alias, device in domain.devices.items():
        match device:
            case Interface():
                yield alias, (device.kind, device.guest_name, device.mac)
            case Filesystem():
                yield alias, (device.kind, device.target)
            case HostDevice():
                yield alias, (device.kind, device.name, device.address)


# -- containers --------------------------------------------------------------------------


def difference(before: View | None, after: View | None) -> list[DomainEvent]:
    """What happened to a container between two looks; ``None``: there was no such container."""
    if before is None:
        return list(_appeared(after)) if after is not None else []
    if after is None:
        return list(_vanished(before))
    if before.uuid != after.uuid:
        return [*_vanished(before), *_appeared(after)]
    return [
        *_definition_changes(before, after),
        *_note_changes(before, after),
        *_run_changes(before, after),
        *_device_changes(before, after),
    ]


def _appeared(after: View) -> Iterator[DomainEvent]:
    if after.stored is not None:
        yield LifecycleEvent(after.subject(active=False), Lifecycle.DEFINED)
    never = Observation(ctid=after.ctid, reason=Reason.NEVER_STARTED)
    yield from _run_changes(dataclasses.replace(after, observation=never), after)


def _vanished(before: View) -> Iterator[DomainEvent]:
    if before.observation.is_active:
        asked = before.observation.reason is Reason.SHUTTING_DOWN
        yield from _ending(before, _ENDINGS[Reason.SHUT_DOWN] if asked else _UNSEEN_END)
    if before.stored is not None:
        yield LifecycleEvent(before.subject(active=False), Lifecycle.UNDEFINED)


def _definition_changes(before: View, after: View) -> Iterator[DomainEvent]:
    active = before.observation.is_active
    subject = after.subject(active=active)
    if before.name != after.name:
        yield LifecycleEvent(before.subject(active=active), Lifecycle.LOST_NAME)
        yield LifecycleEvent(subject, Lifecycle.GOT_NAME)
    if before.stored is None:
        if after.stored is not None:
            yield LifecycleEvent(subject, Lifecycle.DEFINED)
    elif after.stored is None:
        yield LifecycleEvent(subject, Lifecycle.UNDEFINED)
    elif _unnamed(before.stored) != _unnamed(after.stored):
        yield LifecycleEvent(subject, Lifecycle.REDEFINED)


def _unnamed(described: Described) -> Domain:
    return dataclasses.replace(described.rest, name="unnamed")


def _note_changes(before: View, after: View) -> Iterator[DomainEvent]:
    """Changed notes; one that was changed in both definitions is told once."""
    subject = after.subject(active=before.observation.is_active)
    changed: dict[tuple[MetadataKind, str | None], None] = {}
    for old, new in ((before.live, after.live), (before.stored, after.stored)):
        if old is not None and new is not None:
            changed |= dict.fromkeys(_changed_notes(old, new))
    for kind, namespace in changed:
        yield MetadataChanged(subject, kind, namespace)


def _changed_notes(old: Described, new: Described) -> Iterator[tuple[MetadataKind, str | None]]:
    if old.description != new.description:
        yield MetadataKind.DESCRIPTION, None
    if old.title != new.title:
        yield MetadataKind.TITLE, None
    for namespace in {**old.metadata, **new.metadata}:
        if old.metadata.get(namespace) != new.metadata.get(namespace):
            yield MetadataKind.ELEMENT, namespace


def _run_changes(before: View, after: View) -> Iterator[DomainEvent]:
    was, now = before.observation, after.observation
    if was.run == now.run and (was.is_active or not now.is_active):
        if was.is_active and now.is_active:
            yield from _within_run(was, after)
        elif was.is_active:
            yield from _ending(after, _ENDINGS.get(now.reason, _UNSEEN_END))
        return
    # Another run: the one before has ended, whether or not that was seen.
    if was.is_active:
        unseen = now.previous_end
        yield from _ending(after, _ENDINGS.get(unseen, _UNSEEN_END) if unseen else _UNSEEN_END)
    if now.is_active:
        yield LifecycleEvent(after.subject(), Lifecycle.BOOTED)
        if now.reason is Reason.REBOOTED_FROM_INSIDE:
            yield Rebooted(after.subject())
        yield from _pauses(None, now, after.subject())
    elif now.reason not in {Reason.FAILED_TO_START, Reason.NEVER_STARTED}:
        yield LifecycleEvent(after.subject(active=True), Lifecycle.BOOTED)
        yield from _ending(after, _ENDINGS.get(now.reason, _UNSEEN_END))


def _ending(view: View, ending: Iterable[Lifecycle]) -> Iterator[DomainEvent]:
    *first, last = ending
    for change in first:
        yield LifecycleEvent(view.subject(active=True), change)
    yield LifecycleEvent(view.subject(active=False), last)


def _within_run(was: Observation, after: View) -> Iterator[DomainEvent]:
    now, subject = after.observation, after.subject()
    if (was.init_pid, was.started_at) != (now.init_pid, now.started_at):
        yield Rebooted(subject)
        was = dataclasses.replace(was, reason=Reason.BOOTED, unpaused_at=None)
    yield from _pauses(was, now, subject)


def _pauses(was: Observation | None, now: Observation, subject: Subject) -> Iterator[DomainEvent]:
    paused = was is not None and was.state is DomainState.PAUSED
    lifted_at = was.unpaused_at if was is not None else None
    if now.unpaused_at != lifted_at and now.unpaused_at is not None:
        if not paused:
            yield LifecycleEvent(subject, Lifecycle.PAUSED)
        yield LifecycleEvent(subject, Lifecycle.UNPAUSED)
        paused = False
    if paused is not (now.state is DomainState.PAUSED):
        yield LifecycleEvent(subject, Lifecycle.UNPAUSED if paused else Lifecycle.PAUSED)


def _device_changes(before: View, after: View) -> Iterator[DomainEvent]:
    """Devices that came or went within one run."""
    was, now = before.observation, after.observation
    if not (was.is_active and now.is_active and was.run == now.run):
        return
    if before.live is None or after.live is None:
        return
    old, new = before.live.devices, after.live.devices
    kept, there = set(new.values()), set(old.values())
    for alias, device in old.items():
        if device not in kept:
            yield DeviceRemoved(after.subject(), alias)
    for alias, device in new.items():
        if device not in there:
            yield DeviceAdded(after.subject(), alias)


# -- networks ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkView:
    """One virtual network at one moment.

    Attributes:
        stored: What differs whenever its persistent definition does; ``None``: it has none.
        active: Whether it runs.
        beginning: Whether it does not, but is noted to: it may be about to.
    """

    name: str
    uuid: UUID
    stored: object | None
    active: bool
    beginning: bool = False


def network_difference(
    before: Mapping[str, NetworkView], after: Mapping[str, NetworkView]
) -> list[NetworkEvent]:
    """What happened to networks between two looks; both by name."""
    events: list[NetworkEvent] = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is not None and new is not None and old.uuid != new.uuid:
            changes = [(old, change) for change in _network_changes(old, None)]
            changes += [(new, change) for change in _network_changes(None, new)]
        else:
            changes = [
                (view, change)
                for view in (new or old,)
                if view is not None
                for change in _network_changes(old, new)
            ]
        events += [NetworkEvent(view.name, view.uuid, change) for view, change in changes]
    return events


def _network_changes(
    old: NetworkView | None, new: NetworkView | None
) -> Iterator[NetworkLifecycle]:
    was_stored, is_stored = (view.stored if view else None for view in (old, new))
    was_active, is_active = (view is not None and view.active for view in (old, new))
    if is_stored is not None and was_stored != is_stored:
        yield NetworkLifecycle.DEFINED
    if is_active and not was_active:
        yield NetworkLifecycle.STARTED
    if was_active and not is_active:
        yield NetworkLifecycle.STOPPED
    if was_stored is not None and is_stored is None:
        yield NetworkLifecycle.UNDEFINED


# -- devices of the host -----------------------------------------------------------------


def device_difference(
    before: Mapping[str, NodeDevice], after: Mapping[str, NodeDevice]
) -> list[NodeDeviceEvent | NodeDeviceUpdated]:
    """What happened to the host's devices between two looks; both by name, parents first."""
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    changed = [name for name, new in after.items() if name in before and before[name] != new]
    return [
        *(NodeDeviceEvent(name, NodeDeviceLifecycle.DELETED) for name in reversed(gone)),
        *(NodeDeviceEvent(name, NodeDeviceLifecycle.CREATED) for name in come),
        *(NodeDeviceUpdated(name) for name in changed),
    ]
