"""Notes of unfinished work outlive their writer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vzvirt.backends.vzfiles.journal import FileJournal
from vzvirt.model.values import Ctid
from vzvirt.ports.journal import Journal, JournalEntry
from vzvirt.system.root import Root


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return FileJournal(Root(tmp_path))


def test_a_note_stays_until_it_is_done(journal: Journal) -> None:
    entry = JournalEntry(ctid=Ctid(102), work="provision", details={"area": 'a "b"\n\u20ac'})
    first = JournalEntry(ctid=Ctid(101), work="undefine")
    assert journal.pending() == []
    journal.begin(entry)
    journal.begin(first)
    assert journal.pending() == [first, entry]
    journal.done(entry.ctid)
    journal.done(entry.ctid)
    assert journal.pending() == [first]


def test_a_later_note_replaces_an_earlier_one(journal: Journal) -> None:
    journal.begin(JournalEntry(ctid=Ctid(101), work="provision"))
    later = JournalEntry(ctid=Ctid(101), work="undefine", details={"remove": "yes"})
    journal.begin(later)
    assert journal.pending() == [later]


def test_done_without_a_note(journal: Journal) -> None:
    journal.done(Ctid(101))


def test_another_process_reads_it(journal: Journal, tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from vzvirt.backends.vzfiles.journal import FileJournal\n"
        "from vzvirt.model.values import Ctid\n"
        "from vzvirt.ports.journal import JournalEntry\n"
        "from vzvirt.system.root import Root\n"
        "journal = FileJournal(Root(Path(sys.argv[1])))\n"
        "journal.begin(JournalEntry(ctid=Ctid(7), work='resize', details={'to': '5'}))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    died = subprocess.run([sys.executable, "-c", script, tmp_path], check=False)
    assert died.returncode == -9
    assert journal.pending() == [JournalEntry(ctid=Ctid(7), work="resize", details={"to": "5"})]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"work": 1}', b"\xff\xff", b"null"])
def test_damaged_and_foreign_files_are_left_alone(
    journal: Journal, tmp_path: Path, damage: bytes
) -> None:
    journal.begin(JournalEntry(ctid=Ctid(101), work="start"))
    folder = tmp_path / "var/lib/vzvirt/journal"
    for name in ("102", "README", ".103.new", "0104", "9999999999"):
        (folder / name).write_bytes(damage)
    assert [entry.ctid for entry in journal.pending()] == [101]
    assert (folder / "102").exists()


def test_a_note_that_never_stood_goes(journal: Journal, tmp_path: Path) -> None:
    journal.begin(JournalEntry(ctid=Ctid(101), work="start"))
    draft = tmp_path / "var/lib/vzvirt/journal/.102.new"
    draft.write_bytes(b'{"wor')
    assert [entry.ctid for entry in journal.pending()] == [101]
    assert not draft.exists()
