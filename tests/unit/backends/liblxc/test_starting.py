from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import starting
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.runfolder import RunFolder
from vzvirt.backends.liblxc.starting import (
    FILES_AT_FIRST,
    FILES_MOST,
    TOOL_PATH,
    UNTAUGHT,
    Starter,
    hook_environment,
    last_words,
)
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.engine import StartPlan
from vzvirt.system.cgroups import Hierarchies
from vzvirt.system.root import Root

LOG = """\
lxc-start 101 20261121012718.344 NOTICE   start - ../src/lxc/start.c:start:2194 - Exec'ing "/x"
lxc-start 101 20261121012718.344 ERROR    start - ../src/lxc/start.c:start:2197 - No such file - Failed to exec "/x"
lxc-start 101 20261121012718.344 ERROR    sync - ../src/lxc/sync.c:sync_wait:34 - An error occurred in another process (expected sequence number 7)
lxc-start 101 20261121012718.344 ERROR    lxccontainer - ../src/lxc/lxccontainer.c:wait:878 - Received container state "ABORTING" instead of "RUNNING"
lxc-start 101 20261121012718.344 ERROR    start - ../src/lxc/start.c:__lxc_start:2107 - Failed to spawn container "101"
"""  # noqa: E501  # as liblxc writes it


TELL = """
import resource, signal
from pathlib import Path
print(Path("/proc/self/oom_score_adj").read_text())
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)
"""

MOST_BEFORE = 2 * FILES_AT_FIRST

NOT_INHERITED = f"""
import os, resource, signal
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_IGN)
Path("/proc/self/oom_score_adj").write_text("300")
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES_AT_FIRST // 2}, {MOST_BEFORE}))
argv = {[*UNTAUGHT, sys.executable, "-c"]!r}
os.execv(argv[0], [*argv, {TELL!r}])
"""


def may_raise_limits() -> bool:
    """Whether this process has CAP_SYS_RESOURCE; some hosts keep it even from root."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return bool(int(status.partition("CapEff:")[2].split()[0], 16) >> 24 & 1)


def test_what_a_daemon_has_set_is_not_handed_down() -> None:
    said = subprocess.check_output([sys.executable, "-c", NOT_INHERITED], text=True)
    most = FILES_MOST if may_raise_limits() else MOST_BEFORE
    assert said.split() == ["0", str(FILES_AT_FIRST), str(most), "False"]


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


def test_a_start_is_over_even_if_what_is_left_of_it_cannot_be_forced_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise errors.SystemFailure("no file can be opened")

    ctid = Ctid(101)
    run = RunFolder(Root(tmp_path), ctid)
    run.make(IdMap())
    run.write("starting", Path("/proc/self/stat").read_text(encoding="ascii"))
    assert run.is_being_started
    monkeypatch.setattr(starting, "prepare", lambda *_: None)
    monkeypatch.setattr(Starter, "_write_files", fail)
    monkeypatch.setattr(starting, "force_out", fail)
    starter = Starter(
        root=Root(tmp_path),
        run=run,
        groups=Groups(Hierarchies(()), "vzvirt-test", ctid),
        log=tmp_path / "log",
        console_log=tmp_path / "console",
        hook=(),
    )
    plan = StartPlan(
        domain=Domain(name="web", ctid=ctid), root_mount=tmp_path, idmap=IdMap(), shifted=False
    )
    with pytest.raises(errors.SystemFailure):
        starter.start(plan)
    assert not run.is_being_started
