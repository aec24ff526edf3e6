"""A config and its sidecar change as one, whenever their writer dies."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.vzfiles import pair as module
from vzvirt.backends.vzfiles.pair import PairFiles
from vzvirt.model.values import Ctid

CTID = Ctid(101)


def both(pairs: PairFiles) -> tuple[bytes, bytes] | None:
    found = pairs.read(CTID)
    return None if found is None else (found.config, found.sidecar)


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


@pytest.fixture
def pairs(tmp_path: Path) -> PairFiles:
    return PairFiles(tmp_path / "conf")


def test_there_and_back(pairs: PairFiles) -> None:
    assert both(pairs) is None
    pairs.write(CTID, b"config", b"sidecar")
    assert both(pairs) == (b"config", b"sidecar")
    assert names(pairs.folder) == ["101.conf", "101.vzvirt.xml"]
    pairs.write(CTID, b"config", b"")
    assert both(pairs) == (b"config", b"")
    assert names(pairs.folder) == ["101.conf"]
    pairs.delete(CTID)
    pairs.delete(CTID)
    assert both(pairs) is None
    assert names(pairs.folder) == []


def test_only_what_differs_is_written(pairs: PairFiles) -> None:
    pairs.write(CTID, b"config", b"sidecar")
    stamps = [path.stat().st_ino for path in (pairs.config(CTID), pairs.sidecar(CTID))]
    pairs.write(CTID, b"config", b"sidecar")
    assert stamps == [path.stat().st_ino for path in (pairs.config(CTID), pairs.sidecar(CTID))]


def test_the_revision_tells_every_change(pairs: PairFiles) -> None:
    assert pairs.revision(CTID) is None
    pairs.write(CTID, b"config", b"")
    seen = {pairs.revision(CTID)}
    for config, sidecar in ((b"other!", b""), (b"other!", b"one"), (b"both", b"two")):
        pairs.write(CTID, config, sidecar)
        assert pairs.revision(CTID) not in seen
        seen.add(pairs.revision(CTID))


def test_a_link_to_a_config_elsewhere_stays(pairs: PairFiles, tmp_path: Path) -> None:
    pairs.folder.mkdir()
    real = tmp_path / "real.conf"
    real.write_bytes(b"old")
    real.chmod(0o600)
    pairs.config(CTID).symlink_to("../real.conf")
    pairs.write(CTID, b"new", b"")
    assert pairs.config(CTID).is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o7777 == 0o600


class Killed(BaseException):
    """What stands for SIGKILL here: no code of ours catches it."""


OLD = (b"old config", b"old sidecar")
NEW = (b"new config", b"new sidecar")


@pytest.mark.parametrize("first", [None, OLD, (b"old config", b"")], ids=["new", "old", "bare"])
@pytest.mark.parametrize("after", range(8))
def test_dying_between_any_two_writes(
    pairs: PairFiles,
    monkeypatch: pytest.MonkeyPatch,
    first: tuple[bytes, bytes] | None,
    after: int,
) -> None:
    """Each write and each removal is the last one once; then the next command goes on."""
    if first is not None:
        pairs.write(CTID, *first)
    writes = 0

    def last_words() -> None:
        nonlocal writes
        if writes == after:
            raise Killed
        writes += 1

    real_write, real_unlink = module.write_atomic, PairFiles._unlink
    with monkeypatch.context() as patch:
        patch.setattr(module, "write_atomic", lambda *args: (last_words(), real_write(*args)))
        patch.setattr(
            PairFiles, "_unlink", lambda self, path: (last_words(), real_unlink(self, path))
        )
        try:
            pairs.write(CTID, *NEW)
        except Killed:
            finished = False
        else:
            finished = True
    assert both(pairs) in ((NEW,) if finished else (first, NEW))
    seen = both(pairs)
    pairs.settle(CTID)
    assert both(pairs) == seen, "what was read before the repair is what stands after it"
    assert not (pairs.folder / "101.vzvirt.next").exists()
    pairs.write(CTID, b"third config", b"third sidecar")
    assert both(pairs) == (b"third config", b"third sidecar")


def test_a_disk_that_fills_up_after_the_change_is_made(
    pairs: PairFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new definition counts already, so its author is not told otherwise."""
    pairs.write(CTID, *OLD)

    def full(*_args: object) -> None:
        raise errors.NoSpace("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(PairFiles, "_write_sidecar", full)
        pairs.write(CTID, *NEW)
        assert both(pairs) == NEW
        with pytest.raises(errors.NoSpace):
            pairs.write(CTID, *OLD)
        assert both(pairs) == NEW
    pairs.settle(CTID)
    assert both(pairs) == NEW
    assert names(pairs.folder) == ["101.conf", "101.vzvirt.xml"]


def test_an_aborted_next_does_not_come_true_later(pairs: PairFiles) -> None:
    """Its config is written after all, but by somebody who wants another sidecar."""
    pairs.write(CTID, *OLD)
    digest = hashlib.sha256(b"new config").hexdigest().encode()
    (pairs.folder / "101.vzvirt.next").write_bytes(digest + b"\nsidecar that never was")
    pairs.write(CTID, b"new config", OLD[1])
    assert both(pairs) == (b"new config", OLD[1])


def test_a_damaged_next_counts_for_nothing(pairs: PairFiles) -> None:
    pairs.write(CTID, *OLD)
    for damage in (b"", b"\xff\xfe", b"nonsense\nsidecar"):
        (pairs.folder / "101.vzvirt.next").write_bytes(damage)
        assert both(pairs) == OLD
        pairs.settle(CTID)
        assert names(pairs.folder) == ["101.conf", "101.vzvirt.xml"]


def test_readers_never_see_half_a_change(pairs: PairFiles) -> None:
    versions = [(b"config %d" % number, b"sidecar %d" % number) for number in range(3)]
    pairs.write(CTID, *versions[0])
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            for version in versions:
                pairs.write(CTID, *version)

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        seen = {both(pairs) for _ in range(150)}
        end = time.monotonic() + 10
        while len(seen) < len(versions) and time.monotonic() < end:
            seen.add(both(pairs))
    finally:
        stop.set()
        writer.join()
    assert seen == set(versions)
