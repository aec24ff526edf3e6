"""The engine with a busybox root of its own, for tests of it alone: no manager, no storage."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vzvirt.backends.liblxc.engine import LxcEngine
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.model.domain import Domain, LifecyclePolicy, OnEnd, OperatingSystem
from vzvirt.model.state import Observation, Reason
from vzvirt.model.values import Ctid, IdMap, IdRange
from vzvirt.ports.engine import ExecRequest, StartPlan
from vzvirt.system.root import Root

CTID = Ctid(101)
IDMAP = IdMap((IdRange(0, 100000, 65536),), (IdRange(0, 100000, 65536),))
NO_IDMAP = IdMap()

FOLDERS = ("bin", "sbin", "dev", "proc", "sys", "etc", "tmp", "root", "run", "var", "home/ann")

# busybox's own init takes two seconds to power off; this one takes none.
QUICK_INIT = """#!/bin/sh
trap 'exec /bin/busybox poweroff -f' TERM
trap 'exec /bin/busybox reboot -f' INT
echo "booted as $(/bin/busybox hostname)"
while :; do /bin/busybox sleep 1000 & wait $!; done
"""

INITTAB = """::respawn:/bin/sleep 1000
::ctrlaltdel:/bin/reboot
"""


@dataclass(frozen=True)
class Inside:
    """How a command inside ended, and what it said."""

    status: int
    output: str


class Bench:
    """An installation of its own with one engine, and a root to run."""

    def __init__(self, prefix: Path) -> None:
        self.root = Root(prefix)
        hook = (sys.executable, str(Path(__file__).with_name("engine_hook.py")))
        self.engine = LxcEngine(self.root, hook)
        self.guest = prefix / "guest"

    @classmethod
    def from_environment(cls) -> Bench:
        return cls(Root.from_environment().prefix)

    # -- the guest's root -----------------------------------------------------------------

    def build_guest(self) -> None:
        for name in FOLDERS:
            (self.guest / name).mkdir(parents=True)
        (self.guest / "tmp").chmod(0o1777)
        shutil.copy("/bin/busybox", self.guest / "bin/busybox")
        for name in ("sh", "cat", "sleep", "id", "env", "poweroff", "reboot", "true", "ls"):
            (self.guest / "bin" / name).symlink_to("/bin/busybox")
        (self.guest / "sbin/init").symlink_to("/bin/busybox")
        self.write("sbin/quick", QUICK_INIT, 0o755)
        self.write("etc/inittab", INITTAB)
        self.write(
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\n",
        )
        self.write("etc/group", "root:x:0:\nann:x:1001:\n")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        (self.guest / path).write_text(text)
        (self.guest / path).chmod(mode)

    # -- running it -----------------------------------------------------------------------

    def domain(self, *, init: str = "/sbin/quick", ctid: Ctid = CTID, **changes: Any) -> Domain:
        system = changes.pop("os", OperatingSystem(init=init))
        return Domain(name=changes.pop("name", f"c{ctid}"), ctid=ctid, os=system, **changes)

    def plan(self, domain: Domain | None = None, **changes: Any) -> StartPlan:
        plan = StartPlan(
            domain=domain or self.domain(), root_mount=self.guest, idmap=IDMAP, shifted=False
        )
        return replace(plan, **changes)

    def start(self, domain: Domain | None = None, **changes: Any) -> Domain:
        """Start it, and remember how, for its restart."""
        plan = self.plan(domain, **changes)
        policy = plan.domain.lifecycle
        memo = {
            "init": plan.domain.os.init,
            "args": plan.domain.os.init_args,
            "policy": [policy.on_poweroff.name, policy.on_reboot.name, policy.on_crash.name],
        }
        (self.root.prefix / f"plan-{plan.domain.ctid}").write_text(json.dumps(memo))
        self.engine.start(plan)
        return plan.domain

    def remembered_plan(self, ctid: Ctid, *, reason: Reason) -> StartPlan:
        memo = json.loads((self.root.prefix / f"plan-{ctid}").read_text())
        poweroff, reboot, crash = (OnEnd[name] for name in memo["policy"])
        policy = LifecyclePolicy(on_poweroff=poweroff, on_reboot=reboot, on_crash=crash)
        system = OperatingSystem(init=memo["init"], init_args=tuple(memo["args"]))
        return self.plan(self.domain(ctid=ctid, os=system, lifecycle=policy), reason=reason)

    def inside(self, *argv: str, ctid: Ctid = CTID, **request: Any) -> Inside:
        """Run a command inside and catch what it says on our own streams."""
        with tempfile.TemporaryFile() as caught, _redirected(caught.fileno()):
            status = self.engine.execute(ctid, ExecRequest(argv=argv, **request))
            caught.seek(0)
            return Inside(status, caught.read().decode())

    def sh(self, script: str, **request: Any) -> str:
        """What a script inside says; it must succeed."""
        done = self.inside("/bin/sh", "-c", script, **request)
        assert done.status == 0, done
        return done.output

    def script_words(self, body: str) -> list[str]:
        """A command line that runs Python with this bench in it as ``bench``."""
        lines = (
            "import os, signal, sys",
            "from pathlib import Path",
            "from engine_bench import *",
            "from vzvirt.ports.engine import ExecRequest",
            "bench = Bench(Path(sys.argv[1]))",
            body,
        )
        return [sys.executable, "-c", "\n".join(lines), str(self.root.prefix)]

    def script_environment(self) -> dict[str, str]:
        path = f"{Path(__file__).parent}:{os.environ['PYTHONPATH']}"
        return {**os.environ, "PYTHONPATH": path}

    def script(self, body: str) -> subprocess.Popen[bytes]:
        """Run such a command in a session of its own."""
        return subprocess.Popen(
            self.script_words(body),
            env=self.script_environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    # -- looking at it --------------------------------------------------------------------

    def observe(self, ctid: Ctid = CTID) -> Observation:
        return self.engine.observe(ctid)

    def init_pid(self, ctid: Ctid = CTID) -> int:
        pid = self.observe(ctid).init_pid
        assert pid is not None
        return pid

    def callbacks(self) -> list[str]:
        path = self.root.prefix / "callbacks"
        return (
            [line.rsplit(" ", 1)[0] for line in path.read_text().splitlines()]
            if path.exists()
            else []
        )

    def wait_for_reason(
        self, *reasons: Reason, ctid: Ctid = CTID, seconds: float = 10
    ) -> Observation:
        wait_until(
            lambda: self.observe(ctid).reason in reasons, seconds, lambda: self.observe(ctid)
        )
        return self.observe(ctid)

    def groups(self, ctid: Ctid = CTID) -> Groups:
        return Groups.of(self.root, ctid)

    def limit(self, controller: str, name: str) -> str:
        folder = self.groups().folder(controller)
        assert folder is not None
        return (folder / name).read_text().strip()

    def leftovers(self) -> list[str]:
        """Control groups, run folders and processes that name this installation."""
        top = f"vzvirt-{self.root.tag}"
        found = [str(p) for p in Groups.of(self.root, CTID).trees.all_paths(top) if p.exists()]
        found += [str(p) for p in self.root.path("run/vzvirt").glob("*")]
        named = os.fsencode(self.root.prefix)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if named in path.read_bytes() and path.parent.name != str(os.getpid()):
                    found.append(path.read_bytes().replace(b"\0", b" ").decode())
        return found

    def clean_up(self) -> None:
        """End whatever of this installation still runs, and nothing else."""
        for folder in self.root.path("run/vzvirt").glob("[0-9]*"):
            (folder / "kill").touch()
            self.engine.kill(Ctid(folder.name))
            self.engine.settle(Ctid(folder.name))
        locks = Path("/run/lxc/lock") / self.root.prefix.relative_to("/")
        shutil.rmtree(locks, ignore_errors=True)


@contextlib.contextmanager
def _redirected(target: int) -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    os.dup2(target, 1)
    os.dup2(target, 2)
    try:
        yield
    finally:
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)


def wait_until(
    what: Callable[[], bool], seconds: float = 10, told: Callable[[], object] = lambda: ""
) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {told()}"
        time.sleep(0.01)
