"""A config and its sidecar: two files that change as one.

State, in ``etc/vz/conf``: ``CTID.conf`` (perhaps a link to a file elsewhere, which is then
the one that is written), ``CTID.vzvirt.xml`` where there is something no config key holds,
and for the moment of a change of both ``CTID.vzvirt.next``: the SHA-256 of the config it goes
with, a line end, and the sidecar to come (nothing: none).

How a change of both is made: the next sidecar is written, then the config, then the sidecar
takes its place. The one instant that counts is the rename of the config. Killed before it: the
next sidecar goes with a config that never came, and counts for nothing. Killed after it: the
next sidecar goes with the config that stands, so it counts in place of the old one until
somebody, who holds the lock, puts it there. So whoever reads sees both old or both new, and
a new container exists from that instant, complete.

``read`` needs no lock: it looks whether anything changed while it read, and reads again.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.vzfiles.imprints import squeezed, unsqueezed
from vzvirt.model.values import Ctid
from vzvirt.system.files import (
    make_folder,
    mapping_os_errors,
    read_bytes,
    stamp_of,
    sync_folder,
    write_atomic,
)

_READS: Final = 50
"""How often to read again while somebody keeps writing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both files' content at one instant; ``sidecar`` is empty where there is none."""

    config: bytes
    sidecar: bytes
    revision: str

    @property
    def imprint(self) -> bytes:
        """Both, in a small space."""
        return squeezed(b"%d\n%b%b" % (len(self.config), self.config, self.sidecar))

    @classmethod
    def recall(cls, imprint: object) -> Pair:
        """The pair that an imprint is of."""
        length, _, content = unsqueezed(imprint).partition(b"\n")
        return cls(content[: int(length)], content[int(length) :], "")


class PairFiles:
    """The configs and sidecars of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self, ctid: Ctid) -> Path:
        """Where a container's config is."""
        return self.folder / f"{ctid}.conf"

    def sidecar(self, ctid: Ctid) -> Path:
        """Where a container's sidecar is."""
        return self.folder / f"{ctid}.vzvirt.xml"

    def _next(self, ctid: Ctid) -> Path:
        return self.folder / f"{ctid}.vzvirt.next"

    def exists(self, ctid: Ctid) -> bool:
        """Whether there is a config."""
        return bool(stamp_of(f"{self.folder}/{ctid}.conf"))

    def revision(self, ctid: Ctid) -> str | None:
        """What changes whenever one of the files does; ``None``: there is no config."""
        stem = f"{self.folder}/{ctid}"  # no Path: this is asked of thousands in one go
        config = stamp_of(f"{stem}.conf")
        if not config:
            return None
        return f"{config}:{stamp_of(f'{stem}.vzvirt.xml')}:{stamp_of(f'{stem}.vzvirt.next')}"

    def read(self, ctid: Ctid) -> Pair | None:
        """Both files; ``None``: there is no config."""
        for _ in range(_READS):
            revision = self.revision(ctid)
            config = read_bytes(self.config(ctid))
            if revision is None or config is None:
                return None
            sidecar = self._standing_sidecar(ctid, config, revision)
            if revision == self.revision(ctid):
                return Pair(config, sidecar, revision)
        raise errors.Busy(
            f"the definition of container {ctid} never stands still",
            hint=f"see who keeps writing '{self.config(ctid)}'",
        )

    def _standing_sidecar(self, ctid: Ctid, config: bytes, revision: str) -> bytes:
        _, sidecar, following = revision.split(":")
        if following:
            committed = _committed(self._next(ctid), config)
            if committed is not None:
                return committed
        return (read_bytes(self.sidecar(ctid)) or b"") if sidecar else b""

    def write(self, ctid: Ctid, config: bytes, sidecar: bytes) -> None:
        """Change what differs, both as one. The caller holds the container's lock.

        Raises:
            NoSpace: The disk is full; both are as they were.
        """
        make_folder(self.folder)
        self.settle(ctid)
        old = self.read(ctid)
        config_differs = old is None or old.config != config
        # A sidecar without a config is somebody's leftover, not part of anything.
        left = old.sidecar if old else read_bytes(self.sidecar(ctid)) or b""
        if left != sidecar:
            if config_differs:
                write_atomic(self._next(ctid), _digest(config) + b"\n" + sidecar)
                self._write_config(ctid, config)
                with contextlib.suppress(errors.HostError):
                    self.settle(ctid)  # The change is made; whoever comes next can do this too.
            else:
                self._write_sidecar(ctid, sidecar)
        elif config_differs:
            self._write_config(ctid, config)

    def _write_config(self, ctid: Ctid, config: bytes) -> None:
        target = Path(os.path.realpath(self.config(ctid)))
        try:
            mode = target.stat().st_mode & 0o7777
        except FileNotFoundError:
            mode = 0o644
        write_atomic(target, config, mode)

    def _write_sidecar(self, ctid: Ctid, sidecar: bytes) -> None:
        if sidecar:
            write_atomic(self.sidecar(ctid), sidecar)
        else:
            self._unlink(self.sidecar(ctid))

    def settle(self, ctid: Ctid) -> None:
        """Finish what a killed writer began. The caller holds the container's lock."""
        following = self._next(ctid)
        if not stamp_of(following):
            return
        sidecar = _committed(following, read_bytes(self.config(ctid)))
        if sidecar is not None:
            self._write_sidecar(ctid, sidecar)
        self._unlink(following)

    def delete(self, ctid: Ctid) -> None:
        """Remove both; the container is gone with its config, which goes first."""
        for path in (self.config(ctid), self.sidecar(ctid), self._next(ctid)):
            self._unlink(path)

    def _unlink(self, path: Path) -> None:
        with mapping_os_errors(f"remove '{path}'"), contextlib.suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)


def _committed(following: Path, config: bytes | None) -> bytes | None:
    """The sidecar in a ``.next`` file, if the config that it goes with stands."""
    content = read_bytes(following)
    if content is None or config is None:
        return None
    digest, _, sidecar = content.partition(b"\n")
    return sidecar if digest == _digest(config) else None


def _digest(config: bytes) -> bytes:
    import hashlib  # 3 ms, and hardly ever needed

    return hashlib.sha256(config).hexdigest().encode()
