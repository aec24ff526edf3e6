"""Quotas of plain folders, where their file system counts by project.

State, all of it on that file system: every file of a private area has its project's number; so
has an attribute on the private area, once that holds for all that is in it; the kernel's record
of the project has the limits. The number is the container's own, unless somebody has that
already, or the installation is not the host's own one; then it is made up from both.

Links and special files of an area that somebody else filled stay uncounted, since only what can
be opened can join. The kernel knows one grace time per file system; it becomes the one of the
container whose limits were set last. A grace of no time makes a soft limit a hard one.

On ext4 whoever has the host's own CAP_SYS_RESOURCE passes all limits: we, which is why a new
area is looked at once it is filled, and the root of a container without a user namespace.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.storage import AreaSpec
from vzvirt.model.values import SoftHard
from vzvirt.system import openat
from vzvirt.system import projectquota as kernel
from vzvirt.system.files import mapping_os_errors, sync_folder
from vzvirt.system.root import Root

_MARK: Final = "trusted.vzvirt.project"
"""On a private area: the project that all of it belongs to. No guest can set it."""

_MOST_GRACE: Final = 0xFFFFFFFF
"""Seconds that a file system can remember."""

_NEARLY_FULL: Final = 1 << 20
"""Bytes left on a disk that can take no more."""

_ATTEMPTS: Final = 100
_MADE_UP: Final = 0x80000000
"""Numbers from here on are no container's; the last one the kernel takes for none at all."""


class Projects:
    """The projects of one installation's private areas."""

    def __init__(self, root: Root) -> None:
        self._root = root

    # -- making areas -------------------------------------------------------------------

    def begin(self, spec: AreaSpec, draft: Path) -> bool:
        """Make the empty draft of an area a project, with the limits that are asked for.

        Returns:
            Whether limits are kept there.

        Raises:
            SystemFailure: The kernel refuses.
        """
        if not are_kept(draft):
            return False
        with kernel.opened(draft) as folder, mapping_os_errors(f"count what is in '{draft}'"):
            number = self._free_number(folder, spec)
            kernel.join(folder, number, inherited=True)
            os.setxattr(folder, _MARK, str(number).encode())
            _limit(folder, number, spec)
        return True

    def apply(self, spec: AreaSpec) -> bool:
        """Bring an area's limits to what is asked for; nothing happens if they are that.

        An area that is no project yet becomes one if there is anything to limit. It may be
        mounted and in use.

        Returns:
            Whether limits are kept there.

        Raises:
            SystemFailure: The kernel refuses.
        """
        private = spec.private_area
        if not are_kept(private):
            return False
        if number_of(private) is None and spec.space is None and spec.inodes is None:
            return True
        number = self.adopt(spec)
        with kernel.opened(private) as folder:
            _limit(folder, number, spec)
        return True

    def adopt(self, spec: AreaSpec) -> int:
        """Make all that is in an area members of its project; gives back the number.

        Raises:
            SystemFailure: The kernel refuses.
        """
        private = spec.private_area
        known = number_of(private)
        if known is not None:
            return known
        with kernel.opened(private) as folder, mapping_os_errors(f"count what is in '{private}'"):
            number = _begun(folder) or self._free_number(folder, spec)
            _join_all(folder, number)
            os.setxattr(folder, _MARK, str(number).encode())
            sync_folder(private)
        return number

    def _free_number(self, folder: int, spec: AreaSpec) -> int:
        numbers = self._numbers(spec)
        for _ in range(_ATTEMPTS):
            number = next(numbers)
            if kernel.quota_of(folder, number).used_inodes == 0:
                return number
        raise errors.OperationFailed(
            f"no project number is free for container {spec.ctid}",
            hint="repquota -P lists who has which",
        )

    def _numbers(self, spec: AreaSpec) -> Iterator[int]:
        if not self._root.tag:
            yield int(spec.ctid)
        import hashlib  # hardly ever needed

        attempt = 0
        while True:
            words = f"{self._root.prefix}\0{spec.ctid}\0{attempt}".encode()
            digest = hashlib.sha256(words).digest()
            yield _MADE_UP + int.from_bytes(digest[:4], "big") % (_MADE_UP - 1)
            attempt += 1


def are_kept(private: Path) -> bool:
    """Whether limits are, or would be, kept on an area that is there, or would be.

    In a folder that is in somebody's project there are his limits already, and can be no others.

    Raises:
        SystemFailure: The kernel does not say.
    """
    real = private.resolve()
    place = next(folder for folder in (real, *real.parents) if folder.is_dir())
    holder = real.parent if place == real else place
    with kernel.opened(place) as folder, mapping_os_errors(f"look for quotas at '{place}'"):
        if not kernel.is_enforced(folder):
            return False
        disk = os.fstat(folder).st_dev
    with kernel.opened(holder) as folder, mapping_os_errors(f"look for quotas at '{holder}'"):
        return os.fstat(folder).st_dev != disk or not kernel.membership(folder).inherited


def number_of(private: Path) -> int | None:
    """The project that all of an area belongs to; ``None``: there is none, or not of all."""
    try:
        number = int(os.getxattr(private, _MARK))
        with kernel.opened(private) as folder:
            really = kernel.membership(folder)
    except (OSError, ValueError, errors.SystemFailure):
        return None
    # Copies of an area bring the attribute along, but not the project.
    return number if really == kernel.Membership(number, inherited=True) else None


def quota_of(private: Path) -> kernel.Quota | None:
    """What an area uses and may use; ``None``: nobody counts it."""
    number = number_of(private)
    if number is None:
        return None
    with kernel.opened(private) as folder, contextlib.suppress(errors.SystemFailure):
        return kernel.quota_of(folder, number)
    return None


def check_request(spec: AreaSpec) -> None:
    """Refuse limits below what is in use.

    Raises:
        InvalidArgument: One is.
    """
    now = quota_of(spec.private_area)
    space, inodes = _effective(spec.space, spec.grace), _effective(spec.inodes, spec.grace)
    if now is not None and space is not None and space.hard < now.used_bytes:
        raise errors.InvalidArgument(
            f"size quota of {space.hard // 1024} KiB is below the {now.used_bytes // 1024} KiB "
            f"that container {spec.ctid} uses"
        )
    if now is not None and inodes is not None and inodes.hard < now.used_inodes:
        raise errors.InvalidArgument(
            f"inode quota of {inodes.hard} is below the {now.used_inodes} files there are"
        )


def check_fits(spec: AreaSpec, draft: Path) -> None:
    """Look whether a filled draft is within its limits: on ext4 we pass them unhindered.

    Raises:
        NoSpace: It is not.
    """
    now = quota_of(draft)
    if now is None:
        return
    if now.space is not None and now.used_bytes > now.space.hard:
        raise _too_small(spec, f"size quota of {now.space.hard // 1024} KiB")
    if now.inodes is not None and now.used_inodes > now.inodes.hard:
        raise _too_small(spec, f"inode quota of {now.inodes.hard}")


def check_full(spec: AreaSpec, draft: Path) -> None:
    """Look whether it was a limit that left no room in a draft, not the disk.

    Raises:
        NoSpace: It was.
    """
    now = quota_of(draft)
    facts = os.statvfs(draft.parent)
    if now is None or facts.f_bavail * facts.f_frsize < _NEARLY_FULL:
        return
    if now.inodes is not None and now.used_inodes >= now.inodes.hard:
        raise _too_small(spec, f"inode quota of {now.inodes.hard}")
    if now.space is not None:
        raise _too_small(spec, f"size quota of {now.space.hard // 1024} KiB")


def _too_small(spec: AreaSpec, quota: str) -> errors.NoSpace:
    return errors.NoSpace(
        f"the root of container {spec.ctid} does not fit its {quota}",
        hint="give it a larger quota",
    )


def loosen(area: Path) -> None:
    """Let an area be removed that was not all counted: nothing could be renamed inside.

    Raises:
        SystemFailure: The kernel refuses.
    """
    if area.is_symlink() or not area.is_dir() or number_of(area) is not None:
        return
    with kernel.opened(area) as folder, contextlib.suppress(OSError):
        number = _begun(folder)
        if number is not None:
            kernel.join(folder, number, inherited=False)


def forget(folder: Path, numbers: set[int]) -> None:
    """Drop the limits of projects that are gone from a folder's file system. Idempotent.

    Raises:
        SystemFailure: The kernel refuses.
    """
    if numbers and folder.is_dir():
        with kernel.opened(folder) as descriptor:
            for number in numbers:
                kernel.set_limits(descriptor, number, None, None)


def _begun(folder: int) -> int | None:
    """The project that a folder hands on, be it complete or not."""
    found = kernel.membership(folder)
    return found.project if found.inherited and found.project else None


def _limit(folder: int, number: int, spec: AreaSpec) -> None:
    space, inodes = _effective(spec.space, spec.grace), _effective(spec.inodes, spec.grace)
    now = kernel.quota_of(folder, number)
    if (now.space, now.inodes) != (space, inodes):
        kernel.set_limits(folder, number, space, inodes)
    grace = min(spec.grace or 0, _MOST_GRACE)
    if grace and (_is_soft(space) or _is_soft(inodes)) and kernel.grace(folder) != grace:
        kernel.set_grace(folder, grace)


def _effective(quota: SoftHard | None, grace: int | None) -> SoftHard | None:
    """A limit as the kernel is to keep it."""
    if quota is None or grace != 0:
        return quota
    return SoftHard(quota.soft, quota.soft)


def _is_soft(quota: SoftHard | None) -> bool:
    return quota is not None and quota.soft != quota.hard


_WITHIN: Final = openat.BENEATH | openat.NO_XDEV | openat.NO_SYMLINKS
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV})
"""Errors of what has become something else meanwhile, or has something mounted on it."""


def _join_all(top: int, number: int) -> None:
    """Make a folder and all in it on its file system members.

    Each folder joins before it is looked into, so what a running guest makes meanwhile is
    counted. A guest may lay traps: nothing is opened that is not a file or folder, no link
    is followed.
    """
    kernel.join(top, number, inherited=True)
    waiting = ["."]
    while waiting:
        path = waiting.pop()
        try:
            names = _join_content(top, path, number)
        except OSError as error:
            if error.errno not in _GONE:
                raise
        else:
            waiting += [f"{path}/{name}" for name in names]


def _join_content(top: int, path: str, number: int) -> list[str]:
    """Make what is in a folder members; gives back the names of folders."""
    with _opened(top, path, os.O_RDONLY | os.O_DIRECTORY) as folder:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
        return [name for name in names if stat.S_ISDIR(_join_one(folder, name, number))]


def _join_one(folder: int, name: str, number: int) -> int:
    """Make a file or folder a member; gives back its mode, 0 if it is gone.

    Raises:
        OSError: As the kernel says.
    """
    try:
        with _opened(folder, name, os.O_PATH | os.O_NOFOLLOW) as found:
            kind = os.fstat(found).st_mode
            if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
                _join_found(found, number, inherited=stat.S_ISDIR(kind))
            return kind
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return 0


def _join_found(found: int, number: int, *, inherited: bool) -> None:
    """Make the very file that was looked at a member, whatever its name means by now.

    An immutable one cannot join, nor one that a guest holds a lease on.
    """
    with contextlib.suppress(PermissionError, BlockingIOError):
        again = os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK)
        try:
            kernel.join(again, number, inherited=inherited)
        finally:
            os.close(again)


@contextlib.contextmanager
def _opened(folder: int, path: str, flags: int) -> Iterator[int]:
    found = openat.openat2(folder, path, flags, 0, _WITHIN)
    try:
        yield found
    finally:
        os.close(found)
