"""Changing a guest's settings: only what differs is written, and what is ours goes again.

No state but the open root. All paths are the guest's own and walked by ``system.safepath``.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Iterable, Mapping
from typing import Final

from vzvirt import errors
from vzvirt.backends.guestfiles.blocks import (
    Contradicts,
    is_owned,
    nothing,
    owned,
    with_block,
    without_block,
)
from vzvirt.model.values import IdMap
from vzvirt.system.safepath import GuestRoot

_UNREACHABLE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class Editor:
    """A guest's root whose settings are to be changed."""

    def __init__(self, guest: GuestRoot, owners: IdMap) -> None:
        self.guest = guest
        self._owner = owners.outside(0, 0)

    # -- looking ------------------------------------------------------------------------

    def has(self, *paths: str) -> bool:
        """Whether one of these is there; its last part may be a link that leads nowhere now.

        A service that is switched on, for example, is a link, perhaps to a path of a
        file system that is mounted only later.
        """
        return any(self._facts(path) is not None for path in paths)

    def link(self, path: str) -> str | None:
        """Where a link points, as the guest wrote it; ``None``: it is no link."""
        facts = self._facts(path)
        return self.guest.readlink(path) if facts and stat.S_ISLNK(facts.st_mode) else None

    def read(self, path: str) -> bytes | None:
        """A file's content; ``None``: there is none, or a link to nowhere."""
        try:
            return self.guest.read_bytes(path)
        except OSError as error:
            if error.errno in _UNREACHABLE:
                return None
            raise

    def read_clean(self, path: str) -> bytes | None:
        """A file's content without what is ours."""
        data = self.read(path)
        return None if data is None else without_block(data)

    def is_file(self, path: str) -> bool:
        """Whether this is a file itself, not a link to one."""
        facts = self._facts(path)
        return facts is not None and stat.S_ISREG(facts.st_mode)

    def names(self, folder: str) -> list[str]:
        """Names in a folder; none where there is no such folder."""
        return self.guest.listdir(folder) if self.guest.is_folder(folder) else []

    def _facts(self, path: str) -> os.stat_result | None:
        try:
            return self.guest.lstat(path)
        except OSError as error:
            if error.errno in _UNREACHABLE:
                return None
            raise

    # -- changing -----------------------------------------------------------------------

    def put(self, path: str, data: bytes, mode: int = 0o644) -> bool:
        """Let a file have this content; one that is there keeps its permissions and owner.

        Returns:
            Whether anything had to be written.

        Raises:
            OperationFailed: The guest has made the file immutable.
        """
        if self.link(path) is None and self.read(path) == data:
            return False
        self._make_folders(posixpath.dirname(path))
        facts = self._facts(path)
        owner = self._owner
        if facts is not None and stat.S_ISREG(facts.st_mode):
            mode, owner = stat.S_IMODE(facts.st_mode), (facts.st_uid, facts.st_gid)
        try:
            self.guest.write_atomic(path, data, mode, owner)
        except PermissionError as error:
            raise errors.OperationFailed(
                f"'{path}' in the container is protected against changes",
                hint=f"to let vzvirt write it: chattr -i {path}",
            ) from error
        return True

    def block(
        self,
        path: str,
        lines: Iterable[str],
        contradicts: Contradicts = nothing,
        *,
        drop_empty: bool = False,
    ) -> bool:
        """Let a file of the guest's begin with these lines of ours, or with none.

        Args:
            path: The file; it is made where it is missing and there are lines.
            lines: Ours.
            contradicts: Which lines of the guest's are set aside for them.
            drop_empty: Whether a file that holds nothing without us is removed.

        Returns:
            Whether anything had to be written.
        """
        before = self.read(path)
        after = with_block(before or b"", lines, contradicts)
        if after == (before or b""):
            return False
        if not after and drop_empty:
            self.guest.unlink(path)
            return True
        return self.put(path, after)

    def own(self, path: str, lines: Iterable[str], mode: int = 0o644) -> bool:
        """Let a file that is ours alone hold these lines, or be gone where there are none.

        Returns:
            Whether anything had to be written.
        """
        text = list(lines)
        if text:
            return self.put(path, owned(text), mode)
        if self.link(path) is None and is_owned(self.read(path)):
            self.guest.unlink(path, missing_ok=True)
            return True
        return False

    def own_family(
        self, folder: str, prefix: str, files: Mapping[str, Iterable[str]], mode: int = 0o644
    ) -> bool:
        """Let exactly these files of ours, by name, stand among others in a folder.

        Args:
            folder: Where.
            prefix: How all names of ours begin.
            files: Lines by name.
            mode: Permissions.

        Returns:
            Whether anything had to be written.
        """
        stale = [
            name for name in self.names(folder) if name.startswith(prefix) and name not in files
        ]
        changed = [self.own(f"{folder}/{name}", ()) for name in stale]
        changed += [self.own(f"{folder}/{name}", lines, mode) for name, lines in files.items()]
        return any(changed)

    def _make_folders(self, folder: str) -> None:
        if folder.strip("/") and not self.guest.is_folder(folder):
            self._make_folders(posixpath.dirname(folder))
            self.guest.mkdir(folder)
            self.guest.chown(folder, *self._owner)
