from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.backends.liblxc.starting import TOOL_PATH, hook_environment, last_words
from vzvirt.system.root import Root

LOG = """\
lxc-start 101 20261121012718.344 NOTICE   start - ../src/lxc/start.c:start:2194 - Exec'ing "/x"
lxc-start 101 20261121012718.344 ERROR    start - ../src/lxc/start.c:start:2197 - No such file - Failed to exec "/x"
lxc-start 101 20261121012718.344 ERROR    sync - ../src/lxc/sync.c:sync_wait:34 - An error occurred in another process (expected sequence number 7)
lxc-start 101 20261121012718.344 ERROR    lxccontainer - ../src/lxc/lxccontainer.c:wait:878 - Received container state "ABORTING" instead of "RUNNING"
lxc-start 101 20261121012718.344 ERROR    start - ../src/lxc/start.c:__lxc_start:2107 - Failed to spawn container "101"
"""  # noqa: E501  # as liblxc writes it


def test_the_first_error_is_the_one_to_tell(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG)
    assert last_words(tmp_path / "log") == 'No such file - Failed to exec "/x"'
    assert last_words(tmp_path / "none") == ""


def test_what_hooks_know_of_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VZVIRT_LOG", "debug")
    monkeypatch.setenv("SECRET", "x")
    known = hook_environment(Root(Path("/r")), TOOL_PATH)
    assert known["VZVIRT_ROOT"] == "/r"
    assert known["VZVIRT_ENGINE"] == "lxc"
    assert known["VZVIRT_LOG"] == "debug"
    assert known["PATH"] == "/usr/sbin:/sbin"
    assert "SECRET" not in known
