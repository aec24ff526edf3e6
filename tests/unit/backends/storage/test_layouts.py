from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.backends import storage
from vzvirt.backends.storage import ext4, image
from vzvirt.system.root import Root


def test_each_layout_stands_under_its_own_name(tmp_path: Path) -> None:
    table = storage.layouts(Root(tmp_path))
    assert {name: layout.abilities.name for name, layout in table.items()} == {
        "simfs": "simfs",
        "image": "image",
    }


def test_growing_live_is_promised_only_where_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = storage.ImageLayout(Root(tmp_path))
    for able in (True, False):
        monkeypatch.setattr(ext4, "grows_mounted", lambda able=able: able)
        assert layout.abilities.grows_live is able


def test_a_host_without_the_tools_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "which", lambda name: None if name == "mke2fs" else f"/{name}")
    unusable = storage.ImageLayout(Root(tmp_path)).abilities.unusable
    assert unusable == "mke2fs not installed (package e2fsprogs)"
    monkeypatch.setattr(image, "which", lambda name: f"/{name}")
    if Path("/dev/loop-control").exists():
        assert image._unusable() is None
