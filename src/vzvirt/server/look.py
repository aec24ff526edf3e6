"""One look at a container: what its files and processes say. Any thread may look."""

from __future__ import annotations

from dataclasses import dataclass

from vzvirt.manager.looks import Looks
from vzvirt.model.state import Observation
from vzvirt.model.values import Ctid
from vzvirt.ports.store import Imprint, IndexEntry
from vzvirt.server.entry import Entry


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen.

    Attributes:
        before: What was known of it when the look began.
        index: Who it is; ``None``: there is no such container.
        observation: How it stands; of one that is gone, how it ended.
        imprint: Its stored definition.
        live_imprint: What it runs by.
    """

    before: Entry | None
    index: IndexEntry | None
    observation: Observation
    imprint: Imprint | None
    live_imprint: Imprint | None

    @property
    def is_news(self) -> bool:
        """Whether anything is not as it was."""
        before = self.before
        if before is None or self.index is None:
            return before is not None or self.index is not None
        return (
            before.index.revision != self.index.revision or before.observation != self.observation
        )


def look_at(looks: Looks, ctid: Ctid, before: Entry | None) -> Look:
    """Look at a container; of definitions that are what they were, the imprints stay.

    Raises:
        VzvirtError: It cannot be looked at.
    """
    index = looks.entry(ctid)
    observation = looks.observe(ctid)
    if before is not None and index is not None and before.index.revision == index.revision:
        imprint, live = before.imprint, before.live_imprint
    elif index is not None:
        imprint, live = looks.imprint(ctid), looks.imprint(ctid, live=True)
    else:
        imprint = live = None
    return Look(before, index, observation, imprint, live)
