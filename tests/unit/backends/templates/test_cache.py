from __future__ import annotations

import os
from pathlib import Path

import pytest

from unit.backends.templates import archives
from unit.backends.templates.archives import folder, member
from vzvirt import errors
from vzvirt.backends.templates import CachedTemplates
from vzvirt.model.progress import no_progress
from vzvirt.model.values import IdMap
from vzvirt.system.root import Root


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "vz/template/cache"


@pytest.fixture
def templates(tmp_path: Path) -> CachedTemplates:
    return CachedTemplates(Root(tmp_path), tmp_path / "vz/template")


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_an_empty_cache_says_how_to_fill_it(templates: CachedTemplates) -> None:
    assert templates.templates() == []
    with pytest.raises(errors.NoTemplate, match="'web' is not in") as caught:
        templates.find("web")
    assert "vzvirt template build busybox" in (caught.value.hint or "")


def test_of_one_name_vzctls_first_is_taken(templates: CachedTemplates, cache: Path) -> None:
    cache.mkdir(parents=True)
    for suffix, kind in (
        (".tar.zst", "zstd"),
        (".tar.xz", "xz"),
        (".tar.gz", "gzip"),
        (".tar", ""),
    ):
        archives.write(cache / f"web{suffix}", compression=kind)
        assert templates.find("web").compression == kind
        assert [found.compression for found in templates.templates()] == [kind]


def test_a_missing_template_lists_those_there(templates: CachedTemplates, cache: Path) -> None:
    cache.mkdir(parents=True)
    for name in ("b.tar.gz", "a.tar", ".hidden.part", ".tar", "notes.txt"):
        archives.write(cache / name)
    (cache / "folder.tar").mkdir()
    assert [template.name for template in templates.templates()] == ["a", "b"]
    with pytest.raises(errors.NoTemplate) as caught:
        templates.find("c")
    assert caught.value.hint == "there are: a, b"


@pytest.mark.parametrize("name", ["", "../cache/a", "/etc/passwd", ".part"])
def test_a_name_is_no_path(templates: CachedTemplates, cache: Path, name: str) -> None:
    cache.mkdir(parents=True)
    archives.write(cache / "a.tar")
    with pytest.raises(errors.NoTemplate):
        templates.find(name)


@pytest.mark.parametrize("compression", archives.COMPRESS)
def test_an_import_is_named_by_its_content(
    templates: CachedTemplates, tmp_path: Path, compression: str
) -> None:
    source = archives.write(tmp_path / "misleading.tar.xz", compression=compression)
    found = templates.import_archive(source, "web-1", no_progress)
    assert found.compression == compression
    assert found.path.read_bytes() == source.read_bytes()
    assert templates.find("web-1") == found
    folder = tmp_path / "root"
    folder.mkdir()
    templates.unpack(found, folder, IdMap(), no_progress)
    assert (folder / "etc/os-release").exists()


def test_a_name_that_is_taken_is_kept(
    templates: CachedTemplates, cache: Path, tmp_path: Path
) -> None:
    cache.mkdir(parents=True)
    archives.write(cache / "web.tar.xz", compression="xz")
    with pytest.raises(errors.Conflict, match=r"web\.tar\.xz"):
        templates.import_archive(archives.write(tmp_path / "a"), "web", no_progress)
    assert names(cache) == ["web.tar.xz"]


@pytest.mark.parametrize(
    "members",
    [[member("../evil")], [folder("etc")], [folder("x")]],
    ids=["escape", "no shell", "no root"],
)
def test_a_bad_import_leaves_nothing(
    templates: CachedTemplates, cache: Path, tmp_path: Path, members: list[archives.Member]
) -> None:
    with pytest.raises(errors.OperationFailed):
        templates.import_archive(archives.write(tmp_path / "a", members), "web", no_progress)
    assert names(cache) == []


def test_a_cut_import_leaves_nothing(
    templates: CachedTemplates, cache: Path, tmp_path: Path
) -> None:
    source = archives.write(tmp_path / "a", compression="gzip")
    os.truncate(source, source.stat().st_size - 4)
    with pytest.raises(errors.OperationFailed, match="cut short"):
        templates.import_archive(source, "web", no_progress)
    assert names(cache) == []


def test_importing_what_is_no_file(templates: CachedTemplates, tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "none"):
        with pytest.raises(errors.InvalidArgument, match="is no file"):
            templates.import_archive(source, "web", no_progress)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "-x", "a b", "x" * 200])
def test_names_that_would_be_trouble(
    templates: CachedTemplates, tmp_path: Path, name: str
) -> None:
    with pytest.raises(errors.InvalidArgument, match="not usable"):
        templates.import_archive(archives.write(tmp_path / "a"), name, no_progress)


def test_a_build_replaces_what_had_the_name(templates: CachedTemplates, cache: Path) -> None:
    cache.mkdir(parents=True)
    archives.write(cache / "busybox.tar")
    (cache / ".busybox.part").write_bytes(b"of a killed build")
    built = templates.build("busybox", None, None, no_progress)
    assert built.name == "busybox"
    assert names(cache) == ["busybox.tar.gz"]
    again = templates.build("busybox", "other", None, no_progress)
    assert again.path.read_bytes() == built.path.read_bytes(), "building is reproducible"


def test_an_unknown_recipe_lists_the_known(templates: CachedTemplates) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        templates.build("gentoo", None, None, no_progress)
    assert caught.value.hint == "recipes: busybox, debian"


def test_removing_takes_every_file_of_the_name(templates: CachedTemplates, cache: Path) -> None:
    cache.mkdir(parents=True)
    for name in ("web.tar", "web.tar.gz", "web2.tar"):
        archives.write(cache / name)
    templates.remove("web")
    assert names(cache) == ["web2.tar"]
    with pytest.raises(errors.NoTemplate):
        templates.remove("web")


def test_details_are_those_of_the_archive(templates: CachedTemplates, tmp_path: Path) -> None:
    found = templates.import_archive(archives.write(tmp_path / "a"), "web", no_progress)
    details = templates.details(found, no_progress)
    assert details.template == found
    assert details.distribution == "Test 1"


@pytest.mark.parametrize(
    "members", [[member("../evil")], [folder("x")]], ids=["unsafe", "no root"]
)
def test_a_refusal_names_the_users_file(
    templates: CachedTemplates, tmp_path: Path, members: list[archives.Member]
) -> None:
    source = archives.write(tmp_path / "a", members)
    with pytest.raises(errors.OperationFailed, match=f"'{source}'") as caught:
        templates.import_archive(source, "web", no_progress)
    assert ".part" not in caught.value.message
