from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt.backends.sysfs import SysfsHost, idmap
from vzvirt.system.mounttable import mounts
from vzvirt.system.root import Root


@pytest.mark.root
def test_it_is_tried_and_leaves_nothing(tmp_path: Path) -> None:
    before = mounts()
    found = idmap.is_possible(tmp_path)
    assert isinstance(found, bool)
    assert idmap.is_possible(Path("/proc")) is False, "no kernel can do that"
    assert mounts() == before
    # A folder that is not there yet will be on the file system of the one above it.
    assert SysfsHost(Root(tmp_path)).idmapped_mounts(tmp_path / "a/b/c") is found


def test_a_folder_that_is_not_there_cannot() -> None:
    assert idmap.is_possible(Path("/nowhere/at/all")) is False


def test_a_namespace_that_cannot_be_made_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "unshare"
    for script in ("#!/bin/sh\nexit 1\n", "#!/bin/sh\nexec /bin/cat\n", None):
        if script:
            program.write_text(script)
            program.chmod(0o755)
        else:
            program.unlink()
        monkeypatch.setenv("PATH", str(tmp_path))
        with idmap.user_namespace() as namespace:
            assert namespace is None


@pytest.mark.root
def test_the_namespace_is_closed_again() -> None:
    with idmap.user_namespace() as namespace:
        assert namespace is not None
        assert os.fstat(namespace).st_ino != Path("/proc/self/ns/user").stat().st_ino
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(namespace)
