"""What is known of one container while it runs: ``run/vzvirt/CTID``.

The engine writes the folder before it calls ``lxc-start`` and removes it when the container
has ended; in between the hook script notes in it which processes are the monitor and init, and
others leave marks of what was asked of the container. It is liblxc's own folder of that
container too (``config``). Nothing in it outlives a reboot of the host, so nothing is synced.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import json
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from vzvirt import errors
from vzvirt.model.domain import LifecyclePolicy, OnEnd
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid, IdMap
from vzvirt.system import process
from vzvirt.system.files import (
    mapping_os_errors,
    move_aside,
    moved_aside,
    read_bytes,
    remove_tree,
    write_atomic,
)
from vzvirt.system.mounts import unmount
from vzvirt.system.root import Root


class Mark(enum.StrEnum):
    """Empty files; ``hook.sh`` knows them by the same names."""

    SHUTDOWN = "shutdown"  # was asked to shut down
    REBOOT = "reboot"  # was asked to reboot
    KILL = "kill"  # is to die, and not to come back
    NO_REBOOT = "no-reboot"  # its policy turns a reboot into a stop
    REBOOTED = "rebooted"  # has rebooted from inside
    REBOOT_STORM = "reboot-storm"  # rebooted too often at once and was stopped
    ENDED = "ended"  # has ended; its monitor is about to
    PAUSED = "paused"  # stands still; the kernel tells nobody of that
    UNPAUSED = "unpaused"  # runs again after a pause


@dataclass(frozen=True, slots=True)
class Process:
    """A process that cannot be mistaken for a later one of the same pid."""

    pid: int
    started: int

    @classmethod
    def read(cls, line: bytes) -> Process:
        """From a line of ``/proc/PID/stat``."""
        return cls(int(line.split(b" ", 1)[0]), int(line.rpartition(b")")[2].split()[19]))

    def __str__(self) -> str:
        return f"{self.pid}.{self.started}"

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return process.is_alive(self.pid, self.started)

    def wait(self, timeout: float) -> bool:
        """Wait for its end; ``False``: still there after ``timeout`` seconds."""
        return process.wait_for_exit(self.pid, self.started, timeout)

    def listens_to(self, number: int) -> bool:
        """Whether it handles or fetches a signal; the kernel hides any other from an init."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return False
        masks = re.findall(r"^Sig(?:Blk|Cgt):\s*([0-9a-f]+)$", status, re.MULTILINE)
        return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)

    def signal(self, number: int) -> bool:
        """Send a signal to this very process; ``False``: it is gone."""
        handle = process.hold(self.pid)
        if handle is None:
            return False
        try:
            if not self.alive:
                return False
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was decided at the start and matters until the end.

    Attributes:
        name: The container's name, for messages.
        reason: What to report while it runs.
        init_kind: Which init it runs; see ``guest.InitKind``.
        policy: What follows when it ends by itself.
        previous_end: Why the run before this one ended.
    """

    name: str
    reason: Reason
    init_kind: str
    policy: LifecyclePolicy
    previous_end: Reason | None = None


@dataclass(frozen=True, slots=True)
class Pauses:
    """When the marks of pauses were left, in seconds since the epoch."""

    paused: float | None
    unpaused: float | None

    def lifted_at(self, *, is_paused: bool) -> float | None:
        """When a container last went on after a pause, in this boot.

        The mark is there some moments before it goes on: of one that still stands still it
        counts only if it is older than the pause.
        """
        if is_paused and self.unpaused and self.paused and self.unpaused >= self.paused:
            return None
        return self.unpaused


def older(log: Path) -> Path:
    """Where liblxc moves a console's log when it is full."""
    return log.with_name(f"{log.name}.1")


class RunFolder:
    """One container's run folder, whether or not it exists."""

    def __init__(self, root: Root, ctid: Ctid) -> None:
        self.ctid = ctid
        self.path = root.path(f"run/vzvirt/{ctid}")

    @property
    def exists(self) -> bool:
        """Whether the container was started and has not been cleared away."""
        return self.path.is_dir()

    @property
    def instance(self) -> int | None:
        """What tells this folder from those of other runs; ``None``: there is none."""
        try:
            return self.path.stat().st_ino
        except FileNotFoundError:
            return None

    def make(self, idmap: IdMap) -> None:
        """Make it, empty, and closed to the host's users.

        What is mounted in it is the container's, with its set-user-id programs.

        Args:
            idmap: The container's; its root alone may pass, on the way to what is mounted.
        """
        self.remove()
        for left in moved_aside(self.path):
            remove_tree(left)
        with mapping_os_errors(f"make the folder '{self.path}'"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.parent.chmod(0o755)  # containers' users have to pass
            self.path.mkdir(0o700)
            if idmap:
                os.chown(self.path, -1, idmap.outside(0, 0)[1])
                self.path.chmod(0o710)

    def remove(self) -> None:
        """Remove it, and what is mounted in it; idempotent. Nobody sees it half empty."""
        unmount(self.path)
        try:
            aside = move_aside(self.path)
        except errors.SystemFailure:
            if self.exists:
                raise
            return
        remove_tree(aside)

    def write(self, name: str, text: str) -> Path:
        """Write one of its files before anyone reads it."""
        path = self.path / name
        with mapping_os_errors(f"write '{path}'"):
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
        return path

    def replace(self, name: str, text: str) -> None:
        """Write one of its files while others may read it."""
        write_atomic(self.path / name, text.encode(errors="surrogateescape"), 0o600)

    def read(self, name: str) -> str | None:
        """One of its files, or ``None``."""
        data = read_bytes(self.path / name)
        return None if data is None else data.decode(errors="surrogateescape")

    # -- marks and processes ------------------------------------------------------------

    def mark(self, mark: Mark) -> None:
        """Leave a mark."""
        with mapping_os_errors(f"mark '{self.path}'"):
            (self.path / mark.value).touch()

    def unmark(self, mark: Mark) -> None:
        """Take a mark away; idempotent."""
        with mapping_os_errors(f"mark '{self.path}'"):
            (self.path / mark.value).unlink(missing_ok=True)

    def is_marked(self, mark: Mark) -> bool:
        """Whether a mark is there."""
        return (self.path / mark.value).exists()

    def _process(self, name: str) -> Process | None:
        line = read_bytes(self.path / name)
        return Process.read(line) if line else None

    @property
    def init(self) -> Process | None:
        """The container's first process, running or not."""
        return self._process("init")

    @property
    def monitor(self) -> Process | None:
        """liblxc's monitor, running or not."""
        return self._process("monitor")

    @property
    def is_being_started(self) -> bool:
        """Whether whoever starts it is still at it; the file names that process."""
        try:
            starter = self._process("starting")
        except (ValueError, IndexError):
            return False  # cut short as it was written: nobody has to be waited for
        return starter is not None and starter.alive

    @property
    def booted_at(self) -> float | None:
        """Seconds since the epoch of the last boot."""
        try:
            return (self.path / "init").stat().st_mtime
        except OSError:
            return None

    @property
    def pauses(self) -> Pauses:
        """The marks of pauses."""
        return Pauses(self._marked_at(Mark.PAUSED), self._marked_at(Mark.UNPAUSED))

    def _marked_at(self, mark: Mark) -> float | None:
        try:
            return (self.path / mark.value).stat().st_mtime
        except OSError:
            return None

    # -- facts --------------------------------------------------------------------------

    def write_facts(self, facts: Facts) -> None:
        """Keep the facts."""
        values = {
            "name": facts.name,
            "reason": facts.reason.name,
            "init_kind": facts.init_kind,
            "policy": {key: value.name for key, value in asdict(facts.policy).items()},
            "previous_end": facts.previous_end.name if facts.previous_end else None,
        }
        self.write("facts.json", json.dumps(values))

    @property
    def facts(self) -> Facts | None:
        """The facts, or ``None`` where a crash kept them from being written."""
        text = self.read("facts.json")
        if not text:
            return None
        values = json.loads(text)
        previous = values.get("previous_end")
        return Facts(
            name=values["name"],
            reason=Reason[values["reason"]],
            init_kind=values["init_kind"],
            policy=LifecyclePolicy(
                **{key: OnEnd[value] for key, value in values["policy"].items()}
            ),
            previous_end=Reason[previous] if previous else None,
        )

    @contextlib.contextmanager
    def locked(self) -> Iterator[bool]:
        """Clear away together with nobody else; gives whether there still is a folder."""
        try:
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield False
            return
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield self._is_still(folder)
        finally:
            os.close(folder)

    def _is_still(self, folder: int) -> bool:
        try:
            return os.path.samestat(os.fstat(folder), self.path.stat())
        except FileNotFoundError:
            return False
