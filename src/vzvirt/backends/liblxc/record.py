"""Why a container last ended, kept for good: ``var/lib/vzvirt/state/CTID.json``.

Written when it starts (so that a host that went down is noticed) and when it has ended. It
also names the monitor, since that lives for some milliseconds after everything else is
cleared away, and when the restart policy last restarted it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from vzvirt.backends.liblxc.runfolder import Process
from vzvirt.model.state import ACTIVE, Reason
from vzvirt.model.values import Ctid
from vzvirt.system.files import make_folder, read_bytes, write_atomic
from vzvirt.system.root import Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is remembered.

    Attributes:
        reason: Why it is in its state; an active one while it runs.
        exit_status: How its init ended: exit status, or minus the signal.
        boot_id: Which boot of the host this was in.
        monitor: The monitor of the last run.
        restarts: When its policy restarted it lately, in seconds since the epoch.
        run: What tells the last run from any other; see ``Observation``.
    """

    reason: Reason
    exit_status: int | None = None
    boot_id: str = ""
    monitor: Process | None = None
    restarts: tuple[float, ...] = ()
    run: str | None = None

    @property
    def settled_reason(self) -> Reason:
        """The reason, seen from a time when nothing of it is left."""
        if self.reason.state not in ACTIVE:
            return self.reason
        return Reason.DIED if self.boot_id == boot_id() else Reason.HOST_STOPPED


def boot_id() -> str:
    """What names the time since the host booted."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def folder(root: Root) -> Path:
    """Where the records are."""
    return root.path("var/lib/vzvirt/state")


def _path(root: Root, ctid: Ctid) -> Path:
    return folder(root) / f"{ctid}.json"


def paths(root: Root, ctid: Ctid) -> tuple[Path, ...]:
    """The files that a container's record is made of."""
    return (_path(root, ctid),)


def load(root: Root, ctid: Ctid) -> Record | None:
    """What is remembered of a container; ``None``: nothing, or nothing readable."""
    data = read_bytes(_path(root, ctid))
    if data is None:
        return None
    try:
        values = json.loads(data)
        monitor = values["monitor"]
        return Record(
            reason=Reason[values["reason"]],
            exit_status=values["exit_status"],
            boot_id=values["boot_id"],
            monitor=Process(*monitor) if monitor else None,
            restarts=tuple(values["restarts"]),
            run=values.get("run"),
        )
    except (ValueError, KeyError, TypeError):
        return None


def save(root: Root, ctid: Ctid, record: Record) -> None:
    """Remember; durable when this returns."""
    monitor = record.monitor
    values = {
        "reason": record.reason.name,
        "exit_status": record.exit_status,
        "boot_id": record.boot_id,
        "monitor": [monitor.pid, monitor.started] if monitor else None,
        "restarts": list(record.restarts),
        "run": record.run,
    }
    path = _path(root, ctid)
    make_folder(path.parent)
    write_atomic(path, json.dumps(values).encode() + b"\n")
