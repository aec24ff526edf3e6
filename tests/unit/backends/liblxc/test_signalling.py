from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import signalling
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.runfolder import Process
from vzvirt.model.values import Ctid
from vzvirt.system.cgroups import Hierarchies, Hierarchy

US = Process.read(Path("/proc/self/stat").read_bytes())


def _groups(tmp_path: Path, *pids: int) -> Groups:
    folder = tmp_path / "vzvirt/101/inner"
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    return Groups(Hierarchies((Hierarchy(tmp_path, 1, frozenset({"pids"})),)), "vzvirt", Ctid(101))


def test_only_its_own_processes_are_reached(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as ours, subprocess.Popen(["sleep", "60"]) as other:
        try:
            groups = _groups(tmp_path, os.getpid(), ours.pid)
            signalling.send(groups, US, ours.pid, 0)
            signalling.send(groups, US, ours.pid, signal.SIGTERM)
            assert ours.wait(5) == -signal.SIGTERM
            with pytest.raises(errors.InvalidArgument, match=f"no process {other.pid}"):
                signalling.send(groups, US, other.pid, signal.SIGTERM)
            assert other.poll() is None
        finally:
            ours.kill()
            other.kill()


@pytest.mark.parametrize("pid", [0, -1, -4711])
def test_no_groups_of_processes(tmp_path: Path, pid: int) -> None:
    with pytest.raises(errors.InvalidArgument, match="not the number of a process"):
        signalling.send(_groups(tmp_path), US, pid, signal.SIGTERM)


@pytest.mark.parametrize("number", [-1, 65])
def test_no_such_signal(tmp_path: Path, number: int) -> None:
    with pytest.raises(errors.InvalidArgument, match="no signal"):
        signalling.send(_groups(tmp_path), US, 1, number)


@pytest.mark.parametrize("pid", [1, 2])
def test_one_that_has_ended(tmp_path: Path, pid: int) -> None:
    groups, gone = _groups(tmp_path, os.getpid()), Process(US.pid, US.started - 1)
    with pytest.raises(errors.OperationInvalid, match="has ended"):
        signalling.send(groups, gone, pid, signal.SIGTERM)
