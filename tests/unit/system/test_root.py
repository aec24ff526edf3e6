"""Everything is under one prefix, and nothing gets out from under it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.system.root import Root


def test_the_default_is_the_hosts_own_root() -> None:
    root = Root.from_environment({})
    assert root.prefix == Path("/")
    assert root.path("etc/vz") == Path("/etc/vz")
    assert root.within("/vz/private/101") == Path("/vz/private/101")
    assert root.tag == ""


def test_a_prefix_stands_before_every_path(tmp_path: Path) -> None:
    root = Root.from_environment({"VZVIRT_ROOT": str(tmp_path)})
    assert root.path("etc/vz") == tmp_path / "etc/vz"
    assert root.within(Path("/vz/private/101")) == tmp_path / "vz/private/101"


@pytest.mark.parametrize("path", ["/../../etc", "../etc", "/vz/../../etc", "//etc/."])
def test_dots_do_not_lead_above_the_prefix(tmp_path: Path, path: str) -> None:
    assert Root(tmp_path).within(path) == tmp_path / "etc"


def test_one_folder_has_one_tag_however_it_is_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to("here")
    monkeypatch.chdir(tmp_path)
    spellings = ["here", "link", f"{tmp_path}/here/", f"{tmp_path}/link/../here"]
    tags = {Root.from_environment({"VZVIRT_ROOT": spelling}).tag for spelling in spellings}
    assert len(tags) == 1
    assert len(tags.pop()) == 6


def test_two_folders_have_two_tags(tmp_path: Path) -> None:
    assert Root(tmp_path / "a").tag != Root(tmp_path / "b").tag
