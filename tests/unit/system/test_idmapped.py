from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.backends.sysfs import SysfsHost
from vzvirt.system import idmapped
from vzvirt.system.mounttable import mounts
from vzvirt.system.root import Root


@pytest.mark.root
def test_shifting_is_tried_and_leaves_nothing(tmp_path: Path) -> None:
    found = idmapped.can_shift(tmp_path)
    assert isinstance(found, bool)
    assert idmapped.can_shift(Path("/proc")) is False, "no kernel can do that"
    assert not [mount for mount in mounts() if mount.point.is_relative_to(tmp_path)]
    # A folder that is not there yet will be on the file system of the one above it.
    assert SysfsHost(Root(tmp_path)).idmapped_mounts(tmp_path / "a/b/c") is found


def test_a_folder_that_is_not_there_cannot_be_shown_shifted() -> None:
    assert idmapped.can_shift(Path("/nowhere/at/all")) is False


@pytest.mark.root
def test_what_cannot_be_shown_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.OperationFailed, match="cannot show '/nowhere' at") as caught:
        idmapped.show(Path("/nowhere"), tmp_path)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/unshare"])
def test_a_namespace_that_cannot_be_made(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def refused(_argv: list[str], **how: Any) -> subprocess.Popen[bytes]:
        return start([program], **how)

    monkeypatch.setattr(subprocess, "Popen", refused)
    with (
        pytest.raises(errors.NoSupport, match="no user namespace can be made") as caught,
        idmapped.user_namespace(idmapped.ANY_MAP),
    ):
        pass
    assert "user.max_user_namespaces" in str(caught.value.hint)


@pytest.mark.root
def test_the_namespace_is_closed_again() -> None:
    with idmapped.user_namespace(idmapped.ANY_MAP) as namespace:
        assert os.fstat(namespace).st_ino != Path("/proc/self/ns/user").stat().st_ino
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(namespace)
