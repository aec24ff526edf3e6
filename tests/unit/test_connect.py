"""What programs in Python begin with."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import vzvirt
from vzvirt import errors
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain
from vzvirt.model.state import DomainState

PROJECT = Path(__file__).parents[2]
ROOT = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox")


def test_a_life(tmp_path: Path) -> None:
    manager = vzvirt.connect(tmp_path, engine="memory")
    manager.templates.build("busybox")
    defined = manager.definitions.define(Domain(name="web", filesystems=(ROOT,)))
    assert defined.is_new
    manager.lifecycle.start("web")
    again = vzvirt.connect(str(tmp_path), engine="memory")
    assert [one.state for one in again.definitions.summaries()] == [DomainState.RUNNING]
    again.lifecycle.kill("web")
    again.definitions.undefine("web", remove_data=True)
    assert manager.definitions.summaries(all=True) == []


def test_what_is_not_said_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VZVIRT_ROOT", str(tmp_path))
    monkeypatch.setenv("VZVIRT_ENGINE", "memory")
    vzvirt.connect().definitions.define(Domain(name="web", filesystems=(ROOT,)))
    assert (tmp_path / "etc/vz/conf/101.conf").exists()


def test_an_ordinary_user_runs_no_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(errors.AccessDenied):
        vzvirt.connect(tmp_path, engine="lxc")


@pytest.mark.parametrize("engine", ["qemu", ""])
def test_there_is_no_such_engine(tmp_path: Path, engine: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="engine"):
        vzvirt.connect(tmp_path, engine=engine)


def test_nothing_is_loaded_before_it_is_wanted() -> None:
    code = "import sys, vzvirt; print(sorted(name for name in sys.modules if 'vzvirt' in name))"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "['vzvirt', 'vzvirt.version']"


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert vzvirt.__version__ == project["version"]


def test_the_examples_of_the_documentation(tmp_path: Path) -> None:
    document = PROJECT / "docs/how-to/embedding.md"
    text = re.sub(r"^```.*", "", document.read_text(), flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(
        text, {"root": tmp_path}, document.name, str(document), 0
    )
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL, verbose=False
    )
    assert runner.run(examples).failed == 0
    assert len(examples.examples) > 20
