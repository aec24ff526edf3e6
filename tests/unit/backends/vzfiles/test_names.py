"""The links from names to configs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.vzfiles.names import NameLinks, ctid_of_config
from vzvirt.model.values import Ctid

CTID = Ctid(101)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("101.conf", 101),
        ("1.conf", 1),
        ("2147483644.conf", 2147483644),
        ("0.conf", None),
        ("0101.conf", None),
        ("101.conf.destroyed", None),
        ("101.conf~", None),
        (".101.conf.new", None),
        ("2147483645.conf", None),
        ("99999999999.conf", None),
        ("vz.conf", None),
        ("ve-basic.conf-sample", None),
        ("\u0661\u0660\u0661.conf", None),
    ],
)
def test_which_files_are_configs(name: str, number: int | None) -> None:
    assert ctid_of_config(name) == number


def test_a_link_is_as_vzctl_writes_it(tmp_path: Path) -> None:
    links = NameLinks(tmp_path / "names")
    config = tmp_path / "conf/101.conf"
    links.add("web", CTID, config)
    links.add("web", CTID, config)
    assert (tmp_path / "names/web").readlink() == config
    assert links.target("web") == CTID


def test_one_container_has_one_link(tmp_path: Path) -> None:
    links = NameLinks(tmp_path)
    links.add("other", Ctid(102), Path("/etc/vz/conf/102.conf"))
    links.add("old", CTID, Path("/etc/vz/conf/101.conf"))
    links.add("new", CTID, Path("/etc/vz/conf/101.conf"))
    (tmp_path / ".101.new").symlink_to("/etc/vz/conf/101.conf")  # as a killed command leaves it
    links.prune(CTID, keep="new")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["new", "other"]
    links.prune(CTID, keep=None)
    assert [item.name for item in tmp_path.iterdir()] == ["other"]


def test_a_link_of_a_moved_tree_is_put_right(tmp_path: Path) -> None:
    (tmp_path / "web").symlink_to("/elsewhere/conf/101.conf")
    links = NameLinks(tmp_path)
    assert links.target("web") == CTID
    links.add("web", CTID, tmp_path / "101.conf")
    assert (tmp_path / "web").readlink() == tmp_path / "101.conf"


def test_a_file_in_the_way_is_kept(tmp_path: Path) -> None:
    (tmp_path / "web").write_text("somebody's")
    with pytest.raises(errors.Conflict, match="is no link"):
        NameLinks(tmp_path).check("web")
    assert (tmp_path / "web").read_text() == "somebody's"


@pytest.mark.parametrize("name", ["", ".", "..", "../names/web", "/etc", "a\0b", "gone"])
def test_odd_names_lead_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "names").mkdir()
    links = NameLinks(tmp_path / "names")
    links.add("web", CTID, Path("/etc/vz/conf/101.conf"))
    assert links.target(name) is None


def test_no_folder_no_names(tmp_path: Path) -> None:
    links = NameLinks(tmp_path / "names")
    assert links.target("web") is None
    links.prune(CTID, keep=None)
    assert not (tmp_path / "names").exists()
