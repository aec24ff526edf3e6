"""What is heard of volumes that others change."""

from __future__ import annotations

from pathlib import Path

from vzvirt import errors
from vzvirt.backends.storage.watching import PoolWatch
from vzvirt.ports.watch import Changes


def test_each_pool_is_heard_of_by_its_name(tmp_path: Path) -> None:
    cache, private = tmp_path / "cache", tmp_path / "private"
    cache.mkdir()
    private.mkdir()
    watch = PoolWatch(lambda: {"templates": cache, "private": private}, tmp_path / "etc/vz.conf")
    try:
        (cache / ".draft").write_text("half")
        assert watch.changes() == Changes()
        (cache / ".draft").rename(cache / "debian.tar.gz")
        assert watch.changes() == Changes(pools=frozenset({"templates"}))
        (private / "101").mkdir()
        assert watch.changes() == Changes(pools=frozenset({"private"}))
        private.rename(tmp_path / "aside")
        assert watch.changes() == Changes(pools=frozenset({"private"}))
    finally:
        watch.close()


def test_pools_that_move_are_heard_of_where_they_are(tmp_path: Path) -> None:
    cache, old, new = (tmp_path / name for name in ("cache", "old", "new"))
    settings = tmp_path / "etc/vz.conf"
    for folder in (cache, old, settings.parent):
        folder.mkdir()
    pools = {"templates": cache, "private": old}

    def find() -> dict[str, Path]:
        if settings.exists() and not settings.read_text():
            raise errors.ConfigSyntax("nothing in it")
        return pools

    watch = PoolWatch(find, settings)
    try:
        (settings.parent / "other.conf").write_text("x")
        assert watch.changes() == Changes()
        pools = {"templates": cache, "private": new}
        settings.write_text("VE_PRIVATE=...")
        assert watch.changes() == Changes(pools=frozenset({"private"}))
        (old / "101").mkdir()
        assert watch.changes() == Changes()
        new.mkdir()
        (new / "101").mkdir()
        assert watch.changes() == Changes(pools=frozenset({"private"}))
        settings.write_text("")
        assert watch.changes() == Changes()
        (new / "102").mkdir()
        assert watch.changes() == Changes(pools=frozenset({"private"}))
    finally:
        watch.close()
