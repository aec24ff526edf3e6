"""Notes of unfinished work: ``var/lib/vzvirt/journal/CTID``, one JSON object each.

A note is durable before its work begins and goes when the work is finished or undone. Whoever
finds one whose container's lock is free knows that a command died in the middle. A note that
cannot be read (we write them atomically, so somebody else damaged it) is left alone.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Final

from vzvirt.model.values import Ctid
from vzvirt.ports.journal import JournalEntry
from vzvirt.system.files import (
    discard_draft,
    make_folder,
    mapping_os_errors,
    sync_folder,
    write_atomic,
)
from vzvirt.system.root import Root

_NOTE: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_DRAFT: Final = re.compile(r"\.[1-9][0-9]{0,9}\.new", re.ASCII)


class FileJournal:
    """The journal of one installation; implements ``ports.journal.Journal``."""

    def __init__(self, root: Root) -> None:
        self._folder = root.path("var/lib/vzvirt/journal")

    def begin(self, entry: JournalEntry) -> None:
        """Note that work begins; durable when this returns."""
        import json

        note = json.dumps({"work": entry.work, "details": dict(entry.details)}, indent=1)
        make_folder(self._folder)
        write_atomic(self._folder / str(entry.ctid), note.encode() + b"\n", 0o600)

    def done(self, ctid: Ctid) -> None:
        """The work is finished or undone; no error if there is no note."""
        finishing = mapping_os_errors(f"finish the note on container {ctid}")
        with finishing, contextlib.suppress(FileNotFoundError):
            (self._folder / str(ctid)).unlink()
            sync_folder(self._folder)

    def pending(self) -> list[JournalEntry]:
        """All notes, by CTID; what a killed writer left of one that never stood is removed."""
        try:
            found = list(self._folder.iterdir())
        except FileNotFoundError:
            return []
        for draft in found:
            if _DRAFT.fullmatch(draft.name):
                discard_draft(draft)
        notes = [note for note in found if _NOTE.fullmatch(note.name)]
        entries = [entry for note in notes if (entry := _read(note)) is not None]
        return sorted(entries, key=lambda entry: entry.ctid)


def _read(note: Path) -> JournalEntry | None:
    import json

    try:
        content = json.loads(note.read_bytes())
        details = {str(key): str(value) for key, value in content["details"].items()}
        return JournalEntry(ctid=Ctid(note.name), work=str(content["work"]), details=details)
    except FileNotFoundError:
        return None  # finished meanwhile
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
