from __future__ import annotations

import os
import subprocess
from pathlib import Path

from vzvirt.backends import liblxc
from vzvirt.system.watch import Folders

HOOK = Path(liblxc.__file__).with_name("hook.sh")


def start_host(run: Path) -> None:
    subprocess.run(
        ["/bin/sh", HOOK, run, run / "log"],
        env={"LXC_HOOK_TYPE": "start-host", "LXC_PID": str(os.getpid())},
        check=True,
    )


def test_a_limit_of_a_whole_tree_is_written_in_all_groups_of_it(tmp_path: Path) -> None:
    top = tmp_path / "top"
    groups = [top, top / "one", top / "one/two words", top / "other"]
    for group in groups:
        group.mkdir(parents=True, exist_ok=True)
        (group / "cpuset.cpus").write_text("0")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/cpuset.cpus").write_text("0")
    run = tmp_path / "run"
    run.mkdir()
    (run / "limits").write_text(f"*{top}/cpuset.cpus 0-1\n")
    watch = Folders()
    for group in groups:
        watch.add(group)
    start_host(run)
    written = [item.folder for item in watch.read().items if item.name == "cpuset.cpus"]
    watch.close()
    # A change told once is told where it came first: a parent may not have less than its children.
    assert sorted(written) == sorted(groups)
    for group in groups[1:]:
        nearest = next(each for each in group.parents if each in groups)
        assert written.index(group) < written.index(nearest)
    assert {(group / "cpuset.cpus").read_text() for group in groups} == {"0-1\n"}
    assert (tmp_path / "beside/cpuset.cpus").read_text() == "0"
    assert (run / "init").read_text().startswith(f"{os.getpid()} ")


def test_a_file_that_may_be_missing_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "limits").write_text(f"?{tmp_path}/memory.swap 1\n")
    start_host(tmp_path)
    assert not (tmp_path / "memory.swap").exists()
