"""All containers at a glance, for the loop: read from files once, then kept up with them.

State: an entry for each container; entries are never changed, only exchanged. What the kernel
says of changed files (``heed``) makes those entries due. Reading an entry that is due looks at the
container first, and so does, in small portions, the loop when it has time (``keep_up``). So what
somebody changed before he asked is in the answer, and thousands of changes at once hold up nobody
who asks for one container.

Whenever an entry is exchanged, the events that follow from the difference are told; whoever is
told finds the new entry. Definitions are not kept: of each there is only an imprint, to know what
has changed when it does.

Everything here is for the loop's own thread, but for what entries themselves offer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.manager.events import settled
from vzvirt.manager.looks import Looks
from vzvirt.model.domain import Domain
from vzvirt.model.event import ControlFailed, DomainEvent
from vzvirt.model.values import CTID_MAX, Ctid
from vzvirt.ports.watch import Changes
from vzvirt.server.differences import Differences, subject
from vzvirt.server.entry import Entry
from vzvirt.server.expected import Expected
from vzvirt.server.look import Look, look_at
from vzvirt.server.memo import Memo

LOG: Final = logging.getLogger(__name__)

MODELS: Final = 256
"""Definitions kept at most."""

TEXTS: Final = 32 << 20
"""Bytes of what was made of entries that are kept at most."""

FACTS: Final = 8 << 20
"""The same for what is small, which so is not driven out by a client that reads every text."""

SMALL: Final = 256
"""Bytes of what counts as small; some more are taken by the keeping."""

HOLD: Final = 1.0
"""Seconds for which a call that changes a container spares the loop from looking at it."""

_AGAIN: Final = 1.0
"""Seconds until a container that could not be looked at is looked at again."""

Tell = Callable[[Sequence[DomainEvent]], None]


class Snapshot:
    """All containers.

    Args:
        looks: Looks at them.
        tell: Gets the events.

    Attributes:
        listen: Called before entries are read; hands what is new to ``heed``.
    """

    def __init__(self, looks: Looks, tell: Tell) -> None:
        self._looks = looks
        self._teller = tell
        self.listen: Callable[[], None] = lambda: None
        self._differences = Differences(looks)
        self._expected: set[Expected] = set()
        self._entries: dict[Ctid, Entry] = {}
        self._sorted: list[Entry] | None = None
        self._by_name: dict[str, Ctid] = {}
        self._by_uuid: dict[int, Ctid] = {}
        self._due: dict[Ctid, None] = {}
        self._held: dict[Ctid, float] = {}
        self._looking: set[Ctid] = set()
        self._later: dict[Ctid, float] = {}
        self._failing: set[Ctid] = set()
        self._unsettled: dict[Ctid, None] = {}
        self._unimprinted: list[Ctid] = []
        self._models: Memo[Domain] = Memo(MODELS, lambda _domain: 1)
        self._texts: Memo[bytes] = Memo(TEXTS, len)
        self._facts: Memo[bytes] = Memo(FACTS, lambda fact: len(fact) + SMALL)

    def load(self) -> None:
        """Look at all containers for the first time; nothing is told."""
        index = self._looks.index()
        observations = self._looks.observe_all([entry.ctid for entry in index])
        for item, observation in zip(index, observations, strict=True):
            self._put(Entry(self, item, observation, settled(None, observation)))
        self._unimprinted = [item.ctid for item in reversed(index)]

    # -- reading ------------------------------------------------------------------------

    def by_uuid(self, uuid: bytes) -> Entry:
        """The container with a UUID.

        Raises:
            NoDomain: There is none.
        """
        number = int.from_bytes(uuid, "big")
        found = self._fresh(lambda: self._by_uuid.get(number))
        if found is None:
            raise errors.NoDomain(f"no domain with matching uuid '{UUID(bytes=uuid)}'")
        return found

    def by_name(self, name: str) -> Entry:
        """The container of a name.

        Raises:
            NoDomain: There is none.
        """
        found = self._fresh(lambda: self._by_name.get(name))
        if found is None:
            raise errors.NoDomain(f"no domain with matching name '{name[:140]}'")
        return found

    def by_id(self, number: int) -> Entry:
        """The container of a number, whether or not it runs.

        Raises:
            NoDomain: There is none.
        """
        found = None
        if 1 <= number <= CTID_MAX:
            ctid = Ctid(number)
            found = self._fresh(lambda: ctid)
        if found is None:
            raise errors.NoDomain(f"no domain with matching id {number}")
        return found

    def entries(self) -> Sequence[Entry]:
        """All containers, by CTID."""
        self.listen()
        while self._due:
            self.refresh(next(iter(self._due)))
        if self._sorted is None:
            self._sorted = [self._entries[ctid] for ctid in sorted(self._entries)]
        return self._sorted

    def has(self, ctid: Ctid) -> bool:
        """Whether there is an entry, however old."""
        return ctid in self._entries

    def standing(self, *, active: bool) -> list[Ctid]:
        """Containers that run, or that do not, as far as is known without a look."""
        return [
            ctid for ctid, entry in self._entries.items() if entry.observation.is_active is active
        ]

    def unsettled(self) -> list[Ctid]:
        """Containers that have ended and left something that nobody has cleared away yet."""
        return list(self._unsettled)

    def _fresh(self, find: Callable[[], Ctid | None]) -> Entry | None:
        """An entry as it is by now."""
        self.listen()
        ctid = find()
        if ctid in self._due:
            self.refresh(ctid)
            ctid = find()
        while self._due and (ctid is None or ctid not in self._entries):
            # It may be one that is new, or has another name now.
            self.refresh(next(iter(self._due)))
            ctid = find()
        return self._entries.get(ctid) if ctid is not None else None

    # -- what was made of entries -------------------------------------------------------

    def domain(self, entry: Entry, *, live: bool) -> Domain:
        """See ``Entry.domain``."""
        ctid = entry.ctid
        return self._models.get((ctid, live), entry, lambda: self._looks.domain(ctid, live=live))

    def effective(self, entry: Entry) -> Domain:
        """See ``Entry.effective``."""
        return self._models.get(
            (entry.ctid, "effective"), entry, lambda: self._looks.effective(entry.domain())
        )

    def kept(self, entry: Entry, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """See ``Entry.kept``."""
        key = (entry.ctid, key)
        for memo in (self._facts, self._texts):
            found = memo.find(key, entry)
            if found is not None:
                return found
        # Texts are forgotten before facts, so whoever began before that has an old number.
        era = self._facts.era
        made = make()
        return (self._facts if len(made) <= SMALL else self._texts).put(key, entry, made, era)

    @property
    def era(self) -> int:
        """What changes when definitions take effect otherwise, though they are what they were."""
        return self._facts.era

    # -- keeping up ---------------------------------------------------------------------

    def heed(self, changes: Changes) -> None:
        """Have what may have changed looked at before it is read."""
        self._due.update(dict.fromkeys(changes.containers))
        if changes.everything:
            self._due.update(dict.fromkeys(self._entries))
            self._due.update(dict.fromkeys(self._looks.ctids()))
        if changes.defaults:
            self._models.clear()
            self._texts.clear()
            self._facts.clear()

    def keep_up(self, seconds: float) -> bool:
        """Look at what is due, for a moment.

        Returns:
            Whether there is more to do.
        """
        now = time.monotonic()
        for ctid in [ctid for ctid, when in self._later.items() if when <= now]:
            del self._later[ctid]
            self._due[ctid] = None
        end = now + seconds
        while (due := self._next_due(now)) is not None or self._unimprinted:
            if due is not None:
                self.refresh(due)
            else:
                self._take_imprint(self._unimprinted.pop())
            if time.monotonic() >= end:
                break
        return self._next_due(now) is not None or bool(self._unimprinted)

    def _next_due(self, now: float) -> Ctid | None:
        """One that is due, and not in the hands of a call."""
        return next((ctid for ctid in self._due if self._held.get(ctid, now) <= now), None)

    def refresh(self, ctid: Ctid) -> Entry | None:
        """Look at a container now, and tell what must have happened to it.

        Returns:
            Its entry; ``None``: there is none any more.
        """
        self._due.pop(ctid, None)
        self._looking.discard(ctid)
        try:
            entry = self._take(ctid, look_at(self._looks, ctid, self._entries.get(ctid)))
        except errors.VzvirtError as error:
            self._failed(ctid, error)
            return self._entries.get(ctid)
        self._failing.discard(ctid)
        return entry

    # -- calls that change containers ---------------------------------------------------

    def hold(self, ctid: Ctid) -> None:
        """Leave a container's many changes during a call alone, unless somebody reads its entry.

        Not for longer than ``HOLD``: of what happens in a long call clients are told meanwhile.
        """
        self._held[ctid] = time.monotonic() + HOLD

    def hear(self, ctid: Ctid) -> None:
        """The call is done, and a look is going to be taken for ``release``."""
        self.listen()
        self._due.pop(ctid, None)
        self._looking.add(ctid)

    def look(self, ctid: Ctid) -> Look | None:
        """Look at a container, in any thread; ``None``: it cannot be looked at."""
        try:
            return look_at(self._looks, ctid, self._entries.get(ctid))
        except errors.VzvirtError:
            return None

    def release(self, ctid: Ctid, look: Look | None) -> None:
        """Take over what was seen, unless there is news or somebody else has looked since."""
        self._held.pop(ctid, None)
        self.listen()
        if look is None or ctid in self._due or ctid not in self._looking:
            self.refresh(ctid)
        else:
            self._looking.discard(ctid)
            self._failing.discard(ctid)
            self._take(ctid, look)

    # -- telling ------------------------------------------------------------------------

    def expect(self, expected: Expected) -> None:
        """Note what is told from now on of what a call is about to do."""
        self._expected.add(expected)

    def fulfil(self, expected: Expected, ctid: Ctid | None) -> None:
        """Look at the container that a call was about, and tell what was not told of it yet.

        Args:
            expected: What ``expect`` was called with.
            ctid: The container; ``None``: the call has failed.
        """
        try:
            entry = self.refresh(ctid) if ctid is not None else None
        finally:
            self._expected.discard(expected)
        if entry is not None:
            self._tell(expected.missing(subject(entry)))

    def _tell(self, events: Sequence[DomainEvent]) -> None:
        for expected in self._expected:
            expected.hear(events)
        if events:
            self._teller(events)

    def _failed(self, ctid: Ctid, error: errors.VzvirtError) -> None:
        """A container could not be looked at; say so once, and try again."""
        self._later[ctid] = time.monotonic() + _AGAIN
        entry = self._entries.get(ctid)
        if ctid in self._failing:
            return
        self._failing.add(ctid)
        LOG.warning("container %s cannot be looked at: %s", ctid, error)
        if entry is not None and entry.told.is_active:
            self._tell([ControlFailed(subject(entry))])

    def _take(self, ctid: Ctid, look: Look) -> Entry | None:
        """Keep what was seen, and tell what must have happened."""
        before, index, observation = look.before, look.index, look.observation
        if not look.is_news:
            return before
        if index is None:
            if before is not None:
                # How it ended is remembered longer than itself.
                events = self._differences.vanished(before, observation)
                self._remove(before)
                self._tell(events)
            return None
        told = settled(before.told if before else None, observation)
        entry = Entry(self, index, observation, told, look.imprint, look.live_imprint)
        events = self._differences.events(before, entry)
        self._put(entry)
        self._tell(events)
        return entry

    def _take_imprint(self, ctid: Ctid) -> None:
        """Keep what a definition is, unless it is not any more what its entry says."""
        entry = self._entries.get(ctid)
        if entry is None or (entry.imprint is not None and entry.live_imprint is not None):
            return
        try:
            imprint, live = self._looks.imprint(ctid), self._looks.imprint(ctid, live=True)
            index = self._looks.entry(ctid)
        except errors.VzvirtError:
            return  # whoever looks at it next will say why
        if index is not None and index.revision == entry.index.revision:
            entry.imprint, entry.live_imprint = imprint, live

    # -- the tables ---------------------------------------------------------------------

    def _put(self, entry: Entry) -> None:
        ctid = entry.ctid
        before = self._entries.get(ctid)
        if before is not None and before.index is not entry.index:
            self._remove(before)
        self._entries[ctid] = entry
        if entry.observation.unsettled:
            self._unsettled[ctid] = None
        else:
            self._unsettled.pop(ctid, None)
        self._sorted = None
        self._by_name.setdefault(entry.name, ctid)
        self._by_uuid.setdefault(entry.index.uuid.int, ctid)

    def _remove(self, entry: Entry) -> None:
        """Take an entry out; where others had its name or UUID too, one of them is found now."""
        ctid = entry.ctid
        del self._entries[ctid]
        self._unsettled.pop(ctid, None)
        self._sorted = None
        if self._by_name.get(entry.name) == ctid:
            del self._by_name[entry.name]
        if self._by_uuid.get(entry.index.uuid.int) == ctid:
            del self._by_uuid[entry.index.uuid.int]
        if len(self._by_name) < len(self._entries) or len(self._by_uuid) < len(self._entries):
            for other in self._entries.values():
                self._by_name.setdefault(other.name, other.ctid)
                self._by_uuid.setdefault(other.index.uuid.int, other.ctid)


__all__ = ["Entry", "Snapshot"]
