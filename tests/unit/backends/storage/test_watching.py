"""What is heard of volumes that others change."""

from __future__ import annotations

from pathlib import Path

from vzvirt.backends.storage.watching import PoolWatch
from vzvirt.ports.watch import Changes


def test_each_pool_is_heard_of_by_its_name(tmp_path: Path) -> None:
    cache, private = tmp_path / "cache", tmp_path / "private"
    cache.mkdir()
    private.mkdir()
    watch = PoolWatch({"templates": cache, "private": private})
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
