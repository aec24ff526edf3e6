"""Who wants to know of which events, and telling them.

State: the registrations of all clients, on the loop. A client's go with its connection. What
waits for a client that does not read is bounded by its session, which drops it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from vzvirt import errors
from vzvirt.model.event import Event
from vzvirt.server.client import Client
from vzvirt.server.eventmessages import KINDS, OLD_KINDS, Key, Message, Topic, message

MOST: Final = 4096
"""Registrations that one client may have."""

_NUMBER: Final = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class _Registration:
    """One client's wish.

    Attributes:
        number: What the client knows it by; ``None``: it is of the old style.
        kind: The number of a kind of event within the topic.
        key: The only object that it is about; ``None``: all.
    """

    client: Client
    number: int | None
    topic: Topic
    kind: int
    key: Key | None


class _Wishes:
    """What one client wants."""

    __slots__ = ("next_number", "numbered", "old")

    def __init__(self) -> None:
        self.next_number = 0
        self.numbered: dict[int, _Registration] = {}
        self.old: dict[int, _Registration] = {}


class Broker:
    """All registrations.

    Attributes:
        prepare: Called in a worker thread once somebody wants to know of a topic: whoever looks
            for events of it has to know how things are before he can tell how they change.
    """

    def __init__(self) -> None:
        """Nobody wants anything yet."""
        self.prepare: Callable[[Topic], None] = lambda _topic: None
        self._clients: dict[Client, _Wishes] = {}
        self._wanted: dict[tuple[Topic, int, Key | None], dict[_Registration, None]] = {}

    def wants(self, topic: Topic) -> bool:
        """Whether anybody wants to know of a topic; any thread may ask."""
        return any(wanted[0] is topic for wanted in list(self._wanted))

    # -- registering --------------------------------------------------------------------

    def register(self, client: Client, topic: Topic, kind: int, key: Key | None = None) -> int:
        """Have a client told of a kind of event.

        Args:
            client: Who wants it.
            topic: What the events are about.
            kind: The number of the kind of event.
            key: The only object it wants to know of.

        Returns:
            The number that its messages begin with.

        Raises:
            InvalidArgument: There is no such kind.
            OperationFailed: The client has as many registrations as it may, or is gone.
        """
        _check_kind(topic, kind, KINDS[topic])
        wishes = self._wishes(client)
        if len(wishes.numbered) >= MOST:
            raise errors.OperationFailed(
                f"this client has {MOST} registrations for events, and may not have more",
                hint="give back those that are not needed any more",
            )
        number = wishes.next_number
        wishes.next_number = (number + 1) & 0x7FFFFFFF
        registration = _Registration(client, number, topic, kind, key)
        wishes.numbered[number] = registration
        self._add(registration)
        return number

    def deregister(self, client: Client, topic: Topic, number: int) -> None:
        """Tell a client no more of what a registration was for.

        Raises:
            InvalidArgument: It has no such registration.
        """
        numbered = self._wishes(client).numbered
        registration = numbered.get(number)
        if registration is None or registration.topic is not topic:
            raise errors.InvalidArgument(
                f"{topic.value} event callback {number} is not registered"
            )
        del numbered[number]
        self._remove(registration)

    def register_old(self, client: Client, kind: int) -> None:
        """Have a client told of a kind of event of all containers, in the old style.

        Raises:
            InvalidArgument: There is no such kind, or it is told of it already.
        """
        _check_kind(Topic.DOMAIN, kind, OLD_KINDS)
        old = self._wishes(client).old
        if kind in old:
            raise errors.InvalidArgument(f"domain event {kind} is registered already")
        old[kind] = registration = _Registration(client, None, Topic.DOMAIN, kind, None)
        self._add(registration)

    def deregister_old(self, client: Client, kind: int) -> None:
        """Tell a client no more of a kind of event, in the old style.

        Raises:
            InvalidArgument: There is no such kind, or it is not told of it.
        """
        _check_kind(Topic.DOMAIN, kind, OLD_KINDS)
        registration = self._wishes(client).old.pop(kind, None)
        if registration is None:
            raise errors.InvalidArgument(f"domain event {kind} is not registered")
        self._remove(registration)

    def _wishes(self, client: Client) -> _Wishes:
        if client.gone:  # while a worker thread had its call
            raise errors.OperationFailed("the client is gone")
        wishes = self._clients.get(client)
        if wishes is None:
            wishes = self._clients[client] = _Wishes()
            client.on_close(lambda: self._forget(client))
        return wishes

    def _forget(self, client: Client) -> None:
        wishes = self._clients.pop(client, None)
        if wishes is not None:
            for registration in (*wishes.numbered.values(), *wishes.old.values()):
                self._remove(registration)

    def _add(self, registration: _Registration) -> None:
        wanted = (registration.topic, registration.kind, registration.key)
        self._wanted.setdefault(wanted, {})[registration] = None

    def _remove(self, registration: _Registration) -> None:
        wanted = (registration.topic, registration.kind, registration.key)
        registrations = self._wanted[wanted]
        del registrations[registration]
        if not registrations:
            del self._wanted[wanted]

    # -- telling ------------------------------------------------------------------------

    def publish(self, events: Iterable[Event]) -> None:
        """Tell of events, in this order, all those who want to know."""
        if not self._wanted:
            return
        for event in events:
            self._tell(message(event))

    def _tell(self, told: Message) -> None:
        for key in (None, told.key):
            # Sending may drop a client, and its registrations with it.
            for registration in list(self._wanted.get((told.topic, told.kind, key), ())):
                if registration.number is not None:
                    payload = _NUMBER.pack(registration.number) + told.body
                    registration.client.send_event(told.procedure, payload)
                elif told.old is not None:
                    registration.client.send_event(*told.old)


def _check_kind(topic: Topic, kind: int, count: int) -> None:
    if not 0 <= kind < count:
        raise errors.InvalidArgument(f"there is no {topic.value} event {kind}")
