"""Where a setting is said, and which saying wins."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from vzvirt import config, errors


def file_under(root: Path, text: str) -> Path:
    path = root / config.FILE
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_defaults_where_nothing_is_said(tmp_path: Path) -> None:
    settings = config.load({"root": str(tmp_path)}, {})
    assert settings == config.Settings(root=tmp_path)


def test_the_nearer_saying_wins(tmp_path: Path) -> None:
    file_under(tmp_path, "engine = memory\nlock_wait=7\n# a comment\n\ncolour='never'\n")
    environment = {"VZVIRT_ROOT": str(tmp_path), "VZVIRT_LOCK_WAIT": "8"}
    settings = config.load({"engine": "lxc"}, environment)
    assert (settings.engine, settings.lock_wait, settings.colour) == ("lxc", 8.0, "never")
    assert config.load({}, environment).engine == "memory"


def test_the_file_is_that_of_the_root(tmp_path: Path) -> None:
    file_under(tmp_path / "one", "engine=memory")
    file_under(tmp_path / "two", "engine=lxc")
    environment = {"VZVIRT_ROOT": str(tmp_path / "one")}
    assert config.load({}, environment).engine == "memory"
    assert config.load({"root": str(tmp_path / "two")}, environment).engine == "lxc"


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    environment = {"VZVIRT_ROOT": str(tmp_path), "VZVIRT_ENGINE": ""}
    assert config.load({}, environment).engine == "auto"


def test_one_folder_is_one_root_however_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    for spelling in ("link", ".", f"{tmp_path}/link/link/."):
        assert config.load({"root": spelling}, {}).root == tmp_path


@pytest.mark.parametrize(
    ("flags", "environment", "named"),
    [
        ({"engine": "xen"}, {}, "--engine is 'xen'"),
        ({}, {"VZVIRT_ENGINE": "xen"}, "VZVIRT_ENGINE is 'xen'"),
        ({"lock_wait": "soon"}, {}, "--lock-wait is 'soon', not a number of seconds"),
        ({"lock_wait": "nan"}, {}, "--lock-wait is 'nan'"),
        ({"lock_wait": "-1"}, {}, "--lock-wait is '-1'"),
        ({}, {"VZVIRT_DEBUG": "perhaps"}, "VZVIRT_DEBUG is 'perhaps', not yes or no"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(
    tmp_path: Path, flags: dict[str, str], environment: dict[str, str], named: str
) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        config.load({"root": str(tmp_path), **flags}, environment)
    assert caught.value.message.startswith(named)


@pytest.mark.parametrize("line", ["engin=lxc", "engine", "root=/elsewhere", "=x"])
def test_a_line_the_table_does_not_know_is_refused(tmp_path: Path, line: str) -> None:
    path = file_under(tmp_path, f"engine=lxc\n{line}\n")
    with pytest.raises(errors.InvalidArgument, match=f"line 2 of {path}") as caught:
        config.load({"root": str(tmp_path)}, {})
    assert "lock_wait" in str(caught.value.hint)


def test_a_wrong_value_in_the_file_names_its_line(tmp_path: Path) -> None:
    path = file_under(tmp_path, "\nengine=xen\n")
    with pytest.raises(errors.InvalidArgument, match=f"engine in line 2 of {path} is 'xen'"):
        config.load({"root": str(tmp_path)}, {})


def test_every_parser_gives_its_field_its_type(tmp_path: Path) -> None:
    examples = {
        "root": str(tmp_path),
        "engine": "lxc",
        "layout": "image",
        "lock_wait": "1.5",
        "skip_address_probe": "yes",
        "colour": "always",
        "debug": "yes",
    }
    assert set(examples) == set(config.settings_table())
    settings = config.load(examples, {})
    assert dataclasses.asdict(settings) == {
        "root": tmp_path,
        "engine": "lxc",
        "layout": "image",
        "lock_wait": 1.5,
        "skip_address_probe": True,
        "colour": "always",
        "debug": True,
    }
