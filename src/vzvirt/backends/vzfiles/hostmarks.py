"""ports.hostmarks.HostMarks over files.

State: ``run/vzvirt/boot.json``, what is still to be started, and ``run/vzvirt/boot.ended``, that
all were stopped again; both name the boot of the host that they are about. The lock is
``run/vzvirt/boot.lock``. ``var/lib/vzvirt/stopped-with-host`` has a CTID on each line. What
cannot be read counts as not there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from vzvirt import errors
from vzvirt.model.values import Ctid
from vzvirt.ports.hostmarks import BootNote
from vzvirt.system.files import (
    exclusive,
    make_folder,
    mapping_os_errors,
    read_bytes,
    write_atomic,
)
from vzvirt.system.root import Root


class FileHostMarks:
    """The marks of one installation."""

    def __init__(self, root: Root) -> None:
        self._note = root.path("run/vzvirt/boot.json")
        self._ended = root.path("run/vzvirt/boot.ended")
        self._lock = root.path("run/vzvirt/boot.lock")
        self._stopped = root.path("var/lib/vzvirt/stopped-with-host")

    def lock(self, wait: float) -> AbstractContextManager[None]:
        """Held by whoever starts or stops all containers.

        Raises:
            Busy: Somebody else does, for longer than ``wait`` seconds.
        """
        return exclusive(self._lock, wait, "the start and stop of all containers")

    def boot_note(self) -> BootNote | None:
        """What was noted in this boot of the host; ``None``: nothing."""
        with contextlib.suppress(ValueError, KeyError, TypeError, errors.InvalidArgument):
            said = json.loads(read_bytes(self._note) or b"{}")
            if said.get("boot_id") == boot_id():
                pending = tuple(Ctid(number) for number in said["pending"])
                return BootNote(pending=pending, ended=self._has_ended())
        return BootNote(ended=True) if self._has_ended() else None

    def _has_ended(self) -> bool:
        return (read_bytes(self._ended) or b"").decode(errors="replace").strip() == boot_id()

    def begin_boot(self, pending: Sequence[Ctid]) -> None:
        """Note that these are to be started, and that nothing was stopped."""
        self.note_pending(pending)
        with mapping_os_errors(f"remove '{self._ended}'"):
            self._ended.unlink(missing_ok=True)

    def note_pending(self, pending: Sequence[Ctid]) -> None:
        """Note that these are still to be started; an end that was noted stays."""
        said = {"boot_id": boot_id(), "pending": list(pending)}
        make_folder(self._note.parent)
        write_atomic(self._note, json.dumps(said).encode() + b"\n", durable=False)

    def end_boot(self) -> None:
        """Note that all are stopped again; whoever is starting them starts no more."""
        make_folder(self._ended.parent)
        write_atomic(self._ended, boot_id().encode() + b"\n", durable=False)

    def stopped_with_host(self) -> frozenset[Ctid]:
        """Containers that ran when the host went down."""
        found = set()
        for line in (read_bytes(self._stopped) or b"").decode(errors="replace").split():
            with contextlib.suppress(errors.InvalidArgument):
                found.add(Ctid(line))
        return frozenset(found)

    def note_stopped(self, ctids: Iterable[Ctid]) -> None:
        """Note them; durable when this returns."""
        make_folder(self._stopped.parent)
        write_atomic(self._stopped, "".join(f"{ctid}\n" for ctid in sorted(ctids)).encode())


def boot_id() -> str:
    """What names the time since the host booted."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
