"""Starting a container with ``lxc-start``, or leaving nothing of it.

``lxc-start`` returns when init runs; the monitor that it leaves behind belongs to nobody and
so outlives whoever called us.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc import limits, record
from vzvirt.backends.liblxc.booting import script as boot_script
from vzvirt.backends.liblxc.ending import finish, force_out
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.plan import Prepared, Surroundings, check_root, prepare
from vzvirt.backends.liblxc.runfolder import Facts, Mark, RunFolder, older
from vzvirt.codec.lxcconf import write_container, write_seccomp
from vzvirt.model.domain import OnEnd
from vzvirt.model.state import Reason
from vzvirt.ports.engine import StartPlan
from vzvirt.system import affinity, confined, process
from vzvirt.system.files import make_folder, mapping_os_errors
from vzvirt.system.idmapped import show, user_namespace
from vzvirt.system.root import VARIABLE, Root

LXC_START: Final = "/usr/bin/lxc-start"

FILES_AT_FIRST: Final = 1024
"""Files that a process of a container may open until it asks for more."""

FILES_MOST: Final = 524288
"""Files that it may ask for: what systemd allows whatever it starts."""

UNTAUGHT: Final = (
    *("/bin/sh", "-c"),
    f"{{ ulimit -Sn {FILES_AT_FIRST}; ulimit -Hn {FILES_MOST};"
    ' echo 0 > /proc/self/oom_score_adj; } 2> /dev/null; exec /usr/bin/env --default-signal "$@"',
    "untaught",
)
"""Before a program: it begins as the kernel's own init does, whatever our caller has set.

It heeds all signals, also if we were started by what ignores some (``nohup``, a background job
of a shell): an init could never be told to reboot by a signal it was born ignoring. Its limits of
open files are always the same, also if we are a daemon that has others: programs that close or
count all that they may open would take long otherwise, and those that ask for more would get it
or not, depending on who started the container. And it is as welcome a victim as any where memory
runs out, also if we are a daemon that is to be spared. What we may not set stays as it is.
"""

TOOL_PATH: Final = "/usr/sbin:/sbin"
"""Where liblxc finds no ``newuidmap``: with that program it would insist on a range of root's
in /etc/subuid, without it writes the map of a user namespace itself, as root may."""

HOOK_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"

_STOP_PATIENCE: Final = 10.0
"""Seconds that the monitor of an earlier run gets to vanish."""

_START_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts one container.

    Attributes:
        log: File for what liblxc says.
        console_log: File for what the console shows.
        hook: Command line whose ``stopped CTID`` is run when it has ended.
    """

    root: Root
    run: RunFolder
    groups: Groups
    log: Path
    console_log: Path
    hook: tuple[str, ...]

    @property
    def _stopped_hook(self) -> tuple[str, ...]:
        return (*self.hook, "stopped", str(self.run.ctid))

    def start(self, plan: StartPlan) -> None:
        """Start it; on failure nothing of it is left.

        Raises:
            OperationFailed: It did not come up.
            ConfigUnsupported: The definition has something that this engine cannot make.
        """
        old = record.load(self.root, self.run.ctid)
        self._wait_for_old_monitor(old)
        around = Surroundings(
            groups=self.groups.names,
            run_folder=self.run.path,
            console_log=self.console_log,
            log=self.log,
            hook=self._stopped_hook,
        )
        prepared = prepare(plan, around)
        try:
            self._write_files(plan, prepared, old.settled_reason if old else None)
            self._show(plan, prepared)
            self._note_start(plan, old)
            with self._confining(plan):
                self._launch(prepared)
            if plan.paused:
                self.groups.freeze()
                self.run.mark(Mark.PAUSED)
        except BaseException:
            try:
                force_out(self.run, self.groups)
            except BaseException:
                self._be_done()  # or others would wait for as long as this process lives
                raise
            with self.run.locked():
                self._be_done()
                finish(self.root, self.run, self.groups, Reason.FAILED_TO_START, None)
            raise
        self._hand_over()

    def _wait_for_old_monitor(self, old: record.Record | None) -> None:
        monitor = self.run.monitor or (old.monitor if old else None)
        if monitor is not None and not monitor.wait(_STOP_PATIENCE):
            raise errors.OperationFailed(
                f"container {self.run.ctid} has not ended yet: monitor {monitor.pid} still runs"
            )

    def _write_files(
        self, plan: StartPlan, prepared: Prepared, previous_end: Reason | None
    ) -> None:
        domain = plan.domain
        # Whatever a run that was cut short left must not get into the way of this one.
        self.groups.remove()
        make_folder(self.log.parent)
        self.run.make(plan.idmap)
        # First of all: from here on others find a folder, and this says what they are to think.
        self.run.write("starting", Path("/proc/self/stat").read_text(errors="surrogateescape"))
        self.run.write("config", write_container(prepared.spec))
        self.run.write("seccomp", write_seccomp())
        self.run.write("boot", boot_script(plan.boot_steps, self.hook))
        self.run.write(
            "limits", limits.lines(domain, self.groups, limits.disk_of(plan.root_mount))
        )
        memory = self.groups.folder("memory")
        if memory is not None:
            self.run.write("memory-group", f"{memory}\n")
        if domain.lifecycle.on_reboot is OnEnd.DESTROY:
            self.run.mark(Mark.NO_REBOOT)
        self.run.write_facts(
            Facts(
                name=domain.name,
                reason=plan.reason,
                init_kind=prepared.init_kind.label,
                policy=domain.lifecycle,
                previous_end=previous_end,
            )
        )
        with mapping_os_errors("begin new logs"):
            for path in (self.log, self.console_log, older(self.console_log)):
                path.unlink(missing_ok=True)

    def _show(self, plan: StartPlan, prepared: Prepared) -> None:
        """Mount in the run folder what the container gets to see of the host."""
        with contextlib.ExitStack() as stack:
            namespace = None
            if plan.idmap and not plan.shifted:
                namespace = stack.enter_context(user_namespace(plan.idmap))
            for item in prepared.shown:
                with mapping_os_errors(f"make '{item.place}'"):
                    if item.is_folder:
                        item.place.mkdir()
                    else:
                        item.place.touch()
                show(item.source, item.place, namespace=namespace, readonly=item.readonly)
        check_root(prepared.spec.root)

    def _note_start(self, plan: StartPlan, old: record.Record | None) -> None:
        restarts = old.restarts if old and plan.reason is Reason.RESTARTED else ()
        noted = record.Record(
            reason=plan.reason,
            boot_id=record.boot_id(),
            restarts=restarts,
            run=old.run if old else None,  # the monitor of this one is not there yet
        )
        record.save(self.root, self.run.ctid, noted)

    @contextlib.contextmanager
    def _confining(self, plan: StartPlan) -> Iterator[None]:
        """If we leave a processor to others, so does the container while it boots.

        Not one that is to run on certain processors: it may be on that very one.
        """
        if plan.domain.cpu.affinity not in {None, "all"}:
            with affinity.using_all():
                yield
        else:
            confined.note(self.root, str(self.run.ctid), self.groups.tops)
            yield
            monitor = self.run.monitor
            if monitor is not None:
                affinity.give_all(monitor.pid)  # or what it calls in the end would be confined

    def _launch(self, prepared: Prepared) -> None:
        """Run ``lxc-start``, having read once more what it is going to read."""
        text = self.run.read("config") or ""
        paths = re.findall(r"^lxc\.rootfs\.path = (.*)$", text, re.MULTILINE)
        if paths != [f"dir:{prepared.spec.root}"]:
            raise errors.InternalError("the container's configuration names no root of its own")
        argv: list[str | Path] = [*UNTAUGHT, LXC_START, "-d", "-n", str(self.run.ctid)]
        argv += ["-P", self.run.path.parent, "-f", self.run.path / "config"]
        argv += ["-o", self.log, "-l", "INFO", "--", *prepared.argv]
        done = process.run(
            argv,
            env=hook_environment(self.root, TOOL_PATH),
            cwd=Path("/"),
            timeout=_START_PATIENCE,
            check=False,
        )
        if done.status != 0:
            why = self.run.read("failure") or last_words(self.log) or done.last_words
            raise errors.OperationFailed(
                f"container {self.run.ctid} did not start: {why.strip()}",
                hint=f"the whole story is in '{self.log}'",
            )

    def _hand_over(self) -> None:
        """From here on its end is the hook's affair, unless it came before we got here."""
        self._be_done()
        if self.run.is_marked(Mark.ENDED):
            process.spawn_detached(self._stopped_hook, hook_environment(self.root))

    def _be_done(self) -> None:
        with mapping_os_errors("finish the start"):
            (self.run.path / "starting").unlink(missing_ok=True)


def hook_environment(root: Root, path: str = HOOK_PATH) -> Mapping[str, str]:
    """What the monitor and its hooks know of us: no more than leads them back here."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("VZVIRT_") or name in {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG"}
    }
    return {**kept, VARIABLE: str(root.prefix), "VZVIRT_ENGINE": "lxc", "PATH": path}


_NOISE: Final = (
    "An error occurred in another process",
    "Received container state",
    "Failed to spawn container",
    "The container failed to start",
)
"""What liblxc says about failures in general, after the line that says which it was."""


def last_words(log: Path) -> str:
    """What went wrong, from liblxc's log: its first errors say it best."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.findall(r"^\S+ \S+ \S+ ERROR +\S+ - \S+ - (.*)$", text, re.MULTILINE)
    useful = [line for line in found if not line.startswith(_NOISE)]
    return "; ".join(dict.fromkeys(useful[:2]))
